"""Every section's water every month, evaluated: the class residents look up."""

from collections.abc import Sequence
from typing import Any

from piccolo.columns import SmallInt, Varchar
from piccolo.table import Table

from domain.disclosure.dataset import Dataset, Disclosed, Row
from domain.disclosure.datasets import measurements
from domain.disclosure.fields import Field, Finding
from domain.kernel.errors import Text


class DisclosedRiverWater(Disclosed, Table, tablename="disclosed_river_water"):
    """Versions of monthly values."""

    section = Varchar(length=40, null=False, default=None, index=True)
    river = Varchar(length=40, null=False, default=None, index=True)
    month = Varchar(length=7, null=False, default=None, index=True)
    water_class = SmallInt(null=True, default=None)


async def expect(rows: Sequence[Row], known: Any) -> list[Finding]:
    """漏: for every month in the file, each section (outfalls aside) must have its row."""
    months = sorted({row["month"] for row in rows if row.get("month")})
    given = {(row.get("section"), row.get("month")) for row in rows}
    return [
        Finding(kind="漏", row=0, column="断面编码", message=f"{month} 缺少断面 {code} {section['name']}")
        for month in months
        for code, section in sorted(known.items())
        if section["kind"] == "section" and (code, month) not in given
    ]


RIVER_WATER = Dataset(
    name="river-water",
    title=Text("河湖水质月报", "Monthly water quality"),
    about=Text(
        "各断面每月水质监测值与按 GB 3838-2002 的评价结果。",
        "Monthly values of every section and their evaluation by GB 3838-2002 (rounded first, worst item decides).",
    ),
    table=DisclosedRiverWater,
    fields=(
        Field(name="section", label=Text("断面编码", "section code"), required=True, length_max=40, filter="exact"),
        Field(name="month", label=Text("月份", "month"), kind="month", required=True, filter="from_to"),
        Field(name="river", label=Text("河流编码", "river code"), derived=True, filter="exact"),
        *measurements.ITEM_FIELDS,
        *measurements.EVALUATION_FIELDS,
    ),
    key=("section", "month"),
    heading=("section", "month", "class_name"),
    order="month",
    cycle=Text("每月", "monthly"),
    source=Text("生态环境监测站月度监测", "Monthly monitoring"),
    known=measurements.sections,
    derive=measurements.derive,
    check=measurements.check,
    expect=expect,
)
