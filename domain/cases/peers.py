"""The machines we hand cases to: switched off by their own 410 or by an operator, switched on by an operator."""

from datetime import datetime

from domain.kernel import audit, database

PLATFORM = "case-platform"


async def disabled(name: str) -> str | None:
    """Why the peer is switched off; None when it is on."""
    why: str | None = await database.fetch_value(
        "select disabled_why from platform_peer where name = $1 and disabled_at is not null", name
    )
    return why


async def disable(name: str, *, why: str, now: datetime, by: str = "system") -> None:
    """Stops calling the peer; later messages become dead letters."""
    await database.execute(
        "update platform_peer set disabled_at = coalesce(disabled_at, $2), disabled_why = $3 where name = $1",
        name,
        now,
        why,
    )
    await audit.append(actor=by, action="peer.disable", subject=f"peer:{name}", at=now, detail={"why": why})


async def enable(name: str, *, by: str, now: datetime) -> None:
    """Calls the peer again; dead letters are replayed apart."""
    await database.execute("update platform_peer set disabled_at = null, disabled_why = null where name = $1", name)
    await audit.append(actor=by, action="peer.enable", subject=f"peer:{name}", at=now)


async def cursor(name: str) -> str:
    """How far the peer's updates were pulled."""
    return str(await database.fetch_value("select cursor from platform_peer where name = $1", name) or "")


async def move_cursor(name: str, *, cursor: str) -> None:
    """The next pull starts here."""
    await database.execute("update platform_peer set cursor = $2 where name = $1", name, cursor)
