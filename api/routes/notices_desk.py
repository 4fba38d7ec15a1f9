"""The officers' view of what people were told: what was sent about a case and why not, dead pushes, words for many."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.actors import Actor, require_role
from api.parts import Parts
from domain.cases import people
from domain.kernel import audit, clock, database
from domain.kernel.errors import Invalid, NotFound, Text
from domain.kernel.geo import require_place
from domain.operators import four_eyes
from domain.reports import reporters
from domain.reports.service_area import district
from notifications import broadcasts, deliveries
from notifications.areas import RADIUS_M_MAX, cells_within
from notifications.broadcasts import Broadcast
from notifications.deliveries import Attempt, DeadLetter

TAGS = ["Notifications desk"]
OPERATOR = {"audience": "operator"}
ACTION = "broadcast"
Words = Annotated[str, msgspec.Meta(min_length=2, max_length=200)]
Headline = Annotated[str, msgspec.Meta(min_length=2, max_length=40)]
ReportId = Annotated[UUID | None, QueryParameter(description="Only what its reporter was told about the case.")]


class Area(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everybody who follows a place within the radius; WGS-84."""

    lng: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    radius_m: Annotated[float, msgspec.Meta(gt=0, le=RADIUS_M_MAX)]


class NewBroadcast(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words for the whole district, the followers of a town, or people near a place."""

    audience: Literal["district", "town", "area"]
    headline_zh: Headline
    headline_en: Headline
    message_zh: Words
    message_en: Words
    urgent: bool = False
    town: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    area: Area | None = None
    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=500)]


class Asked(msgspec.Struct, frozen=True):
    """A second officer has to approve; then the words are sent with this id."""

    approval_id: UUID


class Sent(msgspec.Struct, frozen=True):
    """The announcement; null when nobody follows what it is for."""

    announcement: int | None


class Dead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Dead pushes to send again."""

    delivery_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=200)]


class Replayed(msgspec.Struct, frozen=True):
    """How many will be sent again."""

    replayed: int


@get("/v1/operator/cases/{case_id:uuid}/notices", opt=OPERATOR, tags=TAGS, summary="What was sent about a case")
async def sent_about(
    case_id: FromPath[UUID], operator: NamedDependency[Actor], report_id: ReportId = None
) -> list[Attempt]:
    """Every message, channel by channel, with its state and the reason of every non-delivery. People are tags."""
    reports = await people.reports_of_case(case_id)
    if report_id is not None and report_id not in reports:
        raise NotFound
    why = f"delivery log for {operator.principal}"
    account = await reporters.account_of(report_id, why=why, at=clock.utc_now()) if report_id is not None else None
    if report_id is not None and account is None:
        return []  # anonymous: nothing is ever pushed
    asked = [report_id] if report_id is not None else reports
    return await deliveries.about([f"case:{case_id}", *(f"report:{report}" for report in asked)], account_id=account)


@get("/v1/operator/notices/dead", opt=OPERATOR, tags=TAGS, summary="Pushes nobody will retry")
async def dead(operator: NamedDependency[Actor]) -> list[DeadLetter]:
    """Newest first, at most 100."""
    return await deliveries.dead()


@post("/v1/operator/notices/dead/replay", opt=OPERATOR, tags=TAGS, summary="Send dead pushes again", status_code=200)
async def replay(data: JSONBody[Dead], operator: NamedDependency[Actor]) -> Replayed:
    """Under their old idempotency keys; a push that needs a consent takes a new one or stays unsent."""
    require_role(operator, "clerk", "reviewer", "administrator")
    now = clock.utc_now()
    async with database.transaction():
        replayed = await deliveries.replay(data.delivery_ids, now=now)
        ids = [str(delivery) for delivery in data.delivery_ids]
        await audit.append(
            actor=operator.principal, action="notice.replayed", subject="notices", at=now, detail={"ids": ids}
        )
    return Replayed(replayed)


@post("/v1/operator/broadcasts", opt=OPERATOR, tags=TAGS, summary="Ask to tell many people something")
async def ask_broadcast(
    data: JSONBody[NewBroadcast], operator: NamedDependency[Actor], parts: NamedDependency[Parts]
) -> Asked:
    """Words to everybody need a second officer; approve at `/v1/operator/approvals`."""
    require_role(operator, "clerk", "reviewer", "administrator")
    words = Broadcast(
        audience=data.audience,
        reach=_reach(data, towns={town.code for town in district(parts.settings.district).towns}),
        headline=Text(data.headline_zh, data.headline_en),
        message=Text(data.message_zh, data.message_en),
        urgent=data.urgent,
    )
    async with database.transaction():
        approval = await four_eyes.ask(
            action=ACTION,
            subject=_subject(words),
            reason=data.reason,
            operator=operator.id,
            now=clock.utc_now(),
            detail=words,
        )
    return Asked(approval)


@post("/v1/operator/broadcasts/{approval_id:uuid}/send", opt=OPERATOR, tags=TAGS, summary="Tell them, once approved")
async def send_broadcast(approval_id: FromPath[UUID], operator: NamedDependency[Actor]) -> Sent:
    """One row, whatever the number of people; inboxes take it in when they are looked at."""
    now = clock.utc_now()
    asked = await four_eyes.one(approval_id)
    async with database.transaction():
        detail = await four_eyes.spend(approval_id, action=ACTION, subject=asked.subject, operator=operator.id, now=now)
        told = await broadcasts.announce(msgspec.convert(detail, Broadcast), subject=asked.subject, at=now)
        await audit.append(actor=operator.principal, action="broadcast.sent", subject=f"announcement:{told}", at=now)
    return Sent(told)


def _subject(words: Broadcast) -> str:
    return f"broadcast:{words.audience}" if words.audience != "town" else f"broadcast:{words.reach[0]}"


def _reach(data: NewBroadcast, *, towns: set[str]) -> tuple[str, ...]:
    """The follow keys of the audience; raises `Invalid` when town or area is missing or unknown."""
    if data.audience == "town":
        if data.town not in towns:
            raise Invalid(Text("未知的街镇。", "Unknown town."), field="town")
        return (f"town:{data.town}",)
    if data.audience == "area":
        if data.area is None:
            raise Invalid(Text("请给出范围。", "Say which area."), field="area")
        return cells_within(require_place(data.area.lng, data.area.lat), radius_m=data.area.radius_m)
    return ()


ROUTES = [sent_about, dead, replay, ask_broadcast, send_broadcast]
