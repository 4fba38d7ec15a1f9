"""Reading what is public: pages, one entry with its history, changes for feeds, search.

The day decides what is shown: rows before their first or from their last day on are left out by the query itself.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.disclosure.bigrams import grams_of
from domain.disclosure.dataset import Dataset
from domain.kernel import calendar, database
from domain.kernel.errors import Invalid, NotFound, Text

SEARCH_CHARS_MIN, SEARCH_CHARS_MAX = 2, 40
FEED_MAX = 50
HISTORY_MAX = 100

SHOWN_TODAY = "t.state = 'public' and t.shown_from <= {day} and (t.shown_until is null or t.shown_until > {day})"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a list. `filters` maps a field to its value, or to (from, to) where a range is offered."""

    today: date
    filters: Mapping[str, Any] = {}
    text: str | None = None
    as_of: date | None = None
    box: tuple[float, float, float, float] | None = None  # west, south, east, north


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an entry's public history."""

    version: int
    state: str
    recorded_at: datetime
    reason: str | None
    source: str


class Condition:
    """A growing `where` with its parameters."""

    def __init__(self) -> None:
        """No condition yet."""
        self.parts: list[str] = []
        self.values: list[Any] = []

    def add(self, sql: str, *values: Any) -> None:
        """Adds one condition; `{0}`, `{1}` … stand for the values."""
        numbers = [f"${len(self.values) + n + 1}" for n in range(len(values))]
        self.values += values
        self.parts.append(sql.format(*numbers))

    @property
    def sql(self) -> str:
        """The conditions joined by `and`."""
        return " and ".join(self.parts)


def condition_of(dataset: Dataset, question: Question) -> Condition:
    """The `where` of a question; raises `Invalid` for a date in the future or a text that is too short."""
    where = Condition()
    if question.as_of is None:
        where.add("t.superseded_at is null")
        where.add(SHOWN_TODAY.format(day="{0}"), question.today)
    else:
        _as_of(dataset, where, question)
    for name, value in question.filters.items():
        field = dataset.by_name[name]
        if field.filter == "from_to":
            low, high = value
            where.add(f"({{0}}::{_cast(field.kind)} is null or t.{name} >= {{0}})", low)
            where.add(f"({{0}}::{_cast(field.kind)} is null or t.{name} <= {{0}})", high)
        else:
            where.add(f"t.{name} = {{0}}", value)
    if question.text is not None:
        _search(where, question.text)
    if question.box is not None and len(dataset.place) == 2:  # noqa: PLR2004 - a pair of columns
        lng, lat = dataset.place
        where.add(f"t.{lng} between {{0}} and {{2}} and t.{lat} between {{1}} and {{3}}", *question.box)
    return where


def _cast(kind: str) -> str:
    return {"date": "date", "integer": "bigint", "degrees": "float8", "moment": "text"}.get(kind, "text")


def _as_of(dataset: Dataset, where: Condition, question: Question) -> None:
    """What was public on a day; with due process, minus what may not be shown any more today."""
    day = question.as_of
    if day is None or day > question.today:
        raise Invalid(Text("as_of 不能晚于今天", "as_of cannot be in the future"), field="as_of")
    where.add("t.recorded_at < {0} and (t.superseded_at is null or t.superseded_at >= {0})", calendar.end_of(day))
    where.add(SHOWN_TODAY.format(day="{0}"), day)
    if dataset.due_process:
        current = SHOWN_TODAY.replace("t.", "c.").format(day="{0}")
        where.add(
            f"exists (select 1 from {dataset.tablename} c"
            f" where c.key = t.key and c.superseded_at is null and {current})",
            question.today,
        )


def _search(where: Condition, text: str) -> None:
    """All two-character pieces by index, then the whole text literally: no false hits, `%` and `_` are plain."""
    words = [word for word in text.lower().split() if word]
    if not words or any(not SEARCH_CHARS_MIN <= len(word) <= SEARCH_CHARS_MAX for word in words):
        raise Invalid(
            Text("检索词应为 2–40 个字符", f"search words have {SEARCH_CHARS_MIN}-{SEARCH_CHARS_MAX} characters"),
            field="q",
        )
    for word in words:
        where.add("t.grams @> {0}::int[] and strpos(t.search_text, {1}) > 0", grams_of(word), word)


async def page(dataset: Dataset, question: Question, *, limit: int, after: tuple[str, UUID] | None) -> Sequence[Any]:
    """Rows (public_json, sort_key, id) in the dataset's order, after a position."""
    where = condition_of(dataset, question)
    sign, way = ("<", "desc") if dataset.newest_first else (">", "asc")
    if after is not None:
        where.add(f"(t.sort_key, t.id) {sign} ({{0}}, {{1}})", *after)
    rows: Sequence[Any] = await database.fetch(
        f"select t.public_json, t.sort_key, t.id, t.key from {dataset.tablename} t where {where.sql}"
        f" order by t.sort_key {way}, t.id {way} limit {limit:d}",
        *where.values,
    )
    return rows


async def count(dataset: Dataset, question: Question) -> int:
    """How many rows answer the question."""
    where = condition_of(dataset, question)
    total: int = await database.fetch_value(
        f"select count(*) from {dataset.tablename} t where {where.sql}", *where.values
    )
    return total


async def one(dataset: Dataset, key: str, *, today: date) -> str:
    """The public JSON of an entry shown today; raises `NotFound`."""
    shown = SHOWN_TODAY.format(day="$2")
    found: str | None = await database.fetch_value(
        f"select t.public_json from {dataset.tablename} t where t.key = $1 and t.superseded_at is null and {shown}",
        key,
        today,
    )
    if found is None:
        raise NotFound
    return found


async def current(dataset: Dataset, *, today: date, **equal: Any) -> list[dict[str, Any]]:
    """The public rows shown today whose filter columns equal the given values, as dictionaries, in order."""
    rows = await page(dataset, Question(today=today, filters=equal), limit=10_000, after=None)
    return [msgspec.json.decode(row["public_json"]) for row in rows]


async def history(dataset: Dataset, key: str, *, today: date) -> list[Version]:
    """The versions of an entry, newest first, with public reasons; `NotFound` unless it is shown or was withdrawn.

    What earlier versions said stays unsaid: only that, when and why it changed. Repaired, expired and never shown
    entries have no public history, a withdrawn one says why until its period ends.
    """
    rows = await database.fetch(
        f"select version, state, recorded_at, reason, source from {dataset.tablename}"
        " where key = $1 and shown_from <= $2 and (shown_until is null or shown_until > $2)"
        " order by version desc limit $3",
        key,
        today,
        HISTORY_MAX,
    )
    if not rows or rows[0]["state"] not in {"public", "withdrawn"}:
        raise NotFound
    return [
        Version(
            version=row["version"],
            state=row["state"],
            recorded_at=row["recorded_at"],
            reason=row["reason"],
            source=row["source"],
        )
        for row in rows
    ]


async def changes(dataset: Dataset, *, today: date, before: int | None = None, limit: int = FEED_MAX) -> Sequence[Any]:
    """The latest publications, corrections and take-downs, newest first; content only of what is shown today."""
    rows: Sequence[Any] = await database.fetch(
        f"select t.position, t.key, t.version, t.state, t.reason, t.recorded_at,"
        f" case when t.superseded_at is null and {SHOWN_TODAY.format(day='$1')} then t.public_json end as public_json"
        f" from {dataset.tablename} t where ($2::bigint is null or t.position < $2)"
        " and t.shown_from <= $1 and (t.shown_until is null or t.shown_until > t.shown_from)"
        " order by t.position desc limit $3",
        today,
        before,
        limit,
    )
    return rows


class Stamp(msgspec.Struct, frozen=True):
    """How often and when a dataset has changed."""

    changes: int
    changed_at: datetime | None


async def stamp(dataset: Dataset) -> Stamp:
    """The dataset's stamp; zero when nothing was ever published."""
    row = await database.fetch_row("select changes, changed_at from disclosure_stamp where dataset = $1", dataset.name)
    return Stamp(row["changes"], row["changed_at"]) if row is not None else Stamp(0, None)
