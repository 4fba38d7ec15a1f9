"""The story of one report, told over HTTP only: as the phone, the case platform and the officer would do it.

A step is a function in a chapter and a line in `STEPS`; it appends what it saw and raises `Missed` for what it did not.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from api.demo import bureau, public, resident
from api.demo.cast import Cast
from api.demo.checks import Missed
from api.demo.screen import Screen
from api.embedded.installation import Installation

Step = Callable[[Cast, list[str]], Awaitable[None]]

STEPS: tuple[tuple[str, Step], ...] = (
    ("微信登录与手机号 WeChat sign-in, refresh, phone", resident.sign_in),
    ("照片 photographs: multipart and straight to S3", resident.photographs),
    ("举报 the report, once", resident.report),
    ("移交案件平台 hand-over to the case platform", bureau.hand_over),
    ("案件进展 signed, dispatched, inspected, rectified, post-inspected, closed", bureau.progress),
    ("通知 inbox and WeChat message", resident.notifications),
    ("积分 points for a verified report", resident.points),
    ("评价结果 judging the result: a second round", resident.judge),
    ("公开 what everybody can read", public.everybody),
    ("操作员 the officer's view", bureau.officer),
)


async def play(installation: Installation, screen: Screen) -> None:
    """Plays every step in order; later steps are tried after a miss and say what they lack."""
    async with AsyncExitStack() as stack:
        cast = Cast(installation)
        stack.push_async_callback(cast.leave)
        for number, (title, step) in enumerate(STEPS, start=1):
            with screen.step(number, title) as facts:
                try:
                    await step(cast, facts)
                except (KeyError, IndexError, TypeError) as error:  # an answer of another shape than documented
                    raise Missed(f"an answer had another shape: {error!r}") from error
