"""What monthly and four-hourly measurements share: one column per item, and the evaluation as derived fields."""

from typing import Any

from domain.disclosure.catalogue_reading import known_rows
from domain.disclosure.dataset import Row
from domain.disclosure.datasets.sections import SECTIONS
from domain.disclosure.fields import Field
from domain.disclosure.water import Evaluation, evaluate, meets, over_target
from domain.disclosure.water_limits import ITEMS, WORSE_THAN_V, Body
from domain.disclosure.water_rating import labels
from domain.kernel.errors import Invalid, Text

ITEM_FIELDS = tuple(
    Field(name=item.code, label=item.name, kind="measured", unit=item.unit, length_max=30) for item in ITEMS
)
CLASS_CHOICES = {str(n): Text(name, name) for n, name in enumerate(("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "劣Ⅴ"), 1)}
EVALUATION_FIELDS = (
    Field(name="water_class", label=Text("水质类别（1–6）", "class, 6 is worse than V"), kind="integer", derived=True,
          filter="exact"),
    Field(name="class_name", label=Text("水质类别", "class as printed"), derived=True),
    Field(name="status", label=Text("水质状况", "state"), derived=True),
    Field(name="colour", label=Text("颜色", "colour of the class"), derived=True),
    Field(name="main_pollutants", label=Text("主要污染指标", "main pollutants"), derived=True),
    Field(name="target_class", label=Text("水质目标", "target class"), derived=True),
    Field(name="meets_target", label=Text("是否达标", "meets the target"), kind="flag", derived=True),
    Field(name="over_target", label=Text("超目标指标", "items over the target"), derived=True),
    Field(name="reported_apart", label=Text("单独评价指标", "items judged apart"), derived=True),
)  # fmt: skip


async def sections() -> dict[str, Row]:
    """The sections by code, looked up once per import."""
    return await known_rows(SECTIONS, by="code")


def evaluation_of(row: Row, section: Row) -> Evaluation:
    """The evaluation of a row's items; raises `Invalid`."""
    body: Body = "lake" if section["body"] == "lake" else "river"
    return evaluate({item.code: row.get(item.code) for item in ITEMS}, body=body)


def derive(row: Row, known: Any) -> Row:
    """The row with its class, state, colour, main pollutants and compliance."""
    section = known[row["section"]]
    result = evaluation_of(row, section)
    found: Row = {
        "river": section["river"],
        "water_class": result.water_class,
        "class_name": result.class_name or None,
        "status": result.status.value.zh if result.status else None,
        "colour": result.colour,
        "main_pollutants": labels(result.main_pollutants) or None,
        "reported_apart": "、".join(_apart(entry.code, entry.water_class) for entry in result.apart) or None,
    }
    if target := section.get("target_class"):
        body: Body = "lake" if section["body"] == "lake" else "river"
        found |= {
            "target_class": CLASS_CHOICES[target].zh,
            "meets_target": meets(result, target=int(target)),
            "over_target": labels(over_target(result, target=int(target), body=body)) or None,
        }
    return row | found


def _apart(code: str, water_class: int | None) -> str:
    name = next(item.name.zh for item in ITEMS if item.code == code)
    return name if water_class is None else f"{name}({CLASS_CHOICES[str(min(water_class, WORSE_THAN_V))].zh})"


def check(row: Row, known: Any, _today: Any) -> list[tuple[str, str, str]]:
    """The section must exist, something must be measured, and values must make sense."""
    section = known.get(row.get("section"))
    if section is None:
        return [("错", "断面编码", "名录中没有这个断面")]
    try:
        result = evaluation_of(row, section)
    except Invalid as error:
        label = next((item.name.zh for item in ITEMS if item.code == error.field), "监测值")
        return [("错", label, error.detail.zh if error.detail else "数值无效")]
    return [] if result.water_class is not None else [("警", "监测值", "没有参加评价的监测值")]
