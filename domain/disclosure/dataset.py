"""The contract of a disclosed dataset.

One file in `datasets/` fills it in; lists, items, CSV, GeoJSON, Atom, imports and the data dictionary follow from it.

Every row is a version: `key` names the thing, `superseded_at` ends a version when a correction, repair or withdrawal
brings the next. What is shown is `public_json`, made and redacted when the version is stored, never afterwards.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any

import msgspec
from piccolo.columns import UUID, Array, BigSerial, Bytea, Date, Timestamptz, Varchar
from piccolo.columns import Integer as IntegerColumn
from piccolo.columns import Text as TextColumn
from piccolo.table import Table

from domain.disclosure.fields import Field, Finding, type_of
from domain.kernel.errors import Text

KEY_CHARS_MAX = 160
Row = dict[str, Any]
NEVER = date(1, 1, 1)


class Disclosed:
    """The columns every dataset's table has; the table adds one column per filter. Named `disclosed_…`."""

    id = UUID(primary_key=True, null=False, default=None)
    position = BigSerial()  # order of publication, for feeds
    key = Varchar(length=KEY_CHARS_MAX, null=False, default=None)
    version = IntegerColumn(null=False, default=None)
    state = Varchar(length=12, null=False, default=None)  # public | withdrawn | repaired
    reason = TextColumn(null=True, default=None)  # why corrected, withdrawn or repaired; public
    recorded_at = Timestamptz(null=False, default=None)
    superseded_at = Timestamptz(null=True, default=None)
    shown_from = Date(null=False, default=None)
    shown_until = Date(null=True, default=None)  # first day on which it is no longer shown
    sort_key = Varchar(length=80, null=False, default=None)
    search_text = TextColumn(null=False, default=None)
    grams = Array(base_column=IntegerColumn(), null=False, default=None)  # see `bigrams`
    public_json = TextColumn(null=False, default=None)
    content_hash = Bytea(null=False, default=None)  # of the imported content: the same again changes nothing
    source = Varchar(length=200, null=False, default=None)
    recorded_by = Varchar(length=80, null=False, default=None)
    import_id = UUID(null=True, default=None)


class Shown(msgspec.Struct, frozen=True):
    """From which day a row is shown, and the first day on which it no longer is. `(NEVER, NEVER)`: never."""

    since: date
    until: date | None


def always(_row: Row, today: date) -> Shown:
    """Shown from the day of publication on, without an end."""
    return Shown(today, None)


def nothing_derived(row: Row, _known: Any) -> Row:
    """The dataset computes nothing."""
    return row


def no_findings(_row: Row, _known: Any, _today: date) -> list[tuple[str, str, str]]:
    """The dataset has no rules beyond its columns."""
    return []


async def nothing_known() -> Any:
    """The dataset looks nothing up."""
    return None


async def nothing_expected(_rows: Sequence[Row], _known: Any) -> list[Finding]:
    """The dataset expects no particular set of rows."""
    return []


class Dataset(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What there is to know about one dataset."""

    name: str  # in addresses: `/v1/disclosure/{name}`
    title: Text
    about: Text
    table: type[Table]
    fields: tuple[Field, ...]
    key: tuple[str, ...]  # fields that together name a row
    heading: tuple[str, ...]  # fields that make a feed entry's title
    order: str  # field that orders the list
    newest_first: bool = True
    place: tuple[str, ...] = ()  # (lng, lat) fields or one geometry field; empty: no GeoJSON
    cycle: Text
    licence: Text = Text("政府信息公开，注明来源即可使用", "Open government information, reuse with attribution")
    source: Text
    two_persons: bool = False  # a second operator commits imports
    due_process: bool = False  # what may no longer be shown today is not shown for earlier days either
    due_from: str = ""  # date field from which the publication clock runs (working days, see `dues`)
    due_unit: str = ""  # field that names the unit it warns
    shown: Callable[[Row, date], Shown] = always
    known: Callable[[], Awaitable[Any]] = nothing_known  # looked up once per import, given to derive and check
    derive: Callable[[Row, Any], Row] = nothing_derived
    check: Callable[[Row, Any, date], list[tuple[str, str, str]]] = no_findings  # (错|警, column, message)
    expect: Callable[[Sequence[Row], Any], Awaitable[list[Finding]]] = nothing_expected
    subject: Callable[[Row], str] = lambda _row: "company"  # whose record it is, for redaction

    @property
    def tablename(self) -> str:
        """The table's name in SQL."""
        return str(self.table._meta.tablename)  # noqa: SLF001 - Piccolo's public way to the name

    @cached_property
    def imported(self) -> tuple[Field, ...]:
        """The columns of a file."""
        return tuple(field for field in self.fields if not field.derived)

    @cached_property
    def shown_fields(self) -> tuple[Field, ...]:
        """The fields of the public row."""
        return tuple(field for field in self.fields if not field.private)

    @cached_property
    def filters(self) -> tuple[Field, ...]:
        """The fields with a column of their own."""
        return tuple(field for field in self.fields if field.filter)

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Field name to field."""
        return {field.name: field for field in self.fields}

    @cached_property
    def public_type(self) -> type[msgspec.Struct]:
        """The struct of the public row: provenance first, then the dataset's own fields."""
        ours = {field.name for field in self.shown_fields}
        own = [
            (field.name, type_of(field)) if field.required else (field.name, type_of(field) | None, None)
            for field in sorted(self.shown_fields, key=lambda field: not field.required)
        ]
        meta = [entry for entry in META if entry[0] not in ours]
        name = "".join(part.title() for part in self.name.split("-")) + "Row"
        return msgspec.defstruct(name, [*meta, *own], kw_only=True, frozen=True, omit_defaults=True)

    def key_of(self, row: Row) -> str:
        """The natural key: the key fields joined by `|`, without what an address cannot carry."""
        joined = "|".join(str(row[name]) for name in self.key)
        return joined.replace("/", "-").replace("\\", "-")[:KEY_CHARS_MAX]

    def heading_of(self, row: Row) -> str:
        """One line for people."""
        return " · ".join(str(row[name]) for name in self.heading if row.get(name) is not None)


META: list[tuple[str, Any]] = [
    ("key", str),
    ("version", int),
    ("published_at", datetime),
    ("shown_from", date),
    ("shown_until", date | None),
    ("source", str),
]
