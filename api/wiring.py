"""Who listens to which event, and who sends which kind of job. Nothing else stands here."""

from api.case_platform import outgoing
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
from domain.disclosure.events import (
    ChiefAnswered,
    ChiefMessaged,
    ChiefMessageEscalated,
    EntryPublished,
    EntryTakenDown,
    PublicationLate,
)
from domain.kernel import chores
from domain.kernel.events import Event, Ticked
from domain.kernel.handling import Subscribers
from domain.kernel.leases import Sender
from domain.reports import handlers as reports
from domain.reports.events import ReportPublished, ReportSubmitted, ReportWithdrawn
from media import chores as media_chores
from media import handlers as media
from media import screening, sweeping, tidying, withdrawal
from media.events import PhotoFetchFailed, PhotoNeedsPerson, PhotoObjectMissing
from media.links import links_of_report
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
        *media_chores.CHORES,
        case_warnings.look,
    ),
    ClaimsReceived: (rewards.settle_claims,),
    ReportSubmitted: (
        forwarding.queue_forward,
        media.weigh_report_evidence,
        media.screen_report_photos,
        reports.publish_report,
        announce,
    ),
    ReportWithdrawn: (forwarding.withdraw_case, media.hide_report_photos, announce),
    ReportPublished: (media.show_report_photos, announce),
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
UNHEARD: frozenset[type[Event]] = frozenset(
    {
        ChiefAnswered,
        ChiefMessaged,
        ChiefMessageEscalated,
        EntryPublished,
        EntryTakenDown,
        PublicationLate,
        HandoverDied,
        PhotoFetchFailed,
        PhotoNeedsPerson,
        PhotoObjectMissing,
        QuestionAnswered,
        ResultRated,
    }
)


def senders(parts: Parts) -> dict[str, Sender]:
    """The sender of every kind of job, bound to this process's parts."""
    wechat = open_wechat(parts.settings, http=parts.http, redis=parts.redis)
    return {
        forwarding.KIND: outgoing.sender(parts, links=links_of_report),
        screening.SCREEN_JOB: screening.sender(screening.pass_through),
        media_chores.SWEEP_JOB: sweeping.sweeper(parts.store),
        withdrawal.DELETE_JOB: tidying.deleter(parts.store),
        "wechat": sending.sender(WeChatChannel(wechat=wechat, setting=parts.settings.wechat_templates)),
    }
