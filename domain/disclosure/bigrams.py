"""Index terms of search: every pair of neighbouring characters, as one number. Chinese has no blanks to split at.

The numbers are exact for two characters of the basic plane; whoever searches compares the text itself afterwards, so a
collision of rarer characters is no false hit. Pairs never cross a line break, so two fields never make a false word.
"""

from itertools import pairwise

HALF = 1 << 16
SIGNED_MAX = 1 << 31


def grams_of(text: str) -> list[int]:
    """The distinct pairs of `text` as signed 32-bit numbers; of one line or many."""
    found: set[int] = set()
    for line in text.split("\n"):
        codes = [ord(character) % HALF for character in line]
        found.update(left * HALF + right for left, right in pairwise(codes))
    return [gram - 2 * SIGNED_MAX if gram >= SIGNED_MAX else gram for gram in found]
