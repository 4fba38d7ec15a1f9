"""Who listens to which event, and who sends which kind of job. Nothing else stands here."""

from api.case_platform import messages, outgoing
from api.parts import Parts
from api.wechat.channel import WeChatChannel
from api.wechat.client import open_wechat
from domain.cases import forwarding
from domain.cases import warnings as case_warnings
from domain.cases.events import (
    CaseAccepted,
    CaseClosed,
    CaseProgressed,
    CaseReopened,
    ExtensionApproved,
    HandoverDied,
    LightTurned,
    QuestionAnswered,
    QuestionAsked,
    ResultRated,
    ReviewRequested,
)
from domain.kernel import chores
from domain.kernel.events import Event, Ticked
from domain.kernel.handling import Subscribers
from domain.kernel.leases import Sender
from domain.reports import handlers as reports
from domain.reports.events import ReportPublished, ReportSubmitted, ReportWithdrawn
from notifications import sending
from notifications.handlers import announce
from rewards import chores as reward_chores
from rewards import handlers as rewards
from rewards.events import ClaimRefused, ClaimsReceived, PointsAwarded, PointsReversed

SUBSCRIBERS: Subscribers = {
    Ticked: (
        chores.forget_old_answers,
        chores.seal_audit,
        chores.tidy_outbox,
        *reward_chores.CHORES,
        case_warnings.look,
    ),
    ClaimsReceived: (rewards.settle_claims,),
    ReportSubmitted: (forwarding.queue_forward, reports.publish_report, announce),
    ReportWithdrawn: (forwarding.withdraw_case, announce),
    ReportPublished: (announce,),
    CaseAccepted: (announce,),
    CaseProgressed: (announce,),
    CaseClosed: (rewards.award_verified_report, announce),
    CaseReopened: (announce,),
    QuestionAsked: (announce,),
    LightTurned: (announce,),
    ExtensionApproved: (announce,),
    ReviewRequested: (announce,),
    PointsAwarded: (announce,),
    PointsReversed: (announce,),
    ClaimRefused: (announce,),
}

# Facts nobody acts on yet; they stay readable in the outbox and the audit trail.
UNHEARD: frozenset[type[Event]] = frozenset({HandoverDied, QuestionAnswered, ResultRated})


def senders(parts: Parts) -> dict[str, Sender]:
    """The sender of every kind of job, bound to this process's parts."""
    wechat = open_wechat(parts.settings, http=parts.http, redis=parts.redis)
    return {
        forwarding.KIND: outgoing.sender(parts, links=messages.no_links),
        "wechat": sending.sender(WeChatChannel(wechat=wechat, setting=parts.settings.wechat_templates)),
    }
