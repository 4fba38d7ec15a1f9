"""Rows of datasets with ordinary values; a test states only what makes it different."""

from datetime import UTC, datetime
from typing import Any

import httpx

from domain.disclosure import publication
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.publication import Author, Outcome
from domain.kernel import database
from tests.builders.cases import drain

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)  # 10:00 in the district
AUTHOR = Author(by="system", source="测试案卷")
RIVER_COURSE = {"type": "LineString", "coordinates": [[120.10, 30.20], [120.20, 30.20]]}


def a_penalty(**changes: Any) -> dict[str, Any]:
    ordinary = {
        "decision_number": "青环罚〔2026〕13号",
        "subject_kind": "company",
        "party": "青河示例电镀有限公司",
        "credit_code": "91330106MA27X0015J",
        "facts": "2026年5月8日检查时，电镀废水未经处理排放。",
        "basis": "《中华人民共和国水污染防治法》第八十三条",
        "kind": "罚款",
        "amount_yuan": "120000",
        "authority": "青河区生态环境分局",
        "decided_on": "2026-05-20",
        "penalty_class": "general",
    }
    return ordinary | changes


def a_river(**changes: Any) -> dict[str, Any]:
    ordinary = {"code": "QH-R-001", "name": "青河", "level": "county", "town": "石桥镇", "course": RIVER_COURSE}
    return ordinary | changes


def a_section(**changes: Any) -> dict[str, Any]:
    ordinary = {
        "code": "QH-S-001", "name": "青河入口", "river": "QH-R-001", "kind": "section", "body": "river",
        "target_class": "3", "lng": 120.1, "lat": 30.2, "unit": "石桥镇人民政府",
    }  # fmt: skip
    return ordinary | changes


def a_month(**changes: Any) -> dict[str, Any]:
    ordinary = {
        "section": "QH-S-001", "month": "2026-05", "ph": "7.2", "do": "6.3", "codmn": "3.1", "nh3n": "0.31", "tp": "0.08",
    }  # fmt: skip
    return ordinary | changes


def a_chief(**changes: Any) -> dict[str, Any]:
    ordinary = {
        "river": "QH-R-001", "level": "township", "name": "示例河长", "post": "石桥镇镇长", "since": "2025-01-01",
        "duties": "巡河每月两次",
    }  # fmt: skip
    return ordinary | changes


async def published(dataset: str, *rows: dict[str, Any], now: datetime = NOW, author: Author = AUTHOR) -> Outcome:
    """The rows, public in their own transaction."""
    chosen = DATASETS[dataset]
    known = await chosen.known()
    async with database.transaction():
        return await publication.publish(chosen, rows, author=author, now=now, known=known)


async def a_watched_river(*months: dict[str, Any]) -> None:
    """A river with one section and the given months."""
    await published("rivers", a_river())
    await published("sections", a_section())
    await published("river-water", *(months or (a_month(),)))


async def worked(api: httpx.AsyncClient) -> None:
    """The worker of the served app did everything that was due."""
    await drain(api._transport.app.state.parts)  # type: ignore[attr-defined]
