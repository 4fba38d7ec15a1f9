"""What the platform reports: each update applied once, in its place, or refused with the reason and kept.

`apply` takes one update or a batch in the caller's transaction; the number of statements does not grow with the batch.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from domain.cases import admission, forwarding, history, questions, recording
from domain.cases.history import Book, Working
from domain.cases.updates import Kind, Update
from domain.kernel.errors import Refusal


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one update. `replayed`: it was known already and says the same."""

    update: Update
    refusal: Refusal | None = None
    replayed: bool = False


async def apply(updates: Sequence[Update], *, now: datetime) -> list[Verdict]:
    """Applies what fits; keeps what does not for the operators. One verdict for each, in order."""
    book = await history.read(updates, now=now)
    verdicts = [_take(update, book, now=now) for update in updates]
    for working in book.cases.values():
        await _accept_rounds(working, now=now)
    await recording.write(book, now=now)
    await recording.keep_refused([(v.update, v.refusal) for v in verdicts if v.refusal is not None], now=now)
    return verdicts


def _take(update: Update, book: Book, *, now: datetime) -> Verdict:
    said, known = update.body_hash(), book.known.get(update.update_id)
    if known == said:
        return Verdict(update=update, replayed=True)
    try:
        if known is not None:
            raise admission.UpdateConflict(field="id")
        working = book.cases.get(update.case_id)
        if working is None:
            raise admission.CaseUnknown(field="data.case_id")
        if update.kind is Kind.QUESTION and working.asked:
            raise questions.QuestionOpen(field="data.kind")
        admission.decide(update, history=working.steps, rounds=working.round, now=now)
    except Refusal as refusal:
        return Verdict(update=update, refusal=refusal)
    book.known[update.update_id] = said
    working.admit(update)
    return Verdict(update=update)


async def _accept_rounds(working: Working, *, now: datetime) -> None:
    """An update may overtake the answer to the hand-over: a platform that works on a round has accepted it."""
    for round_ in sorted({update.round for update in working.fresh} & working.waiting):
        at = min(update.happened_at for update in working.fresh if update.round == round_)
        await forwarding.record_acceptance(working.id, round_=round_, platform_case=None, at=at, now=now)
