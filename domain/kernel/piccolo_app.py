"""The kernel's tables for Piccolo's migrations."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from domain.kernel import tables as t

ROOT = Path(__file__).parents[2]

APP_CONFIG = AppConfig(
    app_name="kernel",
    migrations_folder_path=str(ROOT / "migrations" / "kernel"),
    table_classes=[
        t.OutboxEvent,
        t.HandledEvent,
        t.SendJob,
        t.IdempotencyRecord,
        t.AuditEntry,
        t.AuditSeal,
        t.Tick,
        t.CalendarOverride,
    ],
    migration_dependencies=[],
)
