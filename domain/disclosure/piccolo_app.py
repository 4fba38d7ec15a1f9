"""The disclosure room's tables for Piccolo's migrations: its own and one per dataset."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from domain.disclosure import tables as t
from domain.disclosure.catalogue import DATASETS

ROOT = Path(__file__).parents[2]

APP_CONFIG = AppConfig(
    app_name="disclosure",
    migrations_folder_path=str(ROOT / "migrations" / "disclosure"),
    table_classes=[
        t.DisclosureStamp,
        t.DisclosureImport,
        t.DisclosureDue,
        t.DisclosureReply,
        t.ChiefMessage,
        t.ChiefMessageStep,
        t.NoticeView,
        t.RiverWaterYear,
        *(dataset.table for dataset in DATASETS.values()),
    ],
    migration_dependencies=["domain.kernel.piccolo_app"],
)
