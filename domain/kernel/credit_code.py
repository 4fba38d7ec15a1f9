"""Unified social credit codes (GB 32100-2015), with both check characters: the whole code's and the organisation's own.

Written here because python-stdnum 2.2 refuses codes that begin with N, A or Y and does not check character 17.
"""

import re

SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
CODE_CHARS = 18
VALUES = {symbol: value for value, symbol in enumerate(SYMBOLS)}
WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
SHAPE = re.compile(rf"[1-9AEGNY][1-9A-GNY][0-9]{{6}}[{SYMBOLS}]{{10}}")


def check_character(first: str) -> str:
    """Character 18 for the first 17; raises KeyError for a symbol outside the alphabet."""
    total = sum([VALUES[symbol] * weight for symbol, weight in zip(first[:17], WEIGHTS, strict=True)])
    return SYMBOLS[-total % 31]


def organisation_check(organisation: str) -> str:
    """Character 9 of an organisation code (GB 11714) for its first 8 (0-9 as is, A is 10 … Z is 35)."""
    total = sum(int(c, 36) * weight for c, weight in zip(organisation[:8], ORGANISATION_WEIGHTS, strict=True))
    rest = 11 - total % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def normal_form(text: str) -> str:
    """Upper case, without blanks and hyphens."""
    return re.sub(r"[\s-]", "", text).upper()


def is_credit_code(text: str) -> bool:
    """Whether `text`, in normal form, is a code with both check characters right."""
    code = normal_form(text)
    if not code.isascii() or not SHAPE.fullmatch(code):
        return False
    return code[17] == check_character(code) and code[16] == organisation_check(code[8:16])
