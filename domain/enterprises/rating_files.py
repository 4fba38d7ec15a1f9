"""A file of marks: one row per enterprise, one column per indicator of the rule pack. Pure.

Headings are the indicators' codes or Chinese names; an empty cell says the indicator does not apply. `一票否决` and
`加分项` hold codes joined by 、, `依据文件` names the document behind the row.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from domain.enterprises.batches import RowFinding
from domain.enterprises.rating import Fact, Inputs, Mark
from domain.enterprises.rule_packs import RulePack
from domain.kernel.credit_code import is_credit_code, normal_form
from domain.kernel.sheets import Sheet

CODE, DOCUMENT, VETOES, BONUS = "统一社会信用代码", "依据文件", "一票否决", "加分项"
FINDINGS_MAX = 500


class Papers(msgspec.Struct):
    """The readable rows by credit code, and what is wrong with the others."""

    inputs: dict[str, tuple[int, Inputs]]
    findings: list[RowFinding]


class Wrong(Exception):
    """The row cannot be rated."""


def read(sheet: Sheet, *, pack: RulePack, year: int) -> Papers:
    """The inputs of every row, without earlier years."""
    papers = Papers(inputs={}, findings=[])
    places = {str(heading).strip(): place for place, heading in enumerate(sheet[0])}
    columns = {i.code: places.get(i.code, places.get(i.name.zh)) for i in pack.indicators}
    missing = [code for code, place in columns.items() if place is None]
    missing += [name for name in (CODE, DOCUMENT) if name not in places]
    if missing:
        papers.findings.append(RowFinding(row=0, message="缺少列：" + "、".join(missing)))
        return papers
    for number, cells in enumerate(sheet[1:], start=2):
        if not any(str(cell).strip() for cell in cells):
            continue
        try:
            inputs = _row(cells, places, columns, pack=pack, year=year)
        except Wrong as wrong:
            papers.findings.append(RowFinding(row=number, message=str(wrong)))
            continue
        before = papers.inputs.get(inputs.credit_code)
        if before is not None:
            papers.findings.append(RowFinding(row=number, message=f"与第 {before[0]} 行重复"))
        elif all(mark.score is None for mark in inputs.marks):
            papers.findings.append(RowFinding(row=number, message="没有任何得分"))
        else:
            papers.inputs[inputs.credit_code] = number, inputs
    return papers


def _row(
    cells: Sequence[Any], places: Mapping[str, int], columns: Mapping[str, int | None], *, pack: RulePack, year: int
) -> Inputs:
    code, document = _text(cells, places[CODE]), _text(cells, places[DOCUMENT])
    if not is_credit_code(code):
        raise Wrong("统一社会信用代码校验不通过")
    if not document:
        raise Wrong("缺少依据文件")
    marks = tuple(
        Mark(indicator=indicator, score=_score(_text(cells, place), indicator), document=document)
        for indicator, place in columns.items()
    )
    return Inputs(
        credit_code=normal_form(code),
        year=year,
        marks=marks,
        vetoes=tuple(_facts(cells, places.get(VETOES), {veto.code for veto in pack.vetoes}, document)),
        bonus=tuple(_facts(cells, places.get(BONUS), {item.code for item in pack.bonus_items}, document)),
    )


def _text(cells: Sequence[Any], place: int | None) -> str:
    cell = cells[place] if place is not None and place < len(cells) else ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).strip()


def _score(text: str, indicator: str) -> Decimal | None:
    if text in {"", "不适用", "-", "/"}:
        return None
    try:
        score = Decimal(text)
    except InvalidOperation:
        raise Wrong(f"{indicator} 不是分数：{text[:20]}") from None
    if not score.is_finite() or not 0 <= score <= 100:  # noqa: PLR2004 - scores are 0 to 100
        raise Wrong(f"{indicator} 超出 0–100：{text[:20]}")
    return score


def _facts(cells: Sequence[Any], place: int | None, known: set[str], document: str) -> Iterator[Fact]:
    for code in _text(cells, place).replace("，", "、").replace(",", "、").split("、"):
        if not code.strip():
            continue
        if code.strip() not in known:
            raise Wrong(f"未知代码：{code.strip()[:20]}")
        yield Fact(code=code.strip(), document=document)
