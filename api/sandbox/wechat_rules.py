"""The documented rules of a subscribe message, written apart from our own formatter so that each checks the other."""

import re
from collections.abc import Mapping
from typing import Any

HAN = re.compile(r"[\u3400-\u9fff]")
CLOCK = r"(\d{4}年\d{1,2}月\d{1,2}日 )?([01]?\d|2[0-3]):[0-5]\d"
DAY = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{2}-\d{2})( ([01]?\d|2[0-3]):[0-5]\d)?"
RULES: Mapping[str, re.Pattern[str]] = {
    "thing": re.compile(r"[^\r\n\t]{1,20}"),
    "number": re.compile(r"-?\d{1,32}(\.\d{1,31})?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "time": re.compile(rf"{CLOCK}(~{CLOCK})?"),
    "date": re.compile(rf"{DAY}(~{DAY})?"),
    "amount": re.compile(r"[¥$€]?\d{1,10}(\.\d+)?元?"),
    "phone_number": re.compile(r"[\d+() -]{1,17}"),
    "car_number": re.compile(r"[\u3400-\u9fffA-Za-z0-9][A-Za-z0-9]{0,6}[\u3400-\u9fffA-Za-z0-9]?"),
    "phrase": re.compile(r"[\u3400-\u9fff]{1,5}"),
}
MEDIA_BYTES_MAX = 10 * 1024 * 1024
MEDIA_TYPES = ("image/jpeg", "image/png", "image/bmp", "image/gif")
NAME_HAN_MAX = 10
NAME_LETTERS_MAX = 20
PAGE = re.compile(r"[A-Za-z0-9/_-]+(\?\S*)?")


def broken_field(keys: tuple[str, ...], data: Mapping[str, Any]) -> str | None:
    """The first template key whose value is missing or breaks its type's rule, None when all are fine."""
    for key in keys:
        item = data.get(key)
        value = item.get("value") if isinstance(item, dict) else None
        if not isinstance(value, str) or not _fits(key.rstrip("0123456789"), value):
            return key
    return None


def _fits(kind: str, value: str) -> bool:
    if kind == "name":
        return 0 < len(value) <= (NAME_HAN_MAX if HAN.search(value) else NAME_LETTERS_MAX)
    rule = RULES.get(kind)
    return rule is not None and rule.fullmatch(value) is not None and bool(value.strip())


def media_is_judged(media_type: str, octets: int) -> bool:
    """Whether the image check takes this file: at most 10 MB, one of its kinds."""
    return octets <= MEDIA_BYTES_MAX and media_type.partition(";")[0] in MEDIA_TYPES


def scene_is_valid(scene: str) -> bool:
    """A mini-program code's scene: 1 to 32 visible characters, no percent sign, not the reserved name."""
    return "scancode_time=" not in scene and None is not re.fullmatch(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}", scene)
