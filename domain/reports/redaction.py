"""Personal values in a resident's text are replaced before anybody else reads it. Pure, and quick on any input.

Replaced: identity card numbers, mobile and landline numbers, bank cards (Luhn), e-mail addresses, number plates, and
the home address after words such as 住址 or 家住. Unified social credit codes stay: they name enterprises.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

MASK = "＊＊＊"
CARD_DIGITS_MIN = 16


class Rule(NamedTuple):
    """A pattern, and what else must hold for a match to be personal."""

    pattern: re.Pattern[str]
    holds: Callable[[str], bool]


def _luhn(digits: str) -> bool:
    odd, even = digits[-1::-2], digits[-2::-2]
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in even)
    return (sum(map(int, odd)) + sum(doubled)) % 10 == 0


def _is_card(match: str) -> bool:
    digits = re.sub(r"[ -]", "", match)
    return len(digits) >= CARD_DIGITS_MIN and _luhn(digits)


def _always(_: str) -> bool:
    return True


EDGE, END = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
PLATE_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
RULES = (
    Rule(re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,24}){1,4}", re.ASCII), _always),
    Rule(re.compile(EDGE + r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx]" + END), _always),
    Rule(re.compile(EDGE + r"[1-9]\d{7}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}" + END), _always),
    Rule(re.compile(EDGE + r"(?:\d[ -]?){15,18}\d" + END), _is_card),
    Rule(re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)"), _always),
    Rule(re.compile(r"(?<!\d)\+\d{1,3}[ -]?\d(?:[ -]?\d){6,13}(?!\d)"), _always),
    Rule(re.compile(r"(?<!\d)\(?0\d{2,3}\)?[ -]?[2-8]\d{6,7}(?!\d)"), _always),
    Rule(re.compile(rf"[{PLATE_PROVINCES}][A-HJ-NP-Z][·\s]?[A-HJ-NP-Z0-9]{{5,6}}" + END), _always),
    Rule(re.compile(r"(?<=微信号)[:： ]?[A-Za-z][\w-]{5,19}", re.ASCII), _always),
    Rule(re.compile(r"(?<=住址)[^，。；,;\n]{2,40}"), _always),
    Rule(re.compile(r"(?<=家住|我住|现住)[^，。；,;\n]{2,40}"), _always),
)


def redact(text: str) -> str:
    """The text with every personal value replaced by `MASK`."""
    for rule in RULES:
        text = rule.pattern.sub(lambda found, holds=rule.holds: MASK if holds(found[0]) else found[0], text)  # type: ignore[misc]
    return text
