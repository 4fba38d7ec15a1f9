"""Points by hand, the voluntary score, rewarded reports, sponsors and teams."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    OnDelete,
    SmallInt,
    Timestamptz,
    Varchar,
)
from piccolo.constraints import Check, Unique
from piccolo.table import Table


class ManualGrant(Table, tablename="manual_grant"):
    """Points given by hand: asked by one officer, approved by another, posted once."""

    id = UUID(primary_key=True, null=False, default=None)
    account = UUID(null=False, default=None)
    amount = BigInt(null=False, default=None)
    category = Varchar(length=30, null=False, default=None)
    reason = Varchar(length=500, null=False, default=None)
    evidence = Varchar(length=120, null=False, default=None)
    asked_by = UUID(null=False, default=None)
    approval = UUID(null=False, default=None)
    asked_at = Timestamptz(null=False, default=None)
    posted_at = Timestamptz(null=True, default=None)

    manual_grant_amount = Check("amount > 0")


class ScoreMember(Table, tablename="score_member"):
    """A resident who wants a score. Leaving erases the row; nobody else ever sees it."""

    id = UUID(primary_key=True, null=False, default=None)  # the account
    joined_at = Timestamptz(null=False, default=None)
    version = SmallInt(null=True, default=None)
    score = SmallInt(null=True, default=None)
    inputs_hash = Bytea(null=True, default=None)
    computed_at = Timestamptz(null=True, default=None)
    until_day = Date(null=True, default=None)


class ScoreAppeal(Table, tablename="score_appeal"):
    """A resident asks people to look at a term of the score; a second time, somebody else. Erased on leaving."""

    id = UUID(primary_key=True, null=False, default=None)
    account = UUID(null=False, default=None)
    term = Varchar(length=20, null=False, default=None)  # code of the dimension
    words = Varchar(length=500, null=False, default=None)
    shown = JSONB(null=False, default=None)  # the term as it stood, and the hash of its inputs
    round = SmallInt(null=False, default=None)  # 1, or 2 by another officer
    first = UUID(null=True, default=None)  # the appeal of round 1
    made_at = Timestamptz(null=False, default=None)
    due_on = Date(null=False, default=None)  # last working day to answer
    outcome = Varchar(length=10, null=True, default=None)  # upheld | corrected
    answer = Varchar(length=500, null=True, default=None)
    decided_by = Varchar(length=60, null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)

    score_appeal_round = Check("round in (1, 2)")


class ReportReward(Table, tablename="report_reward"):
    """A cash reward for a report. It knows the report, never the account; claimed by receipt code or sealed reveal."""

    id = UUID(primary_key=True, null=False, default=None)
    case = UUID(null=False, default=None)
    report = UUID(null=False, default=None)
    state = Varchar(length=10, null=False, default=None)  # verified decided told claimed paid expired refused
    reason = Varchar(length=40, null=True, default=None)  # of a refusal
    item = Varchar(length=40, null=True, default=None)  # highest item of the rule
    fen = BigInt(null=True, default=None)  # 1/100 yuan
    approval = UUID(null=True, default=None)
    verified_at = Timestamptz(null=False, default=None)
    decided_at = Timestamptz(null=True, default=None)
    told_at = Timestamptz(null=True, default=None)
    claim_until = Timestamptz(null=True, default=None)
    payout_hash = Bytea(null=True, default=None)  # of the code shown to the claimant
    payout_salt = Bytea(null=True, default=None)
    by_name = Boolean(null=False, default=False)  # claimed with identity: paid after a sealed reveal
    closed_at = Timestamptz(null=True, default=None)

    report_reward_once = Unique([case, report])


class RewardExclusion(Table, tablename="reward_exclusion"):
    """A person who earns no rewards for reports: staff on duty, or false reporting, with the reason."""

    id = UUID(primary_key=True, null=False, default=None)
    person = Varchar(length=64, null=False, default=None)
    reason = Varchar(length=200, null=False, default=None)
    made_by = Varchar(length=60, null=False, default=None)
    made_at = Timestamptz(null=False, default=None)
    until_at = Timestamptz(null=True, default=None)


class Sponsor(Table, tablename="sponsor"):
    """An enterprise that pays for points. Its budget is an account with a floor."""

    id = UUID(primary_key=True, null=False, default=None)
    name = Varchar(length=80, null=False, default=None)
    credit_code = Varchar(length=18, null=False, default=None, unique=True)
    made_at = Timestamptz(null=False, default=None)


class SponsorCampaign(Table, tablename="sponsor_campaign"):
    """Extra points a sponsor gives for a behaviour within a time, while the budget lasts."""

    id = UUID(primary_key=True, null=False, default=None)
    sponsor = ForeignKey(Sponsor, null=False, default=None, on_delete=OnDelete.restrict)
    behaviour = Varchar(length=40, null=False, default=None)
    points = BigInt(null=False, default=None)
    from_at = Timestamptz(null=False, default=None)
    until_at = Timestamptz(null=False, default=None)
    detail = JSONB(null=False, default=None)
    open = Boolean(null=False, default=None)

    sponsor_campaign_points = Check("points > 0")


class Team(Table, tablename="team"):
    """A group of residents who collect points together."""

    id = UUID(primary_key=True, null=False, default=None)
    name = Varchar(length=30, null=False, default=None, unique=True)
    made_at = Timestamptz(null=False, default=None)


class TeamMember(Table, tablename="team_member"):
    """A resident's own choice to be in a team."""

    id = UUID(primary_key=True, null=False, default=None)
    team = ForeignKey(Team, null=False, default=None, on_delete=OnDelete.restrict)
    account = UUID(null=False, default=None)
    joined_at = Timestamptz(null=False, default=None)

    team_member_once = Unique([team, account])
