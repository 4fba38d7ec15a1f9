"""The bureau's part: the case platform takes the report and works on it, the officer looks at everything."""

from datetime import datetime
from typing import Any

import msgspec

from api.demo.cast import Cast
from api.demo.checks import expect, until
from domain.kernel import clock
from domain.operators import one_time_codes
from domain.operators.demonstration import OFFICERS

UNAUTHORIZED = 401
STAGES = ["signed", "dispatched", "inspected", "rectifying", "filed", "penalised", "post_inspected", "closed"]
CODE_LIFE_S = 35  # a time code works once; after a start within the same half minute we wait for the next


async def hand_over(cast: Cast, facts: list[str]) -> None:
    """The sandbox platform received it once, signed, with a pseudonym and photo links that expire."""
    number = cast.recall("number")

    async def received() -> dict[str, Any] | None:
        for message in await cast.platform.call("POST", "/sandbox/messages"):
            if any(handed["number"] == number for handed in message["data"].get("reports", [])):
                return dict(message)
        return None

    message = await until(received, what="the report at the case platform", within_s=15)
    handed = message["data"]["reports"][0]
    text = msgspec.json.encode(message).decode()
    expect(cast.number not in text and cast.openid not in text, "nothing about the person is handed over")
    expect(len(handed["photos"]) == len(cast.recall("photo_ids")), "the photographs are linked")
    photo = await cast.passer_by.get(handed["photos"][0]["url"])
    expect(photo[:3] == b"\xff\xd8\xff", "the platform can fetch the photograph")
    cast.memory["case_id"] = message["data"]["case_id"]
    facts.append(
        f"{message['type']} for {message['data']['unit']}: {await _accepted_after(cast):.2f} s after the report"
    )
    facts.append(f"reporter as {handed['reporter']}; photo links until {handed['photos'][0]['expires_at']}")


async def _accepted_after(cast: Cast) -> float:
    """Seconds from the report to the platform's acceptance."""

    async def accepted() -> str | None:
        case = await cast.phone.get(f"/v1/reports/{cast.recall('report_id')}/case")
        return str(case["rounds"][0]["accepted_at"] or "") or None

    at = datetime.fromisoformat(await until(accepted, what="the acceptance", within_s=10))
    return (at - datetime.fromisoformat(cast.recall("received_at"))).total_seconds()


async def progress(cast: Cast, facts: list[str]) -> None:
    """The platform's signed updates, each sent twice, were applied once and in order; an unsigned one is refused."""
    report_id = cast.recall("report_id")
    forged = await cast.passer_by.raw("POST", "/v1/case-platform/updates", json={"specversion": "1.0"})
    expect(forged.status_code == UNAUTHORIZED, f"an unsigned update is refused, got {forged.status_code}")

    async def closed() -> dict[str, Any] | None:
        case = await cast.phone.get(f"/v1/reports/{report_id}/case")
        return dict(case) if case["closed"] and not case["provisional"] else None

    case = await until(closed, what="the closure", within_s=40)
    taken = await _updates_taken(cast)
    expect([update["data"]["stage"] for update in taken] == STAGES, "the platform went through all its stages")
    timeline = (await cast.phone.get(f"/v1/reports/{report_id}"))["timeline"]
    texts = [entry["text"] for entry in timeline]
    for stage in ("已签收", "已到现场检查", "已办结"):
        expect(sum(stage in (text or "") for text in texts) == 1, f"{stage} stands once in the timeline: {texts}")
    facts.append(
        f"{case['stage_name']} {case['stage_name_en']}: {case['outcome']}; {len(timeline)} entries in the timeline"
    )
    facts.append(f"{len(taken)} signed updates, each posted twice, each applied once; unsigned: 401")
    facts += [f"{entry['at'][11:19]}  {entry['text']}" for entry in timeline]


async def _updates_taken(cast: Cast) -> list[dict[str, Any]]:
    state = await cast.platform.call("POST", "/sandbox/state")
    return next((case["updates"] for case in state["cases"] if case["case_id"] == cast.recall("case_id")), [])


async def officer(cast: Cast, facts: list[str]) -> None:
    """Sign-in with password and time code; the report, its delivery, the audit rows, the raw tables."""
    who = OFFICERS[0]

    async def signed_in() -> dict[str, Any] | None:
        code = one_time_codes.code_at(who.totp_secret, now=clock.utc_now())
        both = {"login": who.login, "password": who.password, "code": code}
        answer = await cast.officer.raw("POST", "/v1/operator/login", json=both)
        return dict(answer.json()) if answer.is_success else None

    token = await until(signed_in, what="the officer's sign-in", within_s=CODE_LIFE_S, every_s=3)
    cast.officer.sign_in_as(token["access_token"])
    seen = await cast.officer.get(f"/v1/operator/reports/{cast.recall('report_id')}")
    expect(seen["report"]["delivery"] == "done", f"the delivery is done: {seen['report']}")
    expect(seen["audit"], "there are audit rows")
    expect(cast.number not in str(seen) and cast.openid not in str(seen), "the officer does not see who reported")
    facts.append(f"{who.name} ({who.login}): delivery {seen['report']['delivery']}, {len(seen['deliveries'])} call(s)")
    facts.append("audit: " + ", ".join(row["action"] for row in reversed(seen["audit"])))
    pass_ = (await cast.officer.raw("POST", "/v1/operator/browse")).headers.get("set-cookie", "").split(";")[0]
    admin = await cast.passer_by.raw("GET", "/admin/", headers={"Cookie": pass_})
    expect(admin.is_success, f"the raw tables answer, got {admin.status_code}")
    closed = await cast.passer_by.raw("GET", "/admin/")
    expect(closed.status_code == UNAUTHORIZED, "the raw tables are for officers only")
    refused = await cast.passer_by.raw("GET", "/v1/operator/reports")
    expect(refused.status_code == UNAUTHORIZED, "nobody else sees it")
