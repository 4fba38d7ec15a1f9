"""A partner with a published key, for trying batches and Open311; never in production."""

from datetime import datetime

from domain.kernel import database
from domain.kernel.settings import Settings
from domain.reports import partners

KEY = "gwk_demonstration-key-of-qinghe"  # published: opens nothing in production


async def seed(settings: Settings, *, now: datetime) -> bool:
    """Admits the partner once, in the caller's transaction; whether it is new."""
    known = await database.fetch_value("select true from partner where key_hash = $1", partners.key_hash(KEY))
    if known or settings.env == "production":
        return False
    await partners.admit(
        name="示范热线与传感器（虚构）",
        channels=["hotline_12345", "hotline_12369", "sensor", "open311"],
        scopes=["reports:write", "open311:write"],
        by="system",
        now=now,
        key=KEY,
    )
    return True
