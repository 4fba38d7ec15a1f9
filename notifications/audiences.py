"""Which events are told to whom, and with which facts. One function per event; `api.wiring` knows the list.

Events are met by name and by their fields, so this room imports no sibling. A notice names reports, never people; the
accounts behind them are opened in `handlers`. Anonymous reports have none: their receipt code shows everything.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.cases.stages import LABELS, Outcome, Stage
from domain.kernel.errors import Text
from notifications.audiences_bureau import chief_answered, entry_published, identity_seen, matter_answered
from notifications.knowing import Known
from notifications.notices import Notice, pair, to_case
from notifications.wording import Fact

Tell = Callable[[Any, datetime, Known], Awaitable[list[Notice]]]
OUTCOMES: Mapping[str, Text] = {
    Outcome.SOLVED: Text("问题已解决", "solved"),
    Outcome.PARTLY: Text("部分解决", "partly solved"),
    Outcome.UNSUBSTANTIATED: Text("经查不属实", "not confirmed"),
    Outcome.NOT_OURS: Text("不属于受理范围", "not within our powers"),
    Outcome.DUPLICATE: Text("重复举报，已合并", "joined with another report"),
    Outcome.REFUSED: Text("不予受理", "not accepted"),
    Outcome.ANSWERED: Text("已答复", "answered"),
}
QUIET_STAGES = frozenset({Stage.ACCEPTED, Stage.CLOSED, Stage.REOPENED})  # these have messages of their own
BEHAVIOUR_NAMES: dict[str, Text] = {}  # filled by api.wiring from the rewards room
SOME_BEHAVIOUR = Text("绿色行动", "green action")


def _to_reporter(wording: str, report: UUID, at: datetime, known: Known) -> list[Notice]:
    if report not in known.facts:
        return []
    return [Notice(wording=wording, subject=f"report:{report}", facts=known.facts_of(report, at), report=report)]


def _to_followers(wording: str, case_id: UUID, mine: Sequence[Notice], known: Known) -> list[Notice]:
    """The same news for those who follow its public reports, under the number of the first one."""
    accounts = {account for notice in mine if notice.report for account in known.followers.get(notice.report, ())}
    if not accounts:
        return []
    return [Notice(wording=wording, subject=f"case:{case_id}", facts=mine[0].facts, accounts=tuple(sorted(accounts)))]


async def report_submitted(event: Any, at: datetime, known: Known) -> list[Notice]:
    """The receipt."""
    return _to_reporter("report_received", event.report_id, at, known)


async def report_withdrawn(event: Any, at: datetime, known: Known) -> list[Notice]:
    """The receipt of taking it back."""
    return _to_reporter("report_withdrawn", event.report_id, at, known)


async def report_published(event: Any, at: datetime, known: Known) -> list[Notice]:
    """The public form can be read; people with an alert around the place hear of it, except who sent it."""
    mine = _to_reporter("report_published", event.report_id, at, known)
    near = set(known.near.get(event.report_id, ())) - {known.accounts.get(event.report_id)}
    if not (mine and near):
        return mine
    subject = f"report:{event.report_id}"
    accounts = tuple(sorted(account for account in near if account is not None))
    return [*mine, Notice(wording="report_nearby", subject=subject, facts=mine[0].facts, accounts=accounts)]


async def case_accepted(event: Any, at: datetime, known: Known) -> list[Notice]:
    """The platform has it."""
    return to_case("case_accepted", event.case_id, at, known)


async def case_progressed(event: Any, at: datetime, known: Known) -> list[Notice]:
    """A stage was reached; stages with a message of their own are left out."""
    stage = Stage(event.stage)
    if stage in QUIET_STAGES:
        return []
    mine = to_case("case_progressed", event.case_id, at, known, stage=pair(LABELS[stage]))
    return mine + _to_followers("case_progressed_followed", event.case_id, mine, known)


async def case_closed(event: Any, at: datetime, known: Known) -> list[Notice]:
    """The result, or a first result that waits for a second inspection."""
    outcome = pair(OUTCOMES.get(str(event.outcome), Text("已答复", "answered")))
    wording = "case_closed_provisional" if event.provisional else "case_closed"
    mine = to_case(wording, event.case_id, at, known, outcome=outcome)
    return mine + _to_followers("case_closed_followed", event.case_id, mine, known)


async def case_reopened(event: Any, at: datetime, known: Known) -> list[Notice]:
    """Another round began."""
    return to_case("case_reopened", event.case_id, at, known, round=event.round)


async def question_asked(event: Any, at: datetime, known: Known) -> list[Notice]:
    """The unit wants to know something."""
    return to_case("question_asked", event.case_id, at, known)


async def light_turned(event: Any, at: datetime, known: Known) -> list[Notice]:
    """A node is nearly or already late."""
    if str(event.light) not in {"amber", "red"}:
        return []
    return to_case(f"case_late_{event.light}", event.case_id, at, known, stage=pair(_node(event.node)))


async def extension_approved(event: Any, at: datetime, known: Known) -> list[Notice]:
    """A node got more time."""
    unit = {"hour": Text("小时", "hours"), "workday": Text("个工作日", "working days")}.get(str(event.unit))
    unit = unit or Text("天", "days")
    extra = [f"{event.amount}{unit.zh}", f"{event.amount} {unit.en}"]
    return to_case("case_extended", event.case_id, at, known, stage=pair(_node(event.node)), extra=extra)


async def review_requested(event: Any, at: datetime, known: Known) -> list[Notice]:
    """The rounds are used up; a review begins."""
    return to_case("review_requested", event.case_id, at, known)


def _node(node: str) -> Text:
    return LABELS[Stage(node)] if node in set(Stage) else Text("办理", "handling")


async def points_awarded(event: Any, at: datetime, known: Known) -> list[Notice]:
    """Points arrived."""
    facts: dict[str, Fact] = {
        "points": event.points,
        "behaviour": pair(BEHAVIOUR_NAMES.get(str(event.behaviour), SOME_BEHAVIOUR)),
        "happened_at": at.isoformat(),
    }
    subject = f"points:{event.transfer_id}"
    return [Notice(wording="points_awarded", subject=subject, facts=facts, account=event.account_id)]


async def points_reversed(event: Any, at: datetime, known: Known) -> list[Notice]:
    """An award was taken back."""
    facts: dict[str, Fact] = {"points": event.points, "happened_at": at.isoformat()}
    subject = f"points:{event.transfer_id}"
    return [Notice(wording="points_reversed", subject=subject, facts=facts, account=event.account_id)]


async def claim_refused(event: Any, at: datetime, known: Known) -> list[Notice]:
    """A claim earned nothing."""
    facts: dict[str, Fact] = {"behaviour": pair(BEHAVIOUR_NAMES.get(str(event.behaviour), SOME_BEHAVIOUR))}
    subject = f"claim:{event.claim_id}"
    return [Notice(wording="claim_refused", subject=subject, facts=facts, account=event.account_id)]


def _activity(event: Any) -> dict[str, Fact]:
    return {"activity": list(event.title), "starts_at": event.starts_at.isoformat()}


async def activity_reminded(event: Any, at: datetime, known: Known) -> list[Notice]:
    """It begins soon."""
    subject = f"activity:{event.activity_id}"
    return [Notice(wording="activity_reminder", subject=subject, facts=_activity(event), account=event.account_id)]


async def place_given(event: Any, at: datetime, known: Known) -> list[Notice]:
    """From the waiting list into a place."""
    subject = f"activity:{event.activity_id}"
    return [Notice(wording="activity_place", subject=subject, facts=_activity(event), account=event.account_id)]


async def activity_called_off(event: Any, at: datetime, known: Known) -> list[Notice]:
    """Everybody who had a place or waited for one."""
    accounts, subject = tuple(event.account_ids), f"activity:{event.activity_id}"
    return [Notice(wording="activity_called_off", subject=subject, facts=_activity(event), accounts=accounts)]


TOLD: Mapping[str, Tell] = {
    "ReportSubmitted": report_submitted,
    "ReportWithdrawn": report_withdrawn,
    "ReportPublished": report_published,
    "CaseAccepted": case_accepted,
    "CaseProgressed": case_progressed,
    "CaseClosed": case_closed,
    "CaseReopened": case_reopened,
    "QuestionAsked": question_asked,
    "LightTurned": light_turned,
    "ExtensionApproved": extension_approved,
    "ReviewRequested": review_requested,
    "PointsAwarded": points_awarded,
    "PointsReversed": points_reversed,
    "ClaimRefused": claim_refused,
    "ActivityReminded": activity_reminded,
    "PlaceGiven": place_given,
    "ActivityCalledOff": activity_called_off,
    "EntryPublished": entry_published,
    "ChiefAnswered": chief_answered,
    "IdentitySeen": identity_seen,
    "MatterAnswered": matter_answered,
}


async def notices_of(event: object, *, at: datetime, known: Known) -> list[Notice]:
    """What to tell about an event; nothing for one that nobody needs to hear of."""
    tell = TOLD.get(type(event).__name__)
    return [] if tell is None else await tell(event, at, known)
