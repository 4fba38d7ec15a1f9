"""One-tap contact with the chief of a river: a tracked message with a clock by level, an answer, escalation, a rating.

The chief's side never learns who wrote: the account is kept as a keyed hash (to find one's own) and sealed (to tell the
answer). The chief answers through a signed link that an officer passes on, or the officer answers for the chief.
"""

import hmac
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.disclosure import chief_clocks, river_page
from domain.disclosure.datasets.river_chiefs import RIVER_CHIEFS
from domain.disclosure.dues import light_for
from domain.disclosure.events import ChiefAnswered, ChiefMessaged, ChiefMessageEscalated
from domain.disclosure.reading import current
from domain.disclosure.river_page import Chief
from domain.kernel import audit, clock, crypto, database, outbox, settings
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.events import Ticked
from domain.kernel.ids import new_id
from domain.kernel.redaction import redact

OPEN_PER_SENDER_MAX = 5
LIST_MAX = 200
TOKEN_CHARS = 43


class NoChief(Refusal):
    """The river has no chief in office."""

    code = "river-without-chief"
    title = Text("该河流暂无在任河长", "The river has no chief in office")
    advice = Text("请改为提交举报。", "Send a report instead.")


class TooManyMessages(Refusal):
    """Several messages of this sender wait for an answer."""

    code = "too-many-open-messages"
    title = Text("您有多条留言等待答复", "Several of your messages wait for an answer")
    advice = Text("请等待答复后再留言；紧急情况请举报。", "Wait for an answer; send a report when it is urgent.")


class AlreadyAnswered(Refusal):
    """The message has its answer, or its link belongs to an earlier chief."""

    code = "message-already-answered"
    title = Text("该留言已答复", "The message is answered")
    advice = Text("无需再次答复。", "There is nothing to do.")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as its sender, the chief and the officers see it: without anything about the sender."""

    id: UUID
    river: str
    text: str
    photos: list[UUID]
    lng: float | None
    lat: float | None
    sent_at: datetime
    level: str
    due_on: date
    light: str
    steps: list[dict[str, str]]
    answer: str | None = None
    answered_at: datetime | None = None
    rating: int | None = None
    link: str | None = None  # officers only: what the chief opens


def sender_tag(account: UUID) -> bytes:
    """The keyed hash under which an account finds its own messages."""
    return crypto.blind_index(str(account), secret=settings.current().lookup_secret, purpose="chief-message")


async def chief_for(river: str, *, above: str | None, today: date) -> Chief | None:
    """The chief in office of the lowest level, or of the lowest one above `above`."""
    start = chief_clocks.LEVELS_UP.index(above) + 1 if above is not None else 0
    rows = await current(RIVER_CHIEFS, today=today, river=river)
    chiefs = [chief for chief in map(river_page.chief_of, rows) if river_page.in_office(chief, today)]
    for level in chief_clocks.LEVELS_UP[start:]:
        found = next((chief for chief in chiefs if chief.level == level), None)
        if found is not None:
            return found
    return None


INSERT = """
insert into chief_message (id, river, sender, sealed_sender, text, photos, lng, lat, sent_at, level, chief, due_on)
values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11, $12)
"""


async def _require_room(tag: bytes) -> None:
    waiting = await database.fetch_value(
        "select count(*) from chief_message where sender = $1 and answered_at is null", tag
    )
    if waiting >= OPEN_PER_SENDER_MAX:
        raise TooManyMessages


async def send(
    river: str,
    *,
    account: UUID,
    text: str,
    photos: Sequence[UUID],
    place: tuple[float, float] | None,
    now: datetime,
) -> UUID:
    """Stores a message for the river's chief, in the caller's transaction.

    Raises `NotFound` (no such river), `NoChief`, `TooManyMessages`.
    """
    today = clock.local_day(now)
    await river_page.river(river, today=today)
    chief = await chief_for(river, above=None, today=today)
    if chief is None:
        raise NoChief
    tag = sender_tag(account)
    await _require_room(tag)
    message_id = new_id()
    due = await chief_clocks.due_day(chief.level, today=today)
    await database.execute(
        INSERT,
        message_id,
        river,
        tag,
        _ring().seal(account.bytes, context=f"chief-message:{message_id}"),
        redact(text).text,
        msgspec.json.encode(list(photos)).decode(),
        str(place[0]) if place else None,
        str(place[1]) if place else None,
        now,
        chief.level,
        chief.key,
        due,
    )
    await _step(message_id, "sent", chief=chief.key, at=now)
    await outbox.record(ChiefMessaged(message_id=message_id, river=river, level=chief.level), at=now)
    return message_id


def _ring() -> crypto.KeyRing:
    return crypto.key_ring(settings.current().seal_keys)


async def _step(message_id: UUID, what: str, *, chief: str, at: datetime) -> None:
    await database.execute(
        "insert into chief_message_step (id, message, at, what, chief) values ($1, $2, $3, $4, $5)",
        new_id(),
        message_id,
        at,
        what,
        chief,
    )


async def sender_of(message_id: UUID) -> UUID:
    """The account that wrote, for telling the answer; raises `NotFound`."""
    sealed = await database.fetch_value("select sealed_sender from chief_message where id = $1", message_id)
    if sealed is None:
        raise NotFound
    return UUID(bytes=_ring().open(sealed, context=f"chief-message:{message_id}"))


def token_for(message_id: UUID, *, chief: str) -> str:
    """What the signed link carries: it opens one message for one chief, and dies with an escalation."""
    secret = settings.current().lookup_secret.encode()
    return hmac.digest(secret, f"chief-link\n{message_id}\n{chief}".encode(), "sha256").hex()[:TOKEN_CHARS]


async def by_link(message_id: UUID, token: str, *, today: date) -> Message:
    """The message behind a signed link; a wrong or outdated token is `NotFound`."""
    row = await database.fetch_row("select * from chief_message where id = $1", message_id)
    if row is None or not hmac.compare_digest(token.encode(), token_for(message_id, chief=row["chief"]).encode()):
        raise NotFound
    return await _message(row, today=today)


async def answer(message_id: UUID, *, text: str, by: str, now: datetime) -> None:
    """Answers a message once, in the caller's transaction; raises `NotFound` and `AlreadyAnswered`."""
    row = await database.fetch_row("select * from chief_message where id = $1 for update", message_id)
    if row is None:
        raise NotFound
    if row["answered_at"] is not None:
        raise AlreadyAnswered
    await database.execute(
        "update chief_message set answer = $2, answered_at = $3, answered_by = $4 where id = $1",
        message_id,
        text,
        now,
        by,
    )
    await _step(message_id, "answered", chief=row["chief"], at=now)
    await outbox.record(ChiefAnswered(message_id=message_id, river=row["river"]), at=now)
    await audit.append(actor=by, action="chief.answer", subject=f"chief-message:{message_id}", at=now)


async def rate(message_id: UUID, *, account: UUID, stars: int, now: datetime) -> None:
    """The sender rates the answer, once; raises `NotFound`."""
    row = await database.fetch_row(
        "update chief_message set rating = $3, rated_at = $4"
        " where id = $1 and sender = $2 and answered_at is not null and rating is null returning chief",
        message_id,
        sender_tag(account),
        stars,
        now,
    )
    if row is None:
        raise NotFound
    await _step(message_id, "rated", chief=row["chief"], at=now)


async def mine(account: UUID, *, today: date) -> list[Message]:
    """An account's messages, newest first."""
    rows = await database.fetch(
        f"select * from chief_message where sender = $1 order by sent_at desc limit {LIST_MAX}", sender_tag(account)
    )
    return [await _message(row, today=today) for row in rows]


async def waiting(*, today: date) -> list[Message]:
    """Unanswered messages, the most urgent first, with the link for the chief."""
    rows = await database.fetch(
        f"select * from chief_message where answered_at is null order by due_on, sent_at limit {LIST_MAX}"
    )
    base = settings.current().public_url.rstrip("/")
    return [
        msgspec.structs.replace(
            await _message(row, today=today),
            link=f"{base}/v1/chief-messages/{row['id']}?token={token_for(row['id'], chief=row['chief'])}",
        )
        for row in rows
    ]


async def _message(row: Any, *, today: date) -> Message:
    steps = await database.fetch(
        "select at, what from chief_message_step where message = $1 order by at, id", row["id"]
    )
    started_on = clock.local_day(max(step["at"] for step in steps if step["what"] in {"sent", "escalated"}))
    light = "green" if row["answered_at"] else light_for(started_on=started_on, due_on=row["due_on"], today=today)
    return Message(
        id=row["id"],
        river=row["river"],
        text=row["text"],
        photos=msgspec.json.decode(row["photos"], type=list[UUID]),
        lng=float(row["lng"]) if row["lng"] else None,
        lat=float(row["lat"]) if row["lat"] else None,
        sent_at=row["sent_at"],
        level=row["level"],
        due_on=row["due_on"],
        light=light,
        steps=[{"what": step["what"], "at": step["at"].isoformat()} for step in steps],
        answer=row["answer"],
        answered_at=row["answered_at"],
        rating=row["rating"],
    )


async def watch(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Daily: a message past its day goes to the next level, which gets a clock of its own."""
    if event.every != "day":
        return
    today = clock.local_day(event.at)
    rows = await database.fetch(
        f"select * from chief_message where answered_at is null and due_on < $1 order by due_on limit {LIST_MAX}", today
    )
    for row in rows:
        chief = await chief_for(row["river"], above=row["level"], today=today)
        if chief is None:
            await database.execute(
                "update chief_message set red_at = $2 where id = $1 and red_at is null", row["id"], event.at
            )
            continue
        due = await chief_clocks.due_day(chief.level, today=today)
        await database.execute(
            "update chief_message set level = $2, chief = $3, due_on = $4 where id = $1",
            row["id"],
            chief.level,
            chief.key,
            due,
        )
        await _step(row["id"], "escalated", chief=chief.key, at=event.at)
        escalated = ChiefMessageEscalated(message_id=row["id"], river=row["river"], level=chief.level)
        await outbox.record(escalated, at=at)
