"""The reports' tables. A report is evidence: triggers in `schema.sql` refuse to change or delete it."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    Date,
    DoublePrecision,
    ForeignKey,
    Integer,
    OnDelete,
    Real,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from domain.residents.tables import Account


class Partner(Table, tablename="partner"):
    """Another source that may hand in reports with an API key: hotline, sensors, Open311 clients."""

    id = UUID(primary_key=True, null=False, default=None)
    name = Varchar(length=80, null=False, default=None)
    key_hash = Bytea(null=False, default=None)  # SHA-256 of a 160-bit random key
    channels = JSONB(null=False, default=None)  # the channels it may speak for
    scopes = JSONB(null=False, default=None)  # reports:write | open311:write
    created_at = Timestamptz(null=False, default=None)
    revoked_at = Timestamptz(null=True, default=None)


class Report(Table, tablename="report"):
    """What was sent, as it was sent, plus the same place in WGS-84."""

    id = UUID(primary_key=True, null=False, default=None)
    number = Varchar(length=24, null=False, default=None)  # GW-20261121-000137
    category = Varchar(length=40, null=False, default=None)  # code of a leaf in categories
    text = Text(null=False, default=None)  # at most 500 characters, NFC
    channel = Varchar(length=20, null=False, default=None)
    identity = Varchar(length=12, null=False, default=None)  # confidential | named | anonymous | none
    datum = Varchar(length=6, null=False, default=None)  # wgs84 | gcj02 | bd09, of the pair as sent
    sent_lng = DoublePrecision(null=False, default=None)
    sent_lat = DoublePrecision(null=False, default=None)
    accuracy_m = Real(null=True, default=None)  # None for a pin set by hand
    lng = DoublePrecision(null=False, default=None)  # WGS-84 degrees, 7 decimals
    lat = DoublePrecision(null=False, default=None)
    town = Varchar(length=40, null=False, default=None)  # code of the service area's town
    cell = BigInt(null=False, default=None)  # grid cell of about 100 m, see kernel.geo
    address = Varchar(length=200, null=True, default=None)
    river = UUID(null=True, default=None)
    enterprise = UUID(null=True, default=None)
    captured_at = Timestamptz(null=True, default=None)
    received_at = Timestamptz(null=False, default=None)
    photos = SmallInt(null=False, default=None)
    no_photo_reason = Varchar(length=20, null=True, default=None)


class ReportDay(Table, tablename="report_day"):
    """Where the day's numbers start in the global sequence; written once by the day's first report."""

    day = Date(primary_key=True, null=False, default=None)
    base = BigInt(null=False, default=None)


class SealedReporter(Table, tablename="sealed_reporter"):
    """Who sent the report, readable only with the sealing key; `owner_tag` finds one's own reports."""

    # No foreign key here and in the timeline: a report is never deleted, `report_submit` writes all three in one
    # statement, and the two checks were a sixth of its database time.
    report = UUID(primary_key=True, null=False, default=None)
    owner_tag = Bytea(null=False, default=None)  # keyed hash of the account id
    sealed = Bytea(null=False, default=None)  # AES-GCM of the account id, bound to the report id
    key_id = Varchar(length=20, null=False, default=None)


class ReceiptCode(Table, tablename="receipt_code"):
    """The slow hash of an anonymous report's receipt code; the code itself is stored nowhere."""

    report = ForeignKey(Report, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict)
    salt = Bytea(null=False, default=None)
    code_hash = Bytea(null=False, default=None)  # scrypt


class ReportTimeline(Table, tablename="report_timeline"):
    """What happened to a report, in order; `status` is set where an entry changes it."""

    id = BigSerial(primary_key=True)
    report = UUID(null=False, default=None)
    at = Timestamptz(null=False, default=None)
    kind = Varchar(length=30, null=False, default=None)
    status = Varchar(length=20, null=True, default=None)
    note_zh = Text(null=False, default=None)
    note_en = Text(null=False, default=None)
    detail = JSONB(null=False, default=None)


class PublicReport(Table, tablename="public_report"):
    """The published form of a report; the only table that public lists, maps and Open311 read."""

    report = ForeignKey(Report, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict)
    number = Varchar(length=24, null=False, default=None)
    category = Varchar(length=40, null=False, default=None)
    category_name = Varchar(length=40, null=False, default=None)
    text = Text(null=False, default=None)  # personal values replaced
    lng = DoublePrecision(null=False, default=None)  # exact where harmless, else the cell's centre
    lat = DoublePrecision(null=False, default=None)
    exact = Boolean(null=False, default=None)
    cell = BigInt(null=False, default=None)
    town = Varchar(length=40, null=False, default=None)
    channel = Varchar(length=20, null=False, default=None)
    photos = SmallInt(null=False, default=None)
    stage = Varchar(length=20, null=False, default=None)  # fine state
    closed = Boolean(null=False, default=None)
    supporters = Integer(null=False, default=None)
    received_at = Timestamptz(null=False, default=None)
    published_at = Timestamptz(null=False, default=None)
    updated_at = Timestamptz(null=False, default=None)
    closed_at = Timestamptz(null=True, default=None)
    expected_at = Timestamptz(null=True, default=None)  # when the case should be closed
    hidden_at = Timestamptz(null=True, default=None)
    item = Text(null=True, default=None)  # the row as JSON for lists; written by a trigger alone


class TextCheck(Table, tablename="text_check"):
    """The check of a report's text before publication, where one is configured."""

    report = ForeignKey(Report, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict)
    state = Varchar(length=8, null=False, default=None)  # open | passed | review | risky
    at = Timestamptz(null=False, default=None)  # since when it is in that state
    decided_by = Varchar(length=80, null=True, default=None)  # the operator, where a person decided


class PartnerReport(Table, tablename="partner_report"):
    """A partner's own id for a report: the same id again is the same report."""

    report = ForeignKey(Report, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict)
    partner = ForeignKey(Partner, null=False, default=None, on_delete=OnDelete.restrict)
    external_id = Varchar(length=80, null=False, default=None)
    fingerprint = Bytea(null=False, default=None)


class Open311Request(Table, tablename="open311_request"):
    """What an Open311 client sent beside the report itself; personal values are sealed and never echoed."""

    report = ForeignKey(Report, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict)
    token = Varchar(length=40, null=False, default=None)
    attributes = JSONB(null=False, default=None)  # code -> list of answers
    contact_sealed = Bytea(null=True, default=None)  # e-mail, phone, names, device and account as one JSON
    media_url = Text(null=True, default=None)  # as sent; never fetched


class Open311Update(Table, tablename="open311_update"):
    """An update a partner sent about a public report; recorded once by the partner's own id."""

    id = UUID(primary_key=True, null=False, default=None)
    partner = ForeignKey(Partner, null=False, default=None, on_delete=OnDelete.restrict)
    update_id = Varchar(length=80, null=False, default=None)
    report = ForeignKey(Report, null=False, default=None, on_delete=OnDelete.restrict)
    status = Varchar(length=30, null=False, default=None)  # the extended word, as sent
    description = Text(null=False, default=None)
    updated_at = Timestamptz(null=False, default=None)
    fingerprint = Bytea(null=False, default=None)
    received_at = Timestamptz(null=False, default=None)


class IdentityReveal(Table, tablename="identity_reveal"):
    """A request to open a sealed reporter: asked by one operator, approved by another, shown to the reporter."""

    id = UUID(primary_key=True, null=False, default=None)
    report = ForeignKey(Report, null=False, default=None, on_delete=OnDelete.restrict)
    asked_by = UUID(null=False, default=None)
    purpose = Varchar(length=30, null=False, default=None)
    reason = Text(null=False, default=None)
    asked_at = Timestamptz(null=False, default=None)
    approved_by = UUID(null=True, default=None)
    approved_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(null=True, default=None)
    opened_at = Timestamptz(null=True, default=None)


class ReportFollow(Table, tablename="report_follow"):
    """A resident follows somebody's public report."""

    id = UUID(primary_key=True, null=False, default=None)
    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.restrict)
    report = ForeignKey(Report, null=False, default=None, on_delete=OnDelete.restrict)
    at = Timestamptz(null=False, default=None)


class AreaAlert(Table, tablename="area_alert"):
    """A resident wants to hear of new public reports around a place of their choice."""

    id = UUID(primary_key=True, null=False, default=None)
    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.restrict)
    lng = DoublePrecision(null=False, default=None)  # WGS-84, rounded to 3 decimals
    lat = DoublePrecision(null=False, default=None)
    radius_m = Integer(null=False, default=None)
    categories = JSONB(null=False, default=None)  # top category codes; empty means all
    created_at = Timestamptz(null=False, default=None)
