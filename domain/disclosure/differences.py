"""What an import would change, and what redaction would hide: shown to the officer before anything is public."""

from collections.abc import Sequence
from typing import Any

import msgspec

from domain.disclosure.dataset import Dataset, Row
from domain.disclosure.publication import content_hash, private_names, public_row
from domain.kernel import database
from domain.kernel.redaction import Hidden, redact

PREVIEWS_MAX = 50
CHUNK = 5_000


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a corrected row."""

    field: str
    before: Any
    after: Any


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A row that would be corrected."""

    key: str
    changes: list[Change]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A text with what redaction would hide, as stretches to highlight, and the public result."""

    key: str
    field: str
    text: str
    hidden: tuple[Hidden, ...]
    public: str


async def differences(dataset: Dataset, rows: Sequence[Row]) -> tuple[list[Difference], int, int]:
    """(corrections, unchanged, new) of the rows against what is public."""
    changed: list[Difference] = []
    same = new = 0
    for start in range(0, len(rows), CHUNK):
        by_key = {dataset.key_of(row): row for row in rows[start : start + CHUNK]}
        found = await database.fetch(
            f"select key, content_hash, public_json, state from {dataset.tablename}"
            " where superseded_at is null and key = any($1)",
            list(by_key),
        )
        current = {row["key"]: row for row in found}
        for key, row in by_key.items():
            before = current.get(key)
            if before is None:
                new += 1
            elif before["content_hash"] == content_hash(row) and before["state"] == "public":
                same += 1
            else:
                changed.append(_difference(dataset, key, row, before["public_json"]))
    return changed, same, new


def _difference(dataset: Dataset, key: str, row: Row, before: str) -> Difference:
    old, new = msgspec.json.decode(before), public_row(dataset, row)
    names = [field.name for field in dataset.imported if not field.private]
    changes = [Change(field=name, before=old.get(name), after=new.get(name)) for name in names]
    return Difference(key=key, changes=[change for change in changes if change.before != change.after])


def previews(dataset: Dataset, rows: Sequence[Row]) -> list[Preview]:
    """The first texts in which something would be hidden."""
    fields = [field.name for field in dataset.shown_fields if field.redact]
    found: list[Preview] = []
    for row in rows if fields else ():
        for name in fields:
            text = row.get(name)
            if not text:
                continue
            subject = "person" if dataset.subject(row) == "person" else "company"
            result = redact(text, subject=subject, names=private_names(dataset, row))  # type: ignore[arg-type]
            if result.hidden:
                found.append(
                    Preview(key=dataset.key_of(row), field=name, text=text, hidden=result.hidden, public=result.text)
                )
        if len(found) >= PREVIEWS_MAX:
            break
    return found
