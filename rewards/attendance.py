"""Checking in and out, presence, the organiser's confirmation, and what is paid for it.

Two factors: the rotating site code (or an offline one signed by the device), and the fence or a scan by staff.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.kernel import audit, database
from domain.kernel.errors import NotFound, Refusal, Text
from rewards import activities, awarding, claims, posting, presence
from rewards.behaviours import BEHAVIOURS
from rewards.claims import NewClaim
from rewards.presence import Direction

EARLY = timedelta(minutes=30)  # check-in opens so long before the start
PUBLISHED_BEFORE = timedelta(hours=24)  # later publication means sampling first
MANUAL_SHARE_MAX = 0.8
HELD_FOR = ("same-device", "steady-gps")  # doubts for which somebody looks before it is paid


class CheckRefused(Refusal):
    """The code, the place, the time or the signature does not fit."""

    code = "check-refused"
    status = 422
    title = Text("签到或签退无效", "Checking in or out was refused")
    advice = Text("请在现场扫描最新的动态码并打开定位。", "Scan the current code at the site with location on.")


class NotOneself(Refusal):
    """Nobody confirms themselves."""

    code = "not-your-own-hours"
    status = 403
    title = Text("不能确认自己的时长", "Not your own hours")
    advice = Text("请由另一位组织者确认。", "Another organiser has to confirm.")


class Spot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A WGS-84 place with its accuracy in metres; used for the check and not kept."""

    lat: float
    lon: float
    accuracy: float
    altitude: float | None = None


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check-in or check-out. `signed` is the device's signature when it happened offline at `at`."""

    direction: Direction
    code: str
    spots: Sequence[Spot]
    device: str
    at: datetime
    signed: bytes | None = None


def offline_text(activity: UUID, check: Check) -> bytes:
    """What a device signs for a check that is sent later."""
    return f"{activity}|{check.direction}|{check.code}|{int(check.at.timestamp())}".encode()


def _refuse_unless_proven(row: Any, signup: Any, check: Check, *, now: datetime) -> None:
    at = now
    if check.signed is not None:
        if signup["device_key"] is None or not now - presence.OFFLINE_MAX <= check.at <= now:
            raise CheckRefused(Text("离线记录超过时限", "The offline record is too old or not from this device"))
        try:
            Ed25519PublicKey.from_public_bytes(signup["device_key"]).verify(
                check.signed, offline_text(row["id"], check)
            )
        except InvalidSignature as error:
            raise CheckRefused(Text("离线签名无效", "The offline signature is invalid")) from error
        at = check.at
    if not row["starts_at"] - EARLY <= at <= row["ends_at"] + EARLY:
        raise CheckRefused(Text("不在活动时间内", "Outside the activity's time"))
    if not presence.code_is_right(check.code, key=activities.site_key(row), direction=check.direction, at=at):
        raise CheckRefused(Text("动态码已过期", "The code has expired"))
    spot = check.spots[-1]
    place, centre = {"lat": spot.lat, "lon": spot.lon}, {"lat": row["lat"], "lon": row["lon"]}
    if not presence.inside(place, centre=centre, radius_m=row["radius_m"], accuracy_m=spot.accuracy):
        raise CheckRefused(Text("不在活动地点", "Not at the place of the activity"))


async def _signup(activity: UUID, account: UUID) -> Any:
    row = await database.fetch_row(
        "select * from activity_signup where activity = $1 and account = $2 and state = 'in' for update",
        activity,
        account,
    )
    if row is None:
        raise NotFound
    return row


async def check_in(activity: UUID, *, account: UUID, check: Check, now: datetime) -> list[str]:
    """Records the arrival once; the doubts an organiser will see. Raises `CheckRefused` or `NotFound`."""
    row, signup = await activities.one(activity), await _signup(activity, account)
    _refuse_unless_proven(row, signup, check, now=now)
    at = check.at if check.signed is not None else now
    doubts = []
    if await database.fetch_value(
        "select true from attendance where activity = $1 and device = $2 and id <> $3 and in_at > $4",
        activity,
        check.device,
        signup["id"],
        at - presence.SAME_DEVICE_WITHIN,
    ):
        doubts.append("same-device")
    if presence.steady([msgspec.to_builtins(spot) for spot in check.spots]):
        doubts.append("steady-gps")
    await _arrive(
        signup["id"], activity, device=check.device, at=at, how="offline" if check.signed else "code", doubts=doubts
    )
    return doubts


async def _arrive(signup: UUID, activity: UUID, *, device: str, at: datetime, how: str, doubts: Sequence[str]) -> None:
    await database.execute(
        "insert into attendance (id, activity, device, in_at, in_how, seen_at, doubts, state)"
        " values ($1, $2, $3, $4, $5, $4, $6::jsonb, 'present') on conflict (id) do nothing",
        signup,
        activity,
        device,
        at,
        how,
        msgspec.json.encode(list(doubts)).decode(),
    )


async def scan_by_staff(activity: UUID, *, account: UUID, staff: UUID, now: datetime) -> None:
    """An organiser scans somebody in by hand. Raises `NotOneself`; many of these mean sampling before paying."""
    _, signup = await on_site(activity, account=account, staff=staff, now=now)
    await _arrive(signup["id"], activity, device=f"staff:{staff}", at=now, how="staff", doubts=[])


async def on_site(activity: UUID, *, account: UUID, staff: UUID, now: datetime) -> tuple[Any, Any]:
    """(activity, sign-up) for an organiser who scans somebody else at the time of the activity; else a refusal."""
    row = await activities.one(activity)
    await activities.require_organiser(staff, organisation=row["organisation"])
    if staff == account:
        raise NotOneself
    signup = await _signup(activity, account)
    if not row["starts_at"] - EARLY <= now <= row["ends_at"] + EARLY:
        raise CheckRefused(Text("不在活动时间内", "Outside the activity's time"))
    return row, signup


async def ping(activity: UUID, *, account: UUID, spot: Spot, now: datetime) -> bool:
    """A sign of presence inside the fence; False when it does not count."""
    row, signup = await activities.one(activity), await _signup(activity, account)
    place, centre = {"lat": spot.lat, "lon": spot.lon}, {"lat": row["lat"], "lon": row["lon"]}
    if not presence.inside(place, centre=centre, radius_m=row["radius_m"], accuracy_m=spot.accuracy):
        return False
    tag = await database.execute(
        "update attendance set seen_at = greatest(seen_at, $2) where id = $1 and state = 'present'"
        " and $2 - seen_at <= make_interval(mins => $3)",
        signup["id"],
        now,
        int(presence.PING_GAP.total_seconds() // 60),
    )
    return tag.endswith(" 1")


async def check_out(
    activity: UUID, *, account: UUID, check: Check, track: Sequence[Mapping[str, Any]] = (), now: datetime
) -> int:
    """Records the departure once; the minutes that are proven. Only the track's length is kept, never the track."""
    row, signup = await activities.one(activity), await _signup(activity, account)
    there = await database.fetch_row("select * from attendance where id = $1 for update", signup["id"])
    if there is None:
        raise NotFound
    if there["minutes"] is not None:
        return int(there["minutes"])
    _refuse_unless_proven(row, signup, check, now=now)
    out_at = check.at if check.signed is not None else now
    end = presence.proven_until(seen_at=there["seen_at"], out_at=out_at)
    distance = presence.track_m(track) if row["distance_min_m"] else None
    doubts = ["left-early"] if end < out_at else []
    doubts += ["short-track"] if distance is not None and distance < row["distance_min_m"] else []
    return await record_departure(row, there, out_at=out_at, proven=end, distance=distance, doubts=doubts)


async def record_departure(
    row: Any, there: Any, *, out_at: datetime, proven: datetime, distance: int | None, doubts: Sequence[str]
) -> int:
    """Writes a departure; the minutes within the activity until `proven`. The caller has locked the attendance."""
    minutes = presence.minutes_between(there["in_at"], proven, opens=row["starts_at"], closes=row["ends_at"])
    await database.execute(
        "update attendance set out_at = $2, minutes = $3, distance_m = $4, doubts = doubts || $5::jsonb, state = 'left'"
        " where id = $1",
        there["id"],
        out_at,
        minutes,
        distance,
        msgspec.json.encode(list(doubts)).decode(),
    )
    return minutes


async def waiting_for_confirmation(activity: UUID, *, organiser: UUID) -> list[dict[str, Any]]:
    """Who left and is not confirmed; without phone or name, which the organiser knows from the site."""
    row = await activities.one(activity)
    await activities.require_organiser(organiser, organisation=row["organisation"])
    rows = await database.fetch(
        "select id, in_at, in_how, out_at, minutes, distance_m, doubts from attendance"
        " where activity = $1 and state = 'left' order by in_at, id limit 500",
        activity,
    )
    return [dict(found) | {"doubts": msgspec.json.decode(found["doubts"])} for found in rows]


async def confirm(attendance: UUID, *, organiser: UUID, accept: bool, now: datetime) -> UUID | None:
    """The organiser's word; the claim it makes, or None. Raises `NotOneself`, `NotOrganiser` or `NotFound`.

    Below the activity's minimum of minutes or metres nothing is confirmed; an officer can correct that.
    """
    there = await database.fetch_row(
        "select t.*, s.account, a.organisation, a.behaviour, a.minutes_min, a.distance_min_m,"
        " a.published_at, a.starts_at from attendance t"
        " join activity_signup s on s.id = t.id join activity a on a.id = t.activity"
        " where t.id = $1 and t.state = 'left' for update of t",
        attendance,
    )
    if there is None:
        raise NotFound
    await activities.require_organiser(organiser, organisation=there["organisation"])
    if there["account"] == organiser:
        raise NotOneself
    short = there["minutes"] < there["minutes_min"] or (there["distance_m"] or 0) < there["distance_min_m"]
    state = "confirmed" if accept and not short else "refused"
    claim = await _claim(there, minutes=there["minutes"], now=now) if state == "confirmed" else None
    await database.execute(
        "update attendance set state = $2, confirmed_by = $3, claim = $4 where id = $1",
        attendance,
        state,
        f"organiser:{organiser}",
        claim,
    )
    return claim


async def _claim(there: Any, *, minutes: int, now: datetime, number: str = "") -> UUID | None:
    sampled = there["published_at"] > there["starts_at"] - PUBLISHED_BEFORE or await _mostly_manual(there["activity"])
    doubts = ["activity-sampled"] if sampled else []
    doubts += [code for code in msgspec.json.decode(there["doubts"]) if code in HELD_FOR]
    new = NewClaim(
        account=there["account"],
        behaviour=BEHAVIOURS[there["behaviour"]],
        proof="attendance",
        source="activity",
        external_id=f"{there['id']}{number}",
        feed="organiser",
        from_at=there["in_at"],
        to_at=there["out_at"],
        inputs={"hours": (Decimal(minutes) / 60).quantize(Decimal("0.000001"))},
        detail={"doubt": doubts[0]} if doubts else {},
    )
    [taken] = await claims.take([new], now=now)
    return taken.claim


async def _mostly_manual(activity: UUID) -> bool:
    share = await database.fetch_value(
        "select avg((in_how in ('staff', 'walk-in'))::int) from attendance where activity = $1", activity
    )
    return float(share or 0) > MANUAL_SHARE_MAX


async def disown(attendance: UUID, *, account: UUID, now: datetime) -> None:
    """Takes the credit back because the person was not there, and tells the auditors. Raises `NotFound`."""
    row = await database.fetch_row(
        "select t.claim, t.activity from attendance t join activity_signup s on s.id = t.id"
        " where t.id = $1 and s.account = $2 for update of t",
        attendance,
        account,
    )
    if row is None:
        raise NotFound
    await database.execute("update attendance set state = 'disowned' where id = $1", attendance)
    if row["claim"] is not None and await awarding.open_claim(row["claim"], states=("awarded", "held", "received")):
        await posting.take_back(row["claim"], reason="withdrawn", by="resident", now=now)
    await audit.append(actor="resident", action="attendance.disowned", subject=f"activity:{row['activity']}", at=now)
