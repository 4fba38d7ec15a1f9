"""River chiefs by level, with terms of office. Their numbers are never shown: one writes to them through this app."""

from datetime import date
from typing import Any

from piccolo.columns import Varchar
from piccolo.table import Table

from domain.disclosure.dataset import Dataset, Disclosed, Row
from domain.disclosure.datasets.rivers import LEVELS
from domain.disclosure.datasets.sections import rivers
from domain.disclosure.fields import Field
from domain.kernel.errors import Text


class DisclosedRiverChief(Disclosed, Table, tablename="disclosed_river_chief"):
    """Versions of appointments."""

    river = Varchar(length=40, null=False, default=None, index=True)
    level = Varchar(length=12, null=False, default=None)


def check(row: Row, known: Any, _today: date) -> list[tuple[str, str, str]]:
    """The river must exist and a term must not end before it begins."""
    found = [] if row.get("river") in known else [("错", "河流编码", "名录中没有这条河流")]
    if row.get("until") and row.get("since") and row["until"] < row["since"]:
        found.append(("错", "离任日期", "离任日期早于任职日期"))
    return found


RIVER_CHIEFS = Dataset(
    name="river-chiefs",
    title=Text("河湖长名单", "River chiefs"),
    about=Text("各级河湖长及任期、职责；变更及时更新。", "Chiefs by level with their terms and duties."),
    table=DisclosedRiverChief,
    fields=(
        Field(name="river", label=Text("河流编码", "river code"), required=True, length_max=40, filter="exact"),
        Field(name="level", label=Text("河长级别", "level"), kind="choice", required=True, choices=LEVELS,
              filter="exact"),
        Field(name="name", label=Text("姓名", "name"), required=True, search=True, length_max=30),
        Field(name="post", label=Text("职务", "post"), required=True, search=True, length_max=80),
        Field(name="since", label=Text("任职日期", "since"), kind="date", required=True),
        Field(name="until", label=Text("离任日期", "until"), kind="date"),
        Field(name="duties", label=Text("职责", "duties"), redact=True, length_max=500),
    ),
    key=("river", "level", "since"),
    heading=("level", "name", "post"),
    order="since",
    cycle=Text("变更后 5 个工作日内", "within 5 working days of a change"),
    source=Text("河湖长制办公室", "Office of the river-chief system"),
    known=rivers,
    check=check,
)  # fmt: skip
