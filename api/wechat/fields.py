"""Values as WeChat's template fields want them: cut, cleaned and dated by field type, so that 47003 never happens."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from domain.kernel.clock import DISTRICT_ZONE
from notifications.templates import Template, field_type
from notifications.topics import Topic
from notifications.wording import Slotted

THING_SYMBOLS_MAX = 20
CODE_SYMBOLS_MAX = 32
PHRASE_SYMBOLS_MAX = 5
EMPTY = "-"
DIGITS = re.compile(r"[0-9]{1,32}")
NOT_HAN = re.compile(r"[^\u3400-\u9fff]")
NOT_CODE = re.compile(r"[^\x21-\x7e]")


def thing(value: Slotted) -> str:
    """At most 20 symbols on one line; what is cut ends with an ellipsis inside the 20."""
    text = " ".join("".join(c if c.isprintable() else " " for c in value.text).split()) or EMPTY
    return text if len(text) <= THING_SYMBOLS_MAX else text[: THING_SYMBOLS_MAX - 1] + "…"


def character_string(value: Slotted) -> str:
    """At most 32 printable ASCII symbols."""
    return NOT_CODE.sub("", value.text)[:CODE_SYMBOLS_MAX] or EMPTY


def phrase(value: Slotted) -> str:
    """At most 5 Chinese characters."""
    return NOT_HAN.sub("", value.text)[:PHRASE_SYMBOLS_MAX] or "通知"


def number(value: Slotted) -> str:
    """The first whole number in the text."""
    found = DIGITS.search(value.text)
    return found[0] if found else "0"


def date(value: Slotted) -> str:
    """`2026年11月21日 09:05`, district time."""
    local = (value.moment or datetime.fromtimestamp(0, DISTRICT_ZONE)).astimezone(DISTRICT_ZONE)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


FORMATS: Mapping[str, Callable[[Slotted], str]] = {
    "thing": thing,
    "character_string": character_string,
    "phrase": phrase,
    "number": number,
    "date": date,
    "time": date,
}


def filled(template: Template, topic: Topic, slots: Mapping[str, Slotted]) -> dict[str, str]:
    """The value of every field of the template."""
    return {
        field: FORMATS[field_type(field)](slots[slot])
        for field, (slot, _) in zip(template.fields, topic.slots, strict=True)
    }
