"""WeChat as the screener: of photographs, asked by URL and answered by push within half an hour; of texts, at once.

WeChat wants to know whose content it is. An anonymous report has nobody, so a person looks at it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from api.wechat.client import WeChat
from api.wechat.errcodes import Meaning, WeChatRefused, WeChatUnreachable
from domain.kernel import clock
from domain.reports import reporters
from domain.reports.screening import NeedsPerson, Passed, Unavailable
from domain.reports.text_screening import Reply as TextReply
from domain.reports.text_screening import TextCheck, TextScreener
from domain.residents import accounts
from media import screening
from media.screening import Asked, Check, Reply, Screener, Verdict

SCENE_FORUM = 3
VERDICTS: Mapping[str, Verdict] = {"pass": "passed", "risky": "risky"}  # anything else: a person looks


def image_screener(wechat: WeChat) -> Screener:
    """The screener of this mini-program, for `api.wiring`."""

    async def look(check: Check) -> Reply:
        kind, _, report = check.subject.partition(":")
        openid = await _openid_behind(UUID(report)) if kind == "report" else None
        if openid is None:
            return NeedsPerson("review")
        try:
            answer = await wechat.check_image(openid=openid, media_url=check.url, scene=SCENE_FORUM)
        except WeChatUnreachable:
            return Unavailable("unreachable")
        except WeChatRefused as refused:
            return _not_judged(refused)
        return Asked(answer.trace_id)

    return look


def text_screener(wechat: WeChat) -> TextScreener:
    """The same for the texts of reports: msg_sec_check answers at once, for a user who visited within two hours."""

    async def look(check: TextCheck) -> TextReply:
        openid = await _openid_behind(check.report)
        if openid is None:
            return NeedsPerson("review")
        try:
            answer = await wechat.check_text(openid=openid, content=check.text, scene=SCENE_FORUM)
        except WeChatUnreachable:
            return Unavailable("unreachable")
        except WeChatRefused as refused:
            return NeedsPerson("risky") if refused.meaning is Meaning.RISKY else _not_judged(refused)
        verdict = VERDICTS.get(answer.result.suggest)
        if verdict == "passed":
            return Passed()
        return NeedsPerson("risky" if verdict == "risky" else "review")

    return look


def _not_judged(refused: WeChatRefused) -> Unavailable | NeedsPerson:
    """Busy passes; anything else does not get better, so a person looks."""
    if refused.meaning in {Meaning.BUSY, Meaning.LIMIT, Meaning.TOKEN}:
        return Unavailable(f"errcode-{refused.errcode}")
    return NeedsPerson("review")


async def _openid_behind(report: UUID) -> str | None:
    account = await reporters.account_of(report, why="content check", at=clock.utc_now())
    return None if account is None else await accounts.openid_of(account)


async def image_judged(message: Mapping[str, Any], now: datetime) -> None:
    """The pushed verdict; a download that failed is asked for again."""
    trace = str(message.get("trace_id", ""))[:80]
    if str(message.get("errcode", 0)) != "0":
        await screening.failed(trace, now=now)
        return
    result = message.get("result")
    suggest = str(result.get("suggest")) if isinstance(result, dict) else ""
    await screening.settle(trace, VERDICTS.get(suggest, "review"), now=now)
