"""Rivers and lakes of the district, with their course."""

from piccolo.columns import Varchar
from piccolo.table import Table

from domain.disclosure.dataset import Dataset, Disclosed
from domain.disclosure.fields import Field
from domain.kernel.errors import Text

LEVELS = {
    "province": Text("省级", "province"),
    "city": Text("市级", "city"),
    "county": Text("县级", "county"),
    "township": Text("镇级", "township"),
    "village": Text("村级", "village"),
}


class DisclosedRiver(Disclosed, Table, tablename="disclosed_river"):
    """Versions of rivers."""

    code = Varchar(length=40, null=False, default=None, index=True)
    level = Varchar(length=12, null=False, default=None)
    town = Varchar(length=40, null=True, default=None)


RIVERS = Dataset(
    name="rivers",
    title=Text("河湖名录", "Rivers and lakes"),
    about=Text("全区河湖名录及走向。", "Every river and lake of the district and its course."),
    table=DisclosedRiver,
    fields=(
        Field(name="code", label=Text("河流编码", "river code"), required=True, length_max=40, filter="exact"),
        Field(name="name", label=Text("河流名称", "name"), required=True, search=True, length_max=60),
        Field(name="level", label=Text("河道等级", "level"), kind="choice", required=True, choices=LEVELS,
              filter="exact"),
        Field(name="basin", label=Text("所属流域", "basin"), search=True, length_max=60),
        Field(name="town", label=Text("所在镇街", "town"), search=True, length_max=40, filter="exact"),
        Field(name="length_km", label=Text("长度", "length"), kind="decimal", unit="km"),
        Field(name="begins", label=Text("起点", "begins at"), length_max=80),
        Field(name="ends", label=Text("终点", "ends at"), length_max=80),
        Field(name="target_class", label=Text("水质目标", "target class"), kind="choice",
              choices={str(n): Text(name, name) for n, name in enumerate("ⅠⅡⅢⅣⅤ", 1)}),
        Field(name="black_odorous", label=Text("曾列黑臭水体", "was listed black-and-odorous"), kind="flag"),
        Field(name="course", label=Text("走向（GeoJSON）", "course"), kind="geometry"),
    ),
    key=("code",),
    heading=("name", "town"),
    order="code",
    newest_first=False,
    place=("course",),
    cycle=Text("变更后 5 个工作日内", "within 5 working days of a change"),
    source=Text("河湖长制办公室", "Office of the river-chief system"),
)  # fmt: skip
