"""A rule change on history first."""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.kernel import clock
from domain.kernel.errors import Invalid
from domain.kernel.ids import new_id
from rewards import dry_run
from rewards.behaviours import find
from rewards.dry_run import Candidate
from tests.builders.operators import CLERK, seed_officers, signed_in
from tests.builders.rewards import NOON, a_claim, claimed, pots

pytestmark = pytest.mark.anyio
DAY = clock.local_day(NOON)


async def test_a_lower_factor_says_who_loses_and_posts_nothing(database):
    people = [new_id() for _ in range(3)]
    for me in people:
        await claimed(a_claim(me))

    told = await dry_run.run("metro", Candidate(factors={"metro_saving": Decimal(40)}), from_day=DAY, to_day=DAY)

    assert (told.awards, told.people, told.gain, told.lose) == (3, 3, 0, 3)
    assert (told.milligrams_before, told.milligrams_after) == (3 * 579_080, 3 * 496_000)
    assert (await pots(people[0]))["points"] == 57


async def test_an_unchanged_rule_changes_nobody(database):
    await claimed(a_claim(new_id()))

    told = await dry_run.run("metro", Candidate(), from_day=DAY - timedelta(30), to_day=DAY)

    assert (told.gain, told.lose, told.same) == (0, 0, 1)


@pytest.mark.parametrize(
    "change",
    [Candidate(grams="distance_km * other"), Candidate(grams="open('x')"), Candidate(factors={"grid": Decimal(1)})],
)
def test_a_candidate_that_cannot_be_computed_is_refused(change):
    with pytest.raises(Invalid):
        dry_run.candidate_of(find("metro").methods[-1], change)


async def test_officers_try_it_over_http(api, settings):
    await seed_officers(settings)
    body = {"from_day": str(DAY), "to_day": str(DAY), "grams": "distance_km * metro_saving / 2"}

    answer = await api.post("/v1/operator/behaviours/metro/dry-run", headers=await signed_in(api, CLERK), json=body)

    assert answer.status_code == 200
    assert answer.json()["awards"] == 0
