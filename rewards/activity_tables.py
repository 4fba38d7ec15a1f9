"""Organisations, activities, who signed up, who was there and for how long."""

from piccolo.columns import (
    JSONB,
    UUID,
    Boolean,
    Bytea,
    DoublePrecision,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Timestamptz,
    Varchar,
)
from piccolo.constraints import Check, Unique
from piccolo.table import Table


class Organisation(Table, tablename="organisation"):
    """Who organises. Only a verified one can publish."""

    id = UUID(primary_key=True, null=False, default=None)
    name = Varchar(length=80, null=False, default=None)
    credit_code = Varchar(length=18, null=True, default=None)
    verified_at = Timestamptz(null=True, default=None)
    verified_by = Varchar(length=60, null=True, default=None)
    made_at = Timestamptz(null=False, default=None)


class Organiser(Table, tablename="organiser"):
    """A resident who acts for an organisation."""

    id = UUID(primary_key=True, null=False, default=None)
    organisation = ForeignKey(Organisation, null=False, default=None, on_delete=OnDelete.restrict)
    account = UUID(null=False, default=None)

    organiser_once = Unique([organisation, account])


class Activity(Table, tablename="activity"):
    """One event at one place and time."""

    id = UUID(primary_key=True, null=False, default=None)
    organisation = ForeignKey(Organisation, null=False, default=None, on_delete=OnDelete.restrict)
    behaviour = Varchar(length=40, null=False, default=None)  # volunteering | river-patrol
    river = Varchar(length=40, null=True, default=None)  # code of the river a patrol looks after
    title_zh = Varchar(length=80, null=False, default=None)
    title_en = Varchar(length=80, null=False, default=None)
    programme = Varchar(length=2_000, null=False, default=None)
    lat = DoublePrecision(null=False, default=None)  # WGS-84
    lon = DoublePrecision(null=False, default=None)
    radius_m = Integer(null=False, default=None)  # the fence
    starts_at = Timestamptz(null=False, default=None)
    ends_at = Timestamptz(null=False, default=None)
    capacity = Integer(null=False, default=None)
    age_min = SmallInt(null=False, default=None)
    distance_min_m = Integer(null=False, default=None)  # of a patrol's track; 0 elsewhere
    minutes_min = Integer(null=False, default=None)
    site_key = Bytea(null=False, default=None)  # of the rotating site code, sealed
    state = Varchar(length=10, null=False, default=None)  # open | cancelled
    published_at = Timestamptz(null=False, default=None)
    published_by = UUID(null=False, default=None)

    activity_times = Check("ends_at > starts_at and capacity > 0 and radius_m between 20 and 5000")


class ActivitySignup(Table, tablename="activity_signup"):
    """A person's own acceptance. Nobody is enrolled by somebody else."""

    id = UUID(primary_key=True, null=False, default=None)
    activity = ForeignKey(Activity, null=False, default=None, on_delete=OnDelete.restrict)
    account = UUID(null=False, default=None)
    person = Varchar(length=64, null=False, default=None)
    state = Varchar(length=10, null=False, default=None)  # in | waiting | cancelled
    device_key = Bytea(null=True, default=None)  # Ed25519 key that signs offline check-ins
    reminded_h = SmallInt(null=True, default=None)  # hours before the start of the last reminder sent
    made_at = Timestamptz(null=False, default=None)

    activity_signup_once = Unique([activity, account])


class Attendance(Table, tablename="attendance"):
    """When somebody came and went, how it was proven, and what was confirmed."""

    id = UUID(primary_key=True, null=False, default=None)  # the sign-up's id
    activity = ForeignKey(Activity, null=False, default=None, on_delete=OnDelete.restrict)
    device = Varchar(length=64, null=False, default=None)  # tag of the device that checked in
    in_at = Timestamptz(null=False, default=None)
    in_how = Varchar(length=10, null=False, default=None)  # code | staff | offline | walk-in
    seen_at = Timestamptz(null=False, default=None)  # last proven moment
    out_at = Timestamptz(null=True, default=None)
    distance_m = Integer(null=True, default=None)
    minutes = Integer(null=True, default=None)
    doubts = JSONB(null=False, default=None)  # codes: same-device, steady-gps, early-leave …
    state = Varchar(length=10, null=False, default=None)  # present | left | confirmed | refused | disowned
    confirmed_by = Varchar(length=60, null=True, default=None)
    claim = UUID(null=True, default=None)


class WalkIn(Table, tablename="walk_in"):
    """Somebody who came without signing up, known by the keyed hash of a phone; claimed later by its owner."""

    id = UUID(primary_key=True, null=False, default=None)
    activity = ForeignKey(Activity, null=False, default=None, on_delete=OnDelete.restrict)
    phone_hash = Bytea(null=False, default=None)
    in_at = Timestamptz(null=False, default=None)
    recorded_by = UUID(null=False, default=None)
    claimed_at = Timestamptz(null=True, default=None)

    walk_in_once = Unique([activity, phone_hash])


class PatrolFinding(Table, tablename="patrol_finding"):
    """A report that began on a river patrol. It names the activity and nobody: the reporter stays sealed."""

    id = UUID(primary_key=True, null=False, default=None)  # the report's id
    activity = ForeignKey(Activity, null=False, default=None, on_delete=OnDelete.restrict)
    found_at = Timestamptz(null=False, default=None)


class HoursCorrection(Table, tablename="hours_correction"):
    """A request to change confirmed minutes; decided by a second person, history kept."""

    id = UUID(primary_key=True, null=False, default=None)
    attendance = ForeignKey(Attendance, null=False, default=None, on_delete=OnDelete.restrict)
    minutes = Integer(null=False, default=None)
    reason = Varchar(length=500, null=False, default=None)
    asked_by = Varchar(length=60, null=False, default=None)
    asked_at = Timestamptz(null=False, default=None)
    granted = Boolean(null=True, default=None)
    decided_by = Varchar(length=60, null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
