"""The right of reply: what the party concerned says beside its entry, redacted, shown after an operator's review.

The party is known as a verified delegate, or holds a signed link to one entry that came with the decision.
"""

import hmac
from datetime import date, datetime, timedelta
from urllib.parse import quote
from uuid import UUID

import msgspec

from domain.kernel import audit, database, settings
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id
from domain.kernel.redaction import redact

TEXT_CHARS_MAX = 1_000
OPEN_MAX = 5
LINK_DAYS = 30
TOKEN_CHARS = 43
GIVER_CHARS_MAX = 80


class TooManyReplies(Refusal):
    """The party has replies that wait for their review."""

    code = "too-many-replies"
    title = Text("已有待审核的陈述", "Replies are waiting for review")
    advice = Text("请等待审核结果后再提交。", "Wait for the decision before sending another one.")


class ReplyLink(msgspec.Struct, frozen=True, kw_only=True):
    """The address a party opens to reply to one entry."""

    link: str
    until: date


class PublicReply(msgspec.Struct, frozen=True, kw_only=True):
    """A reply as shown."""

    text: str
    given_at: datetime


class WaitingReply(msgspec.Struct, frozen=True, kw_only=True):
    """A reply that an operator has to look at."""

    id: UUID
    dataset: str
    key: str
    text: str
    given_by: str
    given_at: datetime


def token_for(dataset: str, key: str, *, until: date) -> str:
    """What a link carries: it opens one entry until a day."""
    secret = settings.current().lookup_secret.encode()
    return hmac.digest(secret, f"reply-link\n{dataset}\n{key}\n{until}".encode(), "sha256").hex()[:TOKEN_CHARS]


def link_for(dataset: str, key: str, *, today: date) -> ReplyLink:
    """A link that is good for `LINK_DAYS`."""
    until = today + timedelta(days=LINK_DAYS)
    base = settings.current().public_url.rstrip("/")
    path = f"/v1/disclosure/{dataset}/{quote(key, safe='')}/replies/by-link"
    return ReplyLink(link=f"{base}{path}?until={until}&token={token_for(dataset, key, until=until)}", until=until)


def require_link(dataset: str, key: str, *, token: str, until: date, today: date) -> None:
    """Raises `NotFound` for a link that is forged or over."""
    good = hmac.compare_digest(token.encode(), token_for(dataset, key, until=until).encode())
    if not good or today > until:
        raise NotFound


async def give(dataset: str, key: str, *, text: str, by: str, now: datetime) -> UUID:
    """Stores a reply for review, in the caller's transaction; raises `TooManyReplies`."""
    waiting = await database.fetch_value(
        "select count(*) from disclosure_reply where given_by = $1 and decided_at is null", by
    )
    if waiting >= OPEN_MAX:
        raise TooManyReplies
    reply_id = new_id()
    await database.execute(
        "insert into disclosure_reply (id, dataset, key, text, given_by, given_at) values ($1, $2, $3, $4, $5, $6)",
        reply_id,
        dataset,
        key,
        redact(text).text,
        by,
        now,
    )
    return reply_id


async def decide(reply_id: UUID, *, show: bool, operator: UUID, decision: str, now: datetime) -> None:
    """Shows or declines a reply once; raises `NotFound`."""
    row = await database.fetch_row(
        "update disclosure_reply set shown = $2, decided_by = $3, decided_at = $4, decision = $5"
        " where id = $1 and decided_at is null returning dataset",
        reply_id,
        int(show),
        operator,
        now,
        decision,
    )
    if row is None:
        raise NotFound
    await database.execute("update disclosure_stamp set changes = changes + 1 where dataset = $1", row["dataset"])
    await audit.append(
        actor=f"operator:{operator}", action="reply.decide", subject=f"reply:{reply_id}", at=now, detail={"shown": show}
    )


async def shown_beside(dataset: str, key: str) -> list[PublicReply]:
    """The replies shown beside an entry, oldest first."""
    rows = await database.fetch(
        "select text, given_at from disclosure_reply where dataset = $1 and key = $2 and shown = 1 order by given_at",
        dataset,
        key,
    )
    return [PublicReply(text=row["text"], given_at=row["given_at"]) for row in rows]


async def waiting() -> list[WaitingReply]:
    """Replies without a decision, oldest first."""
    rows = await database.fetch(
        "select id, dataset, key, text, given_by, given_at from disclosure_reply where decided_at is null"
        " order by given_at limit 100"
    )
    return [WaitingReply(**dict(row)) for row in rows]
