"""Imports as an operator makes them: template, dry run, second officer, corrections, withdrawal."""

import io
from datetime import timedelta

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from domain.kernel import clock
from domain.kernel import database as db
from tests.builders.disclosure import a_river, a_section, published
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


async def bring(api, officer, content: bytes, dataset: str = "penalties"):
    return await api.post(
        f"{BASE}/{dataset}/imports",
        params={"source": "案卷"},
        content=content,
        headers=officer | {"Content-Type": "text/csv"},
    )


async def shown(api) -> list[dict]:
    return (await api.get("/v1/disclosure/penalties")).json()["items"]


async def test_a_dry_run_shows_what_would_happen_and_changes_nothing(api, officers) -> None:
    answer = (await bring(api, officers[0], file_of(GOOD))).json()

    assert answer["counts"] == {"new": 1, "corrected": 0, "unchanged": 0}
    assert [p["text"][h["start"] : h["end"]] for p in answer["previews"] for h in p["hidden"]] == [
        "王小明",
        "13812345678",
    ]
    assert await shown(api) == []


async def test_penalties_need_a_second_officer_and_show_the_case(api, officers) -> None:
    clerk, reviewer = officers
    brought = (await bring(api, clerk, file_of(GOOD, SECRET))).json()["id"]

    own = await api.post(f"{BASE}/imports/{brought}/commit", json={}, headers=clerk)
    other = await api.post(f"{BASE}/imports/{brought}/commit", json={}, headers=reviewer)
    again = await api.post(f"{BASE}/imports/{brought}/commit", json={}, headers=reviewer)

    assert (own.status_code, other.status_code, again.status_code) == (403, 200, 409)
    assert other.json() == {"new": 2, "corrected": 0, "unchanged": 0}
    linked = (await api.get("/v1/disclosure/penalties", params={"case_number": "CASE-1"})).json()["items"]
    assert [row["decision_number"] for row in linked] == ["清环罚〔2026〕7号"]
    assert "赵铁柱" not in str(await shown(api))
    assert await db.fetch_value("select sealed_file is null from disclosure_import")


async def test_the_same_file_again_changes_nothing_and_a_corrected_one_is_a_difference(api, officers) -> None:
    clerk, reviewer = officers
    for _ in range(2):
        brought = (await bring(api, clerk, file_of(GOOD))).json()
        done = await api.post(f"{BASE}/imports/{brought['id']}/commit", json={}, headers=reviewer)
    corrected = (await bring(api, clerk, file_of(GOOD.replace("20000", "30000")))).json()
    await api.post(f"{BASE}/imports/{corrected['id']}/commit", json={"reason": "金额更正"}, headers=reviewer)

    assert done.json() == {"new": 0, "corrected": 0, "unchanged": 1}
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

    answer = (await bring(api, clerk, file_of(SECRET, line))).json()
    refused = await api.post(f"{BASE}/imports/{answer['id']}/commit", json={}, headers=reviewer)

    assert [(kind, 3, column)] == [(f["kind"], f["row"], f["column"]) for f in answer["findings"]]
    assert (refused.status_code, refused.json()["code"]) == (409, "import-not-ready")


async def test_a_minor_is_never_published(api, officers) -> None:
    head, line = HEAD + ",是否未成年人", GOOD.replace("单位", "个人").replace("91330106MA27X0015J", "") + ",是"

    answer = (await bring(api, officers[0], file_of(line, head=head))).json()

    assert [f["message"] for f in answer["findings"]] == ["未成年人的处罚不得公示"]


async def test_gb18030_and_spreadsheets_are_read_like_utf8(api, officers) -> None:
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet()
        for number, line in enumerate((HEAD, GOOD)):
            sheet.write_row(number, 0, line.split(","))
    for content in (file_of(GOOD).decode().encode("gb18030"), b"\xef\xbb\xbf" + file_of(GOOD), book.getvalue()):
        answer = (await bring(api, officers[0], content)).json()
        assert (answer["counts"], answer["findings"]) == ({"new": 1, "corrected": 0, "unchanged": 0}, [])


async def test_repeated_keys_missing_columns_and_unknown_columns_are_found(api, officers) -> None:
    twice = (await bring(api, officers[0], file_of(GOOD, GOOD))).json()["findings"]
    fewer = (
        await bring(api, officers[0], b"\xe5\x86\xb3\xe5\xae\x9a\xe4\xb9\xa6\xe6\x96\x87\xe5\x8f\xb7,x\n1,2")
    ).json()["findings"]

    assert [(f["kind"], f["row"], f["message"]) for f in twice] == [("错", 3, "与第 2 行重复")]
    assert {"缺", "警"} == {f["kind"] for f in fewer}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"PK\x03\x04broken", "列\n1".encode(), b'a,"b\n1,2'])
async def test_what_is_no_table_is_a_422_problem(api, officers, content: bytes) -> None:
    answer = await bring(api, officers[0], content)

    assert (answer.status_code, answer.json()["code"]) == (422, "import-file-unreadable")


async def test_omitted_sections_are_found_against_the_expected_set(api, officers) -> None:
    await published("rivers", a_river())
    await published("sections", a_section(), a_section(code="QH-S-002", name="青河出口"))

    answer = (
        await bring(api, officers[0], "断面编码,月份,氨氮（mg/L）\nQH-S-001,2026-05,0.4".encode(), "river-water")
    ).json()

    assert [(f["kind"], f["message"]) for f in answer["findings"]] == [("漏", "2026-05 缺少断面 QH-S-002 青河出口")]
    done = await api.post(f"{BASE}/imports/{answer['id']}/commit", json={}, headers=officers[0])
    assert done.json() == {"new": 1, "corrected": 0, "unchanged": 0}


async def test_the_template_is_a_spreadsheet_that_can_be_filled_in(api, officers) -> None:
    answer = await api.get(f"{BASE}/penalties/template.xlsx", headers=officers[0])
    headings = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()[0]

    assert headings[0] == "决定书文号"
    assert set(HEAD.split(",")) <= set(headings)


async def test_withdrawing_takes_an_entry_down_and_repair_waits_for_the_shortest_period(api, officers) -> None:
    clerk, reviewer = officers
    brought = (await bring(api, clerk, file_of(GOOD))).json()["id"]
    await api.post(f"{BASE}/imports/{brought}/commit", json={}, headers=reviewer)
    entry = f"{BASE}/penalties/entries/清环罚〔2026〕7号"

    early = await api.post(f"{entry}/repair", json={"reason": "已整改"}, headers=reviewer)
    gone = await api.post(f"{entry}/withdraw", json={"reason": "复议撤销"}, headers=clerk)

    assert (early.status_code, early.json()["code"], gone.status_code) == (409, "repair-too-early", 204)
    assert await shown(api) == []


async def test_imports_are_for_officers(api, officers) -> None:
    assert (await api.get(f"{BASE}/imports")).status_code == 401
    assert (await bring(api, officers[0], file_of(GOOD), "secrets")).status_code == 404
    dropped = (await bring(api, officers[0], file_of(GOOD))).json()["id"]
    assert (await api.delete(f"{BASE}/imports/{dropped}", headers=officers[0])).status_code == 204
    assert [i["state"] for i in (await api.get(f"{BASE}/imports", headers=officers[0])).json()] == ["dropped"]
