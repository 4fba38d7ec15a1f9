"""One river, one policy 一河一策: documents with versions."""

from piccolo.columns import Varchar
from piccolo.table import Table

from domain.disclosure.dataset import Dataset, Disclosed
from domain.disclosure.datasets.sections import check, rivers
from domain.disclosure.fields import Field
from domain.kernel.errors import Text


class DisclosedRiverPolicy(Disclosed, Table, tablename="disclosed_river_policy"):
    """Versions of policy documents."""

    river = Varchar(length=40, null=False, default=None, index=True)


RIVER_POLICIES = Dataset(
    name="river-policies",
    title=Text("一河一策", "River policies"),
    about=Text("每条河流的治理方案及其版本。", "The plan for each river and its versions."),
    table=DisclosedRiverPolicy,
    fields=(
        Field(name="river", label=Text("河流编码", "river code"), required=True, length_max=40, filter="exact"),
        Field(name="title", label=Text("标题", "title"), required=True, search=True, length_max=120),
        Field(name="edition", label=Text("版本", "edition"), required=True, length_max=40),
        Field(name="adopted_on", label=Text("发布日期", "adopted on"), kind="date", required=True),
        Field(name="summary", label=Text("摘要", "summary"), redact=True, search=True, length_max=4_000),
        Field(name="link", label=Text("全文链接", "full text"), length_max=300),
    ),
    key=("river", "edition"),
    heading=("title", "edition"),
    order="adopted_on",
    cycle=Text("滚动修编", "revised on a rolling basis"),
    source=Text("河湖长制办公室", "Office of the river-chief system"),
    known=rivers,
    check=check,
)
