"""What became of each push: named states, the operator's question "what was sent about this?", and the dead letters."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from domain.kernel import database, leases
from domain.kernel.errors import Text
from notifications import recipients

REASONS: Mapping[str, Text] = {
    "planned": Text("等待发送", "waiting to be sent"),
    "ok": Text("已发送", "sent"),
    "arrived": Text("已送达手机", "arrived on the phone"),
    "no-consent": Text("没有可用的订阅授权", "no consent left to spend"),
    "topic-off": Text("本人关闭了该主题", "the person switched this topic off"),
    "in-digest": Text("并入每日汇总", "goes into the daily digest"),
    "consent-spent": Text("微信答复：用户未授权或次数用完", "WeChat: not accepted or used up"),
    "phone-refused": Text("微信发送后用户拒收", "refused after sending"),
    "no-openid": Text("账号没有微信身份", "the account has no WeChat identity"),
    "no-recipient": Text("微信不认识该用户", "WeChat does not know this user"),
    "no-phone": Text("账号没有绑定手机", "no phone is bound"),
    "no-template": Text("没有配置模板", "no template is configured"),
    "gave-up": Text("多次重试仍失败", "gave up after many tries"),
    "account-closed": Text("账号已注销", "the account was closed"),
}


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one person on one channel, for an operator; the person is a tag."""

    person: UUID
    announcement: int
    wording: str
    topic: str
    channel: str
    state: str
    reason: str
    reason_text: str
    calls: int
    at: datetime
    finished_at: datetime | None
    delivery: UUID | None


ABOUT = """
select m.owner, a.id as announcement, a.wording, a.topic, 'inbox' as channel, 'sent' as state,
  case when m.read_at is null then 'ok' else 'read' end as reason, 1 as calls, a.at, a.at as finished_at,
  null::uuid as id
from announcement a join inbox_message m on m.announcement = a.id
where a.subject = any($1) and ($2::uuid is null or m.owner = $2) and a.audience in ('person', 'many')
union all
select d.owner, a.id, a.wording, a.topic, d.channel, d.state, d.reason, d.calls, d.created_at, d.finished_at, d.id
from announcement a join notice_delivery d on d.announcement = a.id
where a.subject = any($1) and ($2::uuid is null or d.owner = $2)
order by announcement, owner, at limit $3
"""


async def about(subjects: list[str], *, account_id: UUID | None = None, limit: int = 200) -> list[Attempt]:
    """Everything sent, or not sent and why, about these subjects (`case:…`, `report:…`), to one person or to all."""
    owner = recipients.tag_of(account_id) if account_id else None
    rows = await database.fetch(ABOUT, subjects, owner, limit)
    return [
        Attempt(
            person=row["owner"],
            announcement=row["announcement"],
            wording=row["wording"],
            topic=row["topic"],
            channel=row["channel"],
            state=row["state"],
            reason=row["reason"],
            reason_text=reason_text(row["reason"]).zh,
            calls=row["calls"],
            at=row["at"],
            finished_at=row["finished_at"],
            delivery=row["id"],
        )
        for row in rows
    ]


def reason_text(reason: str) -> Text:
    """The reason in words; providers' own codes are shown as they are."""
    if reason == "read":
        return Text("已读", "read")
    return REASONS.get(reason, Text(reason, reason))


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery nobody will retry by itself."""

    delivery: UUID
    channel: str
    reason: str
    subject: str
    calls: int
    at: datetime


async def dead(*, limit: int = 100) -> list[DeadLetter]:
    """The dead deliveries, newest first."""
    rows = await database.fetch(
        "select d.id, d.channel, d.reason, a.subject, d.calls, d.finished_at from notice_delivery d"
        " join announcement a on a.id = d.announcement where d.state = 'dead' order by d.created_at desc limit $1",
        limit,
    )
    return [
        DeadLetter(
            delivery=row["id"],
            channel=row["channel"],
            reason=row["reason"],
            subject=row["subject"],
            calls=row["calls"],
            at=row["finished_at"],
        )
        for row in rows
    ]


async def replay(ids: list[UUID], *, now: datetime) -> int:
    """Sends dead deliveries again, in the caller's transaction with its audit entry; returns how many."""
    return await leases.revive(ids, now=now)
