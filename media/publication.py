"""When everybody may see a photograph: its subject allows it, screening passed, nobody hid it, it is still there.

The three conditions come in any order; each change asks the same question again and tells the report's public form.
"""

from datetime import datetime
from uuid import UUID

from domain.kernel import audit, database
from domain.kernel.errors import NotFound
from domain.reports.publication import show_photos
from media import custody

PUBLIC = "state = 'ready' and screening = 'passed' and allowed_at is not null and hidden_at is null"


async def allow(subject: str, *, at: datetime) -> None:
    """The rules of `subject` allow its photographs to be shown, in the transaction of that decision."""
    await database.execute("update photo set allowed_at = $2 where subject = $1 and allowed_at is null", subject, at)
    await tell(subject, at=at)


async def forbid(subject: str, *, at: datetime) -> None:
    """Takes all photographs of `subject` from the public."""
    await database.execute("update photo set allowed_at = null where subject = $1", subject)
    await tell(subject, at=at)


async def count(subject: str) -> int:
    """How many photographs of `subject` everybody can see."""
    found: int = await database.fetch_value(f"select count(*) from photo where subject = $1 and {PUBLIC}", subject)
    return found


async def tell(subject: str, *, at: datetime) -> None:
    """Lets the public form of a report know how many of its photographs can be seen now."""
    kind, _, name = subject.partition(":")
    if kind == "report":
        await show_photos(UUID(name), count=await count(subject), at=at)


async def set_hidden(photo: UUID, *, hidden: bool, actor: str, reason: str, now: datetime) -> None:
    """An operator hides a photograph, or shows it again; `NotFound` when there is none."""
    subject = await database.fetch_row(
        "update photo set hidden_at = case when $2 then coalesce(hidden_at, $3) end where id = $1 returning subject",
        photo,
        hidden,
        now,
    )
    if subject is None:
        raise NotFound
    act: custody.Act = "hidden" if hidden else "shown"
    await custody.append(photo, act, actor=actor, at=now, reason=reason)
    await audit.append(actor=actor, action=f"photo-{act}", subject=f"photo:{photo}", at=now, detail={"reason": reason})
    if subject["subject"] is not None:
        await tell(subject["subject"], at=now)
