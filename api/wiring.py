"""Who listens to which event, and who sends which kind of job. Nothing else stands here."""

from api import webhook_sender
from api.case_platform import outgoing, reconcile
from api.parts import Parts
from api.wechat.channel import WeChatChannel
from api.wechat.client import open_wechat
from api.wechat.screening import image_screener, text_screener
from domain.cases import forwarding, reconciling
from domain.cases import looking as case_looking
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
    UpdatePhotosLinked,
)
from domain.disclosure import chief_messages, dues, import_runs
from domain.disclosure import handlers as disclosure
from domain.disclosure.events import (
    ChiefAnswered,
    ChiefMessaged,
    ChiefMessageEscalated,
    EntryPublished,
    EntryTakenDown,
    PublicationLate,
)
from domain.enterprises import batch_runs, cycles
from domain.enterprises import matters as rating_matters
from domain.enterprises.events import (
    MatterAnswered,
    MatterLate,
    MatterOpened,
    RatingExpired,
    RatingShown,
    RatingsShown,
    RatingsUnpublished,
)
from domain.kernel import chores
from domain.kernel.events import Event, Ticked
from domain.kernel.handling import Subscribers
from domain.kernel.leases import Sender
from domain.reports import handlers as reports
from domain.reports import leaving, text_screening
from domain.reports.events import IdentitySeen, ReportPublished, ReportSubmitted, ReportWithdrawn
from domain.residents import chores as resident_chores
from domain.residents.events import AccountClosed
from domain.residents.sms_codes import JOB_KIND
from media import chores as media_chores
from media import concerns, fetching, screening, sweeping, tidying, withdrawal
from media import handlers as media
from media.events import PhotoFetchFailed, PhotoNeedsPerson, PhotoObjectMissing
from media.links import links_of_subjects
from notifications import closing, sending, webhooks
from notifications.audiences import BEHAVIOUR_NAMES
from notifications.breaker import Breaker
from notifications.channels import sms_codes
from notifications.channels.sms import SmsChannel
from notifications.channels.sms_providers import provider
from notifications.digests import send_digests
from notifications.handlers import announce, forget_receipts
from rewards import chores as reward_chores
from rewards import closing as reward_closing
from rewards import handlers as rewards
from rewards import invitations
from rewards.behaviours import BEHAVIOURS
from rewards.events import (
    ActivityCalledOff,
    ActivityReminded,
    ClaimRefused,
    ClaimsReceived,
    ExpiryDue,
    PlaceGiven,
    PointsAwarded,
    PointsReversed,
)

BEHAVIOUR_NAMES.update({code: behaviour.title for code, behaviour in BEHAVIOURS.items()})

SUBSCRIBERS: Subscribers = {
    Ticked: (
        chores.forget_old_answers,
        chores.seal_audit,
        chores.tidy_outbox,
        resident_chores.forget_old_sessions,
        leaving.settle,
        *reward_chores.CHORES,
        *media_chores.CHORES,
        send_digests,
        forget_receipts,
        case_looking.look,
        reconciling.queue_pull,
        dues.watch,
        chief_messages.watch,
        rating_matters.watch,
        cycles.watch,
    ),
    EntryPublished: (dues.settle, announce),
    EntryTakenDown: (dues.settle_withdrawal,),
    ChiefAnswered: (announce,),
    RatingShown: (disclosure.show_rating,),
    RatingsShown: (disclosure.show_ratings,),
    RatingExpired: (disclosure.end_rating,),
    ClaimsReceived: (rewards.settle_claims,),
    ExpiryDue: (reward_chores.expire_next,),
    ReportSubmitted: (
        forwarding.queue_forward,
        media.weigh_report_evidence,
        media.screen_report_photos,
        reports.publish_report,
        announce,
        webhooks.publish,
    ),
    ReportWithdrawn: (forwarding.withdraw_case, media.hide_report_photos, announce, webhooks.publish),
    ReportPublished: (media.show_report_photos, announce, webhooks.publish),
    UpdatePhotosLinked: (media.fetch_update_photos,),
    PhotoNeedsPerson: (concerns.open_concern,),
    PhotoFetchFailed: (concerns.open_concern,),
    PhotoObjectMissing: (concerns.open_concern,),
    CaseAccepted: (announce, webhooks.publish),
    CaseProgressed: (announce, webhooks.publish),
    CaseClosed: (rewards.award_verified_report, announce, webhooks.publish),
    CaseReopened: (announce, webhooks.publish),
    QuestionAsked: (announce,),
    LightTurned: (announce, webhooks.publish),
    ExtensionApproved: (announce,),
    ReviewRequested: (announce,),
    PointsAwarded: (invitations.pay_inviter, announce),
    ActivityReminded: (announce,),
    PlaceGiven: (announce,),
    ActivityCalledOff: (announce,),
    PointsReversed: (announce,),
    ClaimRefused: (announce,),
    AccountClosed: (reward_closing.forget_account, closing.forget_account),
    IdentitySeen: (announce,),
    MatterAnswered: (announce,),
    ResultRated: (webhooks.publish,),
    PublicationLate: (webhooks.publish,),
    RatingsUnpublished: (webhooks.publish,),
    MatterLate: (webhooks.publish,),
    ChiefMessageEscalated: (webhooks.publish,),
}

# Facts nobody acts on yet; they stay readable in the outbox and the audit trail.
UNHEARD: frozenset[type[Event]] = frozenset(
    {
        ChiefMessaged,
        MatterOpened,
        HandoverDied,
        QuestionAnswered,
    }
)


def senders(parts: Parts) -> dict[str, Sender]:
    """The sender of every kind of job, bound to this process's parts."""
    chosen = parts.settings
    wechat = open_wechat(chosen, http=parts.http, redis=parts.redis)
    screened = chosen.content_screening == "wechat"
    looks = image_screener(wechat) if screened else screening.pass_through
    reads = text_screener(wechat) if screened else text_screening.pass_all
    sms = provider(chosen, http=parts.http, breaker=Breaker(redis=parts.redis, provider="sms"))
    return {
        reconciling.KIND: reconcile.sender(parts),
        forwarding.KIND: outgoing.sender(parts, links=links_of_subjects),
        **import_runs.SENDERS,
        **batch_runs.SENDERS,
        fetching.FETCH_JOB: fetching.fetcher(settings=parts.settings, darkroom=parts.darkroom, store=parts.store),
        screening.SCREEN_JOB: screening.sender(looks),
        text_screening.KIND: text_screening.sender(reads),
        media_chores.SWEEP_JOB: sweeping.sweeper(parts.store),
        withdrawal.DELETE_JOB: tidying.deleter(parts.store),
        "wechat": sending.sender(WeChatChannel(wechat=wechat, setting=chosen.wechat_templates)),
        "sms": sending.sender(
            SmsChannel(provider=sms, templates=chosen.sms_templates, sign=chosen.sms_sign, fen=chosen.sms_fen)
        ),
        webhooks.KIND: webhook_sender.sender(webhook_sender.trusted(chosen.webhook_trusted)),
        JOB_KIND: sms_codes.sender(sms, templates=chosen.sms_templates),
    }
