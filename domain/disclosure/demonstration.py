"""The rivers, water, chiefs, penalties and notices of the fictitious district, and some real station readings.

Names, decisions and people are invented and say so; the station readings are real, unreviewed values of the national
real-time publication (November 2025), kept as they were published.
"""

import csv
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from domain.disclosure import publication
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.dataset import Row
from domain.disclosure.periods import months_later
from domain.disclosure.publication import Author
from domain.kernel import clock, database

DATA = Path(__file__).parent / "demonstration_data"
MONTHS = 24
FICTITIOUS = "演示数据（虚构）"
STATIONS = "国家地表水水质自动监测实时数据发布（2025年11月，未审核）"
PARTY = ("清河示例电镀有限公司（虚构）", "91330106MA27X0015J")


async def seed(now: datetime) -> str:
    """Publishes everything that is not there yet, each dataset in its own transaction; one line for people."""
    today = clock.local_day(now)
    shapes = msgspec.json.decode((DATA / "qinghe.json").read_bytes())
    parts: list[tuple[str, list[Row], str]] = [
        ("rivers", shapes["rivers"], FICTITIOUS),
        ("sections", shapes["sections"], FICTITIOUS),
        ("river-chiefs", shapes["chiefs"], FICTITIOUS),
        ("river-policies", shapes["policies"], FICTITIOUS),
        ("river-water", list(_months(shapes["sections"], shapes["water"], today=today)), FICTITIOUS),
        ("station-readings", list(_readings()), STATIONS),
        ("penalties", list(_penalties(today)), FICTITIOUS),
        ("notices", list(_notices(today)), FICTITIOUS),
    ]
    total = 0
    for name, rows, source in parts:
        dataset = DATASETS[name]
        async with database.transaction():
            outcome = await publication.publish(
                dataset, rows, author=Author(by="system", source=source), now=now, known=await dataset.known()
            )
        total += outcome.new
    return f"disclosure: {total} entries new"


def _months(sections: list[Row], water: dict[str, Any], *, today: date) -> Iterator[Row]:
    """Two years of months per section: a base per section, a season and a slow improvement. One month is missing."""
    first = months_later(today.replace(day=1), 0)
    for place, section in enumerate(sections):
        base = water.get(section["code"])
        for back in range(1, MONTHS + 1):
            month = (first - timedelta(days=1)).strftime("%Y-%m") if back == 1 else _month_before(first, back)
            if base is None or (place == 1 and back == 7):  # noqa: PLR2004 - shown as missing, not as a zero
                continue
            season = (int(month[5:]) % 12) / 12
            factor = 1 + 0.25 * season + 0.015 * back
            yield {
                "section": section["code"],
                "month": month,
                "ph": "7.3",
                "do": f"{base['do'] - season:.2f}",
                "codmn": f"{base['codmn'] * factor:.2f}",
                "nh3n": f"{base['nh3n'] * factor:.3f}",
                "tp": f"{base['tp'] * factor:.4f}",
                "tn": f"{base['tn'] * factor:.2f}",
            }


def _month_before(first: date, back: int) -> str:
    year, month = divmod(first.year * 12 + first.month - 1 - back, 12)
    return f"{year}-{month + 1:02d}"


def _readings() -> Iterator[Row]:
    with (DATA / "station_readings.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield {name: value for name, value in row.items() if value}


def _penalties(today: date) -> Iterator[Row]:
    common = {
        "subject_kind": "company",
        "authority": "清河区生态环境局（虚构）",
        "kind": "罚款",
        "river": "QH-R-02",
        "performance": "收到决定书之日起15日内缴至指定银行",
    }
    yield common | {
        "decision_number": "清环罚〔2026〕1号",
        "party": PARTY[0],
        "credit_code": PARTY[1],
        "facts": "检查发现电镀车间含铬废水经软管排入雨水井，总铬浓度超标。举报人反映情况属实。",
        "basis": "《中华人民共和国水污染防治法》第八十三条第三项",
        "amount_yuan": "200000",
        "content": "责令改正，罚款人民币贰拾万元。",
        "decided_on": (today - timedelta(days=12)).isoformat(),
        "penalty_class": "general",
    }
    yield common | {
        "decision_number": "清环罚〔2026〕2号",
        "party": "清河示例印染有限公司（虚构）",
        "credit_code": "91350212MA31Y00255",
        "facts": "未保证自动监测设备正常运行。",
        "basis": "《排污许可管理条例》第三十六条",
        "amount_yuan": "60000",
        "decided_on": (today - timedelta(days=40)).isoformat(),
        "penalty_class": "general",
    }


def _notices(today: date) -> Iterator[Row]:
    yield {
        "code": "QH-N-1",
        "title": "“随手拍”举报平台上线（演示）",
        "summary": "发现污染，拍照一句话即可举报，全程可查。",
        "body": "<p>发现污染，<strong>拍一张照片、写一句话</strong>即可举报；每一步办理进度和时限都看得见。</p>",
        "tag": "公告",
        "pinned": True,
        "published_on": (today - timedelta(days=20)).isoformat(),
    }
    yield {
        "code": "QH-N-2",
        "title": "柳溪整治进展（演示）",
        "body": "<p>柳溪沿线排口已完成排查，水质稳步好转。</p>",
        "tag": "新闻",
        "river": "QH-R-02",
        "published_on": (today - timedelta(days=5)).isoformat(),
    }
