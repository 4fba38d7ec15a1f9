"""River patrols: findings become reports linked both ways, without naming who found them."""

import pytest

from api.wiring import SUBSCRIBERS
from domain.kernel import clock, handling
from domain.kernel import database as db
from domain.kernel.errors import NotFound
from domain.kernel.ids import new_id
from rewards import attendance, patrols
from tests.builders import disclosure
from tests.builders.disclosure import a_river
from tests.builders.reports import a_body, a_key
from tests.builders.residents import a_resident
from tests.builders.rewards import a_check, an_event, signed_up

pytestmark = pytest.mark.anyio


async def a_patrol(*people, now):
    """A patrol that these residents are walking."""
    river = a_river()
    await disclosure.published("rivers", river)
    event = await an_event(now=now, behaviour="river-patrol", river=river["code"])
    for who in people:
        await signed_up(event, who.account, now=now)
        async with db.transaction():
            await attendance.check_in(event.id, account=who.account, check=a_check(event, at=now), now=now)
    return event


async def finds(api, event, who, *, key=None, **changes):
    headers = {"Idempotency-Key": key or a_key()} | who.headers
    return await api.post(f"/v1/activities/{event.id}/findings", json=a_body(**changes), headers=headers)


async def published(report):
    """Lets the publication rules see the report, as a worker would."""
    ids = [row["id"] for row in await db.fetch("select id from outbox_event where name = 'ReportSubmitted'")]
    await handling.handle(ids, subscribers=SUBSCRIBERS, now=clock.utc_now())
    assert await db.fetch_value("select true from public_report where report = $1", report)


async def test_a_finding_is_a_report_that_stands_under_its_patrol(api):
    now, me, other = clock.utc_now(), await a_resident(), await a_resident()
    event, key = await a_patrol(me, other, now=now), a_key()
    sent = await finds(api, event, me, key=key)
    again = await finds(api, event, me, key=key)
    report, number = sent.json()["id"], sent.json()["number"]
    hidden = await api.get(f"/v1/public/reports/{report}/patrol")
    await published(report)
    for who in (me, other):
        out = a_check(event, direction="out", at=now)
        async with db.transaction():
            await attendance.check_out(event.id, account=who.account, check=out, now=now)
    shown = await api.get(f"/v1/public/reports/{report}/patrol")
    [patrol] = await patrols.latest_patrols(a_river()["code"], 5)

    assert (sent.status_code, again.json(), hidden.status_code) == (201, sent.json(), 404)
    assert (patrol.people, patrol.findings, patrol.reports) == (2, 1, [number])
    assert shown.json()["activity"] == str(event.id)
    assert number in str((await api.get("/v1/reports", headers=me.headers)).json())
    assert str(me.account) not in str(await db.fetch("select * from patrol_finding"))


async def test_only_people_on_the_patrol_report_for_it_and_never_anonymously(api):
    now, me, stranger = clock.utc_now(), await a_resident(), await a_resident()
    event = await a_patrol(me, now=now)

    assert (await finds(api, event, stranger)).status_code == 403
    assert (await finds(api, event, me, identity="anonymous")).json()["code"] == "invalid-value"
    assert await db.fetch_value("select count(*) from report") == 0


async def test_a_patrol_names_a_river_there_is(database):
    with pytest.raises(NotFound):
        await an_event(behaviour="river-patrol", river="nowhere")


async def test_a_photograph_that_is_not_the_patrollers_undoes_the_finding(api):
    now, me = clock.utc_now(), await a_resident()
    event = await a_patrol(me, now=now)
    answer = await finds(api, event, me, photo_ids=[str(new_id())], no_photo_reason=None)

    assert answer.status_code in (404, 409, 422)
    assert (
        await db.fetch_value("select count(*) from report")
        + await db.fetch_value("select count(*) from patrol_finding")
        == 0
    )
