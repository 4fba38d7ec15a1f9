"""Writing what is to be told, in one transaction: announcement, inbox line, a delivery for each pushed channel.

The inbox line is the truth and is always written; what may be pushed is planned beside it (`planning`). Nothing is
written for an account that was closed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.kernel import database, trace
from domain.kernel.ids import new_id
from domain.residents import accounts
from notifications import planning, preferences, recipients
from notifications.catalogue import CATALOGUE
from notifications.notices import Notice
from notifications.planning import Person

# One round trip for what happens most: announcement, inbox line, and the WeChat delivery with its consent set aside.
# $9 is the template (null: no WeChat), $10 the consents that must be left, $11 why it is held back (null: it is not).
TELL_PERSON = """
with told as (
  insert into announcement (event, key, wording, topic, audience, reach, subject, facts, at)
  values ($1, $2, $3, $4::varchar, 'person', '{}', $5, $6::jsonb, $7::timestamptz)
  on conflict (event, key) where event > 0 do nothing returning id),
line as (
  insert into inbox_message (owner, announcement) select $8::uuid, id from told),
taken as (
  update consent_credit c set available = c.available - 1, updated_at = $7::timestamptz from told
  where $11::varchar is null and c.owner = $8::uuid and c.template = $9::varchar and c.available >= $10::int
    and not c.blocked returning 1),
spent as (
  insert into consent_entry (owner, template, kind, change, source, key, matched, at)
  select $8::uuid, $9::varchar, 'spent', -1, 'send', 'take:' || told.id || ':' || $4::varchar, false, $7::timestamptz
  from told, taken),
planned as (
  insert into notice_delivery (id, announcement, owner, recipient, channel, state, reason, calls, created_at,
    finished_at)
  select $12::uuid, told.id, $8::uuid, $13::bytea, 'wechat', case when taken is null then 'skipped' else 'waiting' end,
    case when taken is null then coalesce($11::varchar, 'no-consent') else 'planned' end, 0, $7::timestamptz,
    case when taken is null then $7::timestamptz end
  from told left join taken on true where $9::varchar is not null)
select told.id, exists (select 1 from taken) as taken from told
"""
# The same for many people at once, where no WeChat message is possible.
TELL_PEOPLE = """
with given as (
  select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::timestamptz[],
    $8::uuid[]) with ordinality as g(event, key, wording, topic, subject, facts, at, owner, place)),
told as (
  insert into announcement (event, key, wording, topic, audience, reach, subject, facts, at)
  select event, key, wording, topic, 'person', '{}', subject, facts, at from given order by place
  on conflict (event, key) where event > 0 do nothing returning id, event, key),
line as (
  insert into inbox_message (owner, announcement)
  select g.owner, t.id from told t join given g on g.event = t.event and g.key = t.key order by g.place)
select id, event, key from told
"""
TELL_MANY = """
with told as (
  insert into announcement (event, key, wording, topic, audience, reach, subject, facts, at)
  values ($1, $2, $3, $4, 'many', '{}', $5, $6::jsonb, $7)
  on conflict (event, key) where event > 0 do nothing returning id)
insert into inbox_message (owner, announcement) select unnest($8::uuid[]), id from told
"""
TELL_NOBODY = """
insert into announcement (event, key, wording, topic, audience, reach, subject, facts, at)
values ($1, $2, $3, $4, 'person', '{}', $5, $6::jsonb, $7)
on conflict (event, key) where event > 0 do nothing returning id
"""
TELL_AUDIENCE = """
insert into announcement (event, key, wording, topic, audience, reach, subject, facts, at)
select $1, $2, $3, $4, $5::text, $6::varchar[], $7, $8::jsonb, $9
where $5::text = 'district' or exists (select 1 from notice_follow where audience = any($6::varchar[]))
on conflict (event, key) where event > 0 do nothing returning id
"""


class News(NamedTuple):
    """A notice for one account, and the event it comes from."""

    event_id: int
    at: datetime
    notice: Notice
    account: UUID
    origin: str | None


async def tell(told: Sequence[News]) -> None:
    """Tells each notice to its account; the same news of an event reaches one account once, under its first report.

    Those that cannot be pushed by WeChat are one statement together.
    """
    gone = await accounts.closed_among({news.account for news in told})
    first: dict[tuple[int, str, str, UUID], News] = {}
    for news in told:
        if news.account in gone:
            continue
        first.setdefault((news.event_id, news.notice.wording, news.notice.subject, news.account), news)
    owners = {news.account: recipients.tag_of(news.account) for news in first.values()}
    asked = {owners[news.account] for news in first.values() if planning.may_be_pushed(CATALOGUE[news.notice.wording])}
    chosen = await preferences.of(list(asked)) if asked else {}
    plain: list[tuple[News, Person]] = []
    for news in first.values():
        owner = owners[news.account]
        person = Person(news.account, owner, chosen.get(owner, preferences.DEFAULT))
        if planning.template_of(CATALOGUE[news.notice.wording]) is None:
            plain.append((news, person))
        else:
            with trace.of(news.origin):
                await _tell_person(news.notice, person, event_id=news.event_id, at=news.at)
    if plain:
        await _tell_people(plain)


async def _tell_people(told: Sequence[tuple[News, Person]]) -> None:
    rows = [
        (
            news.event_id,
            _key(news.notice),
            news.notice.wording,
            CATALOGUE[news.notice.wording].topic,
            news.notice.subject,
            msgspec.json.encode(news.notice.facts).decode(),
            news.at,
            person.owner,
        )
        for news, person in told
    ]
    found = await database.fetch(TELL_PEOPLE, *(list(column) for column in zip(*rows, strict=True)))
    ids = {(row["event"], row["key"]): row["id"] for row in found}
    for news, person in told:
        announcement = ids.get((news.event_id, _key(news.notice)))
        if announcement is not None:
            with trace.of(news.origin):
                wording = CATALOGUE[news.notice.wording]
                await planning.plan_sms(announcement, wording, person=person, subject=news.notice.subject, at=news.at)


def _key(notice: Notice) -> str:
    """Unique among the personal notices of one event."""
    return f"{notice.wording}|{notice.report or notice.subject}"[:80]


async def tell_audience(notice: Notice, *, event_id: int, at: datetime) -> int | None:
    """One row for a whole audience, whatever its size; each inbox takes it in when it is next looked at."""
    wording = CATALOGUE[notice.wording]
    told: int | None = await database.fetch_value(
        TELL_AUDIENCE,
        event_id,
        notice.key,
        notice.wording,
        wording.topic,
        notice.audience,
        list(notice.reach),
        notice.subject,
        msgspec.json.encode(notice.facts).decode(),
        at,
    )
    return told


async def tell_many(notice: Notice, *, event_id: int, at: datetime) -> None:
    """Tells everybody in `notice.accounts` in the inbox, in one statement."""
    gone = await accounts.closed_among(notice.accounts)
    wording = CATALOGUE[notice.wording]
    await database.execute(
        TELL_MANY,
        event_id,
        notice.key,
        notice.wording,
        wording.topic,
        notice.subject,
        msgspec.json.encode(notice.facts).decode(),
        at,
        sorted({recipients.tag_of(account) for account in set(notice.accounts) - gone}),
    )


async def _tell_person(notice: Notice, person: Person, *, event_id: int, at: datetime) -> None:
    wording = CATALOGUE[notice.wording]
    template, delivery = planning.template_of(wording), new_id()
    row = await database.fetch_row(
        TELL_PERSON,
        event_id,
        _key(notice),
        notice.wording,
        wording.topic,
        notice.subject,
        msgspec.json.encode(notice.facts).decode(),
        at,
        person.owner,
        template.id if template else None,
        planning.needed(wording, template) if template else 1,
        planning.held_back(wording, person.chosen),
        delivery,
        recipients.seal(person.account) if template else None,
    )
    if row is None:
        return
    if row["taken"]:
        await planning.queue_send(delivery, wording, person=person, channel="wechat", subject=notice.subject, at=at)
    else:
        await planning.plan_sms(row["id"], wording, person=person, subject=notice.subject, at=at)


async def push_only(notice: Notice, person: Person, *, event_id: int, at: datetime) -> None:
    """A push without an inbox line: a summary of lines that are there already. Once per event and person."""
    wording = CATALOGUE[notice.wording]
    announcement = await database.fetch_value(
        TELL_NOBODY,
        event_id,
        f"{notice.wording}|{person.owner}",
        notice.wording,
        wording.topic,
        notice.subject,
        msgspec.json.encode(notice.facts).decode(),
        at,
    )
    if announcement is not None:
        await planning.plan_pushes(announcement, wording, person=person, subject=notice.subject, at=at)
