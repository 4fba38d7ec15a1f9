"""Monitoring sections 断面 and outfalls 排口: where water is measured. River or lake is fixed here, never guessed."""

from typing import Any

from piccolo.columns import DoublePrecision, Varchar
from piccolo.table import Table

from domain.disclosure.catalogue_reading import known_rows
from domain.disclosure.dataset import Dataset, Disclosed
from domain.disclosure.datasets.rivers import RIVERS
from domain.disclosure.fields import Field
from domain.kernel.errors import Text

CLASS_CHOICES = {str(n): Text(name, name) for n, name in enumerate("ⅠⅡⅢⅣⅤ", 1)}


class DisclosedSection(Disclosed, Table, tablename="disclosed_section"):
    """Versions of sections and outfalls."""

    code = Varchar(length=40, null=False, default=None, index=True)
    river = Varchar(length=40, null=False, default=None, index=True)
    kind = Varchar(length=10, null=False, default=None)
    lng = DoublePrecision(null=True, default=None)
    lat = DoublePrecision(null=True, default=None)


async def rivers() -> dict[str, dict[str, Any]]:
    """The rivers by code."""
    return await known_rows(RIVERS, by="code")


def check(row: dict[str, Any], known: Any, _today: Any) -> list[tuple[str, str, str]]:
    """The river must exist."""
    return [] if row.get("river") in known else [("错", "河流编码", "名录中没有这条河流")]


SECTIONS = Dataset(
    name="sections",
    title=Text("监测断面与排口", "Monitoring sections and outfalls"),
    about=Text("监测断面和入河排口，含水体类型和水质目标。", "Sections and outfalls, their type and target class."),
    table=DisclosedSection,
    fields=(
        Field(name="code", label=Text("断面编码", "section code"), required=True, length_max=40, filter="exact"),
        Field(name="name", label=Text("断面名称", "name"), required=True, search=True, length_max=60),
        Field(name="river", label=Text("河流编码", "river code"), required=True, length_max=40, filter="exact"),
        Field(name="kind", label=Text("类别", "kind"), kind="choice", required=True, filter="exact",
              choices={"section": Text("断面", "section"), "outfall": Text("排口", "outfall")}),
        Field(name="body", label=Text("水体类型", "body of water"), kind="choice", required=True,
              choices={"river": Text("河流", "river"), "lake": Text("湖库", "lake")}),
        Field(name="target_class", label=Text("水质目标", "target class"), kind="choice", choices=CLASS_CHOICES),
        Field(name="level", label=Text("断面级别", "level"), length_max=20),
        Field(name="unit", label=Text("责任单位", "responsible unit"), length_max=60),
        Field(name="lng", label=Text("经度", "longitude"), kind="degrees", filter="from_to"),
        Field(name="lat", label=Text("纬度", "latitude"), kind="degrees", filter="from_to"),
    ),
    key=("code",),
    heading=("name",),
    order="code",
    newest_first=False,
    place=("lng", "lat"),
    cycle=Text("变更后 5 个工作日内", "within 5 working days of a change"),
    source=Text("生态环境监测站", "Monitoring station"),
    known=rivers,
    check=check,
)  # fmt: skip
