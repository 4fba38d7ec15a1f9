"""The cases' tables for Piccolo's migrations."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from domain.cases import tables as t

ROOT = Path(__file__).parents[2]

APP_CONFIG = AppConfig(
    app_name="cases",
    migrations_folder_path=str(ROOT / "migrations" / "cases"),
    table_classes=[
        t.CaseFile,
        t.CaseRound,
        t.CaseReport,
        t.CaseUpdate,
        t.RefusedUpdate,
        t.CaseRating,
        t.CaseReview,
        t.CaseQuestion,
        t.CaseExtension,
        t.ClockLimit,
        t.WarningReceiver,
        t.CaseWarning,
        t.WarningReceipt,
        t.CaseSupervision,
        t.PlatformPeer,
        t.ReconcileRun,
    ],
    migration_dependencies=["domain.reports.piccolo_app"],
)
