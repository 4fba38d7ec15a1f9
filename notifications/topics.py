"""What messages are about: one list with priority, urgency and the slots a pushed message may fill. Pure."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from domain.kernel.errors import Text

SlotKind = Literal["code", "text", "phrase", "moment", "amount"]


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of message a person can switch off (pushed channels only; the inbox always has it)."""

    name: Text
    priority: int  # 1 goes first when consents are scarce
    digestible: bool = False  # may wait for the daily digest
    slots: tuple[tuple[str, SlotKind], ...] = ()  # in the order of the configured template fields; () is never pushed


_STEP: tuple[tuple[str, SlotKind], ...] = (
    ("number", "code"),
    ("matter", "text"),
    ("result", "phrase"),
    ("at", "moment"),
    ("note", "text"),
)
TOPICS: Mapping[str, Topic] = {
    "closure": Topic(name=Text("办结结果", "Results"), priority=1, slots=_STEP),
    "question": Topic(
        name=Text("需要您补充", "Questions to you"),
        priority=2,
        slots=(("number", "code"), ("matter", "text"), ("at", "moment"), ("note", "text")),
    ),
    "warning": Topic(name=Text("超期预警", "Late warnings"), priority=3, slots=_STEP),
    "progress": Topic(name=Text("办理进展", "Progress"), priority=4, digestible=True, slots=_STEP),
    "points": Topic(
        name=Text("绿色积分", "Green points"),
        priority=5,
        digestible=True,
        slots=(("matter", "text"), ("points", "amount"), ("at", "moment"), ("note", "text")),
    ),
    "activity": Topic(
        name=Text("志愿活动", "Activities"), priority=3, slots=(("matter", "text"), ("at", "moment"), ("note", "text"))
    ),
    "receipt": Topic(name=Text("提交与撤回", "Receipts"), priority=6),
    "identity": Topic(name=Text("身份信息查看", "Looks at your identity"), priority=2),
    "enterprise": Topic(name=Text("企业信用事项", "Enterprise matters"), priority=2),
    "alert": Topic(name=Text("身边环境提醒", "Alerts near you"), priority=2),
    "district": Topic(name=Text("全区公告", "District notices"), priority=7),
}


def needed_credits(topic: str, *, shares_template_with: frozenset[str]) -> int:
    """How many consents of the template must be left before `topic` may spend one.

    Topics may share a template. Each more important topic on it keeps one consent in reserve, so that news of progress
    never uses up the consent the result will need.
    """
    mine = TOPICS[topic].priority
    return 1 + sum(1 for other in shares_template_with - {topic} if TOPICS[other].priority < mine)
