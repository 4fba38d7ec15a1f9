"""Ordinary movements and residents for the ledger's tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from domain.kernel import database
from domain.kernel.errors import Text
from domain.kernel.ids import new_id
from rewards import activities, awarding, claims, goods, ledger, partners, presence, statements
from rewards.activities import NewActivity
from rewards.attendance import Check, Spot
from rewards.behaviours import BEHAVIOURS
from rewards.claims import NewClaim
from rewards.goods import NewGood
from rewards.ledger import Movement, Posted

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # noon in the district


async def a_purse(
    *, points: int = 0, owner: UUID | None = None, unit: ledger.Unit = "points", now: datetime = NOON
) -> int:
    """A resident's account that holds `points`."""
    async with database.transaction():
        account = await ledger.account(owner=owner or new_id(), kind="resident", unit=unit, now=now)
        if points:
            await ledger.post(an_earning(account, amount=points, unit=unit, at=now), now=now)
    return account


def an_earning(account: int, *, unit: ledger.Unit = "points", at: datetime = NOON, **changes: Any) -> Movement:
    """Ten points from the issuer."""
    ordinary: dict[str, Any] = {
        "key": new_id(),
        "kind": "earn",
        "debit": ledger.issuer(unit),
        "credit": account,
        "amount": 10,
        "occurred_at": at,
        "rule": "test@1",
        "expires": ledger.good_until(at) if unit == "points" else None,
    }
    return Movement(**ordinary | changes)


def a_spending(account: int, *, at: datetime = NOON, **changes: Any) -> Movement:
    """Ten points into the spent sink."""
    ordinary: dict[str, Any] = {
        "key": new_id(),
        "kind": "spend",
        "debit": account,
        "credit": ledger.sink(ledger.SPENT, "points"),
        "amount": 10,
        "occurred_at": at,
    }
    return Movement(**ordinary | changes)


async def posted(movement: Movement, *, now: datetime = NOON) -> Posted:
    """Posts in a transaction of its own."""
    async with database.transaction():
        return await ledger.post(movement, now=now)


async def balance(account: int) -> int:
    """The kept balance."""
    value: int = await database.fetch_value("select balance from reward_account where id = $1", account)
    return value


def a_claim(account: UUID, *, at: datetime = NOON, code: str = "metro", minutes: int = 30, **changes: Any) -> NewClaim:
    """A metro trip of 12.4 km that ended at `at`, as the operator tells it."""
    ordinary: dict[str, Any] = {
        "account": account,
        "behaviour": BEHAVIOURS[code],
        "proof": BEHAVIOURS[code].proofs[0],
        "source": "metro:qinghe",
        "external_id": str(new_id()),
        "feed": "metro-co",
        "from_at": at - timedelta(minutes=minutes),
        "to_at": at,
        "inputs": {"distance_km": Decimal("12.4")},
    }
    return NewClaim(**ordinary | changes)


async def claimed(*new: NewClaim, now: datetime = NOON) -> list[UUID]:
    """Takes the claims in and has them judged at once; their ids."""
    async with database.transaction():
        taken = await claims.take(list(new), now=now)
        ids = [t.claim for t in taken if t.claim]
        for claim in await awarding.in_person_order(ids):
            await awarding.settle(claim, now=now)
    return ids


async def state_of(claim: UUID) -> tuple[str, str | None]:
    """(state, reason) of a claim."""
    row = await database.fetch_row("select state, reason from reward_claim where id = $1", claim)
    assert row
    return row["state"], row["reason"]


async def pots(owner: UUID) -> dict[str, int]:
    """Balances by unit."""
    return {b.unit: b.balance for b in await statements.balances(owner)}


async def a_good(*, merchant: str = "green-shop", now: datetime = NOON, **changes: Any) -> UUID:
    """A tree sapling for 30 points, 100 of them, one per person."""
    ordinary: dict[str, Any] = {
        "title": Text("树苗", "A sapling"),
        "sponsor": "清和区园林",
        "price": 30,
        "stock": 100,
        "per_person": 1,
        "from_at": now - timedelta(days=1),
        "until_at": now + timedelta(days=30),
    }
    async with database.transaction():
        await a_merchant(merchant, now=now)
        return await goods.offer(NewGood(**ordinary | changes), merchant=merchant, by="operator:test", now=now)


async def a_merchant(code: str = "green-shop", *, now: datetime = NOON) -> bytes | None:
    """A merchant; its key when it is new. Call inside a transaction."""
    if await partners.find(code, kind="merchant"):
        return None
    secret = await partners.register(
        code=code, title="绿色商店", kind="merchant", operators=[], behaviours=[], by="test", now=now
    )
    return secret.encode()


async def ordered(good: UUID, account: UUID, *, order: UUID | None = None, now: datetime = NOON) -> UUID:
    """An order in a transaction of its own."""
    order = order or new_id()
    async with database.transaction():
        await goods.order(order, good=good, account=account, now=now)
    return order


class Event(NamedTuple):
    """An activity with its organiser and the key of its rotating code."""

    id: UUID
    organiser: UUID
    key: bytes


CENTRE = {"lat": 30.44, "lon": 120.02}


async def an_event(*, now: datetime = NOON, **changes: Any) -> Event:
    """Two hours of volunteering, published two days ago, that began an hour before `now`."""
    ordinary: dict[str, Any] = {
        "behaviour": "volunteering",
        "title": Text("清理河岸", "Cleaning the bank"),
        "programme": "",
        **CENTRE,
        "radius_m": 100,
        "starts_at": now,
        "ends_at": now + timedelta(hours=2),
        "capacity": 50,
    }
    organiser = changes.pop("organiser", None) or new_id()
    published = changes.pop("published", now - timedelta(days=2))
    async with database.transaction():
        organisation = await activities.found(
            "清和志愿队", credit_code=None, organisers=[organiser], by="operator:test", now=published
        )
        new = NewActivity(organisation=organisation, **ordinary | changes)
        activity = await activities.publish(new, by=organiser, now=published)
    return Event(activity, organiser, activities.site_key(await activities.one(activity)))


def a_check(event: Event, *, direction: presence.Direction = "in", at: datetime = NOON, **changes: Any) -> Check:
    """The right code at the right place."""
    ordinary: dict[str, Any] = {
        "direction": direction,
        "code": presence.site_code(event.key, direction=direction, at=at),
        "spots": [Spot(**CENTRE, accuracy=12.0)],
        "device": str(new_id()),
        "at": at,
    }
    return Check(**ordinary | changes)


async def signed_up(event: Event, account: UUID, *, now: datetime = NOON, age: int = 30) -> str:
    """Signs up in a transaction of its own."""
    async with database.transaction():
        return await activities.sign_up(event.id, account=account, age=age, device_key=None, now=now)
