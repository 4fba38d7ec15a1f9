"""Notices: rich text is cleaned before storing, pinned first, scheduled later, counted without tracking."""

from datetime import timedelta

import pytest

from domain.disclosure.datasets.notices import clean_html
from domain.kernel import clock
from domain.kernel import database as db
from tests.builders.disclosure import published


def a_notice(**changes):
    today = clock.local_day(clock.utc_now())
    ordinary = {
        "code": "N-1",
        "title": "公告",
        "body": "<p>正文</p>",
        "published_on": (today - timedelta(days=2)).isoformat(),
    }
    return ordinary | changes


async def public(*rows):
    await published("notices", *rows, now=clock.utc_now())


async def titles(api, **question) -> list[str]:
    return [row["title"] for row in (await api.get("/v1/disclosure/notices", params=question)).json()["items"]]


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<iframe src='https://example.com'></iframe>",
        "<p style='background:url(x)'>x</p>",
        "<svg onload=alert(1)>",
        "<a href='data:text/html,x'>x</a>",
        "<form action=x><input></form>",
    ],
)
def test_hostile_rich_text_is_disarmed(hostile: str) -> None:
    cleaned = clean_html(hostile).lower()

    assert not [
        word for word in ("script", "onerror", "onload", "iframe", "style", "data:", "<form", "<svg") if word in cleaned
    ]


async def test_the_stored_body_is_clean_and_redacted(api) -> None:
    await public(a_notice(body="<p onclick='x()'>联系人王小明，电话13812345678<script>1</script></p>"))

    stored = await db.fetch_value("select public_json from disclosed_notice")

    assert not [secret for secret in ("onclick", "script", "13812345678", "王小明") if secret in stored]


async def test_pinned_notices_come_first_and_scheduled_ones_wait(api) -> None:
    tomorrow = (clock.local_day(clock.utc_now()) + timedelta(days=1)).isoformat()
    yesterday = (clock.local_day(clock.utc_now()) - timedelta(days=1)).isoformat()
    await public(
        a_notice(title="旧置顶", code="N-1", pinned=True, published_on="2026-01-01"),
        a_notice(title="新", code="N-2", tag="新闻"),
        a_notice(title="明天", code="N-3", published_on=tomorrow),
        a_notice(title="已下线", code="N-4", until=yesterday),
    )

    assert await titles(api) == ["旧置顶", "新"]
    assert await titles(api, tag="新闻") == ["新"]


async def test_readings_are_a_number_and_nothing_else(api) -> None:
    await public(a_notice())
    for _ in range(3):
        assert (await api.post("/v1/notices/N-1/views")).status_code == 201

    assert (await api.get("/v1/notices/N-1/views")).json() == {"views": 3}
    assert (await api.post("/v1/notices/nothing/views")).status_code == 404
    columns = await db.fetch("select column_name from information_schema.columns where table_name = 'notice_view'")
    assert {row["column_name"] for row in columns} == {"id", "notice", "day", "views"}
