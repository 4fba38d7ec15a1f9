"""Residents who send reports through thick and thin: each retries with its key until the answer came.

They remember every acknowledgement, so that it can be compared with what is stored.
"""

import asyncio
import math
import random
import secrets
import threading
import time
from typing import Any

import httpx
import msgspec

from api.demo.phone import new_key

RETRY_S = 0.2
PATIENCE_S = 60.0  # after the last kill; then a report without an answer is a finding
TIMEOUT_S = 5.0
PAUSE_S = 0.05  # between two reports of one resident: the load is steady, not maximal
REPEAT_SHARE = 0.2  # of acknowledged reports that are sent once more
CREATED = 201


class Acknowledged(msgspec.Struct, frozen=True):
    """A report that was answered with 201: its key, its sender's place in the list, and the answer's bytes."""

    key: str
    sender: int
    body: bytes

    @property
    def report_id(self) -> str:
        """The id in the answer."""
        return str(msgspec.json.decode(self.body)["id"])


class Residents:
    """A crowd in a thread of its own; `stop` lets everybody finish the report at hand."""

    def __init__(self, url: str, tokens: list[str], *, seed: int) -> None:
        """`tokens` has one access token per resident."""
        self.acknowledged: list[Acknowledged] = []
        self.wrong: list[str] = []
        self.tries = 0
        self._url, self._tokens, self._chance = url, tokens, random.Random(seed)
        self._stop = threading.Event()
        self._give_up_at = math.inf
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), name="residents")

    def start(self) -> None:
        """Begins sending."""
        self._thread.start()

    def stop(self) -> None:
        """Waits until every begun report was acknowledged; the servers must be up again by then."""
        self._give_up_at = time.monotonic() + PATIENCE_S
        self._stop.set()
        self._thread.join()

    async def _all(self) -> None:
        limits = httpx.Limits(max_connections=len(self._tokens))
        async with httpx.AsyncClient(base_url=self._url, timeout=TIMEOUT_S, trust_env=False, limits=limits) as http:
            await asyncio.gather(*(self._one(number, http) for number in range(len(self._tokens))))

    async def _one(self, number: int, http: httpx.AsyncClient) -> None:
        while not self._stop.is_set():
            key = new_key()
            draft = a_draft(self._chance)
            body = await self._until_answered(http, number, key, draft)
            if not body:
                return
            self.acknowledged.append(Acknowledged(key, number, body))
            if self._chance.random() < REPEAT_SHARE:
                again = await self._until_answered(http, number, key, draft)
                if again != body:
                    self.wrong.append(f"key {key}: the repeated answer differs: {again!r} after {body!r}")
            await asyncio.sleep(PAUSE_S)

    async def _until_answered(self, http: httpx.AsyncClient, number: int, key: str, draft: dict[str, Any]) -> bytes:
        headers = {"Authorization": f"Bearer {self._tokens[number]}", "Idempotency-Key": key}
        while time.monotonic() < self._give_up_at:
            self.tries += 1
            try:
                answer = await http.post("/v1/reports", json=draft, headers=headers)
            except httpx.HTTPError:
                await asyncio.sleep(RETRY_S)
                continue
            if answer.status_code == CREATED:
                return answer.content
            if answer.status_code not in {409, 429, 500, 502, 503, 504}:
                self.wrong.append(f"key {key}: answered {answer.status_code} {answer.text[:200]}")
                return answer.content
            await asyncio.sleep(RETRY_S)
        self.wrong.append(f"key {key}: no answer in time")
        return b""


def a_draft(chance: random.Random) -> dict[str, Any]:
    """A report somewhere in the district."""
    place = {"lng": 120.02 + chance.random() / 50, "lat": 30.43 + chance.random() / 50, "datum": "wgs84"}
    return {
        "category": "water.outfall",
        "text": f"排口有黑水流出，编号 {secrets.token_hex(3)}",
        "place": place,
        "no_photo_reason": "other",
    }
