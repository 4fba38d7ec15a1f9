"""The rating of a river or basin from its sections, and the change between two periods. Exact fractions throughout."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from fractions import Fraction

import msgspec

from domain.disclosure.water import Evaluation, Pollutant, evaluate
from domain.disclosure.water_limits import CLASS_III, NATIONAL, STATUS_RANK, WORSE_THAN_V, Body, Rules, Status
from domain.disclosure.water_means import Values, mean_values
from domain.kernel.errors import Text

MAIN_ITEMS_MAX = 3
NO_CHANGE_POINTS, SOME_CHANGE_POINTS = 10, 20  # inclusive


class Change(Enum):
    """How water changed between two periods. The steps are unconfirmed in the national text."""

    NONE = Text("无明显变化", "no obvious change")
    SOME_BETTER = Text("有所好转", "somewhat better")
    SOME_WORSE = Text("有所变差", "somewhat worse")
    MUCH_BETTER = Text("明显好转", "obviously better")
    MUCH_WORSE = Text("明显变差", "obviously worse")


class Shares(msgspec.Struct, frozen=True):
    """How many of the assessed sections are good (I to III) and worse than V."""

    sections: int
    good: int
    worst: int

    @property
    def good_share(self) -> Fraction:
        """Share of I to III, exact."""
        return Fraction(self.good, self.sections)

    @property
    def worst_share(self) -> Fraction:
        """Share of worse than V, exact."""
        return Fraction(self.worst, self.sections)


class RiverRating(msgspec.Struct, frozen=True):
    """The rating of one river. `shares` is None when too few sections made it a mean; `status` None without data."""

    status: Status | None
    shares: Shares | None
    mean: Evaluation | None
    main_items: tuple[str, ...]  # item codes, by the share of sections that exceed class III


def shares_of(classes: Sequence[int]) -> Shares:
    """Counts over assessed sections; raises ValueError without any."""
    if not classes:
        raise ValueError("no assessed section")
    good = sum(water_class <= CLASS_III for water_class in classes)
    return Shares(len(classes), good, sum(water_class == WORSE_THAN_V for water_class in classes))


def rating_by_shares(classes: Sequence[int]) -> Status:
    """The five-row table of the method, checked in its order. 9 of 12 is exactly 75 % and good."""
    shares = shares_of(classes)
    if shares.good_share >= Fraction(90, 100):
        return Status.EXCELLENT
    if shares.good_share >= Fraction(75, 100):
        return Status.GOOD
    if shares.worst_share < Fraction(20, 100):
        return Status.LIGHT
    if shares.worst_share < Fraction(40, 100):
        return Status.MEDIUM
    return Status.HEAVY


def rate_river(sections: Sequence[tuple[Body, Values]], *, rules: Rules = NATIONAL) -> RiverRating:
    """Fewer than `rules.sections_min` assessed sections: the mean of each item decides; else the shares do.

    The mean of a mix of river and lake sections is evaluated as a river.
    """
    measured = [(body, values, evaluate(values, body=body, rules=rules)) for body, values in sections]
    assessed = [entry for entry in measured if entry[2].water_class is not None]
    if not assessed:
        return RiverRating(None, None, None, ())
    evaluations = [evaluation for _, _, evaluation in assessed]
    if len(assessed) < rules.sections_min:
        body: Body = "lake" if all(kind == "lake" for kind, _, _ in assessed) else "river"
        mean = evaluate(mean_values((values for _, values, _ in assessed), rules=rules), body=body, rules=rules)
        return RiverRating(mean.status, None, mean, tuple(p.code for p in mean.main_pollutants))
    classes = [evaluation.water_class or WORSE_THAN_V for evaluation in evaluations]
    return RiverRating(rating_by_shares(classes), shares_of(classes), None, main_items(evaluations))


def main_items(evaluations: Sequence[Evaluation]) -> tuple[str, ...]:
    """The three items that most sections exceed class III in; ties in the order of the standard's table."""
    count: Counter[str] = Counter(
        result.code
        for evaluation in evaluations
        for result in evaluation.items
        if result.water_class and result.water_class > CLASS_III
    )
    return tuple(code for code, _ in count.most_common(MAIN_ITEMS_MAX))


def change_of_status(before: Status, after: Status) -> Change:
    """By grade: no step is no obvious change (so I to II is none), one is some, two or more are obvious."""
    steps = STATUS_RANK[before] - STATUS_RANK[after]
    if steps == 0:
        return Change.NONE
    if abs(steps) == 1:
        return Change.SOME_BETTER if steps > 0 else Change.SOME_WORSE
    return Change.MUCH_BETTER if steps > 0 else Change.MUCH_WORSE


def change_of_shares(before: Shares, after: Shares) -> Change:
    """By proportions: change of the good share less change of the worst share, in points (10 and 20 are inclusive)."""
    points = 100 * ((after.good_share - before.good_share) - (after.worst_share - before.worst_share))
    if abs(points) <= NO_CHANGE_POINTS:
        return Change.NONE
    if abs(points) <= SOME_CHANGE_POINTS:
        return Change.SOME_BETTER if points > 0 else Change.SOME_WORSE
    return Change.MUCH_BETTER if points > 0 else Change.MUCH_WORSE


def comparable(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """Only like sections are compared: the same keys in both periods."""
    return before.keys() == after.keys()


def labels(pollutants: Sequence[Pollutant]) -> str:
    """Main pollutants as printed in a bulletin, joined by `、`."""
    return "、".join(pollutant.label for pollutant in pollutants)
