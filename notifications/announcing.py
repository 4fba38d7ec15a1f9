"""Writing what is to be told, in one transaction: announcement, inbox line, a delivery for each pushed channel.

The inbox line is the truth and is always written. A push is planned only where it can succeed: topic not muted, a
consent left (one is set aside at once), outside the quiet hours or at their end.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from domain.kernel import database, leases, settings
from domain.kernel.ids import new_id
from notifications import consents, preferences, recipients
from notifications.audiences import Notice
from notifications.catalogue import CATALOGUE
from notifications.preferences import Preferences
from notifications.templates import sharing, templates
from notifications.topics import TOPICS, needed_credits
from notifications.wording import Wording

TELL_PERSON = """
with told as (
  insert into announcement (event, key, wording, topic, audience, reach, subject, facts, at)
  values ($1, $2, $3, $4, 'person', '{}', $5, $6::jsonb, $7)
  on conflict (event, key) where event > 0 do nothing returning id)
insert into inbox_message (owner, announcement) select $8, id from told returning announcement
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
PLAN = """
insert into notice_delivery (id, announcement, owner, recipient, channel, state, reason, calls, created_at, finished_at)
values ($1, $2, $3, $4, $5, $6::varchar, $7, 0, $8,
  case when $6::varchar = 'waiting' then null else $8::timestamptz end)
on conflict (announcement, owner, channel) do nothing returning id
"""


class Person(msgspec.Struct, frozen=True):
    """Somebody to tell, with their choices."""

    account: UUID
    owner: UUID
    chosen: Preferences


async def tell(notices: Sequence[tuple[Notice, UUID]], *, event_id: int, at: datetime) -> None:
    """Tells each notice to its account; the same news reaches one account once, under its first report."""
    first: dict[tuple[str, str, UUID], Notice] = {}
    for notice, account in notices:
        first.setdefault((notice.wording, notice.subject, account), notice)
    owners = {account: recipients.tag_of(account) for _, _, account in first}
    chosen = await preferences.of(list(owners.values()))
    for (_, _, account), notice in first.items():
        owner = owners[account]
        person = Person(account, owner, chosen.get(owner, preferences.DEFAULT))
        await _tell_person(notice, person, event_id=event_id, at=at)


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
        sorted({recipients.tag_of(account) for account in notice.accounts}),
    )


async def _tell_person(notice: Notice, person: Person, *, event_id: int, at: datetime) -> None:
    wording = CATALOGUE[notice.wording]
    key = f"{notice.wording}|{notice.report or notice.subject}"[:80]
    announcement = await database.fetch_value(
        TELL_PERSON,
        event_id,
        key,
        notice.wording,
        wording.topic,
        notice.subject,
        msgspec.json.encode(notice.facts).decode(),
        at,
        person.owner,
    )
    if announcement is not None:
        await plan_pushes(announcement, wording, person=person, subject=notice.subject, at=at)


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
        await plan_pushes(announcement, wording, person=person, subject=notice.subject, at=at)


async def plan_pushes(announcement: int, wording: Wording, *, person: Person, subject: str, at: datetime) -> None:
    """A delivery for WeChat, and for SMS when the person chose it and WeChat will not do it."""
    wechat = await _plan_wechat(announcement, wording, person=person, subject=subject, at=at)
    if not wechat:
        await plan_sms(announcement, wording, person=person, subject=subject, at=at)


async def _plan_wechat(announcement: int, wording: Wording, *, person: Person, subject: str, at: datetime) -> bool:
    setting = settings.current().wechat_templates
    template = templates(setting).get(wording.topic)
    if template is None or not wording.slots:
        return False
    reason = _held_back(wording, person.chosen)
    if reason is None:
        needed = needed_credits(wording.topic, shares_template_with=sharing(setting, template.id))
        taken = await consents.take(
            person.owner, template=template.id, needed=needed, ref=f"{announcement}:{wording.topic}", at=at
        )
        reason = "planned" if taken else "no-consent"
    await plan(announcement, wording, person=person, channel="wechat", reason=reason, subject=subject, at=at)
    return reason == "planned"


async def plan_sms(announcement: int, wording: Wording, *, person: Person, subject: str, at: datetime) -> bool:
    """An SMS, only for topics the person chose; whether one was planned."""
    if wording.sms is None or wording.topic not in person.chosen.sms_topics:
        return False
    reason = _held_back(wording, person.chosen) or "planned"
    await plan(announcement, wording, person=person, channel="sms", reason=reason, subject=subject, at=at)
    return reason == "planned"


def _held_back(wording: Wording, chosen: Preferences) -> str | None:
    """Why the person does not want this pushed now, or None."""
    if wording.topic in chosen.muted:
        return "topic-off"
    if chosen.digest and TOPICS[wording.topic].digestible and wording is not CATALOGUE["digest"]:
        return "in-digest"
    return None


async def plan(
    announcement: int, wording: Wording, *, person: Person, channel: str, reason: str, subject: str, at: datetime
) -> None:
    """The delivery row, and its send job when it is to be sent; the job waits for the end of the quiet hours."""
    delivery = new_id()
    state = "waiting" if reason == "planned" else "skipped"
    sealed = recipients.seal(person.account)
    made = await database.fetch_value(PLAN, delivery, announcement, person.owner, sealed, channel, state, reason, at)
    if made is None or state != "waiting":
        return
    release = preferences.released_at(person.chosen, urgent=wording.urgent, now=at)
    await leases.queue(kind=channel, subject=subject, payload={"delivery": str(delivery)}, now=release, job_id=delivery)
