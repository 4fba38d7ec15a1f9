"""Versions, due process and what a day shows."""

from datetime import date, timedelta

import asyncpg
import msgspec
import pytest

from domain.disclosure import publication, reading, river_series
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.reading import Question
from domain.kernel import database as db
from domain.kernel.errors import Invalid, NotFound
from tests.builders.disclosure import AUTHOR, NOW, a_month, a_penalty, a_section, a_watched_river, published

PENALTIES = DATASETS["penalties"]
TODAY = date(2026, 6, 1)


async def shown(day: date = TODAY, **question) -> list[dict]:
    rows = await reading.page(PENALTIES, Question(today=day, **question), limit=100, after=None)
    return [msgspec.json.decode(row["public_json"]) for row in rows]


async def test_the_same_row_again_changes_nothing_and_another_is_a_correction(database) -> None:
    first = await published("penalties", a_penalty())
    again = await published("penalties", a_penalty())
    changed = await published("penalties", a_penalty(amount_yuan="90000"))

    assert [(o.new, o.corrected, o.unchanged) for o in (first, again, changed)] == [(1, 0, 0), (0, 0, 1), (0, 1, 0)]
    assert [(row["amount_yuan"], row["version"]) for row in await shown()] == [("90000", 2)]


@pytest.mark.parametrize(
    ("penalty_class", "last_day", "repair_from"),
    [("general", date(2027, 5, 19), "2026-08-20"), ("serious", date(2029, 5, 19), "2027-05-20")],
)
async def test_worked_example_of_publication_periods(
    database, penalty_class: str, last_day: date, repair_from: str
) -> None:
    await published("penalties", a_penalty(penalty_class=penalty_class))

    assert [repair_from] == [row["repair_from"] for row in await shown(last_day)]
    assert await shown(last_day + timedelta(days=1)) == []


@pytest.mark.parametrize("change", [{"penalty_class": "minor"}, {"is_minor": True, "subject_kind": "person"}])
async def test_a_minor_class_and_a_minor_person_are_never_shown(database, change: dict) -> None:
    await published("penalties", a_penalty(**change))

    assert await shown() == []
    with pytest.raises(NotFound):
        await reading.history(PENALTIES, a_penalty()["decision_number"], today=TODAY)
    assert list(await reading.changes(PENALTIES, today=TODAY)) == []


async def test_personal_values_are_hidden_before_anything_is_stored(database) -> None:
    facts = "举报人王小明（13812345678）反映，身份证11010519491231002X。现场张大力确认。"
    await published("penalties", a_penalty(facts=facts, officer_name="张大力", reporter_name="王小明"))

    stored = await db.fetch_value("select row_to_json(p)::text from disclosed_penalty p")

    assert [secret for secret in ("王小明", "13812345678", "11010519491231002X", "张大力") if secret in stored] == []
    assert "91330106MA27X0015J" in stored


async def test_a_withdrawn_entry_leaves_at_once_and_its_history_says_why(database) -> None:
    await published("penalties", a_penalty())
    async with db.transaction():
        await publication.take_down(
            PENALTIES, a_penalty()["decision_number"], state="withdrawn", reason="决定被撤销", by="system", now=NOW
        )

    history = await reading.history(PENALTIES, a_penalty()["decision_number"], today=TODAY)

    assert await shown() == []
    assert [(v.state, v.reason) for v in history] == [("withdrawn", "决定被撤销"), ("public", None)]


async def test_as_of_shows_what_was_public_on_that_day_but_nothing_taken_down_since(database) -> None:
    later = NOW + timedelta(days=20)
    await published("penalties", a_penalty(), a_penalty(decision_number="青环罚〔2026〕14号"))
    await published("penalties", a_penalty(amount_yuan="1"), now=later)
    async with db.transaction():
        await publication.take_down(
            PENALTIES, "青环罚〔2026〕14号", state="repaired", reason="信用修复", by="system", now=later
        )

    assert [row["amount_yuan"] for row in await shown(date(2026, 7, 1), as_of=TODAY)] == ["120000"]
    assert await shown(date(2026, 7, 1), as_of=TODAY - timedelta(days=1)) == []
    with pytest.raises(Invalid):
        await shown(as_of=date(2026, 6, 2))


async def test_rivers_have_no_due_process_so_as_of_is_history(database) -> None:
    await a_watched_river()
    await published("river-water", a_month(nh3n="1.9"), now=NOW + timedelta(days=3))
    question = Question(today=date(2026, 6, 10), as_of=TODAY)

    rows = await reading.page(DATASETS["river-water"], question, limit=10, after=None)

    assert [msgspec.json.decode(row["public_json"])["class_name"] for row in rows] == ["Ⅱ"]


async def test_the_month_of_a_section_is_evaluated_when_it_is_published(database) -> None:
    await a_watched_river(a_month(nh3n="1.9", tp="0.35"))

    row = msgspec.json.decode(await reading.one(DATASETS["river-water"], "QH-S-001|2026-05", today=TODAY))

    assert (
        row["class_name"], row["status"], row["main_pollutants"], row["meets_target"], row["river"],
    ) == ("Ⅴ", "中度污染", "氨氮(0.9)、总磷(0.8)", False, "QH-R-001")  # fmt: skip
    assert (AUTHOR.source, "0.35") == (row["source"], row["tp"])


async def test_published_rows_are_evidence(database) -> None:
    await published("penalties", a_penalty())

    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await db.execute("update disclosed_penalty set public_json = '{}'")
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await db.execute("delete from disclosed_penalty")


async def test_search_finds_two_characters_and_treats_wildcards_as_text(database) -> None:
    await published(
        "penalties",
        a_penalty(),
        a_penalty(decision_number="青环罚〔2026〕20号", party="河青百分之5%有限公司", facts="夜间_倾倒"),
    )

    assert len(await shown(text="电镀")) == 1
    assert [row["party"] for row in await shown(text="5%")] == ["河青百分之5%有限公司"]
    assert [len(await shown(text=t)) for t in ("间_", "%%", "有限", "2026〕20")] == [1, 0, 2, 1]
    assert len(await shown(text="镀电")) == 0
    assert len(await shown(text="有限 电镀")) == 1
    with pytest.raises(Invalid):
        await shown(text="电")


async def test_the_classes_of_all_sections_have_a_place_for_every_month(database) -> None:
    await a_watched_river(a_month(month="2026-01"), a_month(month="2026-03", nh3n="1.9"))
    await published("sections", a_section(code="QH-S-002"))
    await published("river-water", *(a_month(section="QH-S-002", month=f"2026-0{n}") for n in (1, 2, 3)))

    classes = await river_series.classes_of_all(since="2026-01", until="2026-03")
    longer = await river_series.classes_of_all(since="2025-11", until="2026-03")

    assert classes == {"QH-S-001": "2-5", "QH-S-002": "222"}
    assert longer["QH-S-001"] == "--2-5"


async def test_a_corrected_month_changes_its_place_and_a_withdrawn_one_is_missing_again(database) -> None:
    await a_watched_river(
        a_month(month="2026-01"), a_month(month="2026-02", nh3n="--", ph="--", do="--", codmn="--", tp="--")
    )
    await published("river-water", a_month(month="2026-01", nh3n="1.9"))
    corrected = await river_series.classes_of_all(since="2026-01", until="2026-02")
    async with db.transaction():
        await publication.take_down(
            DATASETS["river-water"], "QH-S-001|2026-01", state="withdrawn", reason="数据有误", by="system", now=NOW
        )

    assert corrected == {"QH-S-001": "50"}
    assert await river_series.classes_of_all(since="2026-01", until="2026-02") == {"QH-S-001": "-0"}
