"""What was claimed, what was awarded for it, and the day's carbon sum that points come from.

A claim for a report never names the report: `external_id` is a keyed hash, so the database cannot tell who reported
what.
"""

from piccolo.columns import JSONB, UUID, BigInt, Boolean, Date, ForeignKey, OnDelete, SmallInt, Timestamptz, Varchar
from piccolo.constraints import Unique
from piccolo.table import Table


class RewardClaim(Table, tablename="reward_claim"):
    """What somebody did, with its proof. (source, external_id) is unique over all behaviours: one trip, one award."""

    id = UUID(primary_key=True, null=False, default=None)
    account = UUID(null=False, default=None)
    person = Varchar(length=64, null=False, default=None)  # verified person: limits count per person
    behaviour = Varchar(length=40, null=False, default=None)
    proof = Varchar(length=12, null=False, default=None)
    trust = Varchar(length=1, null=False, default=None)  # A machine, B person in charge, C the resident's word
    source = Varchar(length=60, null=False, default=None)  # who numbers the deed: "metro:qinghe", "werun", "report"
    external_id = Varchar(length=80, null=False, default=None)
    feed = Varchar(length=40, null=False, default=None)  # which partner or route sent it
    fingerprint = UUID(null=False, default=None)  # of the content, to tell a repeat from an altered one
    from_at = Timestamptz(null=False, default=None)
    to_at = Timestamptz(null=False, default=None)
    day = Date(null=False, default=None)  # the district's calendar day of `to_at`
    inputs = JSONB(null=False, default=None)  # names to decimal text
    detail = JSONB(null=False, default=None)  # photo id, coarse place, device tag
    received_at = Timestamptz(null=False, default=None)
    state = Varchar(length=8, null=False, default=None)  # received | held | awarded | refused
    reason = Varchar(length=40, null=True, default=None)  # why it is held or refused: see rewards.reasons
    due_at = Timestamptz(null=True, default=None)  # a hold by time ends then
    decided_at = Timestamptz(null=True, default=None)
    decided_by = Varchar(length=60, null=True, default=None)

    reward_claim_source = Unique([source, external_id])


class RewardAward(Table, tablename="reward_award"):
    """What a claim gave: the stored inputs and the method's hash, from which anybody gets the same integers."""

    id = UUID(primary_key=True, null=False, default=None)
    claim = ForeignKey(RewardClaim, null=False, default=None, unique=True, on_delete=OnDelete.restrict)
    account = UUID(null=False, default=None)
    behaviour = Varchar(length=40, null=False, default=None)
    method_version = SmallInt(null=False, default=None)
    content_hash = Varchar(length=64, null=False, default=None)
    region = Varchar(length=12, null=False, default=None)
    day = Date(null=False, default=None)
    inputs = JSONB(null=False, default=None)
    computed_mg = BigInt(null=False, default=None)  # by the method
    milligrams = BigInt(null=False, default=None)  # posted: after caps
    points = BigInt(null=False, default=None)  # posted
    minutes = BigInt(null=False, default=None)  # of service
    carbon_key = UUID(null=True, default=None)  # posting keys; null when nothing was posted
    points_key = UUID(null=True, default=None)
    minutes_key = UUID(null=True, default=None)
    unconfirmed = Boolean(null=False, default=None)  # a factor is from memory or a policy choice
    trust = Varchar(length=1, null=False, default=None)
    made_at = Timestamptz(null=False, default=None)


class CarbonDay(Table, tablename="carbon_day"):
    """The carbon sum of an account's day and the points already issued for it: rounding happens once a day."""

    id = UUID(primary_key=True, null=False, default=None)
    account = UUID(null=False, default=None)
    day = Date(null=False, default=None)
    milligrams = BigInt(null=False, default=None)
    points = BigInt(null=False, default=None)

    carbon_day_once = Unique([account, day])


class ClaimAppeal(Table, tablename="claim_appeal"):
    """A resident asks a person to look at a refusal again; decided once, by somebody else than the first decider."""

    id = UUID(primary_key=True, null=False, default=None)
    claim = ForeignKey(RewardClaim, null=False, default=None, unique=True, on_delete=OnDelete.restrict)
    words = Varchar(length=500, null=False, default=None)
    made_at = Timestamptz(null=False, default=None)
    outcome = Varchar(length=8, null=True, default=None)  # upheld (refusal stays) | granted
    answer = Varchar(length=500, null=True, default=None)
    decided_by = Varchar(length=60, null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)


class ClaimVote(Table, tablename="claim_vote"):
    """What one experienced resident thinks of somebody else's photograph; cast without seeing the others' votes."""

    id = UUID(primary_key=True, null=False, default=None)
    claim = ForeignKey(RewardClaim, null=False, default=None, on_delete=OnDelete.restrict)
    reviewer = UUID(null=False, default=None)
    accept = Boolean(null=False, default=None)
    reason = Varchar(length=40, null=True, default=None)  # of a refusal
    voted_at = Timestamptz(null=False, default=None)
    agreed = Boolean(null=True, default=None)  # with what was decided in the end

    claim_vote_once = Unique([claim, reviewer])


class Invitation(Table, tablename="invitation"):
    """Who was invited by whom. It pays once, after the invited person's first verified deed."""

    id = UUID(primary_key=True, null=False, default=None)  # the invited account
    inviter = UUID(null=False, default=None)
    made_at = Timestamptz(null=False, default=None)
    claim = UUID(null=True, default=None)  # the inviter's claim, once there is one


class InvitationCode(Table, tablename="invitation_code"):
    """The code a resident gives to people they invite."""

    id = UUID(primary_key=True, null=False, default=None)  # the account
    code = Varchar(length=16, null=False, default=None, unique=True)
