"""Whether an update of the platform is believed. Pure: history and the present are arguments."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.cases import guards, stages
from domain.cases.stages import Step
from domain.cases.updates import Kind, Update
from domain.kernel.errors import NotFound, Refusal, Text

CLOCK_AHEAD_MAX = timedelta(minutes=5)
QUESTION_CHARS_MAX = 500
MARKUP = re.compile(r"<[a-zA-Z/!?]")


class CaseUnknown(NotFound):
    """No case has this id here."""

    code = "case-unknown"
    title = Text("没有此案件", "No such case")
    advice = Text(
        "请使用移交消息 data.case_id 中的编号；如确有移交，请按 case_id 拉取核对后重发。",
        "Use the id given as data.case_id in the hand-over; reconcile by case_id, then send again.",
    )


class RoundUnknown(Refusal):
    """The case has no such round."""

    code = "round-unknown"
    status = 422
    title = Text("没有此轮次", "No such round")
    advice = Text("轮次以 case.reopened 消息为准。", "Rounds are opened by the message case.reopened.")


class UpdateConflict(Refusal):
    """The update id was used for other content."""

    code = "update-conflict"
    status = 409
    title = Text("该更新编号已用于其他内容", "This update id was used for other content")
    advice = Text("请为新的内容使用新的编号。", "Use a new id for new content.")


class SequenceTaken(Refusal):
    """Another update stands at this sequence number."""

    code = "sequence-taken"
    status = 409
    title = Text("该序号已有其他更新", "Another update has this sequence number")
    advice = Text("每轮中每个序号只用一次。", "A sequence number is used once per round.")


class UpdateImplausible(Refusal):
    """The update cannot be true or cannot be shown: a future time, markup in a text, a stage missing."""

    code = "update-implausible"
    status = 422
    title = Text("更新内容不可信", "The update is not plausible")
    advice = Text("请按 field 所指修正后用新的编号重发。", "Correct the field and send with a new id.")


def decide(update: Update, *, history: Sequence[Step], rounds: int, now: datetime) -> None:
    """Returns when the update is admitted into `history`; raises the `Refusal` to answer otherwise."""
    _plausible(update, now=now)
    if update.round > rounds:
        raise RoundUnknown(field="data.round", facts={"rounds": rounds})
    if any((s.round, s.sequence) == (update.round, update.sequence) for s in history):
        raise SequenceTaken(field="data.sequence")
    if update.stage is None:
        return
    step = update.step()
    stages.advance(history, step)
    guards.check(
        update.stage,
        actor=update.actor_class,
        given={
            "unit": update.unit,
            "outcome": update.outcome,
            "passed": update.passed,
            "public_text": update.public_text,
            "internal_text": update.internal_text,
        },
        previous=stages.stage_before(history, step),
    )


def _plausible(update: Update, *, now: datetime) -> None:
    if update.happened_at > now + CLOCK_AHEAD_MAX:
        raise UpdateImplausible(Text("时间在未来", "occurred_at lies in the future"), field="data.occurred_at")
    if (update.stage is None) is (update.kind is Kind.STAGE):
        raise UpdateImplausible(Text("kind 与 stage 不符", "kind and stage disagree"), field="data.stage")
    if update.kind is Kind.QUESTION and not 1 <= len(update.public_text or "") <= QUESTION_CHARS_MAX:
        raise UpdateImplausible(Text("问题为 1–500 字", "a question has 1 to 500 characters"), field="data.public_text")
    if (update.kind is Kind.EXTENSION) is not ("extension" in update.detail):
        raise UpdateImplausible(Text("kind 与 extension 不符", "kind and extension disagree"), field="data.extension")
    for name, text in (("public_text", update.public_text), ("internal_text", update.internal_text)):
        if text and (MARKUP.search(text) or "\x00" in text):
            raise UpdateImplausible(Text("只接受纯文本", "plain text only"), field=f"data.{name}")
