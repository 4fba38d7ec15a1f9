"""The score: saturating, positive, recomputable, private, left at any time."""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.kernel import clock
from domain.kernel.ids import new_id
from rewards import score
from tests.builders.residents import a_resident
from tests.builders.rewards import NOON, a_claim, claimed

DAY = clock.local_day(NOON)


def awards(behaviour: str, count: int, **amounts) -> list[dict]:
    return [{"id": new_id(), "behaviour": behaviour, "milligrams": 0, "minutes": 0, **amounts} for _ in range(count)]


def test_the_hundredth_repeat_adds_less_than_a_hundredth_of_the_first():
    parts = [Decimal(score.compute(awards("invitation", n), until_day=DAY).terms[3].points) for n in (0, 1, 99, 100)]

    assert (parts[3] - parts[2]) < (parts[1] - parts[0]) / 100


def test_more_never_lowers_it_and_the_ceiling_holds():
    some = awards("metro", 3, milligrams=10**6)
    more = [
        *some,
        *awards("volunteering", 500, minutes=600),
        *awards("verified-report", 900),
        *awards("metro", 99, milligrams=10**9),
    ]

    assert score.compute(some, until_day=DAY).score <= score.compute(more, until_day=DAY).score <= 1000


def test_every_term_lists_its_awards_and_says_what_would_raise_it():
    mine = awards("river-patrol", 2, minutes=120)

    term = next(t for t in score.compute(mine, until_day=DAY).terms if t.code == "volunteering")

    assert (term.value, term.awards, bool(term.advice_zh)) == (240, [a["id"] for a in mine], True)


def test_the_same_awards_in_any_order_give_the_same_score_and_hash():
    mine = awards("metro", 3, milligrams=10**6)

    one, other = score.compute(mine, until_day=DAY), score.compute(mine[::-1], until_day=DAY)

    assert (one.score, one.inputs_hash) == (other.score, other.inputs_hash)


@pytest.mark.anyio
async def test_it_is_voluntary_private_and_erased_on_leaving(api):
    who, stranger = await a_resident(), await a_resident()
    now = clock.utc_now()
    await claimed(a_claim(who.account, at=now - timedelta(days=2)), now=now)

    before = await api.get("/v1/me/score", headers=who.headers)
    joined = await api.post("/v1/me/score", headers=who.headers)
    again = await api.get("/v1/me/score", headers=who.headers)
    left = await api.delete("/v1/me/score", headers=who.headers)

    assert (before.status_code, left.status_code) == (404, 204)
    assert joined.json() == again.json()
    assert joined.json()["score"] == 5
    assert (await api.get("/v1/me/score", headers=who.headers)).status_code == 404
    assert (await api.get("/v1/me/score", headers=stranger.headers)).status_code == 404
    assert (await api.get("/v1/score/formula")).json()["version"] == 1
