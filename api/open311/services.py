"""The category tree as Open311 services, and the extra questions of some of them.

Whoever changes a category or a question moves `CHANGED` on: clients refresh their cache when it moves, and a test
compares the content with `FINGERPRINT`.
"""

import hashlib
from typing import Any, Literal, NamedTuple

import msgspec

from domain.reports.categories import CATEGORIES, TOPS, Category

CHANGED = "2026-11-20T09:00:00+08:00"
FINGERPRINT = "89541098978bab2a"
BATCH_SERVICES = frozenset({"other.other"})  # a person sorts them first: the client gets a token
TOP_NAMES = {top.code: top for top in TOPS}
Datatype = Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]


class Question(NamedTuple):
    """One extra question of a service."""

    code: str
    datatype: Datatype
    description: str
    hint: str
    required: bool = False
    values: tuple[tuple[str, str], ...] = ()


SMELLS = (("none", "无明显异味"), ("rotten", "腐臭"), ("chemical", "化学品味"), ("oil", "油味"))
COLOURS = (("black", "黑"), ("white", "乳白"), ("red", "红"), ("yellow", "黄"), ("foam", "有泡沫"))
HOURS = (("day", "6:00-22:00"), ("night", "22:00-6:00"), ("always", "全天"))
QUESTIONS: dict[str, tuple[Question, ...]] = {
    "water.outfall": (
        Question("colour", "multivaluelist", "水的颜色（可多选）", "可多选", values=COLOURS),
        Question("smell", "singlevaluelist", "气味", "选一项", values=SMELLS),
    ),
    "water.discharge": (Question("colour", "multivaluelist", "水的颜色（可多选）", "可多选", values=COLOURS),),
    "noise.construction": (
        Question("hours", "singlevaluelist", "通常在什么时段", "选一项", required=True, values=HOURS),
        Question("since", "datetime", "从何时开始", "带时区的日期时间"),
    ),
}


def service(leaf: Category) -> dict[str, Any]:
    """One entry of the service list."""
    top = TOP_NAMES[leaf.top]
    return {
        "service_code": leaf.code,
        "service_name": leaf.zh,
        "description": f"{top.zh}：{leaf.zh}（{top.en}: {leaf.en}）",
        "metadata": leaf.code in QUESTIONS,
        "type": "batch" if leaf.code in BATCH_SERVICES else "realtime",
        "keywords": f"{top.zh},{leaf.zh},{top.en.lower()}",
        "group": top.zh,
    }


def services() -> list[dict[str, Any]]:
    """The whole list."""
    return [service(leaf) for leaf in CATEGORIES.values()]


def definition(code: str) -> dict[str, Any] | None:
    """The questions of a service, none for most; None for an unknown code."""
    if code not in CATEGORIES:
        return None
    attributes = [
        {
            "variable": True,
            "code": question.code,
            "datatype": question.datatype,
            "required": question.required,
            "datatype_description": question.hint,
            "order": order,
            "description": question.description,
            **({"values": [{"key": key, "name": name} for key, name in question.values]} if question.values else {}),
        }
        for order, question in enumerate(QUESTIONS.get(code, ()), start=1)
    ]
    return {"service_code": code, "attributes": attributes}


def fingerprint() -> str:
    """A short hash over everything a client may have cached."""
    cached = [services(), [definition(code) for code in CATEGORIES]]
    return hashlib.sha256(msgspec.json.encode(cached)).hexdigest()[:16]


def discovery(*, public_url: str, contact: str) -> dict[str, Any]:
    """Where the endpoints are: production, and a test one that checks a request without storing it."""
    formats = ["text/xml", "application/json"]
    return {
        "changeset": CHANGED,
        "contact": contact,
        "key_service": "请联系生态环境局申请接口密钥 / ask the bureau for an API key",
        "endpoints": [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": f"{public_url.rstrip('/')}{path}",
                "changeset": CHANGED,
                "type": kind,
                "formats": formats,
            }
            for path, kind in (("/open311/v2", "production"), ("/open311/test/v2", "test"))
        ],
    }
