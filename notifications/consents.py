"""The ledger of WeChat consents: one acceptance is one message, and WeChat remains the judge.

What the app reports and what WeChat pushes about the same tap are matched, so a tap counts once. A send takes a credit
when it is queued and gives it back when it did not happen; 43101 from WeChat empties the account of that template.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import database
from domain.kernel.ids import new_id

Kind = Literal["accepted", "rejected", "banned", "filtered", "allowed", "spent", "refused", "back"]
Source = Literal["app", "push", "send"]
CREDITS_MAX = 20  # a forged report of taps cannot promise more than this
SAME_TAP = timedelta(minutes=10)  # an app's report and WeChat's push this close speak of one tap


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one template for one person."""

    template: str
    asked: int
    accepted: int
    spent: int
    available: int
    blocked: bool


ENTER = """
insert into consent_entry (owner, template, kind, change, source, key, matched, at)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (owner, template, key) do nothing returning id
"""
APPLY = """
insert into consent_credit as c (id, owner, template, asked, accepted, spent, available, blocked, updated_at)
values ($1, $2, $3, $4::int, $5::int, 0, least($5::int, $7::int), coalesce($6::bool, false), $8)
on conflict (owner, template) do update set
  asked = c.asked + $4::int, accepted = c.accepted + $5::int, updated_at = $8,
  available = case when coalesce($6::bool, false) then 0
    else least(c.available + $5::int, $7::int) end,
  blocked = coalesce($6::bool, c.blocked)
"""
TWIN = """
update consent_entry set matched = true where id = (
  select id from consent_entry where owner = $1 and template = $2 and kind = 'accepted' and source = $3 and not matched
  and at between $4::timestamptz - $5::interval and $4::timestamptz + $5::interval order by at limit 1 for update)
returning id
"""


async def record_answer(
    owner: UUID, *, template: str, answer: Kind, source: Source, ref: str, at: datetime, in_settings: bool = False
) -> bool:
    """An answer to the prompt, or a change in WeChat's settings; False when this report or push was known.

    In the transaction of the caller. `accepted` adds one credit unless the other source told of the same tap.
    """
    await database.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"consent:{owner}:{template}")
    known = "select true from consent_entry where owner = $1 and template = $2 and key = $3"
    if await database.fetch_value(known, owner, template, ref):
        return False
    tap = answer == "accepted" and not in_settings
    other: Source = "push" if source == "app" else "app"
    matched = tap and await database.fetch_value(TWIN, owner, template, other, at, SAME_TAP) is not None
    change = int(tap and not matched)
    kind: Kind = "allowed" if answer == "accepted" and in_settings else answer
    await database.execute(ENTER, owner, template, kind, change, source, ref, matched, at)
    asked = int(not in_settings and not matched)
    await database.execute(
        APPLY, new_id(), owner, template, asked, change, _blocks(answer, in_settings=in_settings), CREDITS_MAX, at
    )
    return True


def _blocks(answer: Kind, *, in_settings: bool) -> bool | None:
    """Whether the answer blocks (True), frees (False) or says nothing about future messages (None)."""
    if answer == "banned" or (in_settings and answer == "rejected"):
        return True
    return False if answer == "accepted" else None


async def take(owner: UUID, *, template: str, needed: int, ref: str, at: datetime) -> bool:
    """Sets one credit aside for a send when at least `needed` are left; atomic."""
    taken = await database.fetch_value(
        "update consent_credit set available = available - 1, updated_at = $4"
        " where owner = $1 and template = $2 and available >= $3 and not blocked returning true",
        owner,
        template,
        needed,
        at,
    )
    if taken:
        await database.execute(ENTER, owner, template, "spent", -1, "send", f"take:{ref}", False, at)
    return bool(taken)


async def settle_sent(spent: Sequence[tuple[UUID, str]], *, at: datetime) -> None:
    """WeChat took these messages: (person, template) of each."""
    counts = Counter(spent)
    if counts:
        await database.execute(
            "update consent_credit c set spent = c.spent + s.many, updated_at = $4"
            " from unnest($1::uuid[], $2::text[], $3::int[]) as s(owner, template, many)"
            " where c.owner = s.owner and c.template = s.template",
            [owner for owner, _ in counts],
            [template for _, template in counts],
            list(counts.values()),
            at,
        )


async def settle_refused(owner: UUID, *, template: str, ref: str, at: datetime) -> None:
    """43101: WeChat says nothing is left, whatever we counted."""
    if await database.fetch_value(ENTER, owner, template, "refused", 0, "send", f"refused:{ref}", False, at):
        await database.execute(
            "update consent_credit set available = 0, updated_at = $3 where owner = $1 and template = $2",
            owner,
            template,
            at,
        )


async def give_back(owner: UUID, *, template: str, ref: str, at: datetime) -> None:
    """The send never happened: its credit is free again."""
    if await database.fetch_value(ENTER, owner, template, "back", 1, "send", f"back:{ref}", False, at):
        await database.execute(
            "update consent_credit set available = least(available + 1, $4), updated_at = $3"
            " where owner = $1 and template = $2 and not blocked",
            owner,
            template,
            at,
            CREDITS_MAX,
        )


async def credits_of(owner: UUID) -> list[Credit]:
    """What the person was asked, what was spent, what is left."""
    rows = await database.fetch(
        "select template, asked, accepted, spent, available, blocked from consent_credit where owner = $1"
        " order by template",
        owner,
    )
    return [Credit(**dict(row)) for row in rows]
