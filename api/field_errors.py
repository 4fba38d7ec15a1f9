"""One value at fault, in both languages: msgspec's English sentence, its Chinese twin, and the path of the field."""

import re
from typing import Any

import msgspec

MESSAGE_CHARS_MAX = 300
NAMED = re.compile(r"Object (?:missing required|contains unknown) field `(?P<name>[^`]{1,80})`")
CHINESE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"Object missing required field `(.+)`", "缺少字段 {0}"),
        (r"Object contains unknown field `(.+)`", "不接受字段 {0}"),
        (r"Expected `str` of length <= (\d+)", "不得超过 {0} 个字符"),
        (r"Expected `str` of length >= (\d+)", "不得少于 {0} 个字符"),
        (r"Expected `str` matching regex", "格式不符"),
        (r"Expected `array` of length <= (\d+)", "不得超过 {0} 项"),
        (r"Expected `array` of length >= (\d+)", "不得少于 {0} 项"),
        (r"Expected `array` of length (\d+)", "应为 {0} 项"),
        (r"Expected `\w+` <= (\S+)", "不得大于 {0}"),
        (r"Expected `\w+` >= (\S+)", "不得小于 {0}"),
        (r"Expected `\w+` < (\S+)", "应小于 {0}"),
        (r"Expected `\w+` > (\S+)", "应大于 {0}"),
        (r"Expected `(.+)`, got `(.+)`", "应为 {0}，实为 {1}"),
        (r"Invalid enum value", "不在可选值之中"),
        (r"Invalid UUID", "不是有效的 UUID"),
        (r"Invalid (?:RFC3339|ISO8601|date|time)", "不是有效的日期或时间"),
        (r"Invalid base64", "不是有效的 Base64"),
        (r"Invalid decimal|Number out of range|Integer value out of range", "数字超出范围"),
        (r"Missing required", "缺少必需的参数"),
    )
)


class FieldError(msgspec.Struct, frozen=True):
    """One value at fault: where it stands and why."""

    field: str
    source: str  # body | query | path | header | cookie
    message: str  # Chinese
    message_en: str


def in_chinese(message: str) -> str:
    """The Chinese twin of msgspec's or Litestar's sentence."""
    for pattern, text in CHINESE:
        if found := pattern.match(message):
            return text.format(*found.groups())
    return "不符合要求"


def field_error(entry: dict[str, Any]) -> FieldError:
    """Litestar's entry as ours; a missing or unknown field is named by its own path."""
    source, message = entry.get("source", "body"), str(entry.get("message", ""))[:MESSAGE_CHARS_MAX]
    key, named = str(entry.get("key", "")), NAMED.match(message)
    if named is not None:
        key = f"{key}.{named['name']}" if key and key != "data" else named["name"]
    return FieldError(key, str(getattr(source, "value", source)), in_chinese(message), message)
