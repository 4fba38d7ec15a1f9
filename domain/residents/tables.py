"""The residents' tables. Openid and phone are sealed (AES-GCM) beside a keyed hash; no column holds them in clear."""

from piccolo.columns import UUID, Boolean, Bytea, ForeignKey, OnDelete, SmallInt, Timestamptz, Varchar
from piccolo.table import Table


class Account(Table, tablename="account"):
    """A resident. Nothing but an id, a birth moment and a state."""

    id = UUID(primary_key=True, null=False, default=None)
    created_at = Timestamptz(null=False, default=None)
    status = Varchar(length=10, null=False, default=None)  # active | frozen | closed


class WechatIdentity(Table, tablename="wechat_identity"):
    """The account behind one openid of our mini-program."""

    id = UUID(primary_key=True, null=False, default=None)
    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.restrict)
    openid_hash = Bytea(null=False, default=None)
    openid_sealed = Bytea(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)


class ResidentPhone(Table, tablename="resident_phone"):
    """The one verified phone of an account; a number belongs to at most one account."""

    id = UUID(primary_key=True, null=False, default=None)
    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.restrict)
    number_hash = Bytea(null=False, default=None)  # of the E.164 form
    number_sealed = Bytea(null=False, default=None)
    region = Varchar(length=3, null=False, default=None)  # CN, HK, MO, TW, US…
    proof = Varchar(length=10, null=False, default=None)  # wechat | sms
    bound_at = Timestamptz(null=False, default=None)


class SmsCode(Table, tablename="sms_code"):
    """A code sent to a phone: works once, for the request that asked for it, and burns after wrong tries."""

    id = UUID(primary_key=True, null=False, default=None)
    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.restrict)
    number_hash = Bytea(null=False, default=None)
    number_sealed = Bytea(null=False, default=None)
    code_hash = Bytea(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    wrong_tries = SmallInt(null=False, default=0)
    used_at = Timestamptz(null=True, default=None)


class ConsentRecord(Table, tablename="consent_record"):
    """One answer of a person to one published text; the latest per purpose counts."""

    id = UUID(primary_key=True, null=False, default=None)
    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.restrict)
    purpose = Varchar(length=30, null=False, default=None)
    given = Boolean(null=False, default=None)
    text_version = Varchar(length=30, null=False, default=None)
    channel = Varchar(length=20, null=False, default=None)
    at = Timestamptz(null=False, default=None)


class SessionFamily(Table, tablename="session_family"):
    """One login and all refresh tokens that descend from it."""

    id = UUID(primary_key=True, null=False, default=None)
    account = ForeignKey(Account, null=False, default=None, on_delete=OnDelete.restrict)
    created_at = Timestamptz(null=False, default=None)
    last_used_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)  # absolute end, whatever is refreshed
    ended_at = Timestamptz(null=True, default=None)
    end_reason = Varchar(length=20, null=True, default=None)  # logout | reuse | frozen | operator


class RefreshToken(Table, tablename="refresh_token"):
    """One refresh token, by hash. Using it twice ends its family."""

    id = UUID(primary_key=True, null=False, default=None)
    family = ForeignKey(SessionFamily, null=False, default=None, on_delete=OnDelete.restrict)
    token_hash = Bytea(null=False, default=None)
    issued_at = Timestamptz(null=False, default=None)
    used_at = Timestamptz(null=True, default=None)
