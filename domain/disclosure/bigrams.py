"""Index terms of search: every pair of neighbouring characters, as one number. Chinese has no blanks to split at.

A pair is two UTF-16 units read as one little-endian signed 32-bit number. Whoever searches compares the text itself
afterwards, so pairs that occur apart are no false hit. Pairs never cross a line break: two fields make no false word.
"""

import struct

PAIR_BYTES, UNIT_BYTES = 4, 2


def grams_of(text: str) -> list[int]:
    """The distinct pairs of `text`, of one line or many."""
    found: set[int] = set()
    for line in text.split("\n"):
        units = line.encode("utf-16-le", "surrogatepass")
        for start in (0, UNIT_BYTES):
            count = (len(units) - start) // PAIR_BYTES
            if count > 0:
                found.update(struct.unpack_from(f"<{count}i", units, start))
    return list(found)
