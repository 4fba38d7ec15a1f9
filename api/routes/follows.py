"""Residents and other people's public reports: "same here?", following, alerts for an area."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api import age_gate
from api.actors import Actor
from api.routes.photos import UploadSession, owner_of
from domain.kernel import clock, database, settings
from domain.kernel.errors import Invalid, Text
from domain.kernel.geo import require_place, to_wgs84
from domain.reports import follows, similar
from domain.reports.categories import TOP_CODES, category_of
from domain.reports.drafts import PHOTOS_MAX, Code, Place
from domain.reports.follows import ALERT_RADIUS_M_MAX, AreaAlert
from domain.reports.public_map import PublicReport
from domain.reports.service_area import district, town_of
from domain.reports.similar import Similar
from media import intake, matching

TAGS = ["neighbourhood"]
RESIDENT = {"audience": "resident"}


class SameHere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is about to be reported. In the body, because a place does not belong into an address."""

    category: Code
    place: Place
    photo_ids: Annotated[
        list[UUID], msgspec.Meta(max_length=PHOTOS_MAX, description="Photos uploaded already, to be compared")
    ] = []


class Supporters(msgspec.Struct, frozen=True):
    """How many follow the report now."""

    supporters: int


class NewAlert(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An area to hear about."""

    place: Place
    radius_m: Annotated[int, msgspec.Meta(ge=100, le=ALERT_RADIUS_M_MAX, description="Metres")] = 1_000
    categories: Annotated[list[Code], msgspec.Meta(max_length=9, description="Main categories; none means all")] = []


@post(
    "/v1/public/reports/same-here",
    opt={"audience": "public", "limit": "read"},
    tags=TAGS,
    summary="Is it reported already?",
    status_code=200,
)
async def same_here(
    data: JSONBody[SameHere], caller: NamedDependency[Actor | None], upload_session: UploadSession = None
) -> list[Similar]:
    """Open public reports of the main category within 200 m and 7 days, nearest first: follow one, or send your own.

    Reports within 1 km with a photograph that looks like one of yours come before them.
    """
    place = to_wgs84(require_place(data.place.lng, data.place.lat), datum=data.place.datum)
    look_alikes: list[UUID] = []
    if data.photo_ids:
        tag = intake.owner_tag(owner_of(caller, upload_session))
        look_alikes = await matching.reports_like_photos(data.photo_ids, owner_tag=tag)
    return await similar.before_sending(
        place, category=category_of(data.category).code, now=clock.utc_now(), look_alikes=look_alikes
    )


@put("/v1/public/reports/{report_id:uuid}/follow", opt=RESIDENT, tags=TAGS, summary="Follow a public report")
async def follow(report_id: FromPath[UUID], resident: NamedDependency[Actor]) -> Supporters:
    """Counts you among its supporters and tells you its progress. Twice is once."""
    async with database.transaction():
        count = await follows.follow(report_id, account_id=resident.id, now=clock.utc_now())
    return Supporters(count)


@delete(
    "/v1/public/reports/{report_id:uuid}/follow",
    opt=RESIDENT,
    tags=TAGS,
    summary="Stop following",
    status_code=200,
)
async def unfollow(report_id: FromPath[UUID], resident: NamedDependency[Actor]) -> Supporters:
    """You are no longer counted or told."""
    async with database.transaction():
        count = await follows.unfollow(report_id, account_id=resident.id)
    return Supporters(count)


@get("/v1/me/follows", opt=RESIDENT, tags=TAGS, summary="Public reports I follow")
async def my_follows(resident: NamedDependency[Actor]) -> list[PublicReport]:
    """The latest 100."""
    return await follows.followed(resident.id)


@get("/v1/me/area-alerts", opt=RESIDENT, tags=TAGS, summary="My area alerts")
async def my_alerts(resident: NamedDependency[Actor]) -> list[AreaAlert]:
    """At most 10."""
    return await follows.alerts(resident.id)


@post("/v1/me/area-alerts", opt=RESIDENT, tags=TAGS, summary="Hear about an area")
async def add_alert(data: JSONBody[NewAlert], resident: NamedDependency[Actor]) -> AreaAlert:
    """The centre is stored rounded to about 110 m."""
    await age_gate.pass_gate(resident.id)
    if set(data.categories) - TOP_CODES:
        raise Invalid(Text("类别不存在", "Unknown main category"), field="categories")
    place = to_wgs84(require_place(data.place.lng, data.place.lat), datum=data.place.datum)
    town_of(place, area=district(settings.current().district))
    async with database.transaction():
        return await follows.add_alert(
            resident.id,
            place=place,
            radius_m=data.radius_m,
            categories=sorted(set(data.categories)),
            now=clock.utc_now(),
        )


@delete("/v1/me/area-alerts/{alert_id:uuid}", opt=RESIDENT, tags=TAGS, summary="Drop an area alert")
async def drop_alert(alert_id: FromPath[UUID], resident: NamedDependency[Actor]) -> None:
    """Stops it and forgets the place."""
    await follows.drop_alert(alert_id, account_id=resident.id)


ROUTES = [same_here, follow, unfollow, my_follows, my_alerts, add_alert, drop_alert]
