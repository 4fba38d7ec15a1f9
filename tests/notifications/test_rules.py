"""The pure rules: quiet hours, what may spend a scarce consent, how fields are cut."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.sandbox.wechat_rules import RULES
from api.wechat import fields
from domain.kernel.clock import DISTRICT_ZONE
from domain.kernel.errors import Invalid
from notifications.preferences import Preferences, check, released_at
from notifications.topics import TOPICS, needed_credits
from notifications.wording import Slotted

unhurried = settings(deadline=None)  # a busy machine is no failure
NIGHT = Preferences(quiet_from=22 * 60, quiet_to=7 * 60)


def local(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 21, hour, minute, tzinfo=DISTRICT_ZONE)


@pytest.mark.parametrize(
    ("now", "released"),
    [
        (local(12), local(12)),
        (local(21, 59), local(21, 59)),
        (local(22), local(7) + timedelta(days=1)),
        (local(3, 30), local(7)),
        (local(7), local(7)),
    ],
)
def test_quiet_hours_hold_a_push_until_their_end(now: datetime, released: datetime) -> None:
    assert released == released_at(NIGHT, urgent=False, now=now)


def test_what_is_urgent_does_not_wait() -> None:
    assert local(3) == released_at(NIGHT, urgent=True, now=local(3))


@unhurried
@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_a_released_push_is_never_inside_the_quiet_hours(start: int, end: int, minute: int) -> None:
    chosen = Preferences(quiet_from=start, quiet_to=end)
    now = datetime(2026, 11, 21, tzinfo=DISTRICT_ZONE) + timedelta(minutes=minute)

    released = released_at(chosen, urgent=False, now=now)

    assert timedelta(0) <= released - now < timedelta(days=1)
    assert released == released_at(chosen, urgent=False, now=released)


def test_half_a_pair_of_quiet_hours_and_unknown_topics_are_refused() -> None:
    for wrong in (Preferences(quiet_from=None), Preferences(muted=frozenset({"weather"}))):
        with pytest.raises(Invalid):
            check(wrong)


def test_priority_when_consents_are_scarce() -> None:
    shared = frozenset({"closure", "question", "warning", "progress", "points"})
    needed = [needed_credits(topic, shares_template_with=shared) for topic in sorted(shared, key=_priority)]

    assert needed == [1, 2, 3, 4, 5]
    assert needed_credits("points", shares_template_with=frozenset({"points"})) == 1


def _priority(topic: str) -> int:
    return TOPICS[topic].priority


@unhurried
@given(st.text(max_size=80))
def test_any_text_becomes_a_value_its_field_accepts(text: str) -> None:
    value = Slotted(text, datetime(2026, 2, 3, 4, 5, tzinfo=UTC))
    for kind, format_ in fields.FORMATS.items():
        assert RULES[kind].fullmatch(format_(value)), kind


def test_a_long_thing_is_cut_inside_its_twenty_symbols() -> None:
    assert fields.thing(Slotted("一二三四五六七八九十" * 3)) == "一二三四五六七八九十一二三四五六七八九…"
