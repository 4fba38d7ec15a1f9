"""The disclosure room's own tables; the datasets' tables stand in their files."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Bytea,
    Date,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table


class DisclosureStamp(Table, tablename="disclosure_stamp"):
    """How often a dataset has changed: the heart of ETags and of cached answers."""

    dataset = Varchar(length=40, primary_key=True, null=False, default=None)
    changes = BigInt(null=False, default=None)
    changed_at = Timestamptz(null=False, default=None)


class DisclosureImport(Table, tablename="disclosure_import"):
    """A file an operator brought: checked first, committed later, by a second operator where the dataset asks."""

    id = UUID(primary_key=True, null=False, default=None)
    dataset = Varchar(length=40, null=False, default=None)
    file_name = Varchar(length=200, null=False, default=None)
    file_hash = Bytea(null=False, default=None)
    sealed_file = Bytea(null=True, default=None)  # encrypted: it holds what redaction will hide; gone after commit
    sealed_preview = Bytea(null=True, default=None)  # differences and previews, for the same reason
    source = Varchar(length=200, null=False, default=None)
    brought_by = UUID(null=False, default=None)
    brought_at = Timestamptz(null=False, default=None)
    state = Varchar(length=12, null=False, default=None)  # see `imports.Import`
    reason = Text(null=True, default=None)  # why public rows are corrected; shown in their history
    beat_at = Timestamptz(null=True, default=None)  # when the worker was last alive with it
    done = Integer(null=False, default=None)  # rows worked through, for progress
    rows = Integer(null=False, default=None)
    counts = JSONB(null=False, default=None)
    findings = JSONB(null=False, default=None)
    committed_by = UUID(null=True, default=None)
    committed_at = Timestamptz(null=True, default=None)


class DisclosureDue(Table, tablename="disclosure_due"):
    """Something that has to be done by a day: publish a penalty or a section's month, withdraw a revoked decision."""

    id = UUID(primary_key=True, null=False, default=None)
    duty = Varchar(length=12, null=False, default="publish")  # publish | withdraw
    reason = Text(null=True, default=None)  # of a withdrawal
    dataset = Varchar(length=40, null=False, default=None)
    subject = Varchar(length=160, null=False, default=None)
    unit = Varchar(length=60, null=False, default=None)
    started_on = Date(null=False, default=None)
    due_on = Date(null=False, default=None)
    provisional = SmallInt(null=False, default=None)  # 1: the working calendar of the period is assumed
    settled_on = Date(null=True, default=None)
    amber_at = Timestamptz(null=True, default=None)
    red_at = Timestamptz(null=True, default=None)


class DisclosureReply(Table, tablename="disclosure_reply"):
    """What the party concerned says beside its entry: reviewed, then shown with it."""

    id = UUID(primary_key=True, null=False, default=None)
    dataset = Varchar(length=40, null=False, default=None)
    key = Varchar(length=160, null=False, default=None)
    text = Text(null=False, default=None)  # redacted
    given_by = Varchar(length=80, null=False, default=None)
    given_at = Timestamptz(null=False, default=None)
    decided_by = UUID(null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    shown = SmallInt(null=True, default=None)  # 1 shown, 0 declined
    decision = Text(null=True, default=None)


class ChiefMessage(Table, tablename="chief_message"):
    """A resident's message to the chief of a river, with a clock by level."""

    id = UUID(primary_key=True, null=False, default=None)
    river = Varchar(length=40, null=False, default=None)
    sender = Bytea(null=False, default=None)  # keyed hash of the account: the chief's side never sees who wrote
    sealed_sender = Bytea(null=False, default=None)  # opens for telling the answer
    text = Text(null=False, default=None)
    photos = JSONB(null=False, default=None)
    lng = Varchar(length=20, null=True, default=None)
    lat = Varchar(length=20, null=True, default=None)
    sent_at = Timestamptz(null=False, default=None)
    level = Varchar(length=12, null=False, default=None)  # of the chief it is with now
    chief = Varchar(length=160, null=False, default=None)  # key of the chief's row
    due_on = Date(null=False, default=None)
    amber_at = Timestamptz(null=True, default=None)
    red_at = Timestamptz(null=True, default=None)
    answer = Text(null=True, default=None)
    answered_at = Timestamptz(null=True, default=None)
    answered_by = Varchar(length=80, null=True, default=None)
    rating = SmallInt(null=True, default=None)  # 1 to 5
    rated_at = Timestamptz(null=True, default=None)


class ChiefMessageStep(Table, tablename="chief_message_step"):
    """What happened to a message: sent, escalated, answered, rated. Appended."""

    id = UUID(primary_key=True, null=False, default=None)
    message = UUID(null=False, default=None)
    at = Timestamptz(null=False, default=None)
    what = Varchar(length=20, null=False, default=None)
    chief = Varchar(length=160, null=False, default=None)


class NoticeView(Table, tablename="notice_view"):
    """How often a notice was read on a day: a number, without any trace of who."""

    id = UUID(primary_key=True, null=False, default=None)
    notice = Varchar(length=160, null=False, default=None)
    day = Date(null=False, default=None)
    views = Integer(null=False, default=None)


class RiverWaterYear(Table, tablename="river_water_year"):
    """A section's classes of one year as twelve characters, kept by the database (see schema.sql).

    1 to 6 is the class, 0 was measured but not assessed, - is missing.
    """

    key = Varchar(length=48, primary_key=True, null=False, default=None)  # section|year
    section = Varchar(length=40, null=False, default=None)
    year = SmallInt(null=False, default=None)
    classes = Varchar(length=12, null=False, default=None)
