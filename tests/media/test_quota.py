"""How much one sender may send in a day: used, unused and refused photographs count alike."""

from datetime import timedelta

import pytest

from domain.kernel import clock, database
from media import chores, intake
from media.intake import Sender
from media.limits import UPLOAD_BYTES_PER_DAY, UPLOADS_PER_DAY
from media.refusals import PhotoTypeUnsupported, UploadQuotaReached
from tests.builders.media import a_photo
from tests.media.test_keeping import OWNER, a_taken_photo, darkroom, received, store, tick

__all__ = ["darkroom", "store"]


async def sent() -> tuple[int, int]:
    row = await database.fetch_row("select files, bytes from photo_quota where owner_tag = $1", intake.owner_tag(OWNER))
    return (row["files"], row["bytes"]) if row else (0, 0)


async def had_sent(*, files: int = 0, octets: int = 0) -> None:
    await database.execute("update photo_quota set files = $1, bytes = $2", files, octets)


async def test_a_photo_still_counts_when_a_report_used_it_and_the_row_forgot_who_sent_it(store, darkroom):
    await a_taken_photo(store, darkroom, seed=1, claimed=True)
    await a_taken_photo(store, darkroom, seed=2, claimed=False)
    await a_taken_photo(store, darkroom, seed=2, claimed=False)  # the same bytes again: the same photograph
    with pytest.raises(PhotoTypeUnsupported):
        await intake.take(
            received(b"<svg/>"),
            sender=Sender(owner=OWNER, entry="upload"),
            darkroom=darkroom,
            store=store,
            now=clock.utc_now(),
        )

    octets = len(a_photo(seed=1)) + len(a_photo(seed=2)) + len(b"<svg/>")
    assert await sent() == (3, octets)


@pytest.mark.parametrize("limit", ["files", "bytes"])
async def test_at_the_limit_the_next_one_is_refused_until_tomorrow(store, darkroom, limit):
    now = clock.utc_now()
    await a_taken_photo(store, darkroom, seed=1, at=now)
    size = len(a_photo(seed=2))
    if limit == "files":
        await had_sent(files=UPLOADS_PER_DAY - 1)
    else:
        await had_sent(octets=UPLOAD_BYTES_PER_DAY - size)
    await a_taken_photo(store, darkroom, seed=2, at=now)

    with pytest.raises(UploadQuotaReached):
        await a_taken_photo(store, darkroom, seed=3, at=now)
    await a_taken_photo(store, darkroom, seed=3, at=now + timedelta(days=1))
    await tick(chores.forget_quotas, "day", now + timedelta(days=3))
    assert await sent() == (0, 0)


@pytest.mark.parametrize("entry", ["operator", "open311", "fetched"])
async def test_who_sends_for_many_is_not_rationed(store, darkroom, entry):
    for seed in (1, 2):
        sender = Sender(owner="partner:qinghe", entry=entry)
        photo = received(a_photo(seed=seed))
        await intake.take(photo, sender=sender, darkroom=darkroom, store=store, now=clock.utc_now())

    assert await database.fetch_value("select count(*) from photo_quota") == 0
