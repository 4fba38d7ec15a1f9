"""The public register of enterprise ratings: grade, date, basis, bureau. Fed by the enterprises room through an event.

Only publicised and later stages arrive here; the inputs of a rating never do.
"""

from piccolo.columns import DoublePrecision, SmallInt, Varchar
from piccolo.table import Table

from domain.disclosure.dataset import Dataset, Disclosed
from domain.disclosure.fields import Field
from domain.kernel.errors import Text

GRADES = {
    "green": Text("绿牌 环保诚信", "green"),
    "blue": Text("蓝牌 环保良好", "blue"),
    "yellow": Text("黄牌 环保警示", "yellow"),
    "red": Text("红牌 环保不良", "red"),
    "black": Text("黑牌", "black"),
}
STAGES = {
    "publicised": Text("公示", "publicised"),
    "final": Text("已发布", "published"),
    "adjusted": Text("动态调整", "adjusted"),
    "repaired": Text("已修复", "repaired"),
}


class DisclosedEnterpriseRating(Disclosed, Table, tablename="disclosed_enterprise_rating"):
    """Versions of the register's entries, one entry per enterprise."""

    credit_code = Varchar(length=18, null=False, default=None)
    grade = Varchar(length=10, null=False, default=None, index=True)
    year = SmallInt(null=False, default=None, index=True)
    town = Varchar(length=40, null=True, default=None, index=True)
    lng = DoublePrecision(null=True, default=None, index=True)
    lat = DoublePrecision(null=True, default=None)


ENTERPRISE_RATINGS = Dataset(
    name="enterprise-ratings",
    title=Text("企业环境信用评价", "Enterprise environmental credit"),
    about=Text(
        "企业环境信用评价等级：公示、发布、调整与修复。",
        "Grades of enterprises: publicised, final, adjusted, repaired.",
    ),
    table=DisclosedEnterpriseRating,
    fields=(
        Field(name="credit_code", label=Text("统一社会信用代码", "credit code"), kind="credit_code", required=True,
              filter="exact", search=True),
        Field(name="name", label=Text("企业名称", "name"), required=True, search=True, length_max=120),
        Field(name="industry", label=Text("行业", "industry"), length_max=60, search=True),
        Field(name="town", label=Text("所在镇街", "town"), length_max=40, filter="exact"),
        Field(name="year", label=Text("评价年度", "year"), kind="integer", required=True, filter="exact"),
        Field(name="grade", label=Text("信用等级", "grade"), kind="choice", required=True, choices=GRADES,
              filter="exact"),
        Field(name="stage", label=Text("状态", "stage"), kind="choice", required=True, choices=STAGES),
        Field(name="decided_on", label=Text("评定日期", "decided on"), kind="date", required=True),
        Field(name="basis", label=Text("评价依据", "basis"), required=True, length_max=200),
        Field(name="reason", label=Text("原因", "reason"), redact=True, length_max=400),
        Field(name="authority", label=Text("评价机关", "bureau"), required=True, length_max=80),
        Field(name="objections_until", label=Text("异议截止日期", "objections until"), kind="date"),
        Field(name="lng", label=Text("经度", "longitude"), kind="degrees", filter="from_to"),
        Field(name="lat", label=Text("纬度", "latitude"), kind="degrees", filter="from_to"),
    ),
    key=("credit_code",),
    heading=("name", "grade"),
    order="decided_on",
    place=("lng", "lat"),
    cycle=Text("每年，动态调整", "yearly, adjusted by events"),
    source=Text("区生态环境分局企业环境信用评价", "Enterprise credit evaluation of the bureau"),
    two_persons=True,
    due_process=True,
)  # fmt: skip
