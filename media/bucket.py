"""The bucket before the first photograph: made where it is missing, and never readable without our keys.

Originals are encrypted by us, but names, sizes and uploads on their way are not: a bucket that answers strangers is
refused. Asked as a stranger would: a listing and an object, without credentials.
"""

import asyncio
from typing import Literal

import httpx

from domain.kernel.errors import TryLater
from domain.kernel.ids import new_id
from domain.kernel.settings import Settings
from media.store import Store

PROBE = "probe/"
WAIT_S = 2.0
TRIES = 15  # a store that starts together with us gets half a minute
State = Literal["private", "open", "missing"]


class BucketOpen(Exception):
    """Anybody may read the bucket: nothing is stored in it until that is changed."""


async def state_of(settings: Settings, *, http: httpx.AsyncClient) -> State:
    """What a stranger finds; raises `TryLater` when the store is down or refuses our keys."""
    async with Store(settings) as store:
        if not await store.has_bucket():
            return "missing"
        return await _asked_as_stranger(store, settings, http=http)


async def prepare(settings: Settings, *, http: httpx.AsyncClient) -> bool:
    """Makes the bucket where it is missing (True when made now) and checks that it is private.

    Raises `BucketOpen`, or `TryLater` when the store does not come up or refuses our keys.
    """
    async with Store(settings) as store:
        made = await _made(store)
        if await _asked_as_stranger(store, settings, http=http) == "open":
            raise BucketOpen(f"everybody may read bucket {settings.s3_bucket}: make it private")
    return made


async def _made(store: Store) -> bool:
    for _ in range(TRIES - 1):
        try:
            return await store.make_bucket()
        except TryLater:
            await asyncio.sleep(WAIT_S)
    return await store.make_bucket()


async def _asked_as_stranger(store: Store, settings: Settings, *, http: httpx.AsyncClient) -> State:
    key = f"{PROBE}{new_id()}"
    bucket = f"{settings.s3_url.rstrip('/')}/{settings.s3_bucket}"
    await store.put(key, b"probe", media_type="text/plain")
    try:
        answers = [await http.get(f"{bucket}?list-type=2&max-keys=1"), await http.get(f"{bucket}/{key}")]
    finally:
        await store.delete([key])
    return "open" if any(answer.is_success for answer in answers) else "private"
