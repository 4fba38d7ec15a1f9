"""What a stage must carry before it is believed: who may say it, and which fields it needs.

Pure. The table is data; the edge rule below it covers the one stage that depends on its outcome.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from domain.cases.stages import Outcome, Stage
from domain.kernel.errors import Refusal, Text


class ActorClass(StrEnum):
    """Who acted at the platform."""

    SYSTEM = "system"
    CLERK = "clerk"  # signs for and dispatches
    HANDLER = "handler"  # the unit that works on it
    ENFORCER = "enforcer"  # files and penalises
    SUPERVISOR = "supervisor"  # inspects again, closes, reopens


class Guard(msgspec.Struct, frozen=True):
    """Actor classes that may set the stage, and the fields that must not be empty."""

    actors: frozenset[ActorClass]
    fields: tuple[str, ...] = ()


_A = ActorClass
GUARDS: Mapping[Stage, Guard] = {
    Stage.ACCEPTED: Guard(frozenset({_A.SYSTEM})),
    Stage.SIGNED: Guard(frozenset({_A.CLERK, _A.SYSTEM})),
    Stage.DISPATCHED: Guard(frozenset({_A.CLERK, _A.SUPERVISOR}), ("unit",)),
    Stage.INSPECTED: Guard(frozenset({_A.HANDLER, _A.ENFORCER})),
    Stage.RECTIFYING: Guard(frozenset({_A.HANDLER, _A.ENFORCER, _A.SUPERVISOR})),
    Stage.FILED: Guard(frozenset({_A.ENFORCER})),
    Stage.PENALISED: Guard(frozenset({_A.ENFORCER})),
    Stage.POST_INSPECTED: Guard(frozenset({_A.SUPERVISOR, _A.ENFORCER}), ("passed",)),
    Stage.CLOSED: Guard(frozenset({_A.HANDLER, _A.ENFORCER, _A.SUPERVISOR}), ("outcome", "public_text")),
    Stage.REFUSED: Guard(frozenset({_A.CLERK, _A.HANDLER, _A.SUPERVISOR}), ("public_text",)),
    Stage.RETURNED: Guard(frozenset({_A.HANDLER, _A.ENFORCER}), ("internal_text",)),
    Stage.SUSPENDED: Guard(frozenset({_A.HANDLER, _A.ENFORCER, _A.SUPERVISOR}), ("public_text",)),
    Stage.REOPENED: Guard(frozenset({_A.SUPERVISOR, _A.SYSTEM}), ("public_text",)),
}
CLOSES_UNCHECKED = frozenset({Outcome.DUPLICATE, Outcome.NOT_OURS})  # outcomes that need no visit


class StageIncomplete(Refusal):
    """A field that this stage needs is missing, or the actor class may not set it."""

    code = "stage-incomplete"
    status = 422
    title = Text("该环节缺少必需内容或办理人类别不符", "The stage lacks a field or comes from the wrong actor class")
    advice = Text("请按 needs 与 actors 补正后重发。", "Complete it as `needs` and `actors` say, and send again.")


def check(stage: Stage, *, actor: ActorClass, given: Mapping[str, object], previous: Stage) -> None:
    """Raises `StageIncomplete` unless the stage may come from this actor with these fields after `previous`."""
    guard = GUARDS[stage]
    missing = [name for name in guard.fields if given.get(name) in (None, "")]
    if missing or actor not in guard.actors:
        facts: dict[str, object] = {"needs": missing, "actors": sorted(guard.actors)}
        field = f"data.{missing[0]}" if missing else "data.actor_class"
        raise StageIncomplete(field=field, facts=facts)
    if stage is Stage.CLOSED and previous is Stage.SIGNED and given.get("outcome") not in CLOSES_UNCHECKED:
        raise StageIncomplete(
            Text(
                "未经现场检查只能按重复或非本部门事项办结。",
                "Without a visit: duplicate or not_ours only.",
            ),
            field="data.outcome",
            facts={"allowed_outcomes": sorted(CLOSES_UNCHECKED)},
        )
