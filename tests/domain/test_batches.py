"""Many events and many answers at a time: one transaction for what goes well, one by one for what does not."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel import audit, database, handling, leases, outbox
from domain.kernel.events import Event
from domain.kernel.handling import Recorded
from domain.kernel.leases import Done, Retry, Sender

pytestmark = pytest.mark.usefixtures("database")
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class BellRang(Event, frozen=True, kw_only=True):
    """A fact for these tests."""

    bell: str


async def remember(event: BellRang, /, *, event_id: int, at: datetime) -> None:
    await audit.append(actor="test", action="remembered", subject=event.bell, at=at)


async def stumble(event: BellRang, /, *, event_id: int, at: datetime) -> None:
    await remember(event, event_id=event_id, at=at)
    if event.bell == "broken":
        raise ValueError("no clapper")


async def rang(*bells: str) -> list[int]:
    async with database.transaction():
        return [await outbox.record(BellRang(bell=bell), at=NOW) for bell in bells]


async def remembered() -> list[str]:
    return [row["subject"] for row in await database.fetch("select subject from audit_entry order by id")]


async def a_job() -> leases.Job:
    async with database.transaction():
        job_id = await leases.queue(kind="k", subject="s", payload={}, now=NOW)
    return (await leases.claim([job_id], now=NOW))[0]


async def test_a_handler_of_batches_takes_all_events_at_once_and_a_poisoned_one_delays_only_itself():
    taken: list[list[str]] = []

    @handling.together
    async def write_down(batch: Sequence[Recorded]) -> None:
        taken.append([recorded.event.bell for recorded in batch])
        for recorded in batch:
            await stumble(recorded.event, event_id=recorded.id, at=recorded.at)

    ids = await rang("a", "b")
    await handling.handle(ids, subscribers={BellRang: (write_down,)}, now=NOW)
    assert taken == [["a", "b"]]

    ids = await rang("c", "broken", "d")
    await handling.handle(ids, subscribers={BellRang: (write_down,)}, now=NOW)

    assert taken[1:] == [["c", "broken", "d"], ["c"], ["broken"], ["d"]]
    assert await remembered() == ["a", "b", "c", "d"]
    assert await outbox.claim(now=NOW + timedelta(minutes=5)) == [ids[1]]


async def test_what_one_handler_did_is_not_repeated_when_another_one_failed_before():
    async def fail(event: BellRang, /, *, event_id: int, at: datetime) -> None:
        raise ValueError(event.bell)

    ids = await rang("a")
    await handling.handle(ids, subscribers={BellRang: (remember, fail)}, now=NOW)
    assert await remembered() == ["a"]

    await handling.handle(ids, subscribers={BellRang: (remember, stumble)}, now=NOW + timedelta(hours=1))

    assert await remembered() == ["a", "a"]
    assert await database.fetch_value("select done_at is not null from outbox_event") is True


async def test_outcomes_of_a_batch_commit_with_what_follows_from_the_answers():
    followed: list[tuple[list[object], int]] = []

    async def follow(accepted, now):
        done = await database.fetch_value("select count(*) from send_job where state = 'done'")
        followed.append(([outcome.answer for _, outcome in accepted], done))

    jobs = [await a_job() for _ in range(3)]
    said = list(zip(jobs, (Done(answer=1), Retry("busy"), Done(answer=3)), strict=True))
    await leases.record_outcomes(said, sender=Sender(send=_unused, waits_s=(10.0,), done=follow), now=NOW)

    assert followed == [([1, 3], 2)]
    states = await database.fetch("select state from send_job order by seq")
    assert [row["state"] for row in states] == ["done", "pending", "done"]


async def _unused(job: leases.Job) -> Done:
    return Done()


async def test_an_ordinary_batch_leaves_no_row_for_each_handler_and_event():
    ids = await rang(*(str(n) for n in range(20)))

    await handling.handle(ids, subscribers={BellRang: (remember, stumble)}, now=NOW)

    assert len(await remembered()) == 40
    assert await database.fetch_value("select count(*) from handled_event") == 0
    assert await database.fetch_value("select count(*) from outbox_event where done_at is null") == 0


async def test_events_held_by_another_worker_are_left_to_it():
    ids = await rang("a", "b")
    async with database.transaction():
        await database.execute("select 1 from outbox_event where id = $1 for update", ids[0])
        await asyncio.create_task(alone(ids))

    assert await remembered() == ["b"]
    await handling.handle(ids, subscribers={BellRang: (remember,)}, now=NOW)
    assert await remembered() == ["b", "a"]


async def alone(ids: list[int]) -> None:
    """In a context of its own, without the caller's transaction."""
    database.ENGINE.current_transaction.set(None)
    await handling.handle(ids, subscribers={BellRang: (remember,)}, now=NOW)
