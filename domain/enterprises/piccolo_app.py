"""The enterprises' tables for Piccolo's migrations."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from domain.enterprises import tables as t

ROOT = Path(__file__).parents[2]

APP_CONFIG = AppConfig(
    app_name="enterprises",
    migrations_folder_path=str(ROOT / "migrations" / "enterprises"),
    table_classes=[
        t.Enterprise,
        t.EnterpriseDelegate,
        t.EnterpriseRating,
        t.RatingStep,
        t.RatingMatter,
        t.MatterFile,
        t.RatingBatch,
    ],
    migration_dependencies=["domain.residents.piccolo_app"],
)
