"""WeChat as the screener of photographs: asked by URL, answered by push within half an hour.

WeChat wants to know whose content it is. An anonymous report has nobody, so a person looks at its photographs.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from api.wechat.client import WeChat
from api.wechat.errcodes import Meaning, WeChatRefused, WeChatUnreachable
from domain.reports import reporters
from domain.residents import accounts
from media import screening
from media.screening import Asked, Check, NeedsPerson, Reply, Screener, Unavailable, Verdict

SCENE_FORUM = 3
VERDICTS: Mapping[str, Verdict] = {"pass": "passed", "risky": "risky"}  # anything else: a person looks


def image_screener(wechat: WeChat) -> Screener:
    """The screener of this mini-program, for `api.wiring`."""

    async def look(check: Check) -> Reply:
        openid = await _openid_behind(check.subject)
        if openid is None:
            return NeedsPerson("review")
        try:
            answer = await wechat.check_image(openid=openid, media_url=check.url, scene=SCENE_FORUM)
        except WeChatUnreachable:
            return Unavailable("unreachable")
        except WeChatRefused as refused:
            if refused.meaning in {Meaning.BUSY, Meaning.LIMIT, Meaning.TOKEN}:
                return Unavailable(f"errcode-{refused.errcode}")
            return NeedsPerson("review")
        return Asked(answer.trace_id)

    return look


async def _openid_behind(subject: str) -> str | None:
    """The openid of the resident behind `report:<uuid>`."""
    kind, _, report = subject.partition(":")
    account = await reporters.account_of(UUID(report)) if kind == "report" else None
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
