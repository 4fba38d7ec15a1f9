"""A rating from a rule pack and its inputs: pure, exact, explained, and the same whenever it is computed again."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from domain.enterprises.rule_packs import GradeRule, Indicator, RulePack
from domain.kernel.errors import Refusal, Text

SCORE_MAX = Decimal(100)
SHOWN_DECIMALS = Decimal("0.01")


class RatingIncomplete(Refusal):
    """An indicator has neither a score nor a statement that it does not apply, or a code is unknown."""

    code = "rating-incomplete"
    status = 422
    title = Text("评价资料不完整", "The rating's inputs are incomplete")
    advice = Text("请补全或更正列出的指标。", "Complete or correct the listed indicators.")


class Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The score of one indicator, its source document, and until when it counts. `score` None: does not apply."""

    indicator: str
    score: Decimal | None
    document: str
    expires_on: date | None = None


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A veto or bonus item that was found, with the document that says so."""

    code: str
    document: str
    decided_on: date | None = None


class Inputs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a rating depends on beside the pack."""

    credit_code: str
    year: int
    marks: tuple[Mark, ...]
    vetoes: tuple[Fact, ...] = ()
    bonus: tuple[Fact, ...] = ()
    history: Mapping[int, str] = {}  # year to grade code, final ratings only


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the explanation."""

    indicator: str
    weight: Decimal
    score: Decimal | None
    points: Decimal  # weight times score over the weights that apply
    document: str
    expires_on: date | None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why the grade is what it is: `veto`, `score` or `bar`, and the document or rule behind it."""

    kind: str
    code: str
    document: str


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """The result. `score` is shown with two decimals; the grade was decided on the unrounded one."""

    grade: str
    score: Decimal
    bonus_items: int
    reasons: tuple[Reason, ...]
    points: tuple[Points, ...]


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """What the rating would be if one thing were repaired (`code` "all": everything)."""

    kind: str
    code: str
    score: Decimal
    grade: str


def rate(inputs: Inputs, *, pack: RulePack) -> Rating:
    """The rating; raises `RatingIncomplete` naming what is missing, unknown or out of range."""
    marks = _complete(inputs, pack)
    total, weights = _weighted(marks, pack)
    bonus = len({fact.code for fact in inputs.bonus})
    reasons: list[Reason] = [Reason(kind="veto", code=fact.code, document=fact.document) for fact in inputs.vetoes]
    if reasons:
        grade = pack.veto_grade
    else:
        grade, reasons = _by_score(inputs, pack, total=total, weights=weights)
    return Rating(
        grade=grade,
        score=(total / weights).quantize(SHOWN_DECIMALS, ROUND_HALF_EVEN),
        bonus_items=bonus,
        reasons=tuple(reasons),
        points=tuple(_points(indicator, marks[indicator.code], weights) for indicator in pack.indicators),
    )


def _complete(inputs: Inputs, pack: RulePack) -> Mapping[str, Mark]:
    marks = {mark.indicator: mark for mark in inputs.marks}
    known = {indicator.code for indicator in pack.indicators}
    wrong = {
        "missing": sorted(known - marks.keys()),
        "unknown": sorted(marks.keys() - known)
        + sorted({fact.code for fact in inputs.vetoes} - {veto.code for veto in pack.vetoes})
        + sorted({fact.code for fact in inputs.bonus} - {item.code for item in pack.bonus_items})
        + sorted(set(inputs.history.values()) - set(pack.ranks)),
        "out_of_range": [m.indicator for m in inputs.marks if m.score is not None and not 0 <= m.score <= SCORE_MAX],
        "without_document": [m.indicator for m in inputs.marks if not m.document]
        + [fact.code for fact in (*inputs.vetoes, *inputs.bonus) if not fact.document],
        "twice": [] if len(marks) == len(inputs.marks) else ["marks"],
    }
    if any(wrong.values()) or all(mark.score is None for mark in marks.values()):
        raise RatingIncomplete(facts={kind: found for kind, found in wrong.items() if found})
    return marks


def _weighted(marks: Mapping[str, Mark], pack: RulePack) -> tuple[Decimal, Decimal]:
    """Sum of weight times score, and the sum of the weights that apply; both exact."""
    total = weights = Decimal(0)
    for indicator in pack.indicators:
        score = marks[indicator.code].score
        if score is None:
            if pack.not_applicable == "rescale":
                continue
            score = SCORE_MAX
        total += indicator.weight * score
        weights += indicator.weight
    return total, weights


def _by_score(inputs: Inputs, pack: RulePack, *, total: Decimal, weights: Decimal) -> tuple[str, list[Reason]]:
    """The best grade whose minimum the unrounded score meets and that no bar forbids."""
    bonus = len({fact.code for fact in inputs.bonus})
    reasons = []
    for rule in pack.grade_rules:
        if not _earned(rule, total=total, weights=weights, bonus=bonus):
            continue
        if bar := forbidden(rule.grade, year=inputs.year, history=inputs.history, pack=pack):
            reasons.append(Reason(kind="bar", code=rule.grade, document=bar))
            continue
        return rule.grade, [*reasons, Reason(kind="score", code=rule.grade, document=pack.basis)]
    raise RatingIncomplete(facts={"no_grade": str(total / weights)})


def _earned(rule: GradeRule, *, total: Decimal, weights: Decimal, bonus: int) -> bool:
    return total >= rule.score_min * weights and bonus >= rule.bonus_items_min


def forbidden(grade: str, *, year: int, history: Mapping[int, str], pack: RulePack) -> str:
    """Which run of earlier grades forbids `grade` in `year`, as `red 2025`; empty when none does."""
    for bar in pack.bars:
        if bar.forbids != grade:
            continue
        for last in range(year - bar.years, year):
            run = range(last - len(bar.after) + 1, last + 1)
            if all(history.get(at) == wanted for at, wanted in zip(run, bar.after, strict=True)):
                return " ".join(f"{history[at]} {at}" for at in run)
    return ""


def _points(indicator: Indicator, mark: Mark, weights: Decimal) -> Points:
    share = indicator.weight * mark.score / weights if mark.score is not None else Decimal(0)
    return Points(
        indicator=indicator.code,
        weight=indicator.weight,
        score=mark.score,
        points=share.quantize(SHOWN_DECIMALS, ROUND_HALF_EVEN),
        document=mark.document,
        expires_on=mark.expires_on,
    )


def lowered(grade: str, *, steps: int, pack: RulePack) -> str:
    """The grade `steps` below, at most the worst."""
    return pack.grades[min(pack.ranks[grade] + steps, len(pack.grades) - 1)].code


def adjusted(grade: str, *, events: Sequence[str], pack: RulePack) -> str:
    """The grade after events such as a general incident; an event the pack does not know changes nothing."""
    steps = {adjustment.event: adjustment.steps_down for adjustment in pack.adjustments}
    return lowered(grade, steps=sum(steps.get(event, 0) for event in events), pack=pack)


def what_if(inputs: Inputs, *, pack: RulePack) -> tuple[WhatIf, ...]:
    """For every shortfall alone, then for all together: the score and grade if it were repaired."""
    short = [mark.indicator for mark in inputs.marks if mark.score is not None and mark.score < SCORE_MAX]
    cases: list[tuple[str, str, tuple[str, ...]]] = [("veto", fact.code, (fact.code,)) for fact in inputs.vetoes]
    cases += [("indicator", code, (code,)) for code in short]
    if len(cases) > 1:
        cases.append(("all", "all", tuple(code for _, code, _ in cases)))
    found = []
    for kind, code, repaired in cases:
        rating = rate(with_repairs(inputs, repaired), pack=pack)
        found.append(WhatIf(kind=kind, code=code, score=rating.score, grade=rating.grade))
    return tuple(found)


def with_repairs(inputs: Inputs, codes: Sequence[str]) -> Inputs:
    """The inputs as if these vetoes were gone and these indicators had full marks."""
    return msgspec.structs.replace(
        inputs,
        vetoes=tuple(fact for fact in inputs.vetoes if fact.code not in codes),
        marks=tuple(
            msgspec.structs.replace(mark, score=SCORE_MAX)
            if mark.indicator in codes and mark.score is not None
            else mark
            for mark in inputs.marks
        ),
    )
