"""News and notices: rich text that is cleaned before it is stored, pinned and scheduled ones included."""

from datetime import date
from typing import Any

import nh3
from piccolo.columns import Boolean, Varchar
from piccolo.table import Table

from domain.disclosure.dataset import Dataset, Disclosed, Row, Shown
from domain.disclosure.fields import Field
from domain.kernel.errors import Text

TAGS = frozenset(
    {"p", "br", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "u", "blockquote", "a", "table", "thead", "tbody",
     "tr", "th", "td", "img", "figure", "figcaption", "hr"}
)  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "width", "height"}, "td": {"colspan", "rowspan"}}
SCHEMES = {"https", "http", "mailto"}


class DisclosedNotice(Disclosed, Table, tablename="disclosed_notice"):
    """Versions of notices."""

    tag = Varchar(length=40, null=True, default=None, index=True)
    pinned = Boolean(null=False, default=None)
    river = Varchar(length=40, null=True, default=None, index=True)
    credit_code = Varchar(length=18, null=True, default=None, index=True)


def clean_html(html: str) -> str:
    """Rich text without scripts, styles, frames, event handlers and odd addresses."""
    return nh3.clean(
        html, tags=set(TAGS), attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener noreferrer nofollow"
    )


def derive(row: Row, _known: Any) -> Row:
    """The cleaned body, and the rank by which pinned notices come first. One that does not say is not pinned."""
    pinned = bool(row.get("pinned"))
    return row | {"body": clean_html(row["body"]), "pinned": pinned, "rank": f"{pinned:d} {row['published_on']}"}


def shown(row: Row, today: date) -> Shown:
    """From its day on (never before its publication), until its last day if it has one."""
    since = max(date.fromisoformat(row["published_on"]), today)
    return Shown(since, date.fromisoformat(row["until"]) if row.get("until") else None)


NOTICES = Dataset(
    name="notices",
    title=Text("新闻公告", "News and notices"),
    about=Text("新闻、公告与提示。", "News, notices and advice."),
    table=DisclosedNotice,
    fields=(
        Field(name="code", label=Text("编号", "number"), required=True, length_max=40),
        Field(name="title", label=Text("标题", "title"), required=True, search=True, redact=True, length_max=120),
        Field(name="summary", label=Text("摘要", "summary"), search=True, redact=True, length_max=300),
        Field(name="body", label=Text("正文", "body"), required=True, search=True, redact=True, length_max=40_000),
        Field(name="tag", label=Text("标签", "tag"), length_max=40, filter="exact"),
        Field(name="pinned", label=Text("置顶", "pinned"), kind="flag", filter="exact"),
        Field(name="published_on", label=Text("发布日期", "published on"), kind="date", required=True),
        Field(name="until", label=Text("下线日期", "shown until"), kind="date"),
        Field(name="rank", label=Text("排序", "rank"), derived=True, private=True),
        Field(name="river", label=Text("河流编码", "river code"), length_max=40, filter="exact"),
        Field(name="credit_code", label=Text("统一社会信用代码", "credit code"), kind="credit_code", filter="exact"),
    ),
    key=("code",),
    heading=("title",),
    order="rank",
    cycle=Text("随时", "as they happen"),
    source=Text("区生态环境分局", "District bureau"),
    shown=shown,
    derive=derive,
)
