"""Activities for organisers and officers: publishing, the site code, scanning, confirming, walk-ins, corrections."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.actors import Actor
from api.moments import Moment, check_years
from domain.kernel import clock, database
from domain.kernel.errors import Text
from rewards import activities, attendance, departures, hours, presence, reminding
from rewards.activities import NewActivity

TAGS = ["organisers"]
RESIDENT = {"audience": "resident"}
OFFICER = {"audience": "operator", "role": "clerk"}
Direction = Annotated[Literal["in", "out"], QueryParameter(description="Arriving or leaving")]


class OrganisationSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A verified organisation and the residents who act for it."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
    credit_code: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{18}$")] | None = None
    organisers: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=50)]


class ActivitySent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An activity to publish; less than a day before the start means that payment waits for sampling."""

    organisation: UUID
    behaviour: Annotated[str, msgspec.Meta(max_length=40, examples=["volunteering", "river-patrol"])]
    title_zh: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    title_en: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    programme: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    radius_m: Annotated[int, msgspec.Meta(ge=20, le=5_000)]
    starts_at: Moment
    ends_at: Moment
    capacity: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    age_min: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    distance_min_m: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    minutes_min: Annotated[int, msgspec.Meta(ge=1, le=720)] = 30
    river: Annotated[str, msgspec.Meta(max_length=40, description="Code of the river a patrol looks after")] | None = (
        None
    )


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The new id."""

    id: UUID


class SiteCodes(msgspec.Struct, frozen=True, kw_only=True):
    """What the screen at the site shows now; it changes every 10 seconds."""

    code_in: str
    code_out: str
    seconds: int


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who left and waits for confirmation."""

    id: UUID
    in_at: datetime
    in_how: str
    out_at: datetime | None
    minutes: int
    distance_m: int | None
    doubts: list[str]


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes or no."""

    accept: bool


class WalkInSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The phone of somebody who came unannounced; stored as a keyed hash."""

    phone: Annotated[str, msgspec.Meta(min_length=5, max_length=32)]


class CorrectionShown(msgspec.Struct, frozen=True, kw_only=True):
    """A request to change minutes; the resident is not named."""

    id: UUID
    attendance: UUID
    title_zh: str
    title_en: str
    in_at: datetime
    out_at: datetime | None
    recorded: int | None
    minutes: int
    reason: str
    asked_at: datetime


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """How many people are told."""

    people: int


@post("/v1/operator/organisations", opt=OFFICER, tags=TAGS, summary="Verify an organisation")
async def verify_organisation(data: JSONBody[OrganisationSent], operator: NamedDependency[Actor]) -> Made:
    """Only verified organisations publish activities."""
    async with database.transaction():
        made = await activities.found(
            data.name,
            credit_code=data.credit_code,
            organisers=data.organisers,
            by=operator.principal,
            now=clock.utc_now(),
        )
    return Made(id=made)


@post("/v1/activities", opt=RESIDENT, tags=TAGS, summary="Publish an activity")
async def publish(data: JSONBody[ActivitySent], resident: NamedDependency[Actor]) -> Made:
    """By an organiser of a verified organisation."""
    check_years(starts_at=data.starts_at, ends_at=data.ends_at)
    given = {name: getattr(data, name) for name in NewActivity.__struct_fields__ if name != "title"}
    new = NewActivity(title=Text(data.title_zh, data.title_en), **given)
    async with database.transaction():
        return Made(id=await activities.publish(new, by=resident.id, now=clock.utc_now()))


@get("/v1/activities/{activity:uuid}/site-codes", opt=RESIDENT, tags=TAGS, summary="The site's present codes")
async def site_codes(activity: FromPath[UUID], resident: NamedDependency[Actor]) -> SiteCodes:
    """For the organiser's screen at the site."""
    row = await activities.one(activity)
    await activities.require_organiser(resident.id, organisation=row["organisation"])
    key, now = activities.site_key(row), clock.utc_now()
    return SiteCodes(
        code_in=presence.site_code(key, direction="in", at=now),
        code_out=presence.site_code(key, direction="out", at=now),
        seconds=presence.STEP_S - int(now.timestamp()) % presence.STEP_S,
    )


@post("/v1/activities/{activity:uuid}/scans/{account:uuid}", opt=RESIDENT, tags=TAGS, summary="Scan", status_code=204)
async def scan(
    activity: FromPath[UUID], account: FromPath[UUID], resident: NamedDependency[Actor], direction: Direction = "in"
) -> None:
    """In or out by hand, for a person who signed up; never oneself. Mostly manual activities are sampled first."""
    now = clock.utc_now()
    async with database.transaction():
        if direction == "in":
            await attendance.scan_by_staff(activity, account=account, staff=resident.id, now=now)
        else:
            await departures.scan_out(activity, account=account, staff=resident.id, now=now)


@post("/v1/activities/{activity:uuid}/walk-ins", opt=RESIDENT, tags=TAGS, summary="Note a walk-in", status_code=204)
async def walk_in(activity: FromPath[UUID], data: JSONBody[WalkInSent], resident: NamedDependency[Actor]) -> None:
    """The person claims it later with that phone; nobody gets hours without accepting them."""
    async with database.transaction():
        await hours.record_walk_in(activity, phone=data.phone, staff=resident.id, now=clock.utc_now())


@get("/v1/activities/{activity:uuid}/attendances", opt=RESIDENT, tags=TAGS, summary="Who waits for confirmation")
async def list_attendances(activity: FromPath[UUID], resident: NamedDependency[Actor]) -> list[Present]:
    """With the doubts the rules noted."""
    rows = await attendance.waiting_for_confirmation(activity, organiser=resident.id)
    return [Present(**row) for row in rows]


@post("/v1/attendances/{attendance_id:uuid}/confirmation", opt=RESIDENT, tags=TAGS, summary="Confirm", status_code=204)
async def confirm(attendance_id: FromPath[UUID], data: JSONBody[Word], resident: NamedDependency[Actor]) -> None:
    """The organiser's word, never about oneself."""
    async with database.transaction():
        await attendance.confirm(attendance_id, organiser=resident.id, accept=data.accept, now=clock.utc_now())


@post("/v1/activities/{activity:uuid}/call-off", opt=RESIDENT, tags=TAGS, summary="Call off", status_code=200)
async def call_off(activity: FromPath[UUID], resident: NamedDependency[Actor]) -> Told:
    """Before the start, by an organiser; everybody who signed up is told."""
    async with database.transaction():
        return Told(people=await reminding.call_off(activity, organiser=resident.id, now=clock.utc_now()))


@get("/v1/operator/hours-corrections", opt=OFFICER, tags=TAGS, summary="Corrections that wait")
async def list_corrections(operator: NamedDependency[Actor]) -> list[CorrectionShown]:
    """Oldest first."""
    return [CorrectionShown(**row) for row in await hours.corrections_asked()]


@post(
    "/v1/operator/hours-corrections/{correction:uuid}",
    opt=OFFICER,
    tags=TAGS,
    summary="Decide a correction",
    status_code=204,
)
async def decide_correction(correction: FromPath[UUID], data: JSONBody[Word], operator: NamedDependency[Actor]) -> None:
    """The old credit is reversed and the right one posted."""
    async with database.transaction():
        await hours.decide_correction(correction, grant=data.accept, by=operator.principal, now=clock.utc_now())


ROUTES = [
    verify_organisation,
    publish,
    site_codes,
    scan,
    walk_in,
    list_attendances,
    confirm,
    call_off,
    list_corrections,
    decide_correction,
]
