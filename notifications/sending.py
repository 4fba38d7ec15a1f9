"""One send job of a pushed channel: read the delivery, call the channel with no transaction open, write its fate.

The delivery ends in a named state whatever happens. When a push was refused or is dead, the next channel the person
chose gets its turn; the inbox already has the message.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import clock, database, settings
from domain.kernel.leases import Dead, Done, Job, Outcome, Retry, Sender
from notifications import consents, planning, preferences, recipients
from notifications.catalogue import CATALOGUE
from notifications.channels.base import Broken, Channel, Fate, Later, Message, Refused, Sent
from notifications.templates import templates

WAITS_S = (5.0, 15.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 3600.0, 7200.0)  # about five hours
BEGIN = """
update notice_delivery d set calls = least(d.calls + 1, 32000), state = 'waiting', reason = 'planned',
  finished_at = null
from announcement a, (select id, state from notice_delivery where id = $1 for update) before
where d.id = before.id and before.state in ('waiting', 'dead') and a.id = d.announcement
returning d.id, d.owner, d.recipient, d.announcement, d.channel, d.calls, a.wording, a.topic, a.subject, a.facts,
  before.state = 'dead' as revived
"""
READ = """
select d.id, d.owner, d.recipient, d.announcement, d.channel, d.calls, a.wording, a.topic, a.subject, a.facts
from notice_delivery d join announcement a on a.id = d.announcement where d.id = $1 and d.state = 'waiting'
"""
SAID = """
update notice_delivery d set state = $2, reason = $3, finished_at = $4 from announcement a
where d.provider_ref = $1 and d.state = 'sent' and a.id = d.announcement
returning d.owner, d.recipient, d.announcement, d.channel, a.wording, a.subject
"""
END = """
update notice_delivery set state = $2, reason = $3, provider_ref = coalesce($4, provider_ref),
  cost_fen = coalesce($5, cost_fen), finished_at = $6 where id = $1 and state = 'waiting' returning id
"""


def sender(channel: Channel) -> Sender:
    """The sender of a channel's jobs, for `api.wiring`."""

    async def send(job: Job) -> Outcome:
        return await deliver(job, channel=channel)

    return Sender(send=send, waits_s=WAITS_S, died=_buried(channel))


async def deliver(job: Job, *, channel: Channel) -> Outcome:
    """Sends one delivery; a job whose delivery ended before is done, one that an officer revived lives again."""
    row = await database.fetch_row(BEGIN, UUID(job.payload["delivery"]))
    if row is None:
        return Done("ended before")
    if row["revived"] and channel.spends_consent and not await _take_again(row):
        return await _record(row, Refused("no-consent"), channel=channel)
    chosen = await preferences.of_one(row["owner"])
    message = Message(
        id=row["id"],
        account=recipients.unseal(row["recipient"], owner=row["owner"]),
        key=row["wording"],
        wording=CATALOGUE[row["wording"]],
        facts=msgspec.json.decode(row["facts"]),
        language=chosen.language,
        subject=row["subject"],
        attempt=row["calls"],
    )
    return await _record(row, await channel.send(message), channel=channel)


async def _take_again(row: Any) -> bool:
    """Sets a consent aside once more: burying the delivery had given the first one back."""
    template = templates(settings.current().wechat_templates).get(row["topic"])
    ref = f"{row['announcement']}:{row['topic']}:{row['calls']}"
    async with database.transaction():
        return template is not None and await consents.take(
            row["owner"], template=template.id, needed=1, ref=ref, at=clock.utc_now()
        )


async def _record(row: Any, fate: Fate, *, channel: Channel) -> Outcome:
    if isinstance(fate, Later):
        return Retry(fate.note, after_s=fate.after_s)
    if isinstance(fate, Broken):
        return Dead(fate.reason)  # `died` writes the state in the transaction that buries the job
    now = clock.utc_now()
    async with database.transaction():
        if isinstance(fate, Sent):
            ended = await database.fetch_value(END, row["id"], "sent", "ok", fate.provider_ref, fate.cost_fen, now)
        else:
            ended = await database.fetch_value(END, row["id"], "refused", fate.reason, None, None, now)
        if ended is not None:
            await _settle(row, fate, channel=channel)
    return Done("sent" if isinstance(fate, Sent) else fate.reason)


async def _settle(row: Any, fate: Sent | Refused | Broken, *, channel: Channel) -> None:
    """Books the consent and lets the next channel try, in the transaction that ended the delivery."""
    now = clock.utc_now()
    template = templates(settings.current().wechat_templates).get(row["topic"])
    if channel.spends_consent and template is not None:
        ref = f"{row['announcement']}:{row['topic']}:{row['calls']}"
        if isinstance(fate, Sent):
            await consents.settle_sent(row["owner"], template=template.id, at=now)
        elif isinstance(fate, Refused):
            await consents.settle_refused(row["owner"], template=template.id, ref=ref, at=now)
        else:
            await consents.give_back(row["owner"], template=template.id, ref=ref, at=now)
    if not isinstance(fate, Sent) and channel.name != "sms":
        await _fall_back(row)


async def _fall_back(row: Any) -> None:
    """The SMS the person chose for this topic, if any."""
    chosen = await preferences.of_one(row["owner"])
    account = recipients.unseal(row["recipient"], owner=row["owner"])
    await planning.plan_sms(
        row["announcement"],
        CATALOGUE[row["wording"]],
        person=planning.Person(account, row["owner"], chosen),
        subject=row["subject"],
        at=clock.utc_now(),
    )


async def phone_said(provider_ref: str, *, arrived: bool, now: datetime) -> None:
    """The provider's later word on a message it had taken, in the caller's transaction; refused ones fall back."""
    state, reason = ("confirmed", "arrived") if arrived else ("refused", "phone-refused")
    row = await database.fetch_row(SAID, provider_ref, state, reason, now)
    if row is not None and not arrived and row["channel"] != "sms":
        await _fall_back(row)


def _buried(channel: Channel) -> Callable[[Job, str], Awaitable[None]]:
    async def died(job: Job, note: str) -> None:
        """The job is dead: so is its delivery, visibly, and the next channel tries."""
        row = await database.fetch_row(READ, UUID(job.payload["delivery"]))
        if row is None:
            return
        reason = "gave-up" if note.startswith("gave up") else note[:40]
        await database.execute(END, row["id"], "dead", reason, None, None, clock.utc_now())
        await _settle(row, Broken(reason), channel=channel)

    return died
