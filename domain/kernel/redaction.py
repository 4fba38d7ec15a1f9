"""Hides what identifies people in a text that is about to become public. Pure; works before anything is stored.

`redact` answers the safe text and what it hid, so that an operator can see a highlighted preview. Unified social credit
codes, document numbers and company addresses stay. Patterns read full-width and Chinese digits and digits with blanks,
hyphens or invisible characters between them. A rule may hide too much, never too little: when in doubt it hides.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from domain.kernel import redaction_names, redaction_numbers
from domain.kernel.redaction_marks import MARKS, Found

# Labels are often spread to one width in forms: `住　　址：`, `身 份 证`.
BLANKS = "[ \u3000]+"
SPREAD_LABEL = re.compile(
    "|".join(BLANKS.join(label) for label in ("住址", "住所", "地址", "电话", "手机", "姓名", "身份证", "账号", "账户"))
    + "|"
    + "|".join(BLANKS.join(label) for label in ("户籍", "微信", "卡号", "性别"))
)
Subject = Literal["company", "person"]
EARLIER_MARK = re.compile("|".join(map(re.escape, MARKS.values())))  # its words must not be read as labels


class Hidden(msgspec.Struct, frozen=True):
    """A stretch `[start, end)` of the original text that was hidden, and why."""

    start: int
    end: int
    kind: str


class Redacted(msgspec.Struct, frozen=True):
    """The safe text, and what was hidden in the original, in order and without overlaps."""

    text: str
    hidden: tuple[Hidden, ...]


def redact(text: str, *, subject: Subject = "company", names: Iterable[str] = (), keep: Iterable[str] = ()) -> Redacted:
    """Hides personal values in `text`.

    `names` are persons known from private fields (reporter, witness, officer): hidden wherever they occur. `keep` are
    names that may be shown (the penalised, the legal representative). `subject` is who was penalised: a company's
    registered address stays, a person's does not.
    """
    opaque = EARLIER_MARK.sub(lambda match: "［" * len(match[0]), text)
    opaque = SPREAD_LABEL.sub(_drawn_together, opaque)
    found = list(redaction_numbers.find(opaque))
    found += redaction_names.find_addresses(opaque, company=subject == "company")
    found += redaction_names.find_names(opaque, names=tuple(names), keep=frozenset(keep))
    hidden = _merged(found)
    return Redacted(_masked(text, hidden), hidden)


def _drawn_together(match: re.Match[str]) -> str:
    """The label without its blanks, which follow it instead: the text keeps its length."""
    label = "".join(match[0].split())
    return label + " " * (len(match[0]) - len(label))


def _merged(found: Sequence[Found]) -> tuple[Hidden, ...]:
    """Overlapping finds become one, named by the first; kinds with the lower rank win the name."""
    merged: list[Hidden] = []
    for start, end, kind in sorted(found):
        if merged and start < merged[-1].end:
            merged[-1] = Hidden(merged[-1].start, max(end, merged[-1].end), merged[-1].kind)
        else:
            merged.append(Hidden(start, end, kind))
    return tuple(merged)


def _masked(text: str, hidden: Sequence[Hidden]) -> str:
    parts: list[str] = []
    at = 0
    for stretch in hidden:
        parts += [text[at : stretch.start], MARKS[stretch.kind]]
        at = stretch.end
    return "".join([*parts, text[at:]])
