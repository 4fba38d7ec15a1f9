"""More time for a node: asked with a reason, decided by somebody else, and the reporter is told why."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.cases import limits
from domain.cases.clocks import Matter, Node, Unit, limit_for
from domain.cases.events import ExtensionApproved
from domain.cases.forwarding import queue_message
from domain.cases.people import reports_of_case
from domain.kernel import audit, database, outbox
from domain.kernel.clock import local_day
from domain.kernel.errors import NotFound, Refusal, Text
from domain.kernel.ids import new_id
from domain.reports import timeline
from domain.reports.categories import CATEGORIES

FINISH_DAYS_MAX = 30  # natural days beyond the 60 of the Petition Rules 2022, art. 34
UNIT_NAMES = {
    Unit.HOURS: ("hour", Text("小时", "hours")),
    Unit.WORKING_DAYS: ("workday", Text("个工作日", "working days")),
    Unit.NATURAL_DAYS: ("day", Text("天", "days")),
}
NODE_NAMES = {
    Node.SIGN: Text("签收", "signing"),
    Node.DISPATCH: Text("分派", "dispatching"),
    Node.INSPECT: Text("现场检查", "inspection"),
    Node.RECTIFY: Text("整改", "rectification"),
    Node.PENALISE: Text("处罚决定", "the penalty decision"),
    Node.POST_INSPECT: Text("后督查", "post-inspection"),
    Node.FINISH: Text("办结", "the result"),
}


class ExtensionRefused(Refusal):
    """The node has no limit that can be extended so far, or the request was decided already."""

    code = "extension-refused"
    status = 409
    title = Text("不能延期", "The limit cannot be extended so")
    advice = Text(
        "办结期限最多延长 30 天，其他环节最多延长一倍，且每次申请只决定一次。",
        "The final limit may grow by 30 days, others may double; a request is decided once.",
    )


class NeedsAnotherPerson(Refusal):
    """Nobody approves their own request."""

    code = "extension-own-request"
    status = 403
    title = Text("不能审批自己的申请", "Not on your own request")
    advice = Text("请由另一位操作员审批。", "Another officer has to decide.")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An extension and what became of it."""

    id: UUID
    case_id: UUID
    round: int
    node: str
    amount: int
    reason: str
    asked_by: str
    asked_at: datetime
    approved: bool | None
    decided_by: str | None
    decided_at: datetime | None


COLUMNS = 'id, "case" as case_id, round, node, amount, reason, asked_by, asked_at, approved, decided_by, decided_at'


async def ask(case_id: UUID, *, round_: int, node: Node, amount: int, reason: str, by: str, now: datetime) -> UUID:
    """Files the request, in the caller's transaction."""
    extension_id = new_id()
    await database.execute(
        'insert into case_extension (id, "case", round, node, amount, reason, asked_by, asked_at)'
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        extension_id,
        case_id,
        round_,
        node,
        amount,
        reason,
        by,
        now,
    )
    detail = {"extension": extension_id, "node": node, "amount": amount}
    await audit.append(actor=by, action="extension.ask", subject=f"case:{case_id}", at=now, detail=detail)
    return extension_id


async def decide(extension_id: UUID, *, approve: bool, by: str, now: datetime) -> Asked:
    """A second person decides, in the caller's transaction; an approval moves the clock and tells the reporter."""
    row = await database.fetch_row(f"select {COLUMNS} from case_extension where id = $1 for update", extension_id)
    if row is None:
        raise NotFound
    asked = Asked(**dict(row))
    if asked.asked_by == by:
        raise NeedsAnotherPerson
    if asked.approved is not None:
        raise ExtensionRefused
    unit = await _unit(asked, now=now) if approve else None
    await database.execute(
        "update case_extension set approved = $2, decided_by = $3, decided_at = $4 where id = $1",
        extension_id,
        approve,
        by,
        now,
    )
    await audit.append(
        actor=by,
        action="extension.approve" if approve else "extension.refuse",
        subject=f"case:{asked.case_id}",
        at=now,
        detail={"extension": extension_id},
    )
    if unit is not None:
        await _tell(asked, unit=unit, now=now)
    return msgspec.structs.replace(asked, approved=approve, decided_by=by, decided_at=now)


async def _unit(asked: Asked, *, now: datetime) -> Unit:
    """The unit of the node's limit; raises `ExtensionRefused` when the sum of extensions would be too long."""
    case = await database.fetch_row("select town, channel, category from case_file where id = $1", asked.case_id)
    granted: int = await database.fetch_value(
        'select coalesce(sum(amount), 0) from case_extension where "case" = $1 and round = $2 and node = $3'
        " and approved",
        asked.case_id,
        asked.round,
        asked.node,
    )
    if case is None or Node(asked.node) not in NODE_NAMES:
        raise ExtensionRefused
    matter = Matter(
        region=case["town"],
        channel=case["channel"],
        category=case["category"],
        clock_class=CATEGORIES[case["category"]].clock,
    )
    limit = limit_for(await limits.load(), Node(asked.node), on=local_day(now), matter=matter)
    if limit is None or granted + asked.amount > (FINISH_DAYS_MAX if limit.node is Node.FINISH else limit.amount):
        raise ExtensionRefused
    return limit.unit


async def _tell(asked: Asked, *, unit: Unit, now: datetime) -> None:
    name, words = UNIT_NAMES[unit]
    node = NODE_NAMES[Node(asked.node)]
    await database.execute("update case_file set look_at = $2 where id = $1", asked.case_id, now)
    event = ExtensionApproved(case_id=asked.case_id, node=asked.node, amount=asked.amount, unit=name)
    await outbox.record(event, at=now)
    await queue_message("extended", case_id=asked.case_id, round_=asked.round, now=now, about=asked.id)
    note = Text(
        f"{node.zh}期限延长 {asked.amount} {words.zh}，原因：{asked.reason}",
        f"The limit for {node.en} grew by {asked.amount} {words.en}: {asked.reason}",
    )
    await timeline.append(
        await reports_of_case(asked.case_id), kind="extended", note=note, at=now, detail={"extension": asked.id}
    )


async def waiting(*, limit: int = 100) -> list[Asked]:
    """Requests nobody has decided, oldest first."""
    rows = await database.fetch(
        f"select {COLUMNS} from case_extension where approved is null order by asked_at limit $1", limit
    )
    return [Asked(**dict(row)) for row in rows]
