"""From a claim to grams and points: one deed once, caps, overlaps, speed, the day's sum, and recomputation."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel.events import Ticked
from domain.kernel.ids import new_id
from rewards import awarding, chores, claims, posting, steps
from rewards.behaviours import find, result
from tests.builders.rewards import NOON, a_claim, an_event, claimed, pots, state_of

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("sound")]


async def test_a_metro_trip_gives_its_grams_and_the_points_of_the_days_sum():
    me = new_id()

    [claim] = await claimed(a_claim(me))

    assert await state_of(claim) == ("awarded", None)
    assert await pots(me) == {"points": 57, "carbon": 579_080, "minutes": 0}


async def test_the_same_trip_from_the_phone_and_from_the_operator_counts_once():
    me, trip = new_id(), "T-20261121-77"
    told_twice = [a_claim(me, external_id=trip, feed=feed) for feed in ("metro-co", "phone")]

    first, second = await claimed(told_twice[0]) + await claimed(told_twice[1])

    assert first == second
    assert (await pots(me))["carbon"] == 579_080


async def test_a_trip_number_with_other_content_is_told_as_altered():
    me, trip = new_id(), "T-1"
    await claimed(a_claim(me, external_id=trip))

    async with db.transaction():
        [taken] = await claims.take([a_claim(me, external_id=trip, inputs={"distance_km": Decimal(99)})], now=NOON)

    assert taken == claims.Taken(None, "altered")


async def test_a_stored_award_recomputes_to_the_same_integer_and_hash():
    me = new_id()
    await claimed(a_claim(me, inputs={"distance_km": Decimal("7.77")}))
    row = await db.fetch_row("select * from reward_award where account = $1", me)
    inputs = {name: Decimal(value) for name, value in msgspec.json.decode(row["inputs"]).items()}

    again = result(find(row["behaviour"]), inputs=inputs, day=row["day"], region=row["region"])

    assert (again.milligrams, again.content_hash) == (row["computed_mg"], row["content_hash"])


async def test_a_hundred_tiny_trips_earn_no_more_than_their_sum():
    me = new_id()
    tiny = [
        a_claim(
            me, code="e-invoice", source="tax", inputs={"pieces": Decimal(1)}, at=NOON + timedelta(minutes=n), minutes=0
        )
        for n in range(7)
    ]

    await claimed(*tiny, now=NOON + timedelta(hours=1))

    assert await pots(me) == {"points": 2, "carbon": 25_000, "minutes": 0}  # five a day, 25 g, two points


async def test_the_better_of_two_overlapping_trips_counts_whichever_comes_first():
    one, other = new_id(), new_id()
    short, long_ = Decimal(2), Decimal(20)
    bus = {"code": "bus", "source": "bus:qinghe", "inputs": {"distance_km": short}}

    await claimed(a_claim(one, inputs={"distance_km": long_}), a_claim(one, **bus))
    await claimed(a_claim(other, **bus))
    await claimed(a_claim(other, inputs={"distance_km": long_}))

    assert (await pots(one))["carbon"] == (await pots(other))["carbon"] == 934_000


async def test_a_trip_faster_than_its_vehicle_is_refused_and_the_resident_is_told():
    me = new_id()

    [claim] = await claimed(a_claim(me, minutes=5))

    assert await state_of(claim) == ("refused", "too-fast")
    assert await db.fetch_value("select count(*) from outbox_event where name = 'ClaimRefused'") == 1


async def test_the_ninth_trip_of_a_day_meets_the_cap_and_the_next_day_is_free():
    me = new_id()
    trips = [
        a_claim(me, at=NOON - timedelta(hours=n), minutes=20, inputs={"distance_km": Decimal(5)}) for n in range(9)
    ]
    # noon in the district minus eight hours is still the same local day
    ids = [c for t in trips for c in await claimed(t)]
    tomorrow = NOON + timedelta(days=1)
    [next_day] = await claimed(a_claim(me, at=tomorrow), now=tomorrow)

    assert [(await state_of(c))[0] for c in ids] == ["awarded"] * 8 + ["refused"]
    assert (await state_of(next_day))[0] == "awarded"


async def test_twenty_workers_judging_one_persons_claims_never_exceed_the_cap():
    me = new_id()
    async with db.transaction():
        new = [
            a_claim(me, at=NOON - timedelta(minutes=20 * n), minutes=10, inputs={"distance_km": Decimal(3)})
            for n in range(20)
        ]
        ids = [taken.claim for taken in await claims.take(new, now=NOON)]

    async def settle(claim):
        async with db.transaction():
            await awarding.settle(claim, now=NOON)

    await asyncio.gather(*(settle(claim) for claim in ids))

    assert (await pots(me))["carbon"] == 8 * 140_100


async def test_settling_twice_pays_once():
    me = new_id()
    [claim] = await claimed(a_claim(me))
    async with db.transaction():
        assert await awarding.settle(claim, now=NOON) is None

    assert (await pots(me))["points"] == 57


async def test_taking_an_award_back_reverses_both_units_once():
    me = new_id()
    [claim] = await claimed(a_claim(me))
    for _ in range(2):
        async with db.transaction():
            await posting.take_back(claim, reason="not-convincing", by="operator:x", now=NOON)

    assert await pots(me) == {"points": 0, "carbon": 0, "minutes": 0}
    assert await state_of(claim) == ("refused", "not-convincing")


async def test_a_night_trip_belongs_to_the_districts_day():
    me, late = new_id(), datetime(2026, 6, 30, 16, 30, tzinfo=UTC)

    [claim] = await claimed(a_claim(me, at=late), now=late)

    assert str(await db.fetch_value("select day from reward_claim where id = $1", claim)) == "2026-07-01"


async def test_places_and_step_samples_are_forgotten_after_a_week_and_walk_ins_after_the_time_for_claims():
    me, place = new_id(), {"lat": 30.44, "lon": 120.02}
    [trip] = await claimed(a_claim(me, detail={"start": place, "end": place, "feed_note": "kept"}))
    event = await an_event()
    async with db.transaction():
        await steps.take(me, [steps.StepsOfDay(clock.local_day(NOON), 5_000)], now=NOON)
        await db.execute(
            "insert into walk_in (id, activity, phone_hash, in_at, recorded_by) values ($1, $2, 'x', $3, $1)",
            new_id(),
            event.id,
            NOON,
        )

    async def kept(days):
        at = NOON + timedelta(days=days)
        async with db.transaction():
            for chore in (chores.forget_places, chores.forget_walk_ins):
                await chore(Ticked(every="day", at=at), event_id=1, at=at)
        detail = await db.fetch_value("select detail from reward_claim where id = $1", trip)
        samples = await db.fetch_value("select samples from step_day")
        return (
            "30.44" in detail,
            samples != "[]",
            await db.fetch_value("select count(*) from walk_in"),
            "kept" in detail,
        )

    assert [await kept(days) for days in (6, 9, 61)] == [
        (True, True, 1, True),
        (False, False, 1, True),
        (False, False, 0, True),
    ]
