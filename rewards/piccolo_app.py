"""The tables of green credit for Piccolo's migrations. `LedgerTransfer`, `LedgerBucket` and `CapUse` are schema.sql's."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

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
    ],
    migration_dependencies=[],
)
