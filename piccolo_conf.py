"""What Piccolo's commands need: the engine and the list of apps, lowest room first."""

from piccolo.conf.apps import AppRegistry

from domain.kernel.database import ENGINE

DB = ENGINE
APP_REGISTRY = AppRegistry(
    apps=[
        "domain.kernel.piccolo_app",
        "domain.residents.piccolo_app",
        "domain.operators.piccolo_app",
        "domain.reports.piccolo_app",
        "domain.cases.piccolo_app",
        "domain.disclosure.piccolo_app",
        "domain.enterprises.piccolo_app",
        "media.piccolo_app",
        "rewards.piccolo_app",
        "notifications.piccolo_app",
    ]
)
