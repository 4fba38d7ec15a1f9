"""How a message reads: pure rendering of one catalogue entry with its facts, per channel, language and print size.

Facts are text, numbers, `[zh, en]` pairs, or ISO moments (names ending in `_at`), never personal. Nothing is looked
up here, so every combination can be rendered in a test with the worst values.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from domain.kernel.clock import DISTRICT_ZONE
from domain.kernel.errors import Text

Language = Literal["zh", "en"]
Fact = str | int | list[str]
Facts = Mapping[str, Fact]
TITLE_SYMBOLS_MAX = 40
BODY_SYMBOLS_MAX = 260
SMS_SYMBOLS_MAX = 62  # with a signature of 8 symbols one Chinese SMS holds 70
LATIN_SMS_SYMBOLS_MAX = 150
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `plain` is the short form for large print; `slots` fill the topic's WeChat template, in Chinese."""

    topic: str
    audience: Literal["reporter", "follower", "resident", "delegate", "area", "district"]
    title: Text
    body: Text
    plain: Text
    slots: Mapping[str, str] = {}  # empty: never pushed to WeChat
    sms: Text | None = None  # None: never sent by SMS
    urgent: bool = False  # may be pushed in quiet hours
    page: str = "pages/report/detail"


class Rendered(msgspec.Struct, frozen=True):
    """What a person reads."""

    title: str
    body: str


class Slotted(msgspec.Struct, frozen=True):
    """What a template field gets: finished text, or the moment it must show."""

    text: str
    moment: datetime | None = None


def moment_text(at: datetime, language: Language) -> str:
    """District time: `11月21日 09:05`, `21 Nov 09:05`."""
    local = at.astimezone(DISTRICT_ZONE)
    if language == "zh":
        return f"{local.month}月{local.day}日 {local:%H:%M}"
    return f"{local.day} {MONTHS[local.month - 1]} {local:%H:%M}"


def said_in(facts: Facts, language: Language) -> dict[str, str]:
    """Every fact in one language."""
    said = {}
    for name, fact in facts.items():
        if isinstance(fact, list):
            said[name] = fact[0 if language == "zh" else 1]
        elif name.endswith("_at"):
            said[name] = moment_text(datetime.fromisoformat(str(fact)), language)
        else:
            said[name] = str(fact)
    return said


def _pick(text: Text, language: Language) -> str:
    return text.zh if language == "zh" else text.en


def for_inbox(wording: Wording, facts: Facts, *, language: Language, big_print: bool = False) -> Rendered:
    """Title and body; a missing fact raises KeyError, which a test over all events excludes."""
    said = said_in(facts, language)
    body = wording.plain if big_print else wording.body
    return Rendered(_pick(wording.title, language).format_map(said), _pick(body, language).format_map(said))


def for_sms(wording: Wording, facts: Facts, *, language: Language) -> str:
    """The text of an SMS, without the signature the provider adds."""
    if wording.sms is None:
        raise ValueError("this message has no SMS wording")
    return _pick(wording.sms, language).format_map(said_in(facts, language))


def for_template(wording: Wording, facts: Facts) -> dict[str, Slotted]:
    """The value of each slot. `{name_at}` alone means the moment itself, so that the channel formats it by field."""
    said = said_in(facts, "zh")
    return {slot: _slotted(pattern, facts, said) for slot, pattern in wording.slots.items()}


def _slotted(pattern: str, facts: Facts, said: Mapping[str, str]) -> Slotted:
    name = pattern[1:-1]
    if pattern == f"{{{name}}}" and name.endswith("_at"):
        return Slotted(said[name], datetime.fromisoformat(str(facts[name])))
    return Slotted(pattern.format_map(said))
