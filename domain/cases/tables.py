"""The cases' tables. Updates, refused updates, warnings and their receipts are evidence: appended, not rewritten."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigSerial,
    Boolean,
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

from domain.reports.tables import Report


class CaseFile(Table, tablename="case_file"):
    """The platform's work on one matter. State columns repeat what `stages.state_of` computes from the updates."""

    id = UUID(primary_key=True, null=False, default=None)
    category = Varchar(length=40, null=False, default=None)
    channel = Varchar(length=20, null=False, default=None)  # of the first report
    town = Varchar(length=40, null=False, default=None)
    unit = Varchar(length=60, null=False, default=None)  # who works on it; first the category's, then as dispatched
    needs_post_inspection = Boolean(null=False, default=None)
    opened_at = Timestamptz(null=False, default=None)
    round = SmallInt(null=False, default=None)  # the latest opened round, from 1
    stage = Varchar(length=16, null=False, default=None)
    stage_since = Timestamptz(null=False, default=None)
    closed = Boolean(null=False, default=None)
    provisional = Boolean(null=False, default=None)
    outcome = Varchar(length=16, null=True, default=None)
    heard_at = Timestamptz(null=True, default=None)  # last sign of life from the platform
    look_at = Timestamptz(null=True, default=None)  # next moment a light may change; None: never
    due_at = Timestamptz(null=True, default=None)  # earliest red moment of the running clocks, as of the latest look
    light = Varchar(length=6, null=True, default=None)  # the worst running light, as of the latest look
    withdrawn_at = Timestamptz(null=True, default=None)


class CaseRound(Table, tablename="case_round"):
    """One hand-over and its handling; a resident's "not solved" opens the next one with its own id and clocks."""

    id = UUID(primary_key=True, null=False, default=None)
    case = ForeignKey(CaseFile, null=False, default=None, on_delete=OnDelete.restrict)
    number = SmallInt(null=False, default=None)
    reason = Text(null=False, default=None)
    opened_at = Timestamptz(null=False, default=None)
    accepted_at = Timestamptz(null=True, default=None)
    platform_case = Varchar(length=80, null=True, default=None)  # the platform's own id of this round
    closed_at = Timestamptz(null=True, default=None)
    outcome = Varchar(length=16, null=True, default=None)
    provisional = Boolean(null=False, default=False)
    signed_at = Timestamptz(null=True, default=None)
    sign_due_at = Timestamptz(null=True, default=None)
    finish_due_at = Timestamptz(null=True, default=None)  # these two as computed at the latest look, for the rates


class CaseReport(Table, tablename="case_report"):
    """Which reports a case answers. Joining is reversible: leaving sets `left_at`."""

    id = UUID(primary_key=True, null=False, default=None)
    case = ForeignKey(CaseFile, null=False, default=None, on_delete=OnDelete.restrict)
    report = ForeignKey(Report, null=False, default=None, on_delete=OnDelete.restrict)
    joined_at = Timestamptz(null=False, default=None)
    joined_by = Varchar(length=80, null=False, default=None)  # "first" or the operator
    left_at = Timestamptz(null=True, default=None)
    left_by = Varchar(length=80, null=True, default=None)


class CaseUpdate(Table, tablename="case_update"):
    """One admitted update of the platform, at its place (round, sequence)."""

    id = UUID(primary_key=True, null=False, default=None)
    update_id = Varchar(length=80, null=False, default=None)  # the platform's id
    case = ForeignKey(CaseFile, null=False, default=None, on_delete=OnDelete.restrict)
    round = SmallInt(null=False, default=None)
    sequence = Integer(null=False, default=None)
    kind = Varchar(length=12, null=False, default=None)  # stage | note | question | extension
    stage = Varchar(length=16, null=True, default=None)
    actor_class = Varchar(length=12, null=False, default=None)
    unit = Varchar(length=60, null=True, default=None)
    happened_at = Timestamptz(null=False, default=None)
    received_at = Timestamptz(null=False, default=None)
    public_text = Text(null=True, default=None)
    internal_text = Text(null=True, default=None)  # never shown to residents
    outcome = Varchar(length=16, null=True, default=None)
    passed = Boolean(null=True, default=None)
    detail = JSONB(null=False, default=None)  # photo links, penalty reference, question or extension
    body_hash = Bytea(null=False, default=None)  # SHA-256 of the canonical update: the same id must say the same


class RefusedUpdate(Table, tablename="refused_update"):
    """An update that did not fit, kept for the operators with the reason that was answered."""

    id = UUID(primary_key=True, null=False, default=None)
    update_id = Varchar(length=80, null=False, default=None)
    case = UUID(null=True, default=None)  # as sent; may be unknown here
    body_hash = Bytea(null=False, default=None)
    body = JSONB(null=False, default=None)
    code = Varchar(length=40, null=False, default=None)
    facts = JSONB(null=False, default=None)
    first_at = Timestamptz(null=False, default=None)
    last_at = Timestamptz(null=False, default=None)
    times = Integer(null=False, default=None)


class CaseRating(Table, tablename="case_rating"):
    """What one reporter says about the result of one round; may be changed for 7 days, each change audited."""

    id = UUID(primary_key=True, null=False, default=None)
    case = ForeignKey(CaseFile, null=False, default=None, on_delete=OnDelete.restrict)
    round = SmallInt(null=False, default=None)
    report = ForeignKey(Report, null=False, default=None, on_delete=OnDelete.restrict)
    solved = Boolean(null=False, default=None)
    satisfied = Boolean(null=False, default=None)
    how = SmallInt(null=True, default=None)  # 1 to 5
    text = Text(null=True, default=None)
    given_at = Timestamptz(null=False, default=None)
    changed_at = Timestamptz(null=True, default=None)


class CaseReview(Table, tablename="case_review"):
    """After the last allowed round the disagreement goes to the review desk."""

    id = UUID(primary_key=True, null=False, default=None)
    case = ForeignKey(CaseFile, null=False, default=None, on_delete=OnDelete.restrict)
    report = ForeignKey(Report, null=False, default=None, on_delete=OnDelete.restrict)
    round = SmallInt(null=False, default=None)
    reason = Text(null=False, default=None)
    requested_at = Timestamptz(null=False, default=None)
    decided_at = Timestamptz(null=True, default=None)
    decided_by = Varchar(length=80, null=True, default=None)
    decision = Text(null=True, default=None)


class CaseQuestion(Table, tablename="case_question"):
    """A question to the reporter; the handling clocks rest until it is answered or taken back."""

    id = UUID(primary_key=True, null=False, default=None)
    case = ForeignKey(CaseFile, null=False, default=None, on_delete=OnDelete.restrict)
    round = SmallInt(null=False, default=None)
    asked_by = Varchar(length=80, null=False, default=None)  # "platform" or the operator
    text = Text(null=False, default=None)
    asked_at = Timestamptz(null=False, default=None)
    answer_by = Timestamptz(null=False, default=None)  # then the clock runs again without an answer
    answered_at = Timestamptz(null=True, default=None)
    answer = Text(null=True, default=None)
    report = UUID(null=True, default=None)  # whose reporter answered
    photos = SmallInt(null=False, default=0)


class CaseExtension(Table, tablename="case_extension"):
    """A longer limit for one node: asked with a reason, approved by somebody else, told to the reporter."""

    id = UUID(primary_key=True, null=False, default=None)
    case = ForeignKey(CaseFile, null=False, default=None, on_delete=OnDelete.restrict)
    round = SmallInt(null=False, default=None)
    node = Varchar(length=16, null=False, default=None)
    amount = SmallInt(null=False, default=None)  # in the unit of the node's limit
    reason = Text(null=False, default=None)
    asked_by = Varchar(length=80, null=False, default=None)
    asked_at = Timestamptz(null=False, default=None)
    decided_by = Varchar(length=80, null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    approved = Boolean(null=True, default=None)


class ClockLimit(Table, tablename="clock_limit"):
    """How long a node may take, in force from a day to a day. Empty region, channel, category, class mean any."""

    id = Varchar(length=60, primary_key=True, null=False, default=None)
    node = Varchar(length=16, null=False, default=None)
    amount = SmallInt(null=False, default=None)
    unit = Varchar(length=16, null=False, default=None)  # hours | working_days | natural_days
    region = Varchar(length=40, null=False, default=None)
    channel = Varchar(length=20, null=False, default=None)
    category = Varchar(length=40, null=False, default=None)  # prefix of the category code
    clock_class = Varchar(length=10, null=False, default=None)  # urgent | ordinary | complex
    valid_from = Date(null=False, default=None)
    valid_until = Date(null=True, default=None)
    source = Varchar(length=200, null=False, default=None)
    certainty = Varchar(length=1, null=False, default=None)  # C confirmed | U unverified | P our policy


class WarningReceiver(Table, tablename="warning_receiver"):
    """Who is warned: named people of a unit, its supervisor, the oversight role."""

    id = UUID(primary_key=True, null=False, default=None)
    unit = Varchar(length=60, null=False, default=None)  # empty: for every unit
    role = Varchar(length=12, null=False, default=None)  # handler | supervisor | oversight
    name = Varchar(length=80, null=False, default=None)
    operator = UUID(null=True, default=None)  # who may acknowledge it here
    valid_from = Date(null=False, default=None)
    valid_until = Date(null=True, default=None)


class CaseWarning(Table, tablename="case_warning"):
    """A light that turned. It stays as history even when a corrected calendar moves the clock."""

    id = UUID(primary_key=True, null=False, default=None)
    case = ForeignKey(CaseFile, null=False, default=None, on_delete=OnDelete.restrict)
    round = SmallInt(null=False, default=None)
    node = Varchar(length=16, null=False, default=None)  # or "silence"
    started_at = Timestamptz(null=False, default=None)  # of the clock, so each stretch warns once
    light = Varchar(length=6, null=False, default=None)
    due_at = Timestamptz(null=False, default=None)
    limit = Varchar(length=60, null=False, default=None)
    provisional = Boolean(null=False, default=None)
    fired_at = Timestamptz(null=False, default=None)


class WarningReceipt(Table, tablename="warning_receipt"):
    """One warning to one receiver: when it was sent, the proof, and who acknowledged it."""

    id = UUID(primary_key=True, null=False, default=None)
    warning = ForeignKey(CaseWarning, null=False, default=None, on_delete=OnDelete.restrict)
    role = Varchar(length=12, null=False, default=None)
    name = Varchar(length=80, null=False, default=None)
    operator = UUID(null=True, default=None)
    job = UUID(null=True, default=None)  # the send job that carries it to the platform
    sent_at = Timestamptz(null=True, default=None)
    proof = Varchar(length=200, null=True, default=None)
    seen_at = Timestamptz(null=True, default=None)  # when it first stood in the list of an officer it is for
    seen_by = Varchar(length=80, null=True, default=None)
    acknowledged_at = Timestamptz(null=True, default=None)
    acknowledged_by = Varchar(length=80, null=True, default=None)


class CaseSupervision(Table, tablename="case_supervision"):
    """The oversight role looks into a case that turned red: one per case and round, closed with a finding."""

    id = UUID(primary_key=True, null=False, default=None)
    case = ForeignKey(CaseFile, null=False, default=None, on_delete=OnDelete.restrict)
    round = SmallInt(null=False, default=None)
    warning = ForeignKey(CaseWarning, null=False, default=None, on_delete=OnDelete.restrict)  # the first red one
    opened_at = Timestamptz(null=False, default=None)
    closed_at = Timestamptz(null=True, default=None)
    closed_by = Varchar(length=80, null=True, default=None)
    finding = Text(null=True, default=None)


class PlatformPeer(Table, tablename="platform_peer"):
    """A case platform we hand over to: whether it is switched off, and how far its updates were pulled."""

    name = Varchar(length=40, primary_key=True, null=False, default=None)
    disabled_at = Timestamptz(null=True, default=None)
    disabled_why = Varchar(length=200, null=True, default=None)
    cursor = Varchar(length=80, null=False, default=None)


class ReconcileRun(Table, tablename="reconcile_run"):
    """One pull or full comparison with the platform, and what it found."""

    id = BigSerial(primary_key=True)
    kind = Varchar(length=8, null=False, default=None)  # pull | full
    started_at = Timestamptz(null=False, default=None)
    finished_at = Timestamptz(null=False, default=None)
    seen = Integer(null=False, default=None)
    healed = Integer(null=False, default=None)
    differences = JSONB(null=False, default=None)
