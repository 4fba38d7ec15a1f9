"""Checking a file against a dataset: what is wrong (错), missing (缺), omitted (漏), or worth a warning (警). Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from domain.disclosure.dataset import Dataset, Row
from domain.disclosure.fields import CellWrong, Field, Finding, clean, read
from domain.disclosure.sheets import heading
from domain.kernel.errors import Text
from domain.kernel.sheets import FileUnreadable, Sheet

FINDINGS_MAX = 2_000
STOPS = frozenset({"错", "缺"})  # with one of these an import cannot be committed


class Checked(msgspec.Struct):
    """The good rows of a file (with their row numbers) and what was found."""

    rows: list[Row]
    numbers: list[int]
    findings: list[Finding]
    counts: dict[str, int]

    def add(self, finding: Finding) -> None:
        """Counts every finding and keeps the first ones."""
        self.counts[finding.kind] = self.counts.get(finding.kind, 0) + 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(finding)


def columns_of(dataset: Dataset, headings: Sequence[Any]) -> tuple[dict[int, Field], list[Finding]]:
    """Which column holds which field, and findings about the heading row; raises `FileUnreadable` when none fits."""
    names: dict[str, Field] = {}
    for field in dataset.imported:
        names |= {heading(field): field, field.label.zh: field, field.name: field}
    found: dict[int, Field] = {}
    findings = []
    for place, cell in enumerate(headings):
        text = clean(cell)
        fits = names.get(text)
        if fits is None:
            if text:
                findings.append(Finding(kind="警", row=1, column=text[:40], message="模板中没有这一列，未导入"))
        elif fits in found.values():
            findings.append(Finding(kind="错", row=1, column=text, message="列重复"))
        else:
            found[place] = fits
    if not found:
        raise FileUnreadable(Text("首行没有模板中的列名", "The first row has none of the headings"), field="file")
    missing = [f for f in dataset.imported if f.required and f not in found.values()]
    findings += [Finding(kind="缺", row=1, column=heading(f), message="缺少必填列") for f in missing]
    return found, findings


def check_rows(
    dataset: Dataset, sheet: Sheet, columns: Mapping[int, Field], *, first: int, known: Any, today: date, into: Checked
) -> None:
    """Checks `sheet` (a slice whose first row is number `first`) and adds good rows and findings to `into`."""
    for number, cells in enumerate(sheet, start=first):
        if not any(clean(cell) for cell in cells):
            continue
        row: Row = {}
        problems = list(_read_cells(columns, cells, number=number, row=row))
        if not problems:
            problems = [
                Finding(kind=kind, row=number, column=column, message=message)  # type: ignore[arg-type]
                for kind, column, message in dataset.check(row, known, today)
            ]
        for finding in problems:
            into.add(finding)
        if not any(finding.kind in STOPS for finding in problems):
            into.rows.append(row)
            into.numbers.append(number)


def _read_cells(columns: Mapping[int, Field], cells: Sequence[Any], *, number: int, row: Row) -> Iterator[Finding]:
    for place, field in columns.items():
        cell = cells[place] if place < len(cells) else None
        try:
            value = read(field, cell)
        except CellWrong as wrong:
            yield Finding(kind="错", row=number, column=heading(field), message=str(wrong))
            continue
        if value is not None:
            row[field.name] = value
        elif field.required:
            yield Finding(kind="缺", row=number, column=heading(field), message="必填")


def repeated_keys(dataset: Dataset, checked: Checked) -> Iterator[Finding]:
    """The same key twice in one file."""
    first: dict[str, int] = {}
    for row, number in zip(checked.rows, checked.numbers, strict=True):
        before = first.setdefault(dataset.key_of(row), number)
        if before != number:
            label = heading(dataset.by_name[dataset.key[0]])
            yield Finding(kind="错", row=number, column=label, message=f"与第 {before} 行重复")
