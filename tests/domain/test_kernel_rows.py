"""Outbox, handlers, send jobs, idempotency and the audit chain on the real database."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from domain.kernel import audit, chores, database, handling, idempotency, leases, outbox
from domain.kernel.events import Event, Ticked
from domain.kernel.leases import Dead, Done, Retry, Sender

pytestmark = pytest.mark.usefixtures("database")
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class LampLit(Event, frozen=True, kw_only=True):
    """A fact for these tests."""

    lamp: str


async def remember(event: LampLit, /, *, event_id: int, at: datetime) -> None:
    await audit.append(actor="test", action="remembered", subject=event.lamp, at=at)


async def stumble(event: LampLit, /, *, event_id: int, at: datetime) -> None:
    await remember(event, event_id=event_id, at=at)
    if event.lamp == "broken":
        raise ValueError("no bulb")


async def lit(*lamps: str) -> list[int]:
    async with database.transaction():
        return [await outbox.record(LampLit(lamp=lamp), at=NOW) for lamp in lamps]


async def remembered() -> list[str]:
    return [row["subject"] for row in await database.fetch("select subject from audit_entry order by id")]


async def test_an_event_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError, match="transaction of its fact"):
        await outbox.record(LampLit(lamp="a"), at=NOW)


async def test_a_transaction_does_not_nest():
    with pytest.raises(RuntimeError, match="already open"):
        async with database.transaction(), database.transaction():
            pass


async def test_a_rolled_back_fact_leaves_no_event():
    with pytest.raises(ZeroDivisionError):
        async with database.transaction():
            await outbox.record(LampLit(lamp="a"), at=NOW)
            1 / 0  # noqa: B018

    assert await outbox.claim(now=NOW) == []


async def test_a_failed_commit_gives_the_connection_back_and_the_next_transaction_works():
    await database.execute("create table parent (id int primary key)")
    await database.execute("create table child (p int references parent deferrable initially deferred)")
    for _ in range(20):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with database.transaction():
                await database.execute("insert into child values (1)")

    assert await lit("after") == [1]


async def test_a_claimed_event_is_not_offered_twice_until_its_lease_ran_out():
    ids = await lit("a", "b")

    assert await outbox.claim(now=NOW) == ids
    assert await outbox.claim(now=NOW + timedelta(seconds=outbox.LEASE_S - 1)) == []
    assert await outbox.claim(now=NOW + timedelta(seconds=outbox.LEASE_S + 1)) == ids


async def test_concurrent_relays_claim_disjoint_events():
    ids = await lit(*(str(n) for n in range(40)))

    claims = await asyncio.gather(*(outbox.claim(now=NOW, limit=10) for _ in range(6)))

    assert sorted(event for claim in claims for event in claim) == ids


async def test_an_event_handled_twice_at_once_has_one_effect():
    ids = await lit("a", "b")

    await asyncio.gather(*(handling.handle(ids, subscribers={LampLit: (remember,)}, now=NOW) for _ in range(5)))

    assert sorted(await remembered()) == ["a", "b"]


async def test_a_failing_handler_delays_only_its_event_and_leaves_no_effect():
    ids = await lit("a", "broken", "b")

    await handling.handle(ids, subscribers={LampLit: (stumble,)}, now=NOW)

    assert await remembered() == ["a", "b"]
    assert await outbox.claim(now=NOW + timedelta(minutes=5)) == [ids[1]]


async def test_an_event_that_keeps_failing_dies_visibly():
    (event,) = await lit("broken")
    for attempt in range(outbox.ATTEMPTS_MAX):
        await handling.handle([event], subscribers={LampLit: (stumble,)}, now=NOW + timedelta(hours=attempt))

    assert await outbox.claim(now=NOW + timedelta(days=9)) == []
    assert "no bulb" in await database.fetch_value("select error from outbox_event where id = $1", event)


async def test_a_tick_is_recorded_once_for_each_boundary():
    recorded = [await chores.tick(now=NOW + timedelta(seconds=s)) for s in (0, 5, 59, 61)]

    names = await database.fetch("select name from outbox_event")
    assert recorded == [3, 0, 0, 1]
    assert {row["name"] for row in names} == {Ticked.__name__}


def nobody(**changes):
    async def send(job):
        return Done()

    return Sender(**({"send": send, "waits_s": (10.0, 100.0)} | changes))


async def queued(**changes):
    async with database.transaction():
        return await leases.queue(**({"kind": "k", "subject": "s", "payload": {"n": 1}, "now": NOW} | changes))


async def state_of(job_id):
    return await database.fetch_value("select state from send_job where id = $1", job_id)


async def test_a_job_is_claimed_by_one_of_many_workers():
    job_id = await queued()

    claims = await asyncio.gather(*(leases.claim([job_id], now=NOW) for _ in range(5)))

    assert sum(len(claim) for claim in claims) == 1
    assert await leases.claim([job_id], now=NOW) == []
    assert await leases.offer(now=NOW + timedelta(seconds=1)) == []


async def test_a_job_whose_worker_died_is_offered_again_after_the_lease():
    job_id = await queued()
    await leases.claim([job_id], now=NOW)

    assert await leases.offer(now=NOW + timedelta(seconds=leases.LEASE_S - 1)) == []
    assert await leases.offer(now=NOW + timedelta(seconds=leases.LEASE_S + 1)) == [job_id]


async def test_jobs_of_one_queue_go_one_after_another():
    first, second = await queued(in_order_of="case:1"), await queued(in_order_of="case:1")
    other = await queued(in_order_of="case:2")

    assert set(await leases.offer(now=NOW)) == {first, other}
    (job,) = await leases.claim([first], now=NOW)
    await leases.record_outcome(job, Done(), sender=nobody(), now=NOW)
    assert await leases.offer(now=NOW) == [second]


async def test_a_retry_waits_as_the_other_side_asked_and_the_schedule_ends_in_a_grave_that_tells():
    told = []

    async def died(job, note):
        told.append(note)

    job_id = await queued()
    now = NOW
    for _ in range(2):
        (job,) = await leases.claim([job_id], now=now)
        await leases.record_outcome(job, Retry("busy", after_s=30), sender=nobody(died=died), now=now)
        assert await leases.offer(now=now + timedelta(seconds=20)) == []
        now += timedelta(seconds=60)
    (job,) = await leases.claim([job_id], now=now)
    await leases.record_outcome(job, Retry("busy"), sender=nobody(died=died), now=now)

    assert await state_of(job_id) == "dead"
    assert told == ["gave up after 3 attempts: busy"]


async def test_a_dead_job_can_be_revived_by_a_person():
    job_id = await queued()
    (job,) = await leases.claim([job_id], now=NOW)
    await leases.record_outcome(job, Dead("410"), sender=nobody(), now=NOW)

    assert await leases.revive([job_id], now=NOW) == 1
    assert await leases.offer(now=NOW) == [job_id]


async def test_the_first_answer_to_a_key_is_replayed_and_other_content_refused():
    body = idempotency.fingerprint(method="POST", path="/x", body=b"{}")
    async with database.transaction():
        assert await idempotency.begin(principal="p", key="key-00001", print_=body) is None
        await idempotency.keep(principal="p", key="key-00001", print_=body, status=201, body=b"yes", now=NOW)

    async with database.transaction():
        assert await idempotency.begin(principal="p", key="key-00001", print_=body) == (201, b"yes")
        assert await idempotency.begin(principal="q", key="key-00001", print_=body) is None
    with pytest.raises(idempotency.IdempotencyKeyReused):
        async with database.transaction():
            await idempotency.begin(principal="p", key="key-00001", print_=b"other")


async def test_a_running_twin_is_told_so():
    async def first(started: asyncio.Event, finish: asyncio.Event) -> None:
        async with database.transaction():
            await idempotency.begin(principal="p", key="key-00001", print_=b"x")
            started.set()
            await finish.wait()

    started, finish = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(first(started, finish))
    await started.wait()
    with pytest.raises(idempotency.TwinRunning):
        async with database.transaction():
            await idempotency.begin(principal="p", key="key-00001", print_=b"x")
    finish.set()
    await running


async def audited(*subjects: str) -> None:
    async with database.transaction():
        for subject in subjects:
            await audit.append(actor="a", action="b", subject=subject, at=NOW, detail={"n": 1})


async def sealed() -> int:
    async with database.transaction():
        return await audit.seal(now=NOW)


async def test_sealed_rows_form_a_chain_and_a_changed_row_is_found():
    for _ in range(3):
        await audited("x", "y")
        await sealed()
    assert await audit.first_broken_block() is None

    await database.execute("alter table audit_entry disable trigger audit_entry_is_evidence")
    await database.execute("update audit_entry set subject = 'z' where id = 3")
    await database.execute("alter table audit_entry enable trigger audit_entry_is_evidence")

    assert await audit.first_broken_block() == 2


async def test_a_row_committed_late_is_sealed_later_and_never_skipped():
    begun, finish = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with database.transaction():
            await audit.append(actor="a", action="b", subject="slow", at=NOW)
            begun.set()
            await finish.wait()

    running = asyncio.create_task(slow())
    await begun.wait()
    await audited("quick")
    assert await sealed() == 0
    finish.set()
    await running

    assert await sealed() == 2
    assert await audit.first_broken_block() is None


@pytest.mark.parametrize("statement", ["update audit_entry set actor = 'x'", "delete from audit_entry"])
async def test_the_audit_trail_refuses_changes(statement):
    await audited("x")

    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await database.execute(statement)
