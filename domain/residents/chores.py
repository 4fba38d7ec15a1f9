"""What the residents' rooms do by themselves: forgetting what has served its purpose."""

from datetime import datetime

from domain.kernel.events import Ticked
from domain.residents import sessions, sms_codes


async def forget_old_sessions(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Ended sessions and spent codes go daily."""
    if event.every != "day":
        return
    await sessions.forget_old(now=event.at)
    await sms_codes.forget_old(now=event.at)
