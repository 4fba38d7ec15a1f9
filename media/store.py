"""Objects in any S3: put, get, delete, list, and forms for phones that upload straight to it.

The client is imported and opened with the first call (loading it costs over a second). Every call has a time-out and
few retries; what fails is `TryLater`, never a half-done answer. Keys are made by us, never from a client's words.
"""

import asyncio
import importlib
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Self

import msgspec

from domain.kernel.errors import TryLater
from domain.kernel.settings import Settings

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 30
ATTEMPTS_MAX = 3
CONNECTIONS_MAX = 16
RETRY_AFTER_S = 10
CHUNK_BYTES = 64 * 1024
DEFAULT_REGION = "us-east-1"  # may not be named when a bucket is made there
DELETE_MAX = 1_000  # keys per call, by the protocol
GONE = frozenset({"404", "NoSuchBucket", "NoSuchKey", "NotFound"})


class ObjectMissing(Exception):
    """No object under this key."""


class StoredObject(msgspec.Struct, frozen=True):
    """One entry of a listing."""

    key: str
    size: int
    stored_at: datetime


class Form(msgspec.Struct, frozen=True):
    """What a phone posts: the address, the fields to send before the file, in any order."""

    url: str
    fields: dict[str, str]


class Store:
    """One bucket. `async with Store(settings) as store`; opens its connection with the first call."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is imported or connected yet."""
        self._settings = settings
        self._stack = AsyncExitStack()
        self._client: Any = None
        self._opening = asyncio.Lock()
        self.bucket = settings.s3_bucket

    async def __aenter__(self) -> Self:
        """Nothing is opened yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes the connections."""
        await self._stack.aclose()
        self._client = None

    async def _opened(self) -> Any:
        async with self._opening:
            if self._client is None:
                aioboto3 = await asyncio.to_thread(importlib.import_module, "aioboto3")
                config = importlib.import_module("botocore.config").Config(
                    signature_version="s3v4",
                    s3={"addressing_style": "path"},
                    retries={"total_max_attempts": ATTEMPTS_MAX, "mode": "standard"},
                    connect_timeout=CONNECT_TIMEOUT_S,
                    read_timeout=READ_TIMEOUT_S,
                    max_pool_connections=CONNECTIONS_MAX,
                )
                chosen = self._settings
                client = aioboto3.Session().client(
                    "s3",
                    endpoint_url=chosen.s3_url or None,
                    aws_access_key_id=chosen.s3_access_key,
                    aws_secret_access_key=chosen.s3_secret_key,
                    region_name=chosen.s3_region,
                    config=config,
                )
                self._client = await self._stack.enter_async_context(client)
        return self._client

    async def _call(self, name: str, **arguments: Any) -> Any:
        """One call; raises `ObjectMissing` or `TryLater`."""
        client = await self._opened()
        exceptions = importlib.import_module("botocore.exceptions")
        try:
            return await getattr(client, name)(Bucket=self.bucket, **arguments)
        except exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") in GONE:
                raise ObjectMissing(arguments.get("Key", "")) from error
            raise TryLater(retry_after_s=RETRY_AFTER_S) from error
        except (exceptions.BotoCoreError, OSError, TimeoutError) as error:
            raise TryLater(retry_after_s=RETRY_AFTER_S) from error

    async def make_bucket(self) -> bool:
        """Makes the bucket where it is missing; True when it was made now. Another process may make it meanwhile."""
        if await self.has_bucket():
            return False
        region = self._settings.s3_region
        place = {} if region == DEFAULT_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            await self._call("create_bucket", **place)
        except TryLater:
            if await self.has_bucket():
                return False
            raise
        return True

    async def has_bucket(self) -> bool:
        """Whether the bucket is there and ours to use."""
        try:
            await self._call("head_bucket")
        except ObjectMissing:
            return False
        return True

    async def put(self, key: str, body: bytes | BinaryIO, *, media_type: str) -> None:
        """Stores an object; a file is streamed from its present position to its end."""
        await self._call("put_object", Key=key, Body=body, ContentType=media_type)

    async def get(self, key: str, *, bytes_max: int) -> bytes:
        """The whole object; raises `ObjectMissing`, or `ValueError` when it is larger than `bytes_max`."""
        parts = bytearray()
        async for part in self.chunks(key):
            parts += part
            if len(parts) > bytes_max:
                raise ValueError(f"object larger than {bytes_max} bytes")
        return bytes(parts)

    async def chunks(self, key: str) -> AsyncGenerator[bytes, None]:
        """The object piece by piece; raises `ObjectMissing` before the first piece."""
        answer = await self._call("get_object", Key=key)
        exceptions = importlib.import_module("botocore.exceptions")
        try:
            async with answer["Body"] as body:
                async for part in body.content.iter_chunked(CHUNK_BYTES):
                    yield part
        except (exceptions.BotoCoreError, OSError, TimeoutError) as error:
            raise TryLater(retry_after_s=RETRY_AFTER_S) from error

    async def size(self, key: str) -> int | None:
        """Bytes of the object, or None when there is none."""
        try:
            return int((await self._call("head_object", Key=key))["ContentLength"])
        except ObjectMissing:
            return None

    async def delete(self, keys: Iterable[str]) -> None:
        """Deletes objects; those already gone are no error."""
        wanted = list(keys)
        for at in range(0, len(wanted), DELETE_MAX):
            batch = [{"Key": key} for key in wanted[at : at + DELETE_MAX]]
            answer = await self._call("delete_objects", Delete={"Objects": batch, "Quiet": True})
            if any(error.get("Code") not in GONE for error in answer.get("Errors", ())):
                raise TryLater(retry_after_s=RETRY_AFTER_S)

    async def listing(self, prefix: str, *, after: str = "", limit: int = DELETE_MAX) -> list[StoredObject]:
        """Up to `limit` objects under `prefix` in key order, behind the key `after`."""
        answer = await self._call("list_objects_v2", Prefix=prefix, StartAfter=after, MaxKeys=limit)
        return [StoredObject(o["Key"], o["Size"], o["LastModified"]) for o in answer.get("Contents", ())]

    async def form(self, key: str, *, media_type: str, bytes_max: int, lifetime: timedelta) -> Form:
        """A form that lets one file of exactly this type and at most `bytes_max` bytes be posted under `key`."""
        client = await self._opened()
        made = await client.generate_presigned_post(
            self.bucket,
            key,
            Fields={"Content-Type": media_type, "success_action_status": "201"},
            Conditions=[
                {"Content-Type": media_type},
                {"success_action_status": "201"},
                ["content-length-range", 1, bytes_max],
            ],
            ExpiresIn=int(lifetime.total_seconds()),
        )
        return Form(url=self._public(made["url"]), fields=made["fields"])

    def _public(self, url: str) -> str:
        chosen = self._settings
        if chosen.s3_public_url and chosen.s3_url:
            return chosen.s3_public_url.rstrip("/") + url.removeprefix(chosen.s3_url.rstrip("/"))
        return url
