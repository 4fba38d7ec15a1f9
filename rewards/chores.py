"""What green credit does by the clock: months ahead, holds that ran out, waiting claims, month-end expiry."""

from datetime import date, datetime, timedelta

from domain.kernel import clock, database, outbox
from domain.kernel.events import Ticked
from rewards import awarding, claims, clearing, departures, goods, publishing, reminding, report_rewards, sealing
from rewards.events import ExpiryDue

HOLDS_MAX = 500  # per minute and run
CLAIMS_MAX = 200
BLOCKS_MAX = 5
PLACES_KEPT = timedelta(days=7)
PLACES_MAX = 100_000  # per day
EXPIRE_ACCOUNTS = 10_000  # per transaction: half a second of locks
EXPIRY_DAYS = 7  # of a month on which a missed expiry is made up for
MONTHS_AHEAD = 3
DAYS_CAUGHT_UP = 7
SETTLING = timedelta(minutes=30)  # a day is signed when nothing can be posted to it any more


async def prepare_months(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Partitions for the coming months."""
    if event.every == "day":
        await database.execute(
            "select ledger_month((date_trunc('month', $1::timestamptz at time zone 'UTC')"
            " + make_interval(months => m))::date) from generate_series(0, $2::int) m",
            at,
            MONTHS_AHEAD,
        )


async def release_old_holds(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Holds past their time give the points back."""
    if event.every == "minute":
        await database.execute(
            "select ledger_hold_release(id, 'expired', $1) from (select id from ledger_hold"
            " where state = 'open' and expires_at <= $1 order by account, id limit $2) due",
            at,
            HOLDS_MAX,
        )


async def pay_waited_claims(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Claims that were held until a date are paid when it has come."""
    if event.every != "hour":
        return
    rows = await database.fetch(
        "select id from reward_claim where state = 'held' and due_at <= $1 order by person, id limit $2", at, CLAIMS_MAX
    )
    for row in rows:
        claim = await awarding.open_claim(row["id"], states=("held",))
        if claim is not None:
            await awarding.pay(claim, by="rules", now=at)


async def expire_points(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """What was good until the last month end lapses, on the first of a month and for some days after."""
    today = clock.local_day(at)
    if event.every == "day" and today.day <= EXPIRY_DAYS:
        await outbox.record(ExpiryDue(until=last_month_end(today), after=0), at=at)


async def expire_next(event: ExpiryDue, /, *, event_id: int, at: datetime) -> None:
    """One batch in a transaction of its own, so that nobody's account is locked for long; then the next one."""
    last, _ = await expire(until=event.until, after=event.after, now=at)
    if last is not None:
        await outbox.record(ExpiryDue(until=event.until, after=last), at=at)


def last_month_end(day: date) -> date:
    """The last day of the month before `day`'s."""
    return day.replace(day=1) - timedelta(days=1)


async def expire(*, until: date, after: int, now: datetime) -> tuple[int | None, int]:
    """Expires a batch of accounts up to the month end `until`: (last account looked at or None, how many expired).

    The key of account and month end makes it once.
    """
    [row] = await database.fetch("select * from ledger_expire($1, $2, $3, $4)", until, after, EXPIRE_ACCOUNTS, now)
    return row["last_account"], row["expired_accounts"]


async def seal_ledger(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Seals what settled since the last minute; after an outage several blocks at once."""
    if event.every == "minute":
        for _ in range(BLOCKS_MAX):
            if await sealing.seal(now=at) < sealing.BLOCK_ROWS_MAX:
                break


async def publish_day(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Signs yesterday's statement soon after midnight; missed days are caught up within a week."""
    if event.every == "hour":
        today = clock.local_day(at - SETTLING)
        for back in range(DAYS_CAUGHT_UP, 0, -1):
            await publishing.publish(today - timedelta(days=back), now=at)


async def void_old_orders(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Orders that were not confirmed in time give item and points back."""
    if event.every == "minute":
        await goods.void_old(now=at)


async def settle_merchants(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Brings the merchants' clearing accounts to zero for each finished day, oldest first."""
    if event.every == "hour":
        today = clock.local_day(at - SETTLING)
        for back in range(DAYS_CAUGHT_UP, 0, -1):
            await clearing.settle(today - timedelta(days=back), now=at)


async def forget_places(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Where trips began and ended is needed for hours, how a day's steps grew for a night; then both are forgotten."""
    if event.every == "day":
        await database.execute(
            "update reward_claim set detail = detail - 'start' - 'end' where id in (select id from reward_claim"
            " where detail ?| array['start', 'end'] and received_at < $1 and state not in ('received', 'held')"
            " order by received_at limit $2)",
            at - PLACES_KEPT,
            PLACES_MAX,
        )
        await database.execute(
            "update step_day set samples = '[]' where samples <> '[]' and day < $1", clock.local_day(at - PLACES_KEPT)
        )


async def forget_walk_ins(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """A walk-in nobody claimed within the time for claims is forgotten with its phone hash."""
    if event.every == "day":
        await database.execute("delete from walk_in where claimed_at is null and in_at < $1", at - claims.CLAIM_AGE_MAX)


async def tell_report_rewards(event: Ticked, /, *, event_id: int, at: datetime) -> None:
    """Decided rewards are told once a day, all together."""
    if event.every == "day":
        await report_rewards.tell(now=at)


CHORES = (
    tell_report_rewards,
    void_old_orders,
    seal_ledger,
    publish_day,
    prepare_months,
    release_old_holds,
    pay_waited_claims,
    expire_points,
    reminding.remind,
    settle_merchants,
    forget_walk_ins,
    forget_places,
    departures.close_forgotten,
)
