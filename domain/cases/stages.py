"""The stage graph as data, and the state of a case recomputed from its updates.

Every function here is pure. An update's place in history is (round, sequence), both numbered by the platform; the
order of arrival never matters. An update is admitted when a walk through the graph can join its two stored neighbours:
one edge when nothing is missing between them, at most as many edges as there are numbers still missing otherwise. So a
late update is stored in place and no step can be skipped by leaving numbers out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from domain.kernel.errors import Refusal, Text


class Stage(StrEnum):
    """The nodes of the case platform."""

    ACCEPTED = "accepted"  # the platform's machine has the case; where every round starts
    SIGNED = "signed"
    DISPATCHED = "dispatched"
    INSPECTED = "inspected"
    RECTIFYING = "rectifying"
    FILED = "filed"
    PENALISED = "penalised"
    POST_INSPECTED = "post_inspected"
    CLOSED = "closed"
    REFUSED = "refused"  # not ours
    RETURNED = "returned"  # the unit gives it back to the dispatcher
    SUSPENDED = "suspended"  # the clock rests, with a reason
    REOPENED = "reopened"


class Outcome(StrEnum):
    """What a closure says about the matter itself; apart from the stage, because closed is not solved."""

    SOLVED = "solved"
    PARTLY = "partly"
    UNSUBSTANTIATED = "unsubstantiated"
    NOT_OURS = "not_ours"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    ANSWERED = "answered"  # closed at a peer that cannot say how (Open311)


SUBSTANTIATED = frozenset({Outcome.SOLVED, Outcome.PARTLY})

LABELS: Mapping[Stage, Text] = {
    Stage.ACCEPTED: Text("已受理", "Accepted"),
    Stage.SIGNED: Text("签收", "Signed for"),
    Stage.DISPATCHED: Text("分派", "Dispatched"),
    Stage.INSPECTED: Text("现场检查", "Inspected on site"),
    Stage.RECTIFYING: Text("整改", "Being rectified"),
    Stage.FILED: Text("立案", "Filed for punishment"),
    Stage.PENALISED: Text("行政处罚", "Penalised"),
    Stage.POST_INSPECTED: Text("后督查", "Inspected again"),
    Stage.CLOSED: Text("办结", "Closed"),
    Stage.REFUSED: Text("不属于受理范围", "Not within powers"),
    Stage.RETURNED: Text("退回", "Returned to the dispatcher"),
    Stage.SUSPENDED: Text("中止", "Suspended"),
    Stage.REOPENED: Text("重新办理", "Reopened"),
}

_S = Stage
NEXT: Mapping[Stage, frozenset[Stage]] = {
    _S.ACCEPTED: frozenset({_S.SIGNED, _S.REFUSED}),
    _S.SIGNED: frozenset({_S.DISPATCHED, _S.REFUSED, _S.SUSPENDED, _S.CLOSED}),  # closed: duplicates only, see guards
    _S.DISPATCHED: frozenset({_S.DISPATCHED, _S.INSPECTED, _S.RETURNED, _S.REFUSED, _S.SUSPENDED}),
    _S.INSPECTED: frozenset(
        {_S.INSPECTED, _S.RECTIFYING, _S.FILED, _S.CLOSED, _S.RETURNED, _S.DISPATCHED, _S.SUSPENDED}
    ),
    _S.RECTIFYING: frozenset({_S.RECTIFYING, _S.INSPECTED, _S.FILED, _S.POST_INSPECTED, _S.CLOSED, _S.SUSPENDED}),
    _S.FILED: frozenset({_S.PENALISED, _S.RECTIFYING, _S.POST_INSPECTED, _S.CLOSED, _S.SUSPENDED}),
    _S.PENALISED: frozenset({_S.RECTIFYING, _S.POST_INSPECTED, _S.CLOSED, _S.SUSPENDED}),
    _S.POST_INSPECTED: frozenset({_S.CLOSED, _S.RECTIFYING, _S.FILED, _S.REOPENED}),
    _S.CLOSED: frozenset({_S.POST_INSPECTED, _S.REOPENED}),
    _S.REFUSED: frozenset({_S.REOPENED}),
    _S.RETURNED: frozenset({_S.DISPATCHED, _S.REFUSED}),
    _S.SUSPENDED: frozenset(  # it resumes where it rested: that stage again, or one that may follow it
        {_S.SIGNED, _S.DISPATCHED, _S.INSPECTED, _S.RECTIFYING, _S.FILED, _S.PENALISED, _S.POST_INSPECTED}
        | {_S.CLOSED, _S.REFUSED, _S.RETURNED}
    ),
    _S.REOPENED: frozenset({_S.SIGNED, _S.DISPATCHED, _S.INSPECTED, _S.RECTIFYING, _S.FILED}),
}


def _steps_between() -> dict[Stage, dict[Stage, int]]:
    """The smallest number (>= 1) of edges from each stage to each other one; a suspension is no way through."""
    table: dict[Stage, dict[Stage, int]] = {}
    for start in Stage:
        found: dict[Stage, int] = {}
        frontier, edges = set(NEXT[start]), 1
        while frontier:
            found |= dict.fromkeys(frontier, edges)
            frontier = {after for stage in frontier - {_S.SUSPENDED} for after in NEXT[stage]} - found.keys()
            edges += 1
        table[start] = found
    return table


STEPS_BETWEEN = _steps_between()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One update of the platform as the graph sees it; `stage` is None for notes, questions and extensions."""

    update_id: str
    sequence: int
    at: datetime
    round: int = 1
    stage: Stage | None = None
    outcome: Outcome | None = None
    passed: bool | None = None  # result of a post-inspection


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case stands. `closed` survives a passed post-inspection; `provisional` waits for one."""

    round: int = 1
    stage: Stage = Stage.ACCEPTED
    sequence: int = 0
    since: datetime | None = None
    closed: bool = False
    provisional: bool = False
    outcome: Outcome | None = None

    @property
    def substantiated(self) -> bool:
        """Whether the closure says that the report was true."""
        return self.closed and self.outcome in SUBSTANTIATED


class BadTransition(Refusal):
    """The update does not fit between what is already known."""

    code = "bad-transition"
    status = 422
    title = Text("该环节不能接在当前环节之后", "This stage cannot follow here")
    advice = Text(
        "请从 allowed 所列环节中选择；该更新已留存，供操作员核对。",
        "Choose one of the stages in `allowed`; this update was kept for the operators.",
    )


def place(step: Step) -> tuple[int, int]:
    """The step's place in history."""
    return step.round, step.sequence


def neighbours(history: Iterable[Step], step: Step) -> tuple[Step | None, Step | None]:
    """The stage steps of the same round before and after `step`, leaving out suspensions: those move nothing."""
    known = [s for s in history if s.round == step.round and s.stage not in {None, Stage.SUSPENDED}]
    before = max((s for s in known if s.sequence < step.sequence), key=place, default=None)
    after = min((s for s in known if s.sequence > step.sequence), key=place, default=None)
    return before, after


def stage_before(history: Iterable[Step], step: Step) -> Stage:
    """What `step` follows; a round starts as accepted."""
    before, _ = neighbours(history, step)
    return before.stage if before and before.stage else Stage.ACCEPTED


class Gap(msgspec.Struct, frozen=True):
    """The stretch between two sequence numbers of a round: edges that may lie in it, and whether the case rested."""

    room: int
    rested: bool

    def joins(self, first: Stage, second: Stage) -> bool:
        """Whether a walk from `first` to `second` fits."""
        return STEPS_BETWEEN[first].get(second, self.room + 1) <= self.room or (self.rested and first is second)


def gap(history: Iterable[Step], first: int, second: int, *, round_: int) -> Gap:
    """The room is the number of updates still unknown between the two, plus one."""
    between = [s for s in history if s.round == round_ and first < s.sequence < second]
    return Gap(second - first - len(between), any(s.stage is Stage.SUSPENDED for s in between))


def allowed_at(history: Sequence[Step], step: Step) -> frozenset[Stage]:
    """The stages that could stand at the place of `step`."""
    before, after = neighbours(history, step)
    start, begun = stage_before(history, step), before.sequence if before else 0
    ahead = gap(history, begun, step.sequence, round_=step.round)
    fits = {stage for stage in Stage if ahead.joins(start, stage)}
    if after is None or after.stage is None:
        return frozenset(fits)
    behind = gap(history, step.sequence, after.sequence, round_=step.round)
    around = gap([*history, step], begun, after.sequence, round_=step.round)
    resumes = Gap(around.room, rested=True).joins(start, after.stage)
    return frozenset(
        stage for stage in fits if (resumes if stage is Stage.SUSPENDED else behind.joins(stage, after.stage))
    )


def advance(history: Sequence[Step], step: Step) -> None:
    """Admits `step` into `history`, or raises `BadTransition` that names the stages allowed at its place."""
    if step.stage is None:
        return
    allowed = allowed_at(history, step)
    if step.stage not in allowed:
        start = stage_before(history, step)
        detail = Text(
            f"“{LABELS[start].zh}”之后不能是“{LABELS[step.stage].zh}”。", f"{step.stage} cannot follow {start}."
        )
        raise BadTransition(detail, field="data.stage", facts={"current": str(start), "allowed": sorted(allowed)})


def state_of(steps: Iterable[Step], *, needs_post_inspection: bool = False, round_: int = 1) -> State:
    """The state after these updates, in any order and with any repetitions. `round_` is the latest opened round."""
    state, last = State(round=round_), None
    distinct = {step.update_id: step for step in steps if step.round == round_ and step.stage is not None}
    for step in sorted(distinct.values(), key=place):
        state, last = _after(state, step, last=last, needs_post_inspection=needs_post_inspection), step
    return state


def _after(state: State, step: Step, *, last: Step | None, needs_post_inspection: bool) -> State:
    stage = step.stage or state.stage
    if stage is Stage.POST_INSPECTED and state.closed and step.passed is not False:
        return msgspec.structs.replace(state, sequence=step.sequence, provisional=False)
    ends = stage in {Stage.CLOSED, Stage.REFUSED}
    outcome = (step.outcome or (Outcome.NOT_OURS if stage is Stage.REFUSED else None)) if ends else None
    return State(
        round=step.round,
        stage=stage,
        sequence=step.sequence,
        since=step.at,
        closed=ends,
        provisional=needs_post_inspection and outcome in SUBSTANTIATED and not _passed_again(last),
        outcome=outcome,
    )


def _passed_again(last: Step | None) -> bool:
    """Whether the step before a closure is a post-inspection that did not fail."""
    return last is not None and last.stage is Stage.POST_INSPECTED and last.passed is not False
