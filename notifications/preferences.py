"""How a person wants to be told: language, print, quiet hours, digest, topics; and when a push may go."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.clock import DISTRICT_ZONE
from domain.kernel.errors import Invalid, Text
from notifications import recipients
from notifications.topics import TOPICS
from notifications.wording import Language

DAY_MINUTES = 24 * 60
FIRST_LOOK = timedelta(days=30)  # broadcasts this old are shown to somebody who opens the inbox for the first time


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """One person's choices; the defaults hold until somebody chooses."""

    language: Language = "zh"
    big_print: bool = False
    quiet_from: int | None = 22 * 60  # minute of the day, Asia/Shanghai
    quiet_to: int | None = 7 * 60
    digest: bool = False
    muted: frozenset[str] = frozenset()
    sms_topics: frozenset[str] = frozenset()


DEFAULT = Preferences()


def released_at(preferences: Preferences, *, urgent: bool, now: datetime) -> datetime:
    """When a push may go: now, or at the end of the quiet hours. Urgent ones do not wait."""
    start, end = preferences.quiet_from, preferences.quiet_to
    if urgent or start is None or end is None or start == end:
        return now
    local = now.astimezone(DISTRICT_ZONE)
    minute = local.hour * 60 + local.minute
    if (minute - start) % DAY_MINUTES >= (end - start) % DAY_MINUTES:
        return now
    return local.replace(second=0, microsecond=0) + timedelta(minutes=(end - minute) % DAY_MINUTES)


def check(preferences: Preferences) -> None:
    """Raises `Invalid` for an unknown topic or half a pair of quiet hours."""
    unknown = (preferences.muted | preferences.sms_topics) - TOPICS.keys()
    if unknown:
        raise Invalid(Text("未知的消息主题。", f"Unknown topic: {min(unknown)}."), field="muted")
    if (preferences.quiet_from is None) != (preferences.quiet_to is None):
        raise Invalid(Text("免打扰起止时间须同时填写。", "Give both ends of the quiet hours."), field="quiet_from")


OWNED = """
insert into notice_owner (owner, recipient, language, big_print, quiet_from, quiet_to, digest, muted, sms_topics,
  pulled, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, 0, $10)
on conflict (owner) do update set language = $3, big_print = $4, quiet_from = $5, quiet_to = $6, digest = $7,
  muted = $8::jsonb, sms_topics = $9::jsonb, updated_at = $10
"""
CHOICES = "owner, language, big_print, quiet_from, quiet_to, digest, muted, sms_topics"


async def save(account_id: UUID, chosen: Preferences, *, now: datetime) -> None:
    """Replaces the person's choices; raises `Invalid`."""
    check(chosen)
    await database.execute(
        OWNED,
        recipients.tag_of(account_id),
        recipients.seal(account_id),
        chosen.language,
        chosen.big_print,
        chosen.quiet_from,
        chosen.quiet_to,
        chosen.digest,
        msgspec.json.encode(sorted(chosen.muted)).decode(),
        msgspec.json.encode(sorted(chosen.sms_topics)).decode(),
        now,
    )


async def of(owners: list[UUID]) -> dict[UUID, Preferences]:
    """The choices of those who made some."""
    rows = await database.fetch(f"select {CHOICES} from notice_owner where owner = any($1)", owners)
    return {row["owner"]: _read(row) for row in rows}


async def of_one(owner: UUID) -> Preferences:
    """The choices of one person, or the defaults."""
    return (await of([owner])).get(owner, DEFAULT)


def _read(row: Any) -> Preferences:
    return Preferences(
        language=row["language"],
        big_print=row["big_print"],
        quiet_from=row["quiet_from"],
        quiet_to=row["quiet_to"],
        digest=row["digest"],
        muted=msgspec.json.decode(row["muted"], type=frozenset[str]),
        sms_topics=msgspec.json.decode(row["sms_topics"], type=frozenset[str]),
    )
