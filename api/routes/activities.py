"""Activities for residents: what is on, signing up, checking in and out, my hours."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from api.moments import Moment, check_years
from api.pages import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from domain.kernel import clock, database
from rewards import activities, attendance, hours
from rewards.attendance import Check, Spot

TAGS = ["activities"]
RESIDENT = {"audience": "resident"}
SPOTS_MAX = 20
TRACK_MAX = 2_000
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Metres = Annotated[float, msgspec.Meta(ge=0, le=100_000)]
Altitude = Annotated[float, msgspec.Meta(ge=-500, le=10_000, description="Metres above sea")]
Key = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$", description="Ed25519 public key, hex")]
Signature = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{128}$", description="Ed25519 signature, hex")]


class ActivityShown(msgspec.Struct, frozen=True, kw_only=True):
    """An activity that is open."""

    id: UUID
    organisation: str
    behaviour: str
    title_zh: str
    title_en: str
    programme: str
    lat: float
    lon: float
    radius_m: int
    river: str | None
    starts_at: datetime
    ends_at: datetime
    capacity: int
    age_min: int
    signed_up: int


class MyActivity(msgspec.Struct, frozen=True, kw_only=True):
    """Something I signed up for; `id` is what corrections and disowning name. `credited` are posted minutes."""

    id: UUID
    activity: UUID
    behaviour: str
    title_zh: str
    title_en: str
    starts_at: datetime
    ends_at: datetime
    activity_state: str  # open | cancelled
    state: str  # in | waiting | cancelled
    attendance: str | None  # present | left | confirmed | refused | disowned
    in_at: datetime | None
    out_at: datetime | None
    minutes: int | None
    claim_state: str | None
    credited: int | None


class SignUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Own acceptance. The age is checked and not stored; under 14 needs the guardian's consent."""

    age: Annotated[int, msgspec.Meta(ge=3, le=120)]
    device_key: Key | None = None


class SignedUp(msgspec.Struct, frozen=True, kw_only=True):
    """`in`, or `waiting` until somebody gives a place up."""

    state: str


class SpotSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A WGS-84 place."""

    lat: Latitude
    lon: Longitude
    accuracy: Metres
    altitude: Altitude | None = None


class CheckSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rotating code, the last places, the device; `at` and `signature` only for a check kept while offline."""

    direction: Literal["in", "out"]
    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$")]
    spots: Annotated[list[SpotSent], msgspec.Meta(min_length=1, max_length=SPOTS_MAX)]
    device: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    at: Moment | None = None
    signature: Signature | None = None
    track: Annotated[list["TrackPoint"], msgspec.Meta(max_length=TRACK_MAX)] = []


class TrackPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point of a patrol; only the track's length is kept."""

    at: Moment
    lat: Latitude
    lon: Longitude
    accuracy: Metres = 0.0


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """After check-in the doubts an organiser will look at, after check-out the proven minutes."""

    doubts: list[str] = []
    minutes: int | None = None


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """Whether, or how often, it counted."""

    count: int


class CorrectionAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the minutes should be, and why."""

    minutes: Annotated[int, msgspec.Meta(ge=0, le=720)]
    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=500)]


def check_of(sent: CheckSent, *, now: datetime) -> Check:
    """The domain form."""
    check_years(at=sent.at)
    for point in sent.track:
        check_years(track=point.at)
    return Check(
        direction=sent.direction,
        code=sent.code,
        spots=[Spot(lat=s.lat, lon=s.lon, accuracy=s.accuracy, altitude=s.altitude) for s in sent.spots],
        device=sent.device,
        at=sent.at or now,
        signed=bytes.fromhex(sent.signature) if sent.signature else None,
    )


@get("/v1/activities", opt={"audience": "public"}, tags=TAGS, summary="Open activities")
async def list_activities() -> list[ActivityShown]:
    """Soonest first."""
    return [ActivityShown(**row) for row in await activities.upcoming(now=clock.utc_now())]


@get("/v1/me/activities", opt=RESIDENT, tags=TAGS, summary="My activities and hours")
async def list_mine(
    resident: NamedDependency[Actor], limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[MyActivity]:
    """Everything I signed up for, latest first, with what was proven and what was credited."""
    key = decode_cursor(cursor, tuple[UUID])
    rows = await activities.mine(resident.id, before=key[0] if key else None, limit=limit + 1)
    return page_of(rows, limit=limit, key=("id",), items=[MyActivity(**row) for row in rows])


@post("/v1/activities/{activity:uuid}/signup", opt=RESIDENT, tags=TAGS, summary="Sign up", status_code=200)
async def sign_up(activity: FromPath[UUID], data: JSONBody[SignUp], resident: NamedDependency[Actor]) -> SignedUp:
    """Only for oneself. Overlapping activities are refused. Safe to repeat."""
    key = bytes.fromhex(data.device_key) if data.device_key else None
    async with database.transaction():
        state = await activities.sign_up(
            activity, account=resident.id, age=data.age, device_key=key, now=clock.utc_now()
        )
    return SignedUp(state=state)


@post("/v1/activities/{activity:uuid}/cancel", opt=RESIDENT, tags=TAGS, summary="Give the place up", status_code=204)
async def cancel(activity: FromPath[UUID], resident: NamedDependency[Actor]) -> None:
    """Before the start; the next person waiting moves in."""
    async with database.transaction():
        await activities.cancel(activity, account=resident.id, now=clock.utc_now())


@post("/v1/activities/{activity:uuid}/checks", opt=RESIDENT, tags=TAGS, summary="Check in or out", status_code=200)
async def check(activity: FromPath[UUID], data: JSONBody[CheckSent], resident: NamedDependency[Actor]) -> Checked:
    """Two factors: the code shown at the site and the fence. The place is used for the check and not kept."""
    now = clock.utc_now()
    async with database.transaction():
        if data.direction == "in":
            doubts = await attendance.check_in(activity, account=resident.id, check=check_of(data, now=now), now=now)
            return Checked(doubts=doubts)
        track: list[dict[str, Any]] = [
            {"at": p.at, "lat": p.lat, "lon": p.lon, "accuracy": p.accuracy} for p in data.track
        ]
        minutes = await attendance.check_out(
            activity, account=resident.id, check=check_of(data, now=now), track=track, now=now
        )
        return Checked(minutes=minutes)


@post("/v1/activities/{activity:uuid}/presence", opt=RESIDENT, tags=TAGS, summary="A sign of presence", status_code=200)
async def ping(activity: FromPath[UUID], data: JSONBody[SpotSent], resident: NamedDependency[Actor]) -> Counted:
    """When the app asks for it at a random moment; without one the time ends at the last sign."""
    spot = Spot(lat=data.lat, lon=data.lon, accuracy=data.accuracy, altitude=data.altitude)
    return Counted(count=int(await attendance.ping(activity, account=resident.id, spot=spot, now=clock.utc_now())))


@post("/v1/walk-ins/claim", opt=RESIDENT, tags=TAGS, summary="Claim walk-ins by my phone", status_code=200)
async def claim_walk_ins(resident: NamedDependency[Actor]) -> Counted:
    """Accepts what organisers noted for the verified phone of this account."""
    async with database.transaction():
        return Counted(count=await hours.claim_walk_ins(resident.id, now=clock.utc_now()))


@post("/v1/attendances/{attendance_id:uuid}/corrections", opt=RESIDENT, tags=TAGS, summary="Ask for a correction")
async def ask_correction(
    attendance_id: FromPath[UUID], data: JSONBody[CorrectionAsked], resident: NamedDependency[Actor]
) -> None:
    """A second person decides; the history is kept."""
    async with database.transaction():
        await hours.ask_correction(
            attendance_id, account=resident.id, minutes=data.minutes, reason=data.reason, now=clock.utc_now()
        )


@post(
    "/v1/attendances/{attendance_id:uuid}/disown", opt=RESIDENT, tags=TAGS, summary="I was not there", status_code=204
)
async def disown(attendance_id: FromPath[UUID], resident: NamedDependency[Actor]) -> None:
    """Takes the credit back and tells the auditors."""
    async with database.transaction():
        await attendance.disown(attendance_id, account=resident.id, now=clock.utc_now())


ROUTES = [list_activities, list_mine, sign_up, cancel, check, ping, claim_walk_ins, ask_correction, disown]
