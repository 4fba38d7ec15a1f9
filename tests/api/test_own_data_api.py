"""A person's own data: a copy of it, and closing the account with what the law keeps."""

from domain.kernel import clock, database
from domain.kernel.errors import Text
from domain.kernel.events import Ticked
from domain.reports import leaving, reporters, timeline
from domain.residents import phones
from tests.builders.reports import a_report
from tests.builders.residents import a_resident


async def closed(report):
    async with database.transaction():
        await timeline.append([report], kind="closed", status="closed", note=Text("办结", "Closed"), at=clock.utc_now())


async def a_known_resident():
    resident = await a_resident(openid="leaving")
    async with database.transaction():
        await phones.bind(resident.account, phone=phones.read("13800138000"), proof="sms", now=clock.utc_now())
    return resident


async def test_a_copy_holds_everything_of_mine_and_nothing_of_others(api):
    resident = await a_known_resident()
    mine = await a_report(sender=resident.account)
    await a_report()

    copy = (await api.get("/v1/me/export", headers=resident.headers)).json()

    assert copy["phone"] == "+8613800138000"
    assert [report["id"] for report in copy["reports"]] == [str(mine)]
    assert copy["reports"][0]["timeline"]


async def test_closing_forgets_the_person_and_keeps_only_open_reports_sealed(api):
    resident = await a_known_resident()
    ended, handled = await a_report(sender=resident.account), await a_report(sender=resident.account)
    await closed(ended)

    answer = await api.delete("/v1/me", headers=resident.headers)

    number = await database.fetch_value("select number from report where id = $1", handled)
    assert answer.json() == {"kept_reports": [number]}
    assert (await api.get("/v1/me", headers=resident.headers)).status_code == 401
    for table in ("resident_phone", "wechat_identity"):
        assert await database.fetch_value(f"select count(*) from {table} where account = $1", resident.account) == 0
    assert await reporters.account_of(ended, why="test", at=clock.utc_now()) is None
    assert await reporters.account_of(handled, why="test", at=clock.utc_now()) == resident.account
    assert (await a_resident(openid="leaving")).account != resident.account

    await closed(handled)
    async with database.transaction():
        await leaving.settle(Ticked(every="day", at=clock.utc_now()), event_id=1, at=clock.utc_now())
    assert await reporters.account_of(handled, why="test", at=clock.utc_now()) is None
