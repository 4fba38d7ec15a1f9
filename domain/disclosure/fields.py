"""The fields of a dataset: what a cell of an import must look like and what the public row shows.

A cell is text (CSV) or a value of a spreadsheet. Reading one answers the value as it stands in the public JSON, or a
`Finding` that says in Chinese which column is wrong (错) or missing (缺).
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from domain.kernel.clock import DISTRICT_ZONE
from domain.kernel.credit_code import is_credit_code, normal_form
from domain.kernel.errors import Text

Kind = Literal[
    "text", "date", "month", "moment", "integer", "decimal", "measured", "choice", "credit_code", "degrees", "geometry",
    "flag",
]  # fmt: skip
Filter = Literal["", "exact", "from_to"]
NO_VALUE = frozenset({"", "-", "--", "—", "/", "无"})
DATE = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?(?:\s+0{1,2}:00(?::00)?)?")
MONTH = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*月?(?:[-/.]1)?")
DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,10})?")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
FLAGS = {"是": True, "否": False, "有": True, "无": False, "true": True, "false": False, "1": True, "0": False}
GEOMETRIES = ("Point", "LineString", "MultiLineString", "Polygon")
COORDINATES_MAX = 20_000


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing an import got wrong. `row` counts the file's rows from 1 (the heading); 0 means the whole file."""

    kind: Literal["错", "缺", "漏", "警"]  # wrong, missing, omitted against what is expected, warning
    row: int
    column: str
    message: str


class CellWrong(Exception):
    """The cell cannot be what the column says."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a dataset: its name in JSON, its heading in files, and its rules."""

    name: str
    label: Text
    kind: Kind = "text"
    required: bool = False
    derived: bool = False  # computed by the dataset, not imported
    private: bool = False  # imported for a rule or for redaction, never stored or shown
    redact: bool = False  # free text: personal values are hidden before it is stored
    search: bool = False
    filter: Filter = ""  # the table then has a column of this name
    choices: Mapping[str, Text] = {}
    length_max: int = 200
    unit: str = ""
    about: Text | None = None


def clean(cell: Any) -> str:
    """The cell as text: NFC, without control and invisible characters, trimmed. Whole floats lose their `.0`."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        cell = repr(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        cell = cell.isoformat(sep=" ")
    text = str(cell)
    if text.isprintable() and unicodedata.is_normalized("NFC", text):
        return text.strip()
    return CONTROL.sub("", unicodedata.normalize("NFC", text)).strip()


def read(field: Field, cell: Any) -> Any:
    """The public value of a cell, None when it is empty; raises `CellWrong` with a Chinese sentence."""
    if isinstance(cell, bool):
        cell = "是" if cell else "否"
    text = clean(cell)
    if text == "" or (text in NO_VALUE and field.kind not in {"flag", "text"}):
        return None
    if len(text) > (COORDINATES_MAX * 10 if field.kind == "geometry" else field.length_max):
        raise CellWrong(f"超过 {field.length_max} 个字符")
    return READERS[field.kind](field, text)


def _text(_field: Field, text: str) -> str:
    return text


def _date(_field: Field, text: str) -> str:
    match = DATE.fullmatch(text)
    if match is None:
        raise CellWrong("不是日期，应为 2026-05-20")
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        raise CellWrong("没有这一天") from None


def _month(_field: Field, text: str) -> str:
    match = MONTH.fullmatch(text) or DATE.fullmatch(text)
    if match is None or not 1 <= int(match[2]) <= 12:  # noqa: PLR2004
        raise CellWrong("不是月份，应为 2026-05")
    return f"{match[1]}-{int(match[2]):02d}"


def _moment(_field: Field, text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CellWrong("不是时间，应为 2026-05-20 08:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=DISTRICT_ZONE)).isoformat()


def _integer(_field: Field, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise CellWrong("不是整数")
    return int(text)


def _decimal(_field: Field, text: str) -> str:
    plain = text.replace(",", "")
    if not DECIMAL.fullmatch(plain):
        raise CellWrong("不是数值")
    return plain


def _measured(_field: Field, text: str) -> str:
    """A number, `<0.05`, `0.05L`, `未检出`: the dataset's own check reads it."""
    return unicodedata.normalize("NFKC", text).replace(" ", "")


def _choice(field: Field, text: str) -> str:
    found = next((code for code, label in field.choices.items() if text in {code, label.zh, label.en}), None)
    if found is None:
        raise CellWrong("应为：" + "、".join(label.zh for label in field.choices.values()))
    return found


def _credit_code(_field: Field, text: str) -> str:
    if not is_credit_code(text):
        raise CellWrong("统一社会信用代码校验不通过")
    return normal_form(text)


def _degrees(field: Field, text: str) -> float:
    limit = 90 if field.name.endswith("lat") else 180
    if not DECIMAL.fullmatch(text) or abs(Decimal(text)) > limit:
        raise CellWrong(f"不是 ±{limit} 以内的度数")
    return float(text)


def _geometry(_field: Field, text: str) -> dict[str, Any]:
    try:
        shape = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise CellWrong("不是 GeoJSON") from None
    if not isinstance(shape, dict) or shape.get("type") not in GEOMETRIES or set(shape) - {"type", "coordinates"}:
        raise CellWrong("应为 GeoJSON 的 " + "、".join(GEOMETRIES))
    if not is_position_tree(shape.get("coordinates"), depth=GEOMETRY_DEPTH[shape["type"]]):
        raise CellWrong("坐标应为 WGS-84 的 [经度, 纬度]")
    return shape


GEOMETRY_DEPTH = {"Point": 0, "LineString": 1, "MultiLineString": 2, "Polygon": 2}


def is_position_tree(tree: Any, *, depth: int) -> bool:
    """Whether `tree` is nested lists of positions, `depth` levels above a [lng, lat] pair, none of them empty."""
    if depth:
        return isinstance(tree, list) and bool(tree) and all(is_position_tree(t, depth=depth - 1) for t in tree)
    return (
        isinstance(tree, list)
        and len(tree) == 2  # noqa: PLR2004
        and all(isinstance(n, int | float) and not isinstance(n, bool) for n in tree)
        and abs(tree[0]) <= 180  # noqa: PLR2004
        and abs(tree[1]) <= 90  # noqa: PLR2004
    )


def _flag(_field: Field, text: str) -> bool:
    value = FLAGS.get(text.lower())
    if value is None:
        raise CellWrong("应为：是、否")
    return value


READERS = {
    "text": _text,
    "date": _date,
    "month": _month,
    "moment": _moment,
    "integer": _integer,
    "decimal": _decimal,
    "measured": _measured,
    "choice": _choice,
    "credit_code": _credit_code,
    "degrees": _degrees,
    "geometry": _geometry,
    "flag": _flag,
}
TYPES: Mapping[str, Any] = {
    "date": date,
    "moment": datetime,
    "integer": int,
    "degrees": float,
    "geometry": dict[str, Any],
    "flag": bool,
}


def type_of(field: Field) -> Any:
    """The type of the field in the public row, for OpenAPI and for the check before storing."""
    inner = Literal[tuple(field.choices)] if field.choices else TYPES.get(field.kind, str)
    label = f"{field.label.zh} {field.label.en}" + (f" [{field.unit}]" if field.unit else "")
    return msgspec_annotated(inner, label if field.about is None else f"{label}. {field.about.en}")


def msgspec_annotated(inner: Any, description: str) -> Any:
    """`inner` with a description that OpenAPI shows."""
    from typing import Annotated  # noqa: PLC0415 - built at run time, mypy cannot read it as a type

    return Annotated[inner, msgspec.Meta(description=description)]
