"""Clients, forms and published reports of Open311."""

from typing import Any
from uuid import UUID

from domain.kernel import clock, database
from domain.reports import partners, publication
from tests.builders.reports import a_report

BASE = "/open311/v2"


async def a_key() -> str:
    async with database.transaction():
        _, key = await partners.admit(
            name="client", channels=["open311"], scopes=["open311:write"], by="operator:test", now=clock.utc_now()
        )
    return key


async def a_public_report(**changes: Any) -> UUID:
    report = await a_report(**changes)
    async with database.transaction():
        await publication.publish(report, now=changes.get("now") or clock.utc_now())
    return report


async def number_of(report: UUID) -> str:
    return await database.fetch_value("select number from report where id = $1", report)


def a_form(key: str, **changes: Any) -> dict[str, Any]:
    ordinary = {
        "api_key": key,
        "service_code": "water.black",
        "lat": "30.4412",
        "long": "120.0261",
        "description": "河水发黑 & <- 有异味 🐟",
    }
    return {name: value for name, value in (ordinary | changes).items() if value is not None}


async def send(api, form, *, suffix="json", base=BASE, **options):
    return await api.post(f"{base}/requests.{suffix}", data=form, **options)


def codes_of(answer) -> list[str]:
    return [fault["code"] for fault in answer.json()]
