"""What happens to photographs over time: unclaimed ones go, held ones stay, rows and objects are settled."""

import hashlib
import tempfile
import uuid
from datetime import timedelta

import pytest

from domain.kernel import clock, database, leases
from domain.kernel.events import Ticked
from domain.kernel.settings import Settings
from domain.reports.screening import NeedsPerson, Passed, Unavailable
from media import chores, fetching, intake, publication, redaction, screening, sweeping, tidying, withdrawal
from media.darkroom import Darkroom
from media.intake import Received, Sender
from media.screening import Asked, Check
from media.store import Store
from tests.builders.media import a_photo
from tests.media.test_guarded import response, server

OWNER = "resident:00000000-0000-7000-8000-000000000001"
SUBJECT = "report:00000000-0000-7000-8000-0000000000aa"


@pytest.fixture
async def store(settings_with_s3: Settings, database):
    async with Store(settings_with_s3) as opened:
        for prefix in chores.SWEPT:
            await opened.delete([entry.key for entry in await opened.listing(prefix)])
        yield opened


@pytest.fixture(scope="module")
async def darkroom():
    async with Darkroom(rooms=1) as opened:
        yield opened


def received(data: bytes) -> Received:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the upload
    file.write(data)
    return Received(file=file, byte_size=len(data), sha256=hashlib.sha256(data).digest())


async def a_taken_photo(store, darkroom, *, claimed=True, at=None, **changes) -> uuid.UUID:
    now = at or clock.utc_now()
    sender = Sender(owner=OWNER, entry="upload")
    photo = await intake.take(received(a_photo(**changes)), sender=sender, darkroom=darkroom, store=store, now=now)
    if claimed:
        async with database.transaction():
            await intake.claim_photos(owner=OWNER, photo_ids=[photo.id], subject=SUBJECT, now=now)
    return photo.id


async def tick(chore, every, at):
    async with database.transaction():
        await chore(Ticked(every=every, at=at), event_id=1, at=at)


async def run_jobs(kind, sender, *, days=400) -> list[object]:
    now = clock.utc_now() + timedelta(days=days)
    jobs = [job for job in await leases.claim(await leases.offer(now=now), now=now) if job.kind == kind]
    outcomes = []
    for job in jobs:
        outcomes.append(await sender.send(job))
        await leases.record_outcome(job, outcomes[-1], sender=sender, now=now)
    return outcomes


async def state_of(photo):
    return await database.fetch_row("select * from photo where id = $1", photo)


async def objects(store):
    return [entry.key for prefix in chores.SWEPT for entry in await store.listing(prefix)]


async def test_an_unclaimed_photo_goes_after_a_day_and_takes_its_objects_along(store, darkroom):
    now = clock.utc_now()
    photo = await a_taken_photo(store, darkroom, claimed=False)
    kept = await a_taken_photo(store, darkroom, seed=2)

    await tick(chores.delete_due, "minute", now + timedelta(hours=23))
    early = (await state_of(photo))["state"]
    await tick(chores.delete_due, "minute", now + timedelta(hours=24, minutes=1))
    await run_jobs(withdrawal.DELETE_JOB, tidying.deleter(store))
    row = await state_of(photo)

    assert early == "ready"
    assert (row["state"], row["facts"], row["owner_tag"], row["original_key"]) == ("deleted", None, None, None)
    assert (await state_of(kept))["state"] == "ready"
    assert len(await objects(store)) == 3
    assert await database.fetch_value("select count(*) from photo_likeness where photo = $1", photo) == 0


async def test_a_claimed_photo_goes_at_the_end_of_its_term_unless_held(store, darkroom, settings_with_s3):
    now = clock.utc_now()
    photo, held = await a_taken_photo(store, darkroom), await a_taken_photo(store, darkroom, seed=2)
    end = now + timedelta(days=settings_with_s3.photo_days, minutes=1)
    async with database.transaction():
        await redaction.hold(held, held=True, actor="operator:x", reason="court case", now=now)

    await tick(chores.delete_due, "minute", end)
    assert ((await state_of(photo))["state"], (await state_of(held))["state"]) == ("deleted", "ready")
    async with database.transaction():
        await redaction.hold(held, held=False, actor="operator:x", reason="case over", now=end)
    await tick(chores.delete_due, "minute", end)

    assert (await state_of(held))["state"] == "deleted"
    acts = await database.fetch("select act from photo_custody where photo = $1 order by id", held)
    assert [row["act"] for row in acts] == ["received", "claimed", "held", "released", "deleted"]


async def test_custody_cannot_be_rewritten(store, darkroom):
    await a_taken_photo(store, darkroom)

    for statement in ("update photo_custody set act = 'x'", "delete from photo_custody"):
        with pytest.raises(Exception, match="append-only"):
            await database.execute(statement)


async def test_the_sweeper_settles_orphans_and_finds_what_is_missing(store, darkroom, monkeypatch):
    photo, whole = await a_taken_photo(store, darkroom), await a_taken_photo(store, darkroom, seed=2)
    row = await state_of(photo)
    await store.delete([row["original_key"]])
    for key in ("original/orphan", "copy/orphan/large.jpg", "incoming/orphan"):
        await store.put(key, b"x", media_type="image/jpeg")
    young = {
        prefix: await sweeping.sweep(store, prefix=prefix, after="", now=clock.utc_now()) for prefix in chores.SWEPT
    }
    assert {outcome.note.split(", ", 1)[1] for outcome in young.values()} == {"0 orphans deleted, 0 missing"}

    later = clock.utc_now() + timedelta(days=2)
    for prefix in chores.SWEPT:
        await sweeping.sweep(store, prefix=prefix, after="", now=later)

    assert not [key for key in await objects(store) if "orphan" in key]
    assert (await state_of(photo))["missing_at"] == later
    assert (await state_of(whole))["missing_at"] is None
    assert len(await objects(store)) == 5


async def test_a_long_listing_is_swept_page_by_page(store, darkroom, monkeypatch):
    monkeypatch.setattr(sweeping, "PAGE_MAX", 2)
    photos = [await a_taken_photo(store, darkroom, seed=n) for n in range(3)]
    later = clock.utc_now() + timedelta(days=2)
    async with database.transaction():
        await chores.start_sweep(Ticked(every="day", at=later), event_id=1, at=later)

    while await run_jobs(chores.SWEEP_JOB, sweeping.sweeper(store)):
        pass
    assert [(await state_of(photo))["missing_at"] for photo in photos] == [None] * 3


async def test_a_form_nobody_used_is_forgotten_with_what_was_sent(store):
    from media import uploads

    now = clock.utc_now()
    await uploads.begin(sender=Sender(owner=OWNER, entry="presigned"), media_type="image/jpeg", store=store, now=now)
    key = await database.fetch_value("select object_key from photo_upload")
    await store.put(key, b"x", media_type="image/jpeg")
    await tick(chores.delete_stale_forms, "hour", now + timedelta(hours=2))
    await run_jobs(withdrawal.DELETE_JOB, tidying.deleter(store))

    assert await objects(store) == []
    assert await database.fetch_value("select count(*) from photo_upload") == 0


async def screened(reply) -> list[object]:
    async def look(check: Check):
        assert check.subject == SUBJECT
        assert "/v1/photos/signed/" in check.url
        return reply

    async with database.transaction():
        await screening.queue(SUBJECT, now=clock.utc_now())
    return await run_jobs(screening.SCREEN_JOB, screening.sender(look))


async def shown() -> int:
    return await publication.count(SUBJECT)


async def allow() -> None:
    async with database.transaction():
        await publication.allow(SUBJECT, at=clock.utc_now())


async def test_what_passes_is_shown_once_the_report_is_public(store, darkroom):
    await a_taken_photo(store, darkroom)
    await screened(Passed())
    before = await shown()
    await allow()

    assert (before, await shown()) == (0, 1)


@pytest.mark.parametrize("suggestion", ["review", "risky"])
async def test_doubt_goes_to_a_person_and_nothing_is_deleted(store, darkroom, suggestion):
    photo = await a_taken_photo(store, darkroom)
    await allow()
    await screened(NeedsPerson(suggestion))

    assert await shown() == 0
    assert (await state_of(photo))["state"] == "ready"
    assert await database.fetch_value("select name from outbox_event where name = 'PhotoNeedsPerson'")
    async with database.transaction():
        await screening.decide(photo, show=True, actor="operator:x", reason="only mud", now=clock.utc_now())
    assert await shown() == 1


async def test_a_later_answer_settles_once(store, darkroom):
    await a_taken_photo(store, darkroom)
    await allow()
    await screened(Asked("trace-1"))
    waiting = await shown()
    answers = []
    for _ in range(3):
        async with database.transaction():
            answers.append(await screening.settle("trace-1", "passed", now=clock.utc_now()))

    assert (waiting, await shown(), answers) == (0, 1, [True, False, False])


async def test_an_answer_that_never_comes_is_asked_for_once_more_and_then_a_person_looks(store, darkroom):
    photo = await a_taken_photo(store, darkroom)
    await screened(Asked("trace-1"))
    for trace in ("trace-2", None):
        await tick(chores.chase_checks, "minute", clock.utc_now() + timedelta(minutes=31))
        if trace:
            await screened(Asked(trace))

    assert (await state_of(photo))["screening"] == "review"


async def test_a_checker_that_stays_away_leaves_it_to_a_person(store, darkroom):
    photo = await a_taken_photo(store, darkroom)
    await screened(Unavailable("down"))
    for days in range(401, 401 + len(screening.WAITS_S)):
        await run_jobs(screening.SCREEN_JOB, screening.sender(unavailable), days=days)

    assert (await state_of(photo))["screening"] == "review"


async def unavailable(check: Check):
    return Unavailable("down")


async def test_a_platform_photo_is_fetched_screened_and_shown(store, darkroom, settings_with_s3):
    import msgspec

    update = f"update:{uuid.uuid4()}"
    async with server(response("200 OK", a_photo(seed=5))) as port, server(response("200 OK", b"<svg/>")) as bad:
        chosen = msgspec.structs.replace(settings_with_s3, case_platform_url=f"http://127.0.0.1:{port}")
        urls = [f"http://127.0.0.1:{port}/1.jpg", f"http://127.0.0.1:{bad}/2.jpg", "https://localhost/3.jpg"]
        for _ in range(2):
            async with database.transaction():
                await fetching.queue(urls, subject=update, now=clock.utc_now())
        sender = fetching.fetcher(settings=chosen, darkroom=darkroom, store=store)
        outcomes = await run_jobs(fetching.FETCH_JOB, sender)
    await run_jobs(screening.SCREEN_JOB, screening.sender(screening.pass_through))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Dead", "Dead", "Done"]
    assert await publication.count(update) == 1
    failures = await database.fetch("select payload from outbox_event where name = 'PhotoFetchFailed'")
    assert len(failures) == 2
