"""Walk-ins who claim their hours later by phone, and corrections decided by a second person."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.kernel import audit, database
from domain.kernel.errors import NotFound
from domain.kernel.ids import new_id
from domain.residents import phones
from rewards import activities, awarding, claims, people, posting
from rewards.attendance import CheckRefused, NotOneself
from rewards.behaviours import BEHAVIOURS
from rewards.claims import NewClaim


async def record_walk_in(activity: UUID, *, phone: str, staff: UUID, now: datetime) -> None:
    """An organiser notes somebody who came unannounced, by phone number; stored as a keyed hash only."""
    row = await activities.one(activity)
    await activities.require_organiser(staff, organisation=row["organisation"])
    if not row["starts_at"] <= now <= row["ends_at"]:
        raise CheckRefused
    hashed = phones.number_hash(phones.read(phone).e164)
    if hashed == await phones.person_key(staff):
        raise NotOneself
    await database.execute(
        "insert into walk_in (id, activity, phone_hash, in_at, recorded_by) values ($1, $2, $3, $4, $5)"
        " on conflict (activity, phone_hash) do nothing",
        new_id(),
        activity,
        hashed,
        now,
        staff,
    )


async def claim_walk_ins(account: UUID, *, now: datetime) -> int:
    """The resident accepts what organisers noted for their verified phone; how many. They still need confirming."""
    key = await phones.person_key(account)
    if key is None:
        return 0
    rows = await database.fetch(
        "update walk_in w set claimed_at = $2 from activity a where a.id = w.activity and w.phone_hash = $1"
        " and w.claimed_at is null returning w.activity, w.in_at, a.ends_at",
        key,
        now,
    )
    person = await people.person_of(account)
    for row in rows:
        await _join(row, account=account, person=person, now=now)
    return len(rows)


async def _join(row: Any, *, account: UUID, person: str, now: datetime) -> None:
    signup = await database.fetch_value(
        "insert into activity_signup (id, activity, account, person, state, made_at) values ($1, $2, $3, $4, 'in', $5)"
        " on conflict (activity, account) do update set state = 'in' returning id",
        new_id(),
        row["activity"],
        account,
        person,
        now,
    )
    out_at = min(row["ends_at"], now)
    await database.execute(
        "insert into attendance (id, activity, device, in_at, in_how, seen_at, out_at, minutes, doubts, state)"
        " values ($1, $2, 'walk-in', $3, 'walk-in', $4, $4, $5, '[]', 'left') on conflict (id) do nothing",
        signup,
        row["activity"],
        row["in_at"],
        out_at,
        int((out_at - row["in_at"]).total_seconds() // 60),
    )


async def ask_correction(attendance: UUID, *, account: UUID, minutes: int, reason: str, now: datetime) -> UUID:
    """The resident says the minutes are wrong. Raises `NotFound`."""
    own = await database.fetch_value(
        "select true from attendance t join activity_signup s on s.id = t.id where t.id = $1 and s.account = $2",
        attendance,
        account,
    )
    if not own:
        raise NotFound
    correction = new_id()
    await database.execute(
        "insert into hours_correction (id, attendance, minutes, reason, asked_by, asked_at) values ($1, $2, $3, $4,"
        " $5, $6)",
        correction,
        attendance,
        minutes,
        reason,
        f"resident:{account}",
        now,
    )
    return correction


WANTED = """
select c.id, c.attendance, c.minutes, c.asked_by, s.account, a.behaviour, a.starts_at, a.ends_at, t.in_at, t.out_at,
t.claim
from hours_correction c join attendance t on t.id = c.attendance join activity_signup s on s.id = t.id
join activity a on a.id = t.activity where c.id = $1 and c.granted is null for update of c
"""


async def decide_correction(correction: UUID, *, grant: bool, by: str, now: datetime) -> None:
    """An officer decides. The first credit is reversed and the corrected one posted; nothing is rewritten."""
    row = await database.fetch_row(WANTED, correction)
    if row is None:
        raise NotFound
    if row["asked_by"] == by:
        raise NotOneself
    await database.execute(
        "update hours_correction set granted = $2, decided_by = $3, decided_at = $4 where id = $1",
        correction,
        grant,
        by,
        now,
    )
    await audit.append(
        actor=by, action="hours.corrected", subject=f"attendance:{row['attendance']}", at=now, detail={"granted": grant}
    )
    if grant:
        await _correct(row, by=by, now=now)


async def _correct(row: Any, *, by: str, now: datetime) -> None:
    longest = int((row["ends_at"] - row["starts_at"]).total_seconds() // 60)
    minutes = min(row["minutes"], longest)
    if row["claim"] is not None and await awarding.open_claim(row["claim"], states=("awarded", "held", "received")):
        await posting.take_back(row["claim"], reason="corrected", by=by, now=now)
    new = NewClaim(
        account=row["account"],
        behaviour=BEHAVIOURS[row["behaviour"]],
        proof="attendance",
        source="activity",
        external_id=f"{row['attendance']}/{row['id']}",
        feed="correction",
        from_at=row["in_at"],
        to_at=row["out_at"] or row["ends_at"],
        inputs={"hours": (Decimal(minutes) / 60).quantize(Decimal("0.000001"))},
    )
    [taken] = await claims.take([new], now=now)
    await database.execute(
        "update attendance set minutes = $2, claim = $3, state = 'confirmed', confirmed_by = $4 where id = $1",
        row["attendance"],
        minutes,
        taken.claim,
        by,
    )


async def corrections_asked() -> list[dict[str, Any]]:
    """Open requests, oldest first; without the resident."""
    rows = await database.fetch(
        "select c.id, c.attendance, c.minutes, c.reason, c.asked_at, t.minutes as recorded, t.in_at, t.out_at,"
        " a.title_zh, a.title_en from hours_correction c join attendance t on t.id = c.attendance"
        " join activity a on a.id = t.activity where c.granted is null order by c.asked_at limit 100"
    )
    return [dict(row) for row in rows]
