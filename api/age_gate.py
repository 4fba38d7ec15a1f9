"""The age gate in front of what stores something personal, remembered for a minute so that reporting stays cheap."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.kernel import clock
from domain.residents import minors

PASSED_KEPT = timedelta(seconds=60)  # a declaration in another process takes effect after this
REMEMBERED_MAX = 20_000
_passed: dict[UUID, datetime] = {}


async def pass_gate(account_id: UUID) -> None:
    """Raises `GuardianNeeded`; only those who passed are remembered."""
    now = clock.utc_now()
    if _passed.get(account_id, now) > now:
        return
    await minors.require_guardian(account_id)
    if len(_passed) >= REMEMBERED_MAX:
        _passed.clear()
    _passed[account_id] = now + PASSED_KEPT


def forget(account_id: UUID) -> None:
    """The person has just answered differently."""
    _passed.pop(account_id, None)
