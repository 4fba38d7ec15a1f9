"""Pulls updates from the platform by cursor, and compares all open cases with it once a day."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import msgspec

from api.case_platform import open311_pull, signing
from api.case_platform.payloads import UpdateEvent
from api.parts import Parts
from domain.cases import peers, reconciling
from domain.cases.reconciling import Applied
from domain.kernel import clock, database
from domain.kernel.ids import new_id
from domain.kernel.leases import Done, Job, Outcome, Sender

PAGE_MAX = 500
PAGES_MAX = 20  # of one pull; the next minute goes on
COMPARED_PAGES_MAX = 500
ANSWER_BYTES_MAX = 16 * 1024 * 1024


class NoAnswer(Exception):
    """The platform could not be read now; the next tick tries again."""


class Pulled(msgspec.Struct, frozen=True):
    """A page of the platform's log of updates."""

    updates: list[Any]
    cursor: str
    more: bool


class TheirCase(msgspec.Struct, frozen=True):
    """One round as the platform has it."""

    case_id: UUID
    round: int
    updates: list[Any]


class TheirCases(msgspec.Struct, frozen=True):
    """The rounds of the cases asked for."""

    cases: list[TheirCase]


def sender(parts: Parts) -> Sender:
    """The sender of kind `reconcile`. A failed run is not retried: the next tick is the retry."""

    async def send(job: Job) -> Outcome:
        chosen = parts.settings
        if not chosen.case_platform_url:
            return Done("no platform to ask")
        if await peers.disabled(peers.PLATFORM) is not None:
            return Done("peer switched off")
        try:
            found = await _run(job.payload["kind"], parts=parts, now=clock.utc_now())
        except (NoAnswer, open311_pull.NoAnswer) as error:
            return Done(f"no answer: {error}")
        return Done(f"healed {found.healed}, differences {len(found.differences)}")

    return Sender(send=send, waits_s=(1.0,))


async def _run(kind: str, *, parts: Parts, now: datetime) -> Applied:
    if parts.settings.case_platform_driver == "webhooks":
        return await (pull if kind == "pull" else compare)(parts, now=now)
    found = await open311_pull.pull(parts, closed_too=kind == "full", now=now)
    if found.healed or found.differences or kind == "full":
        async with database.transaction():
            await reconciling.record_run(kind, started_at=now, now=clock.utc_now(), seen=found.healed, applied=found)
    return found


async def pull(parts: Parts, *, now: datetime) -> Applied:
    """Reads the platform's log from our cursor; each page is applied and the cursor moved in one transaction."""
    seen, total = 0, Applied(0, [])
    for _ in range(PAGES_MAX):
        cursor = await peers.cursor(peers.PLATFORM)
        page = await _ask(parts, "/updates/query", {"cursor": cursor, "limit": PAGE_MAX}, Pulled, now=now)
        async with database.transaction():
            total = _sum(total, await _apply(page.updates, now=now))
            await peers.move_cursor(peers.PLATFORM, cursor=page.cursor[:80])
        seen += len(page.updates)
        if not page.more:
            break
    if total.healed or total.differences:
        async with database.transaction():
            await reconciling.record_run("pull", started_at=now, now=clock.utc_now(), seen=seen, applied=total)
    return total


async def compare(parts: Parts, *, now: datetime) -> Applied:
    """Compares every open or lately closed case with the platform; heals what is missing here, lists the rest."""
    after, seen, total = None, 0, Applied(0, [])
    for _ in range(COMPARED_PAGES_MAX):
        page = await reconciling.compared_cases(after=after, now=now)
        if not page:
            break
        after = page[-1]
        ours = await reconciling.known_updates(page)
        theirs = await _ask(parts, "/cases/query", {"case_ids": page}, TheirCases, now=now)
        seen += len(page)
        async with database.transaction():
            healed = await _apply([update for case in theirs.cases for update in case.updates], now=now)
        total = _sum(_sum(total, healed), Applied(0, differences(ours, theirs.cases)))
    async with database.transaction():
        await reconciling.record_run("full", started_at=now, now=clock.utc_now(), seen=seen, applied=total)
    return total


def differences(ours: dict[tuple[UUID, int], set[str]], theirs: list[TheirCase]) -> list[dict[str, Any]]:
    """What only one side has. Updates that only the platform has are healed and not listed here."""
    known = {(case.case_id, case.round): case for case in theirs}
    found: list[dict[str, Any]] = []
    for (case_id, round_), ids in ours.items():
        case = known.get((case_id, round_))
        if case is None:
            found.append({"case": case_id, "round": round_, "why": "the platform does not know the round"})
            continue
        extra = ids - {str(update.get("id")) for update in case.updates if isinstance(update, dict)}
        found += [{"case": case_id, "update": update_id, "why": "only here"} for update_id in sorted(extra)]
    return found


def _sum(one: Applied, other: Applied) -> Applied:
    return Applied(one.healed + other.healed, one.differences + other.differences)


async def _apply(raw: list[Any], *, now: datetime) -> Applied:
    updates, unreadable = [], []
    for item in raw:
        try:
            updates.append(msgspec.convert(item, UpdateEvent).update())
        except msgspec.ValidationError as error:
            unreadable.append({"update": "unreadable", "why": str(error)[:200]})
    applied = await reconciling.take(updates, now=now)
    return Applied(applied.healed, applied.differences + unreadable)


async def _ask(parts: Parts, path: str, question: object, kind: type[Any], *, now: datetime) -> Any:
    body = msgspec.json.encode(question)
    keys = signing.keys_of(parts.settings.case_platform_secrets)
    headers = signing.headers(message_id=str(new_id()), at=now, body=body, keys=keys)
    try:
        response = await parts.http.post(
            parts.settings.case_platform_url.rstrip("/") + path,
            content=body,
            headers={"Content-Type": "application/json", **headers},
        )
        if not response.is_success or len(response.content) > ANSWER_BYTES_MAX:
            raise NoAnswer(f"HTTP {response.status_code}")
        return msgspec.json.decode(response.content, type=kind)
    except httpx.HTTPError as error:
        raise NoAnswer(type(error).__name__) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NoAnswer("unreadable") from error
