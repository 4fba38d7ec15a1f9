"""The tables of photographs. Rows stay as tombstones when the objects are deleted: custody is evidence."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    BigSerial,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table


class Photo(Table, tablename="photo"):
    """One file somebody sent. Who sent it is a keyed hash, and is forgotten when a report claims the photograph."""

    id = UUID(primary_key=True, null=False, default=None)
    state = Varchar(length=10, null=False, default=None)  # ready | rejected | deleted
    entry = Varchar(length=10, null=False, default=None)  # upload | presigned | fetched | operator | open311
    owner_tag = Bytea(null=True, default=None)  # keyed hash of the sender's principal; None once claimed
    subject = Varchar(length=60, null=True, default=None)  # "report:<uuid>" or "update:<uuid>" that claimed it
    position = SmallInt(null=True, default=None)  # order inside the subject
    received_at = Timestamptz(null=False, default=None)
    claimed_at = Timestamptz(null=True, default=None)
    source = Varchar(length=8, null=True, default=None)  # camera | album, as the app declares
    byte_size = Integer(null=False, default=None)
    sha256 = Bytea(null=False, default=None)  # of the original bytes
    format = Varchar(length=5, null=True, default=None)  # JPEG | PNG | WEBP | HEIF, by decoding
    width = Integer(null=True, default=None)  # upright, pixels
    height = Integer(null=True, default=None)
    facts = Bytea(null=True, default=None)  # sealed JSON of CameraFacts: place and time are personal
    reason = Varchar(length=40, null=True, default=None)  # refusal code of a rejected photograph
    note = Varchar(length=120, null=True, default=None)  # for operators
    original_key = Varchar(length=80, null=True, default=None)  # sealed object
    seal_key = Varchar(length=40, null=True, default=None)  # id of the key that sealed it
    copies_key = Varchar(length=80, null=True, default=None)  # prefix of the public copies; new after a redaction
    version = SmallInt(null=False, default=1)  # 1 + number of redactions
    public_token = Varchar(length=24, null=True, default=None)  # 128 random bits in the public address
    screening = Varchar(length=8, null=False, default="open")  # open | asked | passed | review | risky
    screening_trace = Varchar(length=80, null=True, default=None)  # the checker's id of a running check
    screening_at = Timestamptz(null=True, default=None)  # of the last change
    screening_tries = SmallInt(null=False, default=0)
    allowed_at = Timestamptz(null=True, default=None)  # the publication rules of its subject allow showing it
    hidden_at = Timestamptz(null=True, default=None)  # an operator took it from the public
    held_at = Timestamptz(null=True, default=None)  # legal hold: deleted by nobody
    delete_after = Timestamptz(null=True, default=None)  # by schedule
    deleted_at = Timestamptz(null=True, default=None)
    missing_at = Timestamptz(null=True, default=None)  # the sweeper found an object gone


class PhotoCustody(Table, tablename="photo_custody"):
    """Who had the original in hand, when and why. Appended only."""

    id = BigSerial(primary_key=True)
    photo = ForeignKey(Photo, null=False, default=None, on_delete=OnDelete.restrict)
    at = Timestamptz(null=False, default=None)
    act = Varchar(length=20, null=False, default=None)
    actor = Varchar(length=80, null=False, default=None)  # "sender", "system", "operator:…"
    reason = Varchar(length=200, null=True, default=None)


class PhotoUpload(Table, tablename="photo_upload"):
    """A form handed to a phone that sends straight to the store; confirmed once."""

    id = UUID(primary_key=True, null=False, default=None)
    owner_tag = Bytea(null=False, default=None)
    object_key = Varchar(length=80, null=False, default=None)
    media_type = Varchar(length=20, null=False, default=None)
    source = Varchar(length=8, null=True, default=None)
    created_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    photo = ForeignKey(Photo, null=True, default=None, on_delete=OnDelete.restrict)


class PhotoRedaction(Table, tablename="photo_redaction"):
    """Boxes an operator burned into the public copies."""

    id = UUID(primary_key=True, null=False, default=None)
    photo = ForeignKey(Photo, null=False, default=None, on_delete=OnDelete.restrict)
    version = SmallInt(null=False, default=None)  # the version these boxes made
    boxes = JSONB(null=False, default=None)  # all boxes of that version, parts of width and height
    actor = Varchar(length=80, null=False, default=None)
    reason = Varchar(length=200, null=False, default=None)
    at = Timestamptz(null=False, default=None)


class PhotoLikeness(Table, tablename="photo_likeness"):
    """Hashes by which similar photographs are found; view 0 is the whole picture, the others are slightly cropped."""

    id = BigSerial(primary_key=True)
    photo = ForeignKey(Photo, null=False, default=None, on_delete=OnDelete.restrict)
    view = SmallInt(null=False, default=None)
    bits = BigInt(null=False, default=None)


class PhotoMatch(Table, tablename="photo_match"):
    """A photograph that looks like an earlier one: a signal for joining and for fraud, never a refusal."""

    id = BigSerial(primary_key=True)
    photo = ForeignKey(Photo, null=False, default=None, on_delete=OnDelete.restrict)
    earlier = ForeignKey(Photo, null=False, default=None, on_delete=OnDelete.restrict)
    kind = Varchar(length=8, null=False, default=None)  # same | similar | mirrored | cropped
    distance = SmallInt(null=False, default=None)  # bits that differ


class ReportEvidence(Table, tablename="report_evidence"):
    """What weighing a report's photographs against its claims gave. For operators."""

    report = UUID(primary_key=True, null=False, default=None)
    signals = JSONB(null=False, default=None)
    weighed_at = Timestamptz(null=False, default=None)
    note = Text(null=True, default=None)


class PhotoFetch(Table, tablename="photo_fetch"):
    """A photograph of a case-platform update that has to be fetched by its address."""

    id = UUID(primary_key=True, null=False, default=None)
    url = Text(null=False, default=None)
    subject = Varchar(length=60, null=False, default=None)
    position = SmallInt(null=False, default=None)
    asked_at = Timestamptz(null=False, default=None)
    photo = ForeignKey(Photo, null=True, default=None, on_delete=OnDelete.restrict)
    failed = Varchar(length=120, null=True, default=None)  # why nobody tries again


class PhotoConcern(Table, tablename="photo_concern"):
    """Something about a photograph that a person must deal with; open until it is settled."""

    id = BigSerial(primary_key=True)
    event = BigInt(null=False, default=None)  # outbox id: one concern per event
    kind = Varchar(length=20, null=False, default=None)  # review | risky | fetch-failed | original-lost | copies-lost
    subject = Varchar(length=60, null=False, default=None)  # report:… or update:…, photo:… of one nobody claimed
    photo = ForeignKey(Photo, null=True, default=None, on_delete=OnDelete.restrict)
    fetching = ForeignKey(PhotoFetch, null=True, default=None, on_delete=OnDelete.restrict)
    reason = Varchar(length=120, null=False, default=None)
    at = Timestamptz(null=False, default=None)
    settled_at = Timestamptz(null=True, default=None)
    settled_by = Varchar(length=80, null=True, default=None)  # "operator:…", or "system" when it went away by itself
    note = Varchar(length=200, null=True, default=None)


class PhotoQuota(Table, tablename="photo_quota"):
    """What one sender sent on one day; counts on when a report claims a photograph and its row forgets the sender."""

    id = UUID(primary_key=True, null=False, default=None)
    owner_tag = Bytea(null=False, default=None)
    day = Date(null=False, default=None)  # of the district
    files = Integer(null=False, default=None)
    bytes = BigInt(null=False, default=None)
