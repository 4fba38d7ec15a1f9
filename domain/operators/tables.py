"""Officers, their sessions, and approvals by a second officer."""

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Bytea,
    ForeignKey,
    OnDelete,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table


class Operator(Table, tablename="operator"):
    """An officer of the bureau. Never deleted: audit rows name the id."""

    id = UUID(primary_key=True, null=False, default=None)
    login = Varchar(length=40, null=False, default=None)  # lower case
    name = Varchar(length=40, null=False, default=None)  # shown to other officers only
    password_hash = Varchar(length=200, null=False, default=None)  # scrypt$log2n$r$p$salt$hash
    totp_secret = Bytea(null=False, default=None)  # sealed, context "operator-totp:<id>"
    totp_step = BigInt(null=False, default=0)  # the last 30 s step used, so that a code works once
    roles = Array(base_column=Varchar(length=20), null=False, default=None)
    networks = Text(null=True, default=None)  # comma-separated; None: the setting's networks
    status = Varchar(length=10, null=False, default=None)  # active | disabled
    failures = SmallInt(null=False, default=0)  # wrong sign-ins in a row
    locked_until = Timestamptz(null=True, default=None)
    created_at = Timestamptz(null=False, default=None)


class OperatorSession(Table, tablename="operator_session"):
    """One sign-in of an officer."""

    id = UUID(primary_key=True, null=False, default=None)
    operator = ForeignKey(Operator, null=False, default=None, on_delete=OnDelete.restrict)
    created_at = Timestamptz(null=False, default=None)
    last_used_at = Timestamptz(null=False, default=None)  # to the minute
    expires_at = Timestamptz(null=False, default=None)
    ended_at = Timestamptz(null=True, default=None)
    end_reason = Varchar(length=20, null=True, default=None)


class Approval(Table, tablename="approval"):
    """One officer asks, another decides, and the act uses the decision once."""

    id = UUID(primary_key=True, null=False, default=None)
    action = Varchar(length=60, null=False, default=None)  # as in the audit trail
    subject = Varchar(length=120, null=False, default=None)
    detail = JSONB(null=False, default=None)  # what exactly will be done; no personal value
    reason = Text(null=False, default=None)
    asked_by = ForeignKey(Operator, null=False, default=None, on_delete=OnDelete.restrict)
    asked_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    decided_by = ForeignKey(Operator, null=True, default=None, on_delete=OnDelete.restrict)
    decided_at = Timestamptz(null=True, default=None)
    decision = Varchar(length=10, null=True, default=None)  # approved | declined
    note = Text(null=True, default=None)
    used_at = Timestamptz(null=True, default=None)
