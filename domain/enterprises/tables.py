"""The enterprises' tables. Steps and matters are evidence: appended; a rating's inputs and result never change."""

from piccolo.columns import (
    JSONB,
    UUID,
    Bytea,
    Date,
    DoublePrecision,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table


class Enterprise(Table, tablename="enterprise"):
    """An enterprise by its unified social credit code."""

    id = UUID(primary_key=True, null=False, default=None)
    credit_code = Varchar(length=18, null=False, default=None)
    name = Varchar(length=120, null=False, default=None)
    industry = Varchar(length=60, null=True, default=None)
    town = Varchar(length=40, null=True, default=None)
    lng = DoublePrecision(null=True, default=None)
    lat = DoublePrecision(null=True, default=None)
    registered_at = Timestamptz(null=False, default=None)
    legal_phone = Bytea(null=True, default=None)  # keyed hash of the legal person's mobile number


class EnterpriseDelegate(Table, tablename="enterprise_delegate"):
    """An account that may act for an enterprise: asked with a letter or the legal person's phone, then verified."""

    id = UUID(primary_key=True, null=False, default=None)
    enterprise = ForeignKey(Enterprise, null=False, default=None, on_delete=OnDelete.restrict)
    account = UUID(null=False, default=None)
    proof = Varchar(length=12, null=False, default=None)  # letter | legal_phone
    proof_note = Varchar(length=200, null=False, default=None)  # number of the letter, last digits of the phone
    phone_confirmed = SmallInt(null=True, default=None)  # 1: the account's verified phone is the legal person's
    asked_at = Timestamptz(null=False, default=None)
    decided_by = UUID(null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    accepted = SmallInt(null=True, default=None)  # 1 verified, 0 declined
    revoked_at = Timestamptz(null=True, default=None)
    revoked_by = Varchar(length=80, null=True, default=None)


class EnterpriseRating(Table, tablename="enterprise_rating"):
    """One year's rating. Grade and stage repeat the latest step; inputs and result are of the latest computing."""

    id = UUID(primary_key=True, null=False, default=None)
    enterprise = ForeignKey(Enterprise, null=False, default=None, on_delete=OnDelete.restrict)
    year = SmallInt(null=False, default=None)
    pack = Varchar(length=60, null=False, default=None)
    pack_fingerprint = Varchar(length=64, null=False, default=None)
    inputs = JSONB(null=False, default=None)
    result = JSONB(null=False, default=None)
    grade = Varchar(length=10, null=False, default=None)
    stage = Varchar(length=12, null=False, default=None)
    stage_at = Timestamptz(null=False, default=None)
    objections_until = Date(null=True, default=None)
    publish_by = Date(null=True, default=None)  # of a final rating
    publish_light = Varchar(length=6, null=True, default=None)  # amber or red, once the unit was warned
    decided_on = Date(null=True, default=None)


class RatingStep(Table, tablename="rating_step"):
    """One transition of a rating: who, when, on what basis, to which stage and grade."""

    id = UUID(primary_key=True, null=False, default=None)
    rating = ForeignKey(EnterpriseRating, null=False, default=None, on_delete=OnDelete.restrict)
    number = Integer(null=False, default=None)
    stage = Varchar(length=12, null=False, default=None)
    grade = Varchar(length=10, null=False, default=None)
    actor = Varchar(length=80, null=False, default=None)
    basis = Varchar(length=200, null=False, default=None)
    at = Timestamptz(null=False, default=None)
    detail = JSONB(null=False, default=None)


class RatingMatter(Table, tablename="rating_matter"):
    """An objection, a reply or a request for repair: a case of its own with a clock, evidence and an answer."""

    id = UUID(primary_key=True, null=False, default=None)
    rating = ForeignKey(EnterpriseRating, null=False, default=None, on_delete=OnDelete.restrict)
    kind = Varchar(length=10, null=False, default=None)  # objection | reply | repair
    opened_by = UUID(null=False, default=None)  # the delegate
    text = Text(null=False, default=None)
    evidence = JSONB(null=False, default=None)  # ids of its files
    opened_at = Timestamptz(null=False, default=None)
    due_on = Date(null=False, default=None)
    provisional = SmallInt(null=False, default=None)
    amber_at = Timestamptz(null=True, default=None)
    red_at = Timestamptz(null=True, default=None)
    outcome = Varchar(length=10, null=True, default=None)  # upheld | declined
    answer = Text(null=True, default=None)
    answered_by = UUID(null=True, default=None)
    answered_at = Timestamptz(null=True, default=None)


class MatterFile(Table, tablename="matter_file"):
    """Evidence of a matter: sealed as it came, never opened here, handed out as an attachment only."""

    id = UUID(primary_key=True, null=False, default=None)
    enterprise = ForeignKey(Enterprise, null=False, default=None, on_delete=OnDelete.restrict)
    matter = UUID(null=True, default=None)  # until the matter is opened: none
    sent_by = UUID(null=False, default=None)  # the delegate
    name = Varchar(length=120, null=False, default=None)
    media_type = Varchar(length=40, null=False, default=None)  # by its first bytes
    byte_size = Integer(null=False, default=None)
    sha256 = Bytea(null=False, default=None)
    sealed = Bytea(null=False, default=None)
    sent_at = Timestamptz(null=False, default=None)


class RatingBatch(Table, tablename="rating_batch"):
    """One act on a whole cycle: rating everybody in a file, or the next stage for all; run by the worker."""

    id = UUID(primary_key=True, null=False, default=None)
    kind = Varchar(length=6, null=False, default=None)  # rate | step
    year = SmallInt(null=False, default=None)
    pack = Varchar(length=60, null=True, default=None)
    stage = Varchar(length=12, null=True, default=None)
    basis = Varchar(length=200, null=True, default=None)
    sealed_file = Bytea(null=True, default=None)  # gone when it is done
    asked_by = UUID(null=False, default=None)
    asked_at = Timestamptz(null=False, default=None)
    state = Varchar(length=10, null=False, default=None)  # waiting | running | done | failed
    rows = Integer(null=False, default=None)
    done = Integer(null=False, default=None)
    made = Integer(null=False, default=None)  # ratings made or moved
    findings = JSONB(null=False, default=None)
    beat_at = Timestamptz(null=True, default=None)
