"""The residents' tables for Piccolo's migrations."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from domain.residents import tables as t

ROOT = Path(__file__).parents[2]

APP_CONFIG = AppConfig(
    app_name="residents",
    migrations_folder_path=str(ROOT / "migrations" / "residents"),
    table_classes=[
        t.Account,
        t.WechatIdentity,
        t.ResidentPhone,
        t.SmsCode,
        t.ConsentRecord,
        t.SessionFamily,
        t.RefreshToken,
    ],
    migration_dependencies=[],
)
