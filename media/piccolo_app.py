"""The tables of photographs for Piccolo's migrations."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from media import tables as t

ROOT = Path(__file__).parents[1]

APP_CONFIG = AppConfig(
    app_name="media",
    migrations_folder_path=str(ROOT / "migrations" / "media"),
    table_classes=[
        t.Photo,
        t.PhotoCustody,
        t.PhotoUpload,
        t.PhotoRedaction,
        t.PhotoLikeness,
        t.PhotoMatch,
        t.ReportEvidence,
        t.PhotoFetch,
        t.PhotoConcern,
        t.PhotoQuota,
    ],
    migration_dependencies=[],
)
