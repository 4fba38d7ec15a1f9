"""Rows as CSV, GeoJSON and Atom."""

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import msgspec

from domain.disclosure import reading
from domain.disclosure.dataset import Dataset
from domain.disclosure.reading import Question

PAGE = 1_000
FORMULA = re.compile(r"^[=+\-@\t\r]")
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
PROVENANCE = {
    "key": "编号",
    "version": "版本",
    "published_at": "发布时间",
    "shown_until": "公示截止",
    "source": "来源",
}


async def rows_of(dataset: Dataset, question: Question) -> AsyncIterator[list[Any]]:
    """All rows of a question, page by page."""
    after = None
    while True:
        rows = list(await reading.page(dataset, question, limit=PAGE, after=after))
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        after = (rows[-1]["sort_key"], rows[-1]["id"])


def cell(value: Any, label_of: dict[str, str] | None = None) -> str:
    """A value as a CSV cell; text that a spreadsheet would run as a formula gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    text = label_of.get(value, value) if label_of and isinstance(value, str) else str(value)
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


async def csv_lines(dataset: Dataset, question: Question) -> AsyncIterator[bytes]:
    """UTF-8 with a byte-order mark (spreadsheets need it), Chinese headings, choices by their Chinese names."""
    fields = dataset.shown_fields
    headings = [*PROVENANCE.values(), *(field.label.zh for field in fields)]
    yield "\ufeff".encode() + csv_line(headings)
    labels = {field.name: {code: label.zh for code, label in field.choices.items()} for field in fields}
    async for rows in rows_of(dataset, question):
        lines = []
        for row in rows:
            public = msgspec.json.decode(row["public_json"])
            values = [cell(public.get(name)) for name in PROVENANCE]
            lines.append(csv_line(values + [cell(public.get(f.name), labels[f.name]) for f in fields]))
        yield b"".join(lines)


def csv_line(values: Sequence[str]) -> bytes:
    """One line, CRLF-terminated (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerow(values)
    return out.getvalue().encode()


def geometry_of(dataset: Dataset, row: dict[str, Any]) -> dict[str, Any] | None:
    """The GeoJSON geometry of a row: its geometry field, or a point from its pair of columns."""
    if len(dataset.place) == 1:
        shape: dict[str, Any] | None = row.get(dataset.place[0])
        return shape
    lng, lat = (row.get(name) for name in dataset.place)
    return None if lng is None or lat is None else {"type": "Point", "coordinates": [lng, lat]}


async def geojson_parts(dataset: Dataset, question: Question) -> AsyncIterator[bytes]:
    """A FeatureCollection (RFC 7946), piece by piece; rows without a place have a null geometry."""
    yield b'{"type":"FeatureCollection","features":['
    first = True
    async for rows in rows_of(dataset, question):
        features = []
        for row in rows:
            public = msgspec.json.decode(row["public_json"])
            geometry = geometry_of(dataset, public)
            properties = {name: value for name, value in public.items() if name not in dataset.place}
            features.append({"type": "Feature", "id": row["key"], "geometry": geometry, "properties": properties})
        body = msgspec.json.encode(features)[1:-1]
        yield body if first else b"," + body
        first = False
    yield b"]}"


def atom_feed(dataset: Dataset, rows: Sequence[Any], *, public_url: str, updated: datetime) -> bytes:
    """Changes, newest first: entries for what is shown, tombstones (RFC 6721) for what was taken down."""
    base = f"{public_url.rstrip('/')}/v1/disclosure/{dataset.name}"
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0" xml:lang="zh">',
        f"<id>{escape(base)}</id><title>{_text(dataset.title.zh)}</title><updated>{_moment(updated)}</updated>",
        f'<link rel="self" href={quoteattr(base + ".atom")}/><author><name>{_text(dataset.source.zh)}</name></author>',
        f"<rights>{_text(dataset.licence.zh)}</rights>",
    ]
    parts += [_entry(dataset, row, base=base) for row in rows]
    return "".join([*parts, "</feed>"]).encode()


def _entry(dataset: Dataset, row: Any, *, base: str) -> str:
    link = f"{base}/{quote(row['key'], safe='')}"
    when = _moment(row["recorded_at"])
    if row["public_json"] is None:
        return f"<at:deleted-entry ref={quoteattr(link)} when={quoteattr(when)}/>"
    title = dataset.heading_of(msgspec.json.decode(row["public_json"]))
    reason = f"<summary>{_text(row['reason'])}</summary>" if row["reason"] else ""
    return (
        f"<entry><id>{escape(link)}</id><title>{_text(title)}</title><updated>{when}</updated>"
        f'<link rel="alternate" type="application/json" href={quoteattr(link)}/>{reason}</entry>'
    )


def _text(value: str) -> str:
    return escape(NOT_XML.sub("", value))


def _moment(value: datetime) -> str:
    return value.isoformat(timespec="seconds")
