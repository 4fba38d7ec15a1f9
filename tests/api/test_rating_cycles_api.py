"""A whole year: rated from a file, fed back, publicised, decided and published for all at once, with its clock."""

import csv
import io
from datetime import timedelta

import pytest

from domain.enterprises import cycles
from domain.enterprises.events import RatingsUnpublished
from domain.enterprises.rule_packs import load
from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.events import Ticked
from tests.builders.disclosure import worked
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.domain.enterprises.test_batch import a_code

PACK = load("guangzhou-2015")
BASE = "/v1/operator/enterprises"
CYCLE = f"{BASE}/cycles/2025"


def a_file(*rows: tuple[str, str], **more: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    codes = [indicator.name.zh for indicator in PACK.indicators]
    writer.writerow(["统一社会信用代码", "依据文件", *codes, *more])
    for code, score in rows:
        writer.writerow([code, "年度核查表", *[score] * len(codes), *more.values()])
    return out.getvalue().encode()


@pytest.fixture
async def officers(api, settings) -> tuple[dict, dict]:
    await seed_officers(settings)
    clerk, reviewer = await signed_in(api, CLERK), await signed_in(api, REVIEWER)
    for number in range(3):
        await api.post(BASE, json={"credit_code": a_code(number), "name": f"清河第{number}厂"}, headers=clerk)
    return clerk, reviewer


async def act(api, officer: dict, path: str, **request) -> dict:
    asked = await api.post(f"{CYCLE}/{path}", headers=officer, **request)
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting"), asked.text
    await worked(api)
    return (await api.get(f"{BASE}/cycles/acts/{asked.json()['id']}", headers=officer)).json()


async def rated(api, officer: dict, content: bytes) -> dict:
    return await act(api, officer, "ratings", params={"pack": PACK.id}, content=content)


async def stepped(api, officer: dict, stage: str) -> dict:
    return await act(api, officer, "steps", json={"stage": stage, "basis": "评价会议纪要"})


async def public(api) -> list[tuple[str, str]]:
    rows = (await api.get("/v1/disclosure/enterprise-ratings")).json()["items"]
    return sorted((row["grade"], row["stage"]) for row in rows)


async def test_a_year_goes_from_the_file_to_the_register_in_five_acts(api, officers) -> None:
    clerk, reviewer = officers
    content = a_file((a_code(0), "95"), (a_code(1), "70"), (a_code(2), "50"), (a_code(9), "80"), ("123", "80"))

    made = await rated(api, clerk, content)
    again = await rated(api, clerk, content)
    await stepped(api, clerk, "fed_back")
    hidden = await public(api)
    shown = await stepped(api, reviewer, "publicised")
    early = await api.post(f"{CYCLE}/steps", json={"stage": "final", "basis": "会议"}, headers=reviewer)
    assert await public(api) == [("blue", "publicised"), ("red", "publicised"), ("yellow", "publicised")]
    await db.execute("update enterprise_rating set objections_until = objections_until - 17")
    await stepped(api, reviewer, "final")
    waiting = (await api.get(f"{BASE}/cycles/dues", headers=clerk)).json()
    await stepped(api, reviewer, "published")

    assert (made["state"], made["made"], made["done"], made["rows"]) == ("done", 3, 4, 4)
    assert [(f["row"], f["message"]) for f in made["findings"]] == [
        (6, "统一社会信用代码校验不通过"),
        (5, "企业未登记"),
    ]
    assert (again["made"], hidden, shown["made"]) == (0, [], 3)
    assert (early.status_code, early.json()["code"]) == (409, "rating-batch-refused")
    assert [(due["ratings"], due["light"]) for due in waiting] == [(3, "green")]
    assert await public(api) == [("blue", "final"), ("red", "final"), ("yellow", "final")]
    assert (await api.get(f"{BASE}/cycles/dues", headers=clerk)).json() == []
    assert await db.fetch_value("select count(*) from rating_step where stage = 'published'") == 3


async def test_who_computed_the_ratings_neither_publicises_nor_decides_them(api, officers) -> None:
    _, reviewer = officers
    await rated(api, reviewer, a_file((a_code(0), "95")))
    await stepped(api, reviewer, "fed_back")

    refused = await stepped(api, reviewer, "publicised")
    one = await db.fetch_value("select id from enterprise_rating")
    alone = await api.post(
        f"{BASE}/ratings/{one}/steps", json={"stage": "publicised", "basis": "会议"}, headers=reviewer
    )

    assert (refused["state"], refused["findings"][0]["message"]) == ("failed", "须由另一位操作员提交")
    assert (alone.status_code, alone.json()["code"]) == (403, "second-officer-needed")
    assert await public(api) == []


async def test_a_decided_rating_has_five_working_days_and_the_unit_is_warned_once_per_light(api, officers) -> None:
    clerk, reviewer = officers
    await rated(api, clerk, a_file((a_code(0), "95"), (a_code(1), "95")))
    for stage in ("fed_back", "publicised"):
        await stepped(api, reviewer, stage)
    await db.execute("update enterprise_rating set objections_until = objections_until - 17")
    await stepped(api, reviewer, "final")
    decided, due = await db.fetch_value("select (decided_on, publish_by) from enterprise_rating limit 1")
    now = clock.utc_now() + timedelta(days=20)

    for _ in range(2):
        async with db.transaction():
            await cycles.watch(Ticked(every="day", at=now), event_id=1, at=now)

    assert timedelta(days=5) <= due - decided <= timedelta(days=14)
    late = await db.fetch("select payload from outbox_event where name = 'RatingsUnpublished'")
    assert (RatingsUnpublished.__name__, len(late)) == ("RatingsUnpublished", 1)
    assert '"red"' in late[0]["payload"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x,y\n1,2", "缺少列"),
        (b"", "文件为空或过大"),
        (a_file((a_code(0), "101")), "超出 0–100"),
        (a_file((a_code(0), "")), "没有任何得分"),
        (a_file((a_code(0), "90"), 一票否决="v99"), "未知代码：v99"),
        (a_file((a_code(0), "90"), (a_code(0), "90")), "与第 2 行重复"),
    ],
)
async def test_what_cannot_be_rated_is_said_by_row(api, officers, content: bytes, message: str) -> None:
    found = await rated(api, officers[0], content)

    assert message in found["findings"][0]["message"]


async def test_one_act_at_a_time_and_only_officers(api, officers) -> None:
    clerk, _ = officers
    first = await api.post(
        f"{CYCLE}/ratings", params={"pack": PACK.id}, content=a_file((a_code(0), "9")), headers=clerk
    )
    second = await api.post(f"{CYCLE}/ratings", params={"pack": PACK.id}, content=b"x", headers=clerk)

    assert (first.status_code, second.status_code) == (202, 409)
    assert (await api.post(f"{CYCLE}/ratings", params={"pack": "none"}, content=b"x", headers=clerk)).status_code == 404
    assert (await api.get(f"{BASE}/cycles/acts")).status_code == 401
    decide = await api.post(f"{CYCLE}/steps", json={"stage": "final", "basis": "会议"}, headers=clerk)
    assert decide.status_code == 403
