"""Every message renders in every form with the longest facts there are, and fits where it must go."""

import itertools
from datetime import UTC, datetime

import pytest

from api.sandbox.wechat_rules import broken_field
from api.sandbox.wechat_state import TEMPLATES_SETTING
from api.wechat.fields import filled
from api.wiring import SUBSCRIBERS
from domain.cases.stages import LABELS
from domain.kernel.errors import Text
from domain.reports.categories import LEAVES
from domain.reports.reveals import PURPOSES
from notifications.audiences import OUTCOMES, TOLD
from notifications.audiences_bureau import MATTERS
from notifications.catalogue import CATALOGUE
from notifications.handlers import announce
from notifications.templates import templates
from notifications.topics import TOPICS
from notifications.wording import (
    BODY_SYMBOLS_MAX,
    LATIN_SMS_SYMBOLS_MAX,
    SMS_SYMBOLS_MAX,
    TITLE_SYMBOLS_MAX,
    Fact,
    for_inbox,
    for_sms,
    for_template,
)


def longest(texts: list[Text]) -> list[str]:
    return [max((text.zh for text in texts), key=len), max((text.en for text in texts), key=len)]


WORST: dict[str, Fact] = {
    "number": "GW-20261231-00099999",
    "category": longest([Text(leaf.zh, leaf.en) for leaf in LEAVES]),
    "stage": longest(list(LABELS.values())),
    "outcome": longest(list(OUTCOMES.values())),
    "behaviour": ["参加有组织的河道巡护志愿服务活动", "taking part in organised volunteer patrols of rivers"],
    "reason": "需要向您核实排污口的具体位置，" * 5 + "请谅解",
    "officer": "O-3F9A12",
    "approver": "O-77B0C4",
    "purpose": longest(list(PURPOSES.values())),
    "enterprise": [
        "杭州清和高新技术产业开发区表面处理新材料科技股份有限公司",
        "Qinghe Surface Treatment Materials Co., Ltd.",
    ],
    "matter": longest(list(MATTERS.values())),
    "extra": ["15个工作日", "15 working days"],
    "points": 1_000_000,
    "count": 999,
    "round": 9,
    "activity": ["清和河岸春季清理志愿服务" * 6, "Cleaning the bank of the river " * 2],
    "starts_at": datetime(2026, 12, 31, 15, 59, tzinfo=UTC).isoformat(),
    "happened_at": datetime(2026, 12, 31, 15, 59, tzinfo=UTC).isoformat(),
    "headline": [
        "清河区重污染天气红色预警，请减少户外活动",
        "Red alert for heavy air pollution in Qinghe: stay indoors",
    ],
    "message": ["学校停课，工地停工；" * 12, "Schools are closed and building sites stop work. " * 4],
}
FORMS = list(itertools.product(CATALOGUE, ("zh", "en"), (False, True)))
TEMPLATES = templates(TEMPLATES_SETTING)


@pytest.mark.parametrize(("key", "language", "big_print"), FORMS)
def test_every_message_renders_and_fits_the_inbox(key: str, language: str, big_print: bool) -> None:
    said = for_inbox(CATALOGUE[key], WORST, language=language, big_print=big_print)

    factor = 1 if language == "zh" else 2.2  # English needs more letters for the same
    assert 0 < len(said.title) <= TITLE_SYMBOLS_MAX * factor
    assert 0 < len(said.body) <= BODY_SYMBOLS_MAX * factor
    assert not {"{", "}"} & set(said.title + said.body)


@pytest.mark.parametrize("key", [key for key, wording in CATALOGUE.items() if wording.slots])
def test_every_pushed_message_passes_wechats_field_rules_at_its_longest(key: str) -> None:
    wording = CATALOGUE[key]
    template, topic = TEMPLATES[wording.topic], TOPICS[wording.topic]

    fields = filled(template, topic, for_template(wording, WORST))

    assert None is broken_field(template.fields, {name: {"value": value} for name, value in fields.items()})
    assert not [value for value in fields.values() if value.endswith("…")]  # nothing is cut, even at its longest


@pytest.mark.parametrize("key", [key for key, wording in CATALOGUE.items() if wording.sms])
def test_every_sms_is_one_segment(key: str) -> None:
    assert len(for_sms(CATALOGUE[key], WORST, language="zh")) <= SMS_SYMBOLS_MAX
    assert len(for_sms(CATALOGUE[key], WORST, language="en")) <= LATIN_SMS_SYMBOLS_MAX


def test_every_wording_names_a_topic_and_fills_all_its_slots() -> None:
    for key, wording in CATALOGUE.items():
        slots = {slot for slot, _ in TOPICS[wording.topic].slots}
        assert not wording.slots or slots == set(wording.slots), key


def test_large_print_is_shorter() -> None:
    for key, wording in CATALOGUE.items():
        plain = for_inbox(wording, WORST, language="zh", big_print=True)
        assert len(plain.body) <= 40, key


def test_every_wired_event_is_told_and_every_told_event_is_wired() -> None:
    wired = {event.__name__ for event, handlers in SUBSCRIBERS.items() if announce in handlers}

    assert wired == set(TOLD)


def test_a_template_that_cannot_hold_a_slot_stops_the_start() -> None:
    for wrong in ("closure=T:thing1", "closure=T:thing1,thing2,date3,date4,thing5", "weather=T:thing1"):
        with pytest.raises(ValueError, match="GW_WECHAT_TEMPLATES"):
            templates(wrong)
