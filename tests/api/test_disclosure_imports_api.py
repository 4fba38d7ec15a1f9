"""Imports as an operator makes them: template, dry run, second officer, corrections, withdrawal."""

import io
from datetime import timedelta

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from domain.disclosure import import_runs
from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.ids import new_id
from domain.kernel.leases import Job
from tests.builders.disclosure import a_river, a_section, published, worked
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in

BASE = "/v1/operator/disclosure"
HEAD = "决定书文号,相对人类型,相对人名称,统一社会信用代码,违法事实,处罚依据,处罚种类,罚款金额（元）,作出机关,决定日期,失信类别,案件编号,执法人员（不公开）"
DECIDED = clock.local_day(clock.utc_now()) - timedelta(days=3)
GOOD = f"清环罚〔2026〕7号,单位,清河示例电镀有限公司,91330106MA27X0015J,举报人王小明反映属实，电话13812345678,水污染防治法,罚款,20000,清河区生态环境局,{DECIDED},一般,CASE-1,赵铁柱"
SECRET = f"清环罚〔2026〕8号,单位,清河示例印染有限公司,91350212MA31Y00255,执法人员赵铁柱检查,法,罚款,1,局,{DECIDED},一般,,赵铁柱"


def file_of(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines]).encode()


@pytest.fixture
async def officers(api, settings):
    await seed_officers(settings)
    return await signed_in(api, CLERK), await signed_in(api, REVIEWER)


async def send(api, officer, content: bytes, dataset: str = "penalties"):
    return await api.post(
        f"{BASE}/{dataset}/imports",
        params={"source": "案卷"},
        content=content,
        headers=officer | {"Content-Type": "text/csv"},
    )


async def seen(api, officer, import_id: str) -> dict:
    """The import after the worker did what was due."""
    await worked(api)
    return (await api.get(f"{BASE}/imports/{import_id}", headers=officer)).json()


async def bring(api, officer, content: bytes, dataset: str = "penalties") -> dict:
    answer = await send(api, officer, content, dataset)
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    return await seen(api, officer, answer.json()["id"])


async def commit(api, officer, import_id: str, **body) -> dict:
    answer = await api.post(f"{BASE}/imports/{import_id}/commit", json=body, headers=officer)
    assert (answer.status_code, answer.json()["state"]) == (202, "queued"), answer.text
    done = await seen(api, officer, import_id)
    assert (done["state"], done["done"]) == ("committed", done["rows"])
    return done["counts"]


async def shown(api) -> list[dict]:
    return (await api.get("/v1/disclosure/penalties")).json()["items"]


async def test_a_dry_run_shows_what_would_happen_and_changes_nothing(api, officers) -> None:
    answer = await bring(api, officers[0], file_of(GOOD))

    assert (answer["state"], answer["done"], answer["rows"]) == ("checked", 1, 1)
    assert answer["counts"] == {"new": 1, "corrected": 0, "unchanged": 0}
    assert [p["text"][h["start"] : h["end"]] for p in answer["previews"] for h in p["hidden"]] == [
        "王小明",
        "13812345678",
    ]
    assert await shown(api) == []


async def test_penalties_need_a_second_officer_and_show_the_case(api, officers) -> None:
    clerk, reviewer = officers
    brought = (await bring(api, clerk, file_of(GOOD, SECRET)))["id"]

    own = await api.post(f"{BASE}/imports/{brought}/commit", json={}, headers=clerk)
    other = await commit(api, reviewer, brought)
    again = await api.post(f"{BASE}/imports/{brought}/commit", json={}, headers=reviewer)

    assert (own.status_code, again.status_code) == (403, 409)
    assert other == {"new": 2, "corrected": 0, "unchanged": 0}
    linked = (await api.get("/v1/disclosure/penalties", params={"case_number": "CASE-1"})).json()["items"]
    assert [row["decision_number"] for row in linked] == ["清环罚〔2026〕7号"]
    assert "赵铁柱" not in str(await shown(api))
    assert await db.fetch_value("select sealed_file is null and sealed_preview is null from disclosure_import")


async def test_the_same_file_again_changes_nothing_and_a_corrected_one_is_a_difference(api, officers) -> None:
    clerk, reviewer = officers
    for _ in range(2):
        done = await commit(api, reviewer, (await bring(api, clerk, file_of(GOOD)))["id"])
    corrected = await bring(api, clerk, file_of(GOOD.replace("20000", "30000")))
    await commit(api, reviewer, corrected["id"], reason="金额更正")

    assert done == {"new": 0, "corrected": 0, "unchanged": 1}
    assert corrected["differences"][0]["changes"] == [{"field": "amount_yuan", "before": "20000", "after": "30000"}]
    entry = (await api.get("/v1/disclosure/penalties/清环罚〔2026〕7号")).json()
    assert [version["reason"] for version in entry["history"]] == ["金额更正", None]


@pytest.mark.parametrize(
    ("line", "kind", "column"),
    [
        (GOOD.replace("91330106MA27X0015J", "91330106MA27X0015K"), "错", "统一社会信用代码"),
        (GOOD.replace("91330106MA27X0015J", ""), "缺", "统一社会信用代码"),
        (GOOD.replace("清河示例电镀有限公司", ""), "缺", "相对人名称"),
        (GOOD.replace(str(DECIDED), "2026-02-30"), "错", "决定日期"),
        (GOOD.replace(str(DECIDED), "2999-01-01"), "错", "决定日期"),
        (GOOD.replace("一般", "特大"), "错", "失信类别"),
        (GOOD.replace("20000", "两万"), "错", "罚款金额（元）"),
    ],
)
async def test_findings_name_row_and_column_in_chinese_and_stop_the_commit(api, officers, line, kind, column) -> None:
    clerk, reviewer = officers

    answer = await bring(api, clerk, file_of(SECRET, line))
    refused = await api.post(f"{BASE}/imports/{answer['id']}/commit", json={}, headers=reviewer)

    assert [(kind, 3, column)] == [(f["kind"], f["row"], f["column"]) for f in answer["findings"]]
    assert (refused.status_code, refused.json()["code"]) == (409, "import-not-ready")


async def test_a_minor_is_never_published(api, officers) -> None:
    head, line = HEAD + ",是否未成年人", GOOD.replace("单位", "个人").replace("91330106MA27X0015J", "") + ",是"

    answer = await bring(api, officers[0], file_of(line, head=head))

    assert [f["message"] for f in answer["findings"]] == ["未成年人的处罚不得公示"]


async def test_gb18030_and_spreadsheets_are_read_like_utf8(api, officers) -> None:
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet()
        for number, line in enumerate((HEAD, GOOD)):
            sheet.write_row(number, 0, line.split(","))
    for content in (file_of(GOOD).decode().encode("gb18030"), b"\xef\xbb\xbf" + file_of(GOOD), book.getvalue()):
        answer = await bring(api, officers[0], content)
        assert (answer["counts"], answer["findings"]) == ({"new": 1, "corrected": 0, "unchanged": 0}, [])


async def test_repeated_keys_missing_columns_and_unknown_columns_are_found(api, officers) -> None:
    twice = (await bring(api, officers[0], file_of(GOOD, GOOD)))["findings"]
    fewer = (await bring(api, officers[0], b"\xe5\x86\xb3\xe5\xae\x9a\xe4\xb9\xa6\xe6\x96\x87\xe5\x8f\xb7,x\n1,2"))[
        "findings"
    ]

    assert [(f["kind"], f["row"], f["message"]) for f in twice] == [("错", 3, "与第 2 行重复")]
    assert {"缺", "警"} == {f["kind"] for f in fewer}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"PK\x03\x04broken", b'a,"b\n1,2'])
async def test_what_is_no_table_fails_with_a_finding_and_publishes_nothing(api, officers, content: bytes) -> None:
    answer = await bring(api, officers[0], content)

    assert (answer["state"], [f["column"] for f in answer["findings"]]) == ("failed", ["文件"])
    refused = await api.post(f"{BASE}/imports/{answer['id']}/commit", json={}, headers=officers[1])
    assert (refused.status_code, refused.json()["code"]) == (409, "import-not-ready")


async def test_omitted_sections_are_found_against_the_expected_set(api, officers) -> None:
    await published("rivers", a_river())
    await published("sections", a_section(), a_section(code="QH-S-002", name="青河出口"))

    content = "断面编码,月份,氨氮（mg/L）\nQH-S-001,2026-05,<0.4".encode()
    answer = await bring(api, officers[0], content, "river-water")

    assert [(f["kind"], f["message"]) for f in answer["findings"]] == [("漏", "2026-05 缺少断面 QH-S-002 青河出口")]
    done = await commit(api, officers[0], answer["id"])
    assert done == {"漏": 1, "new": 1, "corrected": 0, "unchanged": 0}
    month = (await api.get("/v1/disclosure/river-water")).json()["items"][0]
    assert (month["nh3n"], month["class_name"]) == ("<0.4", "Ⅱ")


async def test_the_template_is_a_spreadsheet_that_can_be_filled_in(api, officers) -> None:
    answer = await api.get(f"{BASE}/penalties/template.xlsx", headers=officers[0])
    headings = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()[0]

    assert headings[0] == "决定书文号"
    assert set(HEAD.split(",")) <= set(headings)


async def test_withdrawing_takes_an_entry_down_and_repair_waits_for_the_shortest_period(api, officers) -> None:
    clerk, reviewer = officers
    await commit(api, reviewer, (await bring(api, clerk, file_of(GOOD)))["id"])
    entry = f"{BASE}/penalties/entries/清环罚〔2026〕7号"

    early = await api.post(f"{entry}/repair", json={"reason": "已整改"}, headers=reviewer)
    gone = await api.post(f"{entry}/withdraw", json={"reason": "复议撤销"}, headers=clerk)

    assert (early.status_code, early.json()["code"], gone.status_code) == (409, "repair-too-early", 204)
    assert await shown(api) == []


async def test_imports_are_for_officers(api, officers) -> None:
    assert (await api.get(f"{BASE}/imports")).status_code == 401
    assert (await send(api, officers[0], file_of(GOOD), "secrets")).status_code == 404
    dropped = (await bring(api, officers[0], file_of(GOOD)))["id"]
    assert (await api.delete(f"{BASE}/imports/{dropped}", headers=officers[0])).status_code == 204
    assert [i["state"] for i in (await api.get(f"{BASE}/imports", headers=officers[0])).json()] == ["dropped"]


async def test_a_void_decision_has_a_clock_of_three_working_days_until_it_is_withdrawn(api, officers) -> None:
    clerk, reviewer = officers
    await commit(api, reviewer, (await bring(api, clerk, file_of(GOOD)))["id"])
    entry, today = f"{BASE}/penalties/entries/清环罚〔2026〕7号", clock.local_day(clock.utc_now())

    body = {"reason": "复议撤销，联系13812345678", "ordered_on": str(today - timedelta(days=20))}
    late = await api.post(f"{entry}/withdrawal-orders", json=body, headers=clerk)
    twice = await api.post(f"{entry}/withdrawal-orders", json={"reason": "再次"}, headers=clerk)
    unknown = await api.post(f"{BASE}/penalties/entries/x/withdrawal-orders", json={"reason": "无此"}, headers=clerk)
    (due,) = (await api.get(f"{BASE}/dues", headers=clerk)).json()

    assert (late.status_code, late.json()["light"], unknown.status_code) == (201, "red", 404)
    assert (due["duty"], due["unit"], due["reason"]) == ("withdraw", "清河区生态环境局", "复议撤销，联系［电话已隐去］")
    assert twice.json()["due_on"] == due["due_on"]
    await api.post(f"{entry}/withdraw", json={"reason": "复议撤销"}, headers=clerk)
    await worked(api)
    assert (await api.get(f"{BASE}/dues", headers=clerk)).json() == []


async def test_an_import_that_another_worker_runs_is_left_alone_until_its_beat_stops(api, officers) -> None:
    asked = (await send(api, officers[0], file_of(GOOD))).json()["id"]
    running = "update disclosure_import set state = 'checking', beat_at = now() - make_interval(secs => $1)"

    await db.execute(running, 1.0)
    alive = (await seen(api, officers[0], asked))["state"]
    await db.execute(running, 60.0)
    await import_runs.check(Job(new_id(), "import-check", "", {"import": asked}, 2, clock.utc_now()))

    assert (alive, (await seen(api, officers[0], asked))["state"]) == ("checking", "checked")
