"""What became of our requests at an Open311 peer: asked by id, applied as updates like those of any platform.

GeoReport says `open` or `closed` and a note, no more; closed does not say solved, so the outcome is `answered`. The
peer numbers nothing: an update's id is made of what it says, its place is behind what we have, with room for the stages
the peer did not tell. Asking by id works at every server and overrides all its limits.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx
import msgspec

from api.parts import Parts
from domain.cases import reconciling
from domain.cases.guards import ActorClass
from domain.cases.reconciling import Applied, AtPeer
from domain.cases.stages import Outcome, Stage
from domain.cases.updates import Kind, Update
from domain.kernel import database
from domain.kernel.redaction import redact

IDS_PER_CALL = 50
ROOM = 20  # sequence numbers between two updates: stages the peer went through unseen
NOTE_CHARS_MAX = 2_000
ANSWER_BYTES_MAX = 16 * 1024 * 1024
TOKEN = "token:"  # noqa: S105 - how a hand-over without an id yet is remembered
CLOSED_NOTE, REOPENED_NOTE = "对方平台已办结", "对方平台重新办理"


class NoAnswer(Exception):
    """The peer could not be read now; the next tick asks again."""


class Theirs(msgspec.Struct, frozen=True):
    """One request as the peer has it; what else it says is not needed."""

    service_request_id: str
    status: str
    status_notes: str | None = None
    updated_datetime: datetime | None = None


async def pull(parts: Parts, *, closed_too: bool, now: datetime) -> Applied:
    """Asks for every round at the peer, the open ones or also those lately closed; applies what is new."""
    total = Applied(0, [])
    after = None
    while page := await reconciling.rounds_at_peer(after=after, closed_too=closed_too, limit=IDS_PER_CALL, now=now):
        after = page[-1].case_id
        known = {}
        for one in page:
            number = await _number(one, parts=parts)
            if number is not None:
                known[number] = one
        theirs = await _ask(parts, {"service_request_id": ",".join(known)}) if known else []
        updates = [
            update
            for row in theirs
            if row.service_request_id in known
            if (update := update_of(row, known[row.service_request_id], now=now)) is not None
        ]
        async with database.transaction():
            applied = await reconciling.take(updates, now=now)
        missing = known.keys() - {row.service_request_id for row in theirs}
        unknown = [{"case": known[number].case_id, "why": "the peer does not show the request"} for number in missing]
        total = Applied(total.healed + applied.healed, total.differences + applied.differences + unknown)
    return total


def update_of(row: Theirs, known: AtPeer, *, now: datetime) -> Update | None:
    """What the request says that we do not know yet; None when nothing."""
    status = row.status.lower()
    said = redact(" ".join((row.status_notes or "").split()), subject="person").text[:NOTE_CHARS_MAX] or None
    seen = {"status": status, "notes": said}
    if status not in {"open", "closed"} or seen == (known.seen or {"status": "open", "notes": None}):
        return None
    at = min(row.updated_datetime or now, now)
    if status == "closed" and not known.closed:
        step: dict[str, Any] = {"stage": Stage.CLOSED, "actor_class": ActorClass.HANDLER, "outcome": Outcome.ANSWERED}
        said = said or CLOSED_NOTE
    elif status == "open" and known.closed:
        step, said = {"stage": Stage.REOPENED, "actor_class": ActorClass.SYSTEM}, said or REOPENED_NOTE
    else:
        step = {"kind": Kind.NOTE, "actor_class": ActorClass.SYSTEM}
    digest = hashlib.sha256(f"{known.case_id}|{known.round}|{status}|{said}|{at.isoformat()}".encode()).hexdigest()
    return Update(
        update_id=f"open311-{digest[:40]}",
        case_id=known.case_id,
        round=known.round,
        sequence=known.sequence + ROOM,
        happened_at=at,
        public_text=said,
        detail={"peer": seen},
        **({"kind": Kind.STAGE} | step),
    )


async def _number(one: AtPeer, *, parts: Parts) -> str | None:
    """The peer's id of a round; a token is exchanged once it has become one."""
    if not one.platform_case.startswith(TOKEN):
        return one.platform_case
    rows = await _ask(
        parts, {}, path=f"/tokens/{one.platform_case.removeprefix(TOKEN)}.json", kind=list[dict[str, Any]]
    )
    number = str(rows[0].get("service_request_id") or "")[:80] if rows else ""
    if not number:
        return None
    async with database.transaction():
        await reconciling.name_at_peer(one, platform_case=number)
    return number


async def _ask(
    parts: Parts, params: dict[str, str], *, path: str = "/requests.json", kind: Any = list[Theirs]
) -> Sequence[Any]:
    url = parts.settings.case_platform_url.rstrip("/") + path
    try:
        response = await parts.http.get(url, params=params)
        if response.status_code == httpx.codes.NOT_FOUND:
            return []
        if not response.is_success or len(response.content) > ANSWER_BYTES_MAX:
            raise NoAnswer(f"HTTP {response.status_code}")
        rows: Sequence[Any] = msgspec.json.decode(response.content, type=kind)
    except httpx.HTTPError as error:
        raise NoAnswer(type(error).__name__) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NoAnswer("unreadable") from error
    return rows
