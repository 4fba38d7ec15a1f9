"""Presence as pure rules."""

from datetime import timedelta

from rewards import presence
from tests.builders.rewards import NOON


def test_a_made_up_receiver_is_steady_and_a_real_one_is_not():
    made_up = [{"accuracy": 5.0, "altitude": 20.0}] * 5
    real = [{"accuracy": 5.0 + n, "altitude": 20.0} for n in range(9)]

    assert presence.steady(made_up)
    assert not presence.steady(real)
    assert not presence.steady(made_up[:4])


def test_a_patrols_track_counts_walked_metres_and_no_jumps():
    step = {"lat": 30.44, "accuracy": 8.0}
    track = [
        {**step, "lon": 120.02 + n * 0.0005, "at": NOON + timedelta(minutes=n)} for n in range(11)
    ]  # 48 m a minute
    jump = [*track, {**step, "lon": 120.2, "at": NOON + timedelta(minutes=11)}]

    assert 475 <= presence.track_m(track) <= 485
    assert presence.track_m(jump) == presence.track_m(track)
