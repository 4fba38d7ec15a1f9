"""The reports' tables for Piccolo's migrations."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from domain.reports import tables as t

ROOT = Path(__file__).parents[2]

APP_CONFIG = AppConfig(
    app_name="reports",
    migrations_folder_path=str(ROOT / "migrations" / "reports"),
    table_classes=[
        t.Partner,
        t.Report,
        t.ReportDay,
        t.SealedReporter,
        t.ReceiptCode,
        t.ReportTimeline,
        t.PublicReport,
        t.TextCheck,
        t.PartnerReport,
        t.Open311Request,
        t.Open311Update,
        t.IdentityReveal,
        t.ReportFollow,
        t.AreaAlert,
    ],
    migration_dependencies=["domain.residents.piccolo_app"],
)
