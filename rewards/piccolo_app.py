"""The tables of green credit for Piccolo; three more (see `rewards.tables`) are made by schema.sql."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from rewards import activity_tables as a
from rewards import certificate_tables as d
from rewards import claim_tables as c
from rewards import goods_tables as g
from rewards import granting_tables as h
from rewards import partner_tables as p
from rewards import tables as t

ROOT = Path(__file__).parents[1]

APP_CONFIG = AppConfig(
    app_name="rewards",
    migrations_folder_path=str(ROOT / "migrations" / "rewards"),
    table_classes=[
        t.RewardUnit,
        t.RewardAccount,
        t.LedgerKey,
        t.LedgerReversal,
        t.LedgerHold,
        t.LedgerBlock,
        t.LedgerDay,
        c.RewardClaim,
        c.RewardAward,
        c.CarbonDay,
        c.ClaimAppeal,
        c.ClaimVote,
        c.Invitation,
        c.InvitationCode,
        p.RewardPartner,
        p.PartnerLink,
        p.StepDay,
        g.RewardGood,
        g.GoodStock,
        g.RedemptionOrder,
        g.Voucher,
        a.Organisation,
        a.Organiser,
        a.Activity,
        a.ActivitySignup,
        a.Attendance,
        a.WalkIn,
        a.PatrolFinding,
        a.HoursCorrection,
        d.RewardCertificate,
        d.BoardMember,
        h.ManualGrant,
        h.ScoreMember,
        h.ScoreAppeal,
        h.ReportReward,
        h.RewardExclusion,
        h.Sponsor,
        h.SponsorCampaign,
        h.Team,
        h.TeamMember,
    ],
    migration_dependencies=[],
)
