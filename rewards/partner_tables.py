"""Who may tell us about residents' deeds, which residents allowed it, and the steps of their days."""

from piccolo.columns import JSONB, UUID, Boolean, Bytea, Date, ForeignKey, Integer, OnDelete, Timestamptz, Varchar
from piccolo.constraints import Unique
from piccolo.table import Table


class RewardPartner(Table, tablename="reward_partner"):
    """A provider of events (metro, bus, bike, recycling machine, tax) or a merchant. It signs with its own key."""

    id = UUID(primary_key=True, null=False, default=None)
    code = Varchar(length=40, null=False, default=None, unique=True)
    title = Varchar(length=60, null=False, default=None)
    kind = Varchar(length=10, null=False, default=None)  # provider | merchant
    secret = Bytea(null=False, default=None)  # sealed
    operators = JSONB(null=False, default=None)  # whose trip numbers it may report
    behaviours = JSONB(null=False, default=None)
    active = Boolean(null=False, default=None)
    made_at = Timestamptz(null=False, default=None)


class PartnerLink(Table, tablename="partner_link"):
    """A resident allowed a partner to report their deeds. The id is the only name the partner knows the resident by."""

    id = UUID(primary_key=True, null=False, default=None)
    partner = ForeignKey(RewardPartner, null=False, default=None, on_delete=OnDelete.restrict)
    account = UUID(null=False, default=None)
    made_at = Timestamptz(null=False, default=None)
    ended_at = Timestamptz(null=True, default=None)


class StepDay(Table, tablename="step_day"):
    """The most steps seen for a local day; it only grows, and each increase is paid once."""

    id = UUID(primary_key=True, null=False, default=None)
    account = UUID(null=False, default=None)
    day = Date(null=False, default=None)
    steps = Integer(null=False, default=None)
    samples = JSONB(null=False, default=None)  # [[Unix seconds, steps], …], for the look at nightly runs

    step_day_once = Unique([account, day])
