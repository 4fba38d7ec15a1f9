"""The officers' tables for Piccolo's migrations."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from domain.operators import tables as t

ROOT = Path(__file__).parents[2]

APP_CONFIG = AppConfig(
    app_name="operators",
    migrations_folder_path=str(ROOT / "migrations" / "operators"),
    table_classes=[t.Operator, t.OperatorSession, t.Approval],
    migration_dependencies=[],
)
