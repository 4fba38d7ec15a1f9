"""Planning pushes: which channel may carry a message to a person, and the delivery row that says so or why not.

A push is planned only where it can succeed: topic not muted, a consent left (one is set aside at once), outside the
quiet hours or at their end.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.kernel import database, leases, settings
from domain.kernel.ids import new_id
from notifications import consents, preferences, recipients
from notifications.catalogue import CATALOGUE
from notifications.preferences import Preferences
from notifications.templates import Template, sharing, templates
from notifications.topics import TOPICS, needed_credits
from notifications.wording import Wording

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


def template_of(wording: Wording) -> Template | None:
    """The WeChat template of a message that has slots for one."""
    return templates(settings.current().wechat_templates).get(wording.topic) if wording.slots else None


def may_be_pushed(wording: Wording) -> bool:
    """Whether WeChat or SMS can carry this message here."""
    return wording.sms is not None or template_of(wording) is not None


async def plan_pushes(announcement: int, wording: Wording, *, person: Person, subject: str, at: datetime) -> None:
    """A delivery for WeChat, and for SMS when the person chose it and WeChat will not do it."""
    wechat = await _plan_wechat(announcement, wording, person=person, subject=subject, at=at)
    if not wechat:
        await plan_sms(announcement, wording, person=person, subject=subject, at=at)


async def _plan_wechat(announcement: int, wording: Wording, *, person: Person, subject: str, at: datetime) -> bool:
    template = template_of(wording)
    if template is None:
        return False
    reason = held_back(wording, person.chosen)
    if reason is None:
        taken = await consents.take(
            person.owner,
            template=template.id,
            needed=needed(wording, template),
            ref=f"{announcement}:{wording.topic}",
            at=at,
        )
        reason = "planned" if taken else "no-consent"
    await plan(announcement, wording, person=person, channel="wechat", reason=reason, subject=subject, at=at)
    return reason == "planned"


def needed(wording: Wording, template: Template) -> int:
    """How many consents must be left for this message to spend one."""
    shared = sharing(settings.current().wechat_templates, template.id)
    return needed_credits(wording.topic, shares_template_with=shared)


async def plan_sms(announcement: int, wording: Wording, *, person: Person, subject: str, at: datetime) -> bool:
    """An SMS, only for topics the person chose; whether one was planned."""
    if wording.sms is None or wording.topic not in person.chosen.sms_topics:
        return False
    reason = held_back(wording, person.chosen) or "planned"
    await plan(announcement, wording, person=person, channel="sms", reason=reason, subject=subject, at=at)
    return reason == "planned"


def held_back(wording: Wording, chosen: Preferences) -> str | None:
    """Why the person does not want this pushed now, or None."""
    if wording.topic in chosen.muted:
        return "topic-off"
    if chosen.digest and TOPICS[wording.topic].digestible and wording is not CATALOGUE["digest"]:
        return "in-digest"
    return None


async def plan(
    announcement: int, wording: Wording, *, person: Person, channel: str, reason: str, subject: str, at: datetime
) -> None:
    """The delivery row, and its send job when it is to be sent."""
    delivery = new_id()
    state = "waiting" if reason == "planned" else "skipped"
    sealed = recipients.seal(person.account)
    made = await database.fetch_value(PLAN, delivery, announcement, person.owner, sealed, channel, state, reason, at)
    if made is not None and state == "waiting":
        await queue_send(delivery, wording, person=person, channel=channel, subject=subject, at=at)


async def queue_send(
    delivery: UUID, wording: Wording, *, person: Person, channel: str, subject: str, at: datetime
) -> None:
    """The send job; it waits for the end of the quiet hours."""
    release = preferences.released_at(person.chosen, urgent=wording.urgent, now=at)
    await leases.queue(kind=channel, subject=subject, payload={"delivery": str(delivery)}, now=release, job_id=delivery)
