"""The text of a report is looked at before everybody can read it; a person decides where the check does not pass it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx
import msgspec
import pytest

from api.parts import Parts, open_parts
from api.sandbox.wechat_state import Fault
from domain.kernel import clock, database
from domain.kernel import settings as process_settings
from domain.kernel.settings import Settings
from domain.reports import text_screening
from tests.builders.cases import drain
from tests.builders.operators import CLERK, seed_officers, signed_in
from tests.builders.reports import send
from tests.builders.residents import Resident, a_resident
from tests.builders.wechat import Sandbox

PATH = "/wxa/msg_sec_check"
RISKY, DOUBTFUL = "东侧排口有黑水，旁边贴着赌博网站广告", "排口有黑水，工人说脏话"


@pytest.fixture
async def parts(api: httpx.AsyncClient, settings: Settings, wechat_sandbox: Sandbox) -> AsyncIterator[Parts]:
    chosen = msgspec.structs.replace(wechat_sandbox.settings(settings), content_screening="wechat")
    async with open_parts(chosen) as opened:
        yield opened
    process_settings.use(settings)


async def a_visitor(wechat_sandbox: Sandbox) -> Resident:
    """Somebody who opened the mini-program just now, as WeChat wants it."""
    wechat_sandbox.login_code("oVisitor")
    wechat_sandbox.world.visits["oVisitor"] = wechat_sandbox.world.now()
    return await a_resident(openid="oVisitor")


async def listed(api: httpx.AsyncClient) -> list[str]:
    return [item["id"] for item in (await api.get("/v1/public/reports")).json()["items"]]


async def sent(api: httpx.AsyncClient, resident: Resident | None, **changes: object) -> str:
    answer = await send(api, resident, **changes)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_a_harmless_text_is_public_after_its_check_and_only_the_redacted_text_leaves(
    api: httpx.AsyncClient, parts: Parts, wechat_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    visitor = await a_visitor(wechat_sandbox)

    async def keep(request: httpx.Request) -> None:
        asked.append(request.content.decode() if request.url.path == PATH else "")

    monkeypatch.setattr(parts.http, "event_hooks", {"request": [keep], "response": []})
    report = await sent(api, visitor, text="排口有黑水，请联系13800138000")
    before = await listed(api)
    await drain(parts)

    assert before == []
    assert await listed(api) == [report]
    assert any("排口有黑水" in body for body in asked)
    assert not any("13800138000" in body for body in asked)


@pytest.mark.parametrize(("text", "suggestion"), [(RISKY, "risky"), (DOUBTFUL, "review")])
async def test_what_does_not_pass_waits_for_a_person_and_is_never_deleted(
    api: httpx.AsyncClient, parts: Parts, wechat_sandbox: Sandbox, settings: Settings, text: str, suggestion: str
) -> None:
    report = await sent(api, await a_visitor(wechat_sandbox), text=text)
    await drain(parts)
    await seed_officers(settings)
    clerk = await signed_in(api, CLERK)
    (waiting,) = (await api.get("/v1/operator/text-reviews", headers=clerk)).json()
    path = f"/v1/operator/text-reviews/{report}/decision"

    assert (waiting["report_id"], waiting["suggestion"], waiting["text"]) == (report, suggestion, text)
    assert await listed(api) == []
    assert (await api.get(f"/open311/v2/requests/{waiting['number']}.json")).status_code == 404
    refused = await api.post(path, json={"show": False, "reason": "广告内容"}, headers=clerk)
    assert (refused.status_code, await listed(api)) == (204, [])
    shown = await api.post(path, json={"show": True, "reason": "复核后可以公开"}, headers=clerk)
    assert (shown.status_code, await listed(api)) == (204, [report])
    assert (await api.post(path, json={"show": True, "reason": "再来一次"}, headers=clerk)).status_code == 404
    said = await database.fetch("select action from audit_entry where subject = $1 order by id", f"report:{report}")
    assert [row["action"] for row in said].count("report.text-reviewed") == 2


async def test_nobody_behind_a_report_means_a_person_reads_it(
    api: httpx.AsyncClient, parts: Parts, wechat_sandbox: Sandbox
) -> None:
    await sent(api, None, identity="anonymous")
    await sent(api, await a_resident(openid="oAway"))  # has not opened the mini-program for two hours
    await drain(parts)

    assert [text.suggestion for text in await text_screening.waiting(limit=10)] == ["review", "review"]


async def test_while_wechat_is_away_nothing_is_shown_and_in_the_end_a_person_looks(
    api: httpx.AsyncClient, parts: Parts, wechat_sandbox: Sandbox
) -> None:
    visitor = await a_visitor(wechat_sandbox)
    wechat_sandbox.world.faults.append(Fault(PATH, times=1_000, errcode=-1))
    await sent(api, visitor)
    now = clock.utc_now()
    for hour in range(0, 60, 3):
        await drain(parts, now=now + timedelta(hours=hour), rounds=2)

    assert [text.suggestion for text in await text_screening.waiting(limit=10)] == ["review"]
    assert await listed(api) == []


async def test_a_report_published_late_shows_the_stage_it_has_reached_by_then(
    api: httpx.AsyncClient, parts: Parts, wechat_sandbox: Sandbox, settings: Settings
) -> None:
    report = await sent(api, await a_visitor(wechat_sandbox), text=DOUBTFUL)
    await drain(parts)
    await database.execute(
        "insert into report_timeline (report, at, kind, status, note_zh, note_en, detail)"
        " values ($1, $2, 'closed', 'closed', '办结', 'Closed', '{}')",
        UUID(report),
        clock.utc_now(),
    )
    async with database.transaction():
        await text_screening.decide(UUID(report), show=True, by="operator:x", reason="可以公开", now=clock.utc_now())

    (item,) = (await api.get("/v1/public/reports")).json()["items"]
    assert (item["stage"], item["closed"]) == ("closed", True)


async def test_a_withdrawn_report_does_not_become_public_by_a_late_verdict(
    api: httpx.AsyncClient, parts: Parts, wechat_sandbox: Sandbox
) -> None:
    visitor = await a_visitor(wechat_sandbox)
    report = await sent(api, visitor)
    gone = await api.post(f"/v1/reports/{report}/withdraw", headers=visitor.headers)
    await drain(parts)

    assert gone.status_code == 204, gone.text
    assert await listed(api) == []
