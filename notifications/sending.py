"""Send jobs of a pushed channel: read a batch, call the channel with no transaction open, write what became of it.

A delivery ends in a named state whatever happens. When a push was refused or is dead, the next channel the person chose
gets its turn; the inbox already has the message.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import clock, database, settings
from domain.kernel.leases import Dead, Done, Job, Outcome, Retry, Send, Sender
from notifications import consents, planning, preferences, recipients
from notifications.catalogue import CATALOGUE
from notifications.channels.base import Broken, Channel, Fate, Later, Message, Refused, Sent
from notifications.templates import templates

WAITS_S = (5.0, 15.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 3600.0, 7200.0)  # about five hours
BEGIN = """
update notice_delivery d set calls = least(d.calls + 1, 32000), state = 'waiting', reason = 'planned',
  finished_at = null
from announcement a, (select id, state from notice_delivery where id = any($1) order by id for update) before
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
update notice_delivery d set state = $2, reason = e.reason, provider_ref = coalesce(e.ref, d.provider_ref),
  cost_fen = coalesce(e.fen, d.cost_fen), finished_at = $6
from unnest($1::uuid[], $3::text[], $4::text[], $5::int[]) as e(id, reason, ref, fen)
where d.id = e.id and d.state = 'waiting' returning d.id
"""


def sender(channel: Channel) -> Sender:
    """The sender of a channel's jobs, for `api.wiring`."""

    async def prepare(jobs: Sequence[Job]) -> Send:
        return await _prepared(jobs, channel=channel)

    async def send(job: Job) -> Outcome:
        return await (await prepare([job]))(job)

    async def done(accepted: Sequence[tuple[Job, Done]], now: datetime) -> None:
        await _end([outcome.answer for _, outcome in accepted if outcome.answer is not None], channel=channel, now=now)

    return Sender(send=send, prepare=prepare, waits_s=WAITS_S, done=done, died=_buried(channel))


async def _prepared(jobs: Sequence[Job], *, channel: Channel) -> Send:
    """Reads what a batch needs; a job whose delivery ended before is done, one an officer revived lives again."""
    rows = {row["id"]: row for row in await database.fetch(BEGIN, [UUID(job.payload["delivery"]) for job in jobs])}
    chosen = await preferences.of([row["owner"] for row in rows.values()])
    accounts = {name: recipients.unseal(row["recipient"], owner=row["owner"]) for name, row in rows.items()}
    addresses = await channel.addresses(list(accounts.values()))

    async def send(job: Job) -> Outcome:
        row = rows.get(UUID(job.payload["delivery"]))
        if row is None:
            return Done("ended before")
        if row["revived"] and channel.spends_consent and not await _take_again(row):
            return _outcome(row, Refused("no-consent"))
        account = accounts[row["id"]]
        message = Message(
            id=row["id"],
            address=addresses.get(account),
            key=row["wording"],
            wording=CATALOGUE[row["wording"]],
            facts=msgspec.json.decode(row["facts"]),
            language=chosen.get(row["owner"], preferences.DEFAULT).language,
            subject=row["subject"],
            attempt=row["calls"],
        )
        return _outcome(row, await channel.send(message))

    return send


def _outcome(row: Any, fate: Fate) -> Outcome:
    if isinstance(fate, Later):
        return Retry(fate.note, after_s=fate.after_s)
    if isinstance(fate, Broken):
        return Dead(fate.reason)  # `died` writes the state in the transaction that buries the job
    return Done("sent" if isinstance(fate, Sent) else fate.reason, answer=(row, fate))


async def _end(ended: Sequence[tuple[Any, Sent | Refused]], *, channel: Channel, now: datetime) -> None:
    """Writes the fates of a batch, in the transaction that records its jobs; what ended before stays as it was."""
    sent = [(row, fate) for row, fate in ended if isinstance(fate, Sent)]
    if sent:
        ids, refs = [row["id"] for row, _ in sent], [fate.provider_ref for _, fate in sent]
        costs = [fate.cost_fen for _, fate in sent]
        fresh = {row["id"] for row in await database.fetch(END, ids, "sent", ["ok"] * len(ids), refs, costs, now)}
        if channel.spends_consent:
            await consents.settle_sent(_spent([row for row, _ in sent if row["id"] in fresh]), at=now)
    for row, fate in ended:
        if isinstance(fate, Refused) and await _close(row["id"], "refused", fate.reason, now=now):
            await _settle(row, fate, channel=channel)


async def _close(delivery: UUID, state: str, reason: str, *, now: datetime) -> bool:
    """Ends one delivery without a receipt; False when it had ended."""
    return bool(await database.fetch(END, [delivery], state, [reason], [None], [None], now))


def _spent(rows: Sequence[Any]) -> list[tuple[UUID, str]]:
    """(person, template) of each message that used up a consent."""
    known = templates(settings.current().wechat_templates)
    return [(row["owner"], known[row["topic"]].id) for row in rows if row["topic"] in known]


async def _take_again(row: Any) -> bool:
    """Sets a consent aside once more: burying the delivery had given the first one back."""
    template = templates(settings.current().wechat_templates).get(row["topic"])
    ref = f"{row['announcement']}:{row['topic']}:{row['calls']}"
    async with database.transaction():
        return template is not None and await consents.take(
            row["owner"], template=template.id, needed=1, ref=ref, at=clock.utc_now()
        )


async def _settle(row: Any, fate: Refused | Broken, *, channel: Channel) -> None:
    """Books the consent and lets the next channel try, in the transaction that ended the delivery."""
    now = clock.utc_now()
    template = templates(settings.current().wechat_templates).get(row["topic"])
    if channel.spends_consent and template is not None:
        ref = f"{row['announcement']}:{row['topic']}:{row['calls']}"
        if isinstance(fate, Refused):
            await consents.settle_refused(row["owner"], template=template.id, ref=ref, at=now)
        else:
            await consents.give_back(row["owner"], template=template.id, ref=ref, at=now)
    if channel.name != "sms":
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
        await _close(row["id"], "dead", reason, now=clock.utc_now())
        await _settle(row, Broken(reason), channel=channel)

    return died
