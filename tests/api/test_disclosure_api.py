"""Disclosed data over HTTP, without login and without cookies."""

import csv
import io
from datetime import timedelta

import pytest
from defusedxml import ElementTree

from domain.disclosure import publication, replies
from domain.disclosure.catalogue import DATASETS
from domain.kernel import clock
from domain.kernel import database as db
from tests.builders.disclosure import a_chief, a_penalty, a_river, a_watched_river, published

KEY = a_penalty()["decision_number"]


def recent(**changes):
    """A penalty that is public today, whenever the test runs."""
    return a_penalty(decided_on=(clock.local_day(clock.utc_now()) - timedelta(days=3)).isoformat(), **changes)


async def now_published(dataset: str, *rows):
    return await published(dataset, *rows, now=clock.utc_now())


async def test_every_dataset_has_a_list_a_file_a_feed_and_a_dictionary_without_login(api) -> None:
    await a_watched_river()
    for name, dataset in DATASETS.items():
        addresses = [f"/v1/disclosure/{name}{end}" for end in ("", ".csv", ".atom", "/dictionary")]
        for address in addresses + ([f"/v1/disclosure/{name}.geojson"] if dataset.place else []):
            answer = await api.get(address)
            assert answer.status_code == 200, (address, answer.text)
            assert "set-cookie" not in answer.headers


async def test_a_list_is_filtered_paged_and_searched(api) -> None:
    rows = [recent(decision_number=f"青环罚〔2026〕{n}号", case_number=f"C-{n % 2}") for n in range(5)]
    await now_published("penalties", *rows)

    first = (await api.get("/v1/disclosure/penalties", params={"limit": 2})).json()
    second = (await api.get("/v1/disclosure/penalties", params={"limit": 2, "cursor": first["next"]})).json()
    third = (await api.get("/v1/disclosure/penalties", params={"limit": 2, "cursor": second["next"]})).json()

    keys = [row["key"] for page in (first, second, third) for row in page["items"]]
    assert (len(set(keys)), third["next"]) == (5, None)
    found = (await api.get("/v1/disclosure/penalties", params={"case_number": "C-1", "q": "电镀"})).json()["items"]
    assert {"青环罚〔2026〕1号", "青环罚〔2026〕3号"} == {row["decision_number"] for row in found}
    assert (await api.get("/v1/disclosure/penalties", params={"decided_on_to": "2001-01-01"})).json()["items"] == []


@pytest.mark.parametrize(
    "query", ["as_of=2999-01-01", "as_of=x", "q=a", "penalty_class=huge", "limit=0", "limit=101", "cursor=%21"]
)
async def test_a_bad_question_is_a_400_problem(api, query: str) -> None:
    answer = await api.get(f"/v1/disclosure/penalties?{query}")

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


async def test_the_etag_answers_304_until_the_dataset_changes(api) -> None:
    await now_published("penalties", recent())
    first = await api.get("/v1/disclosure/penalties")
    again = await api.get("/v1/disclosure/penalties", headers={"If-None-Match": first.headers["etag"]})
    await now_published("penalties", recent(amount_yuan="7"))
    changed = await api.get("/v1/disclosure/penalties", headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, again.status_code, changed.status_code) == (200, 304, 200)
    assert again.content == b""
    assert changed.json()["items"][0]["amount_yuan"] == "7"
    assert {"last-modified", "etag", "cache-control"} <= set(first.headers)
    assert first.headers["access-control-allow-origin"] == "*"


async def test_an_entry_shows_its_history_and_the_reply_beside_it(api) -> None:
    await now_published("penalties", recent())
    async with db.transaction():
        reply = await replies.give(
            "penalties", KEY, text="我公司已整改，联系人13812345678", by="x", now=clock.utc_now()
        )
        await replies.decide(reply, show=True, operator=reply, decision="同意", now=clock.utc_now())

    entry = (await api.get(f"/v1/disclosure/penalties/{KEY}")).json()

    assert (entry["state"], entry["entry"]["decision_number"], len(entry["history"])) == ("public", KEY, 1)
    assert [reply["text"] for reply in entry["replies"]] == ["我公司已整改，联系人［电话已隐去］"]


async def test_a_withdrawn_entry_says_why_and_a_repaired_one_is_gone(api) -> None:
    await now_published("penalties", recent(), recent(decision_number="B〔2026〕2号"))
    async with db.transaction():
        for key, state in ((KEY, "withdrawn"), ("B〔2026〕2号", "repaired")):
            await publication.take_down(
                DATASETS["penalties"], key, state=state, reason="理由", by="system", now=clock.utc_now()
            )

    withdrawn = (await api.get(f"/v1/disclosure/penalties/{KEY}")).json()

    assert (withdrawn["state"], withdrawn["entry"], withdrawn["history"][0]["reason"]) == ("withdrawn", None, "理由")
    assert (await api.get("/v1/disclosure/penalties/B〔2026〕2号")).status_code == 404
    assert (await api.get("/v1/disclosure/penalties")).json()["items"] == []


async def test_the_csv_has_chinese_headings_provenance_and_no_formulas(api) -> None:
    await now_published("penalties", recent(party="=cmd|' /C calc'!A0"))

    answer = await api.get("/v1/disclosure/penalties.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    assert [row["相对人名称"] for row in rows] == ["'=cmd|' /C calc'!A0"]
    assert (rows[0]["失信类别"], rows[0]["来源"], rows[0]["版本"]) == ("一般", "测试案卷", "1")
    assert "举报人（不公开）" not in rows[0]


async def test_the_geojson_of_rivers_is_a_feature_collection(api) -> None:
    await a_watched_river()

    collection = (await api.get("/v1/disclosure/rivers.geojson")).json()

    assert (
        collection["type"],
        collection["features"][0]["geometry"]["type"],
        collection["features"][0]["properties"]["name"],
    ) == ("FeatureCollection", "LineString", "青河")


async def test_the_feed_lists_changes_and_tombstones(api) -> None:
    await now_published("penalties", recent(), recent(decision_number="C〔2026〕3号"))
    async with db.transaction():
        await publication.take_down(
            DATASETS["penalties"], KEY, state="withdrawn", reason="撤销", by="system", now=clock.utc_now()
        )

    feed = ElementTree.fromstring((await api.get("/v1/disclosure/penalties.atom")).content)
    titles = [e.findtext("{http://www.w3.org/2005/Atom}title") for e in feed.iter("{http://www.w3.org/2005/Atom}entry")]

    assert titles == ["青河示例电镀有限公司 · 罚款 · C〔2026〕3号"]
    assert len(list(feed.iter("{http://purl.org/atompub/tombstones/1.0}deleted-entry"))) == 2


async def test_the_dictionary_names_fields_choices_and_licence_but_no_private_columns(api) -> None:
    facts = (await api.get("/v1/disclosure/penalties/dictionary")).json()

    assert next(f["choices"] for f in facts["fields"] if f["name"] == "penalty_class") == {
        "minor": "轻微",
        "general": "一般",
        "serious": "严重",
    }
    assert "reporter_name" not in {f["name"] for f in facts["fields"]}
    assert facts["licence"]


async def test_chiefs_are_listed_by_river_without_any_number(api) -> None:
    await a_watched_river()
    await published("river-chiefs", a_chief(duties="巡河，电话13812345678"))

    (row,) = (await api.get("/v1/disclosure/river-chiefs", params={"river": "QH-R-001"})).json()["items"]

    assert "13812345678" not in str(row)
    assert row["name"] == "示例河长"


READER = {"Origin": "https://reader.example"}


@pytest.mark.parametrize(
    "path",
    ["/v1/disclosure", "/v1/disclosure/penalties", "/v1/disclosure/penalties/dictionary", "/v1/disclosure/rivers.csv",
     "/v1/disclosure/rivers.atom", "/v1/rivers/ranking", "/v1/rivers/nearest?near=120,30", "/v1/disclosure/rivers/none",
     "/v1/enterprises/statement-keys", "/v1/enterprises/rule-packs"],
)  # fmt: skip
async def test_any_web_page_may_read_open_data_with_a_preflight_for_its_etag(api, path: str) -> None:
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "If-None-Match"}

    preflight = await api.options(path, headers=READER | asks)
    answer = await api.get(path, headers=READER)

    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, "*")
    assert "if-none-match" in preflight.headers["access-control-allow-headers"].lower()
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("path", "method", "header"),
    [("/v1/disclosure/penalties", "GET", "Authorization"), ("/v1/disclosure/penalties/x/replies", "POST", "Content-Type"),
     ("/v1/me/enterprises", "GET", "If-None-Match"), ("/v1/operator/disclosure/imports", "GET", "Accept")],
)  # fmt: skip
async def test_a_preflight_with_a_token_or_for_a_write_names_no_origin(api, path, method, header) -> None:
    asks = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": header}

    preflight = await api.options(path, headers=READER | asks)

    assert "access-control-allow-origin" not in preflight.headers


async def test_a_kept_answer_is_given_again_until_something_changes_and_a_bad_token_is_still_refused(api) -> None:
    await published("rivers", a_river())
    first = await api.get("/v1/disclosure/rivers")
    kept = await api.get("/v1/disclosure/rivers")
    token = await api.get("/v1/disclosure/rivers", headers={"Authorization": "Bearer nonsense"})
    await published("rivers", a_river(code="QH-R-002", name="远溪"))
    changed = await api.get("/v1/disclosure/rivers", headers={"If-None-Match": first.headers["etag"]})

    assert (kept.content, kept.headers["etag"], kept.headers["content-type"]) == (
        first.content, first.headers["etag"], first.headers["content-type"],
    )  # fmt: skip
    assert int(kept.headers["content-length"]) == len(kept.content)
    assert (token.status_code, changed.status_code, len(changed.json()["items"])) == (401, 200, 2)
