"""Certificates that anybody can check by number, and who wants to be seen on a leaderboard."""

from piccolo.columns import UUID, Bytea, Date, Text, Timestamptz, Varchar
from piccolo.table import Table


class RewardCertificate(Table, tablename="reward_certificate"):
    """What was certified: the exact signed text, the holder's name sealed, revocable, never changed."""

    id = UUID(primary_key=True, null=False, default=None)
    number = Varchar(length=24, null=False, default=None, unique=True)
    account = UUID(null=False, default=None)
    kind = Varchar(length=8, null=False, default=None)  # hours | carbon
    from_day = Date(null=False, default=None)
    to_day = Date(null=False, default=None)
    statement = Text(null=False, default=None)  # the signed JSON
    signature = Bytea(null=False, default=None)
    name_sealed = Bytea(null=False, default=None)
    issued_at = Timestamptz(null=False, default=None)
    revoked_at = Timestamptz(null=True, default=None)
    revoked_reason = Varchar(length=200, null=True, default=None)


class BoardMember(Table, tablename="board_member"):
    """A resident who chose to be on the leaderboard, under a pseudonym."""

    id = UUID(primary_key=True, null=False, default=None)  # the account
    pseudonym = Varchar(length=20, null=False, default=None, unique=True)
    joined_at = Timestamptz(null=False, default=None)
