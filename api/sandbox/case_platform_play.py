"""The stand-in platform's memory and hands: cases taken once, a script played for each, signed updates posted back."""

import asyncio
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from api.case_platform import signing
from api.case_platform.payloads import UPDATED

STEP_S = 2.0  # between two steps at speed 1
TRIES_MAX = 40  # of one update; then only a pull brings it
WAIT_MAX_S = 5.0
UPDATE_MODES = frozenset({"ok", "twice", "replay-old", "shuffle", "bad-signature"})
HANDOVER_MODES = frozenset({"ok", "500", "429", "hang", "reset", "gone"})
TEXTS: Mapping[str, dict[str, Any]] = {
    "signed": {"actor_class": "clerk", "public_text": "已签收"},
    "dispatched": {"actor_class": "clerk", "unit": "清河街道综合执法队", "public_text": "已分派至责任单位"},
    "inspected": {"actor_class": "handler", "public_text": "已到现场检查，情况属实", "internal_text": "现场照片已归档"},
    "rectifying": {"actor_class": "handler", "public_text": "责任单位正在整改"},
    "filed": {"actor_class": "enforcer", "public_text": "已立案"},
    "penalised": {"actor_class": "enforcer", "public_text": "已作出处罚决定", "penalty": "清环罚〔2026〕1号"},
    "post_inspected": {"actor_class": "supervisor", "passed": True, "public_text": "后督查：整改到位"},
    "closed": {"actor_class": "supervisor", "outcome": "solved", "public_text": "已办结，污染源已整改"},
    "refused": {"actor_class": "clerk", "public_text": "不属于本部门职责"},
    "returned": {"actor_class": "handler", "internal_text": "退回重新分派"},
    "suspended": {"actor_class": "handler", "public_text": "等待检测报告，暂停计时"},
    "reopened": {"actor_class": "supervisor", "public_text": "重新办理"},
}
SCRIPT = ("signed", "dispatched", "inspected", "rectifying", "post_inspected", "closed")


@dataclass(slots=True)
class Taken:
    """One round of a case as the platform has it."""

    case_id: str
    round: int
    platform_case_id: str
    accepted_at: datetime
    data: dict[str, Any]
    updates: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class World:
    """Everything the stand-in remembers."""

    keys: tuple[bytes, ...]
    callback: str
    speed: float = 1.0
    auto: bool = True
    script: tuple[str, ...] = SCRIPT
    mode: str = "ok"
    mode_left: int | None = None  # hand-overs or cases it still applies to; None: until switched
    cases: dict[tuple[str, int], Taken] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    received: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)  # every update ever made, in order: what a pull reads
    answers: list[int] = field(default_factory=list)  # HTTP status of every posted update
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=10, trust_env=False))

    def take_mode(self, family: frozenset[str]) -> str:
        """The mode that applies now, counted down; `ok` when the switched one belongs to the other family."""
        if self.mode not in family:
            return "ok"
        mode = self.mode
        if self.mode_left is not None:
            self.mode_left -= 1
            if self.mode_left <= 0:
                self.mode, self.mode_left = "ok", None
        return mode

    def accept(self, message: dict[str, Any]) -> dict[str, Any]:
        """Takes a round once; a repetition gets the same answer."""
        data = message["data"]
        key = (data["case_id"], data["round"])
        fresh = key not in self.cases
        if fresh:
            number = f"P-{datetime.now(UTC):%Y}-{len(self.cases) + 1:06d}"
            self.cases[key] = Taken(*key, number, datetime.now(UTC), data)
        taken = self.cases[key]
        if fresh and self.auto:
            self.start(self.play(taken, self.script))
        return {"platform_case_id": taken.platform_case_id, "accepted_at": taken.accepted_at}

    def start(self, work: Any) -> None:
        """Runs in the background until the stand-in stops."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def make(self, taken: Taken, stage: str, **changes: Any) -> dict[str, Any]:
        """The next update of a round, logged and not yet posted."""
        sequence = len(taken.updates) + 1
        data = {"case_id": taken.case_id, "round": taken.round, "sequence": sequence, "kind": "stage", "stage": stage}
        event = {
            "specversion": "1.0",
            "id": f"{taken.platform_case_id}-{sequence}-{uuid.uuid4().hex[:8]}",
            "source": "sandbox-case-platform",
            "type": UPDATED,
            "time": (datetime.now(UTC) + timedelta(microseconds=sequence)).isoformat(),
            "data": data | TEXTS.get(stage, {"actor_class": "handler"}) | changes,
        }
        taken.updates.append(event)
        self.log.append(event)
        return event

    async def play(self, taken: Taken, script: tuple[str, ...]) -> None:
        """Plays the stages one after another, misbehaving as switched."""
        mode = self.take_mode(UPDATE_MODES)
        await asyncio.sleep(STEP_S / self.speed)
        if mode == "shuffle":
            events = [self.make(taken, stage) for stage in script]
            random.shuffle(events)
            for event in events:
                await self.post(event)
            return
        for stage in script:
            event = self.make(taken, stage)
            await self.misbehave(event, taken, mode)
            await self.post(event)
            await asyncio.sleep(STEP_S / self.speed)

    async def misbehave(self, event: dict[str, Any], taken: Taken, mode: str) -> None:
        """What comes before the honest post of an update."""
        if mode == "twice":
            await self.post(event)
        if mode == "replay-old":
            await self.post(taken.updates[0])
        if mode == "bad-signature":
            await self.send(event, keys=(b"not-the-key",))

    async def post(self, event: dict[str, Any]) -> int:
        """Posts one update until it is answered with anything but a failure of the server."""
        wait_s = 0.1
        for _ in range(TRIES_MAX):
            status = await self.send(event, keys=self.keys)
            if status and status < httpx.codes.INTERNAL_SERVER_ERROR and status != httpx.codes.TOO_MANY_REQUESTS:
                return status
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, WAIT_MAX_S)
        return 0

    async def send(self, event: Any, *, keys: tuple[bytes, ...]) -> int:
        """One signed call; the status, or 0 without an answer."""
        body = msgspec.json.encode(event)
        message_id = event["id"] if isinstance(event, dict) else f"batch-{uuid.uuid4().hex}"
        headers = signing.headers(message_id=message_id, at=datetime.now(UTC), body=body, keys=keys)
        try:
            response = await self.client.post(
                f"{self.callback.rstrip('/')}/v1/case-platform/updates",
                content=body,
                headers={"Content-Type": "application/cloudevents+json", **headers},
            )
        except httpx.HTTPError:
            return 0
        self.answers.append(response.status_code)
        return response.status_code

    async def stop(self) -> None:
        """Ends what runs."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.client.aclose()
