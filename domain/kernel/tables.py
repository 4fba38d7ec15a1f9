"""The kernel's tables: outbox, handled events, send jobs, idempotency records, the audit trail.

Rules for every table of the house: `null=False, default=None` (a missing value is an error, not an empty string),
foreign keys with `on_delete=OnDelete.restrict`, ids made by `ids.new_id()`, amounts as BigInt, times as Timestamptz.
What Piccolo cannot express (functions, triggers, partial indexes) stands in the package's `schema.sql`.
"""

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    Date,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table


class OutboxEvent(Table, tablename="outbox_event"):
    """A fact and its delivery to handlers. Done when every subscriber has handled it."""

    id = BigSerial(primary_key=True)
    name = Varchar(length=60, null=False, default=None)
    payload = JSONB(null=False, default=None)
    recorded_at = Timestamptz(null=False, default=None)
    lease_until = Timestamptz(null=True, default=None)  # someone is working on it until then
    attempts = SmallInt(null=False, default=0)
    done_at = Timestamptz(null=True, default=None)
    error = Text(null=True, default=None)  # last failure; set with attempts = max means dead


class HandledEvent(Table, tablename="handled_event"):
    """Handler H has taken event E: written in the transaction of H's effect, so the effect happens once."""

    id = BigSerial(primary_key=True)
    event = BigInt(null=False, default=None)
    handler = Varchar(length=120, null=False, default=None)


class SendJob(Table, tablename="send_job"):
    """A call to another machine: at least once, with the row's id as idempotency key."""

    id = UUID(primary_key=True, null=False, default=None)
    kind = Varchar(length=40, null=False, default=None)  # key of api.wiring.SENDERS
    subject = Varchar(length=120, null=False, default=None)  # what it is about, for people: "case:…"
    queue = Varchar(length=120, null=True, default=None)  # jobs of one queue go strictly one after another
    payload = JSONB(null=False, default=None)
    state = Varchar(length=12, null=False, default=None)  # pending | done | dead
    attempts = Integer(null=False, default=0)
    due_at = Timestamptz(null=False, default=None)
    lease_until = Timestamptz(null=True, default=None)  # offered or claimed until then
    claimed = Boolean(null=False, default=False)  # a worker is calling; else only offered
    created_at = Timestamptz(null=False, default=None)
    finished_at = Timestamptz(null=True, default=None)
    outcome = Text(null=True, default=None)  # last answer or error, without personal values
    seq = BigSerial()  # order inside a queue


class IdempotencyRecord(Table, tablename="idempotency_record"):
    """The first answer to a key, written with its effect; replayed for 7 days."""

    id = UUID(primary_key=True, null=False, default=None)
    principal = Varchar(length=80, null=False, default=None)  # caller and operation
    key = Varchar(length=80, null=False, default=None)
    fingerprint = Bytea(null=False, default=None)  # SHA-256 of method, path and body
    status = SmallInt(null=False, default=None)
    body = Bytea(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)


class AuditEntry(Table, tablename="audit_entry"):
    """Who did what to which thing. Appended in the transaction of the act; sealed into a hash chain later."""

    id = BigSerial(primary_key=True)
    at = Timestamptz(null=False, default=None)
    actor = Varchar(length=80, null=False, default=None)  # "operator:…", "platform", "system", a pseudonym
    action = Varchar(length=60, null=False, default=None)
    subject = Varchar(length=120, null=False, default=None)
    detail = JSONB(null=False, default=None)  # never a personal value


class AuditSeal(Table, tablename="audit_seal"):
    """One block of the chain: the hash over all its rows and the block before."""

    id = BigSerial(primary_key=True)
    rows = Integer(null=False, default=None)
    last_entry = BigInt(null=False, default=None)
    hash = Bytea(null=False, default=None)
    previous = Bytea(null=False, default=None)
    sealed_at = Timestamptz(null=False, default=None)


class Tick(Table, tablename="tick"):
    """The latest minute, hour and day for which a `Ticked` event was recorded."""

    every = Varchar(length=8, primary_key=True, null=False, default=None)
    at = Timestamptz(null=False, default=None)


class CalendarOverride(Table, tablename="calendar_override"):
    """How one day counts by a State Council notice; beats every other source (see `domain.kernel.calendar`)."""

    day = Date(primary_key=True, null=False, default=None)
    works = Boolean(null=False, default=None)
    source = Varchar(length=200, null=False, default=None)
    entered_at = Timestamptz(null=False, default=None)
