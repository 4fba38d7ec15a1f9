"""The notifications' tables for Piccolo's migrations."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from notifications import tables as t

APP_CONFIG = AppConfig(
    app_name="notifications",
    migrations_folder_path=str(Path(__file__).parents[1] / "migrations" / "notifications"),
    table_classes=[
        t.Announcement,
        t.InboxMessage,
        t.NoticeOwner,
        t.NoticeFollow,
        t.NoticeDelivery,
        t.ConsentCredit,
        t.ConsentEntry,
        t.PushReceipt,
        t.WebhookEndpoint,
        t.WebhookMessage,
    ],
    migration_dependencies=[],
)
