"""Which WeChat template serves which topic, read from `GW_WECHAT_TEMPLATES` and checked against the topics' slots.

`topic=template_id:field,field;…` with the fields in the order of the topic's slots; field names belong to the template.
"""

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from notifications.topics import TOPICS, SlotKind

FITS: Mapping[SlotKind, frozenset[str]] = {  # the field types that can take a slot
    "code": frozenset({"character_string", "thing"}),
    "text": frozenset({"thing"}),
    "phrase": frozenset({"phrase", "thing"}),
    "moment": frozenset({"date", "time"}),
    "amount": frozenset({"number", "character_string"}),
}


class Template(msgspec.Struct, frozen=True):
    """A template of the mini-program and its field for each slot of the topic."""

    id: str
    fields: tuple[str, ...]


def field_type(field: str) -> str:
    """`thing7` is of type `thing`."""
    return field.rstrip("0123456789")


@lru_cache(maxsize=4)
def templates(setting: str) -> Mapping[str, Template]:
    """The template of each topic; raises ValueError naming what is wrong, at the start and not at the first send."""
    found = {}
    for entry in filter(None, setting.split(";")):
        topic, _, rest = entry.partition("=")
        name, _, listed = rest.partition(":")
        template = Template(name, tuple(listed.split(",")))
        _check(topic, template)
        found[topic] = template
    return found


def _check(topic: str, template: Template) -> None:
    slots = TOPICS[topic].slots if topic in TOPICS else ()
    if not slots:
        raise ValueError(f"GW_WECHAT_TEMPLATES: {topic!r} is not a topic that is pushed")
    if len(slots) != len(template.fields):
        raise ValueError(f"GW_WECHAT_TEMPLATES: {topic} has the slots {', '.join(name for name, _ in slots)}")
    for (slot, kind), field in zip(slots, template.fields, strict=True):
        if field_type(field) not in FITS[kind]:
            raise ValueError(f"GW_WECHAT_TEMPLATES: {topic}.{slot} cannot go into {field}")


def sharing(setting: str, template_id: str) -> frozenset[str]:
    """The topics that spend consents of this template."""
    return frozenset(topic for topic, template in templates(setting).items() if template.id == template_id)
