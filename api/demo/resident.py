"""The resident's part: signing in, photographs, the report, messages, points, the judgement."""

import random
from typing import Any

from api.demo.bureau import STAGES
from api.demo.cast import RIVER_BANK, Cast
from api.demo.checks import expect, until
from api.demo.phone import new_key

UNAUTHORIZED = 401
SECOND = 2
EXIF = b"Exif\0\0"
CLOSURE_TEMPLATE = "TPL-closure"  # one of the sandbox's templates


async def sign_in(cast: Cast, facts: list[str]) -> None:
    """Code → tokens; the refresh token rotates and a used one ends the session; the phone is bound by WeChat's code."""
    tokens = await _tokens(cast)
    renewed = await cast.passer_by.call("POST", "/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    expect(renewed["refresh_token"] != tokens["refresh_token"], "the refresh token rotates")
    used = await cast.passer_by.raw("POST", "/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    expect(used.status_code == UNAUTHORIZED, f"a used refresh token is refused, got {used.status_code}")
    facts.append("refresh token rotates; using an old one again ended the whole session")
    tokens = await _tokens(cast)
    cast.phone.sign_in_as(tokens["access_token"])
    code = await cast.wechat.call("POST", "/sandbox/phone-codes", json={"openid": cast.openid, "phone": cast.number})
    bound = await cast.phone.call("POST", "/v1/auth/phone/wechat", json={"code": code["code"]})
    expect(cast.number not in str(bound), "the phone is answered masked")
    facts.append(f"phone {bound['phone']} bound by WeChat's code; access token for {tokens['expires_in'] // 60} min")


async def _tokens(cast: Cast) -> dict[str, Any]:
    code = await cast.wechat.call("POST", "/sandbox/login-codes", json={"openid": cast.openid})
    tokens: dict[str, Any] = await cast.passer_by.call("POST", "/v1/auth/wechat", json={"code": code["code"]})
    return tokens


async def photographs(cast: Cast, facts: list[str]) -> None:
    """One by multipart, one straight to the object store; both come back without a trace of their metadata."""
    from media.samples import sample_photo  # noqa: PLC0415 - the image library is wanted only here

    lng, lat = RIVER_BANK
    taken = [
        sample_photo("river", seed=seed, taken_at=cast.began, latitude=lat, longitude=lng, orientation=orientation)
        for seed, orientation in ((random.randrange(10**6), 6), (random.randrange(10**6), 1))
    ]
    expect(all(EXIF in photo for photo in taken), "the phone's photographs carry EXIF")
    sent = await cast.phone.call(
        "POST", "/v1/photos", files={"file": ("IMG_0001.JPG", taken[0], "image/jpeg")}, data={"source": "camera"}
    )
    form = await cast.phone.call("POST", "/v1/photos/uploads", json={"media_type": "image/jpeg", "source": "camera"})
    await cast.passer_by.call(
        "POST", form["url"], data=form["fields"], files={"file": ("x.jpg", taken[1], "image/jpeg")}
    )
    confirmed = await cast.phone.call("POST", f"/v1/photos/uploads/{form['id']}/confirm")
    for photo, original in zip((sent, confirmed), taken, strict=True):
        copy = await cast.passer_by.call("GET", photo["large"])
        expect(copy[:3] == b"\xff\xd8\xff" and EXIF not in copy, "the copy is a JPEG without EXIF")
        facts.append(
            f"{len(original) // 1024} kB with EXIF and GPS → {photo['width']}×{photo['height']} upright,"
            f" copy of {len(copy) // 1024} kB without metadata"
        )
    cast.memory["photo_ids"] = [sent["id"], confirmed["id"]]


async def report(cast: Cast, facts: list[str]) -> None:
    """Sent twice with one key: one report, byte-equal answers; without key 400; other body 422."""
    lng, lat = RIVER_BANK
    await cast.platform.call("POST", "/sandbox/behaviour", json={"mode": "twice", "times": 1})
    await cast.platform.call("POST", "/sandbox/play", json={"script": STAGES})
    draft = {
        "category": "water.outfall",
        "text": "排口有黑水流出，气味刺鼻，河面有油花。",
        "place": {"lng": lng, "lat": lat, "datum": "wgs84", "accuracy_m": 12.5},
        "photo_ids": cast.recall("photo_ids"),
        "captured_at": cast.began.isoformat(),
    }
    key = {"Idempotency-Key": new_key()}
    first = await cast.phone.raw("POST", "/v1/reports", json=draft, headers=key)
    expect(first.is_success, f"201 for the report, got {first.status_code}: {first.text[:300]}")
    again = await cast.phone.raw("POST", "/v1/reports", json=draft, headers=key)
    expect(again.content == first.content, "the repeated key gets the first answer byte for byte")
    expect(again.headers.get("Idempotency-Replayed") == "true", "the replay is marked")
    await cast.phone.call("POST", "/v1/reports", json=draft, status=400)
    await cast.phone.call("POST", "/v1/reports", json=draft | {"text": "别的内容"}, headers=key, status=422)
    got = first.json()
    cast.memory |= {"report_id": got["id"], "number": got["number"], "received_at": got["received_at"]}
    facts.append(f"{got['number']} accepted at {got['received_at']} for {got['town']}")
    facts.append("same key: same bytes, marked; no key: 400; same key with other content: 422")
    await _agree_to_wechat(cast)
    facts.append("one consent for a WeChat message about the result")


async def _agree_to_wechat(cast: Cast) -> None:
    """The person taps "accept" in WeChat's prompt, and wants to be told at any hour."""
    tap = {"openid": cast.openid, "template_id": CLOSURE_TEMPLATE, "answer": "accept"}
    await cast.wechat.call("POST", "/sandbox/consents", json=tap)
    answers = {"answers": [{"template_id": CLOSURE_TEMPLATE, "answer": "accept"}]}
    await cast.phone.post("/v1/consents", json=answers)
    await cast.phone.call("PUT", "/v1/inbox/preferences", json={"quiet_from": None, "quiet_to": None})


async def notifications(cast: Cast, facts: list[str]) -> None:
    """Every step in the inbox; the closure also by WeChat, because the resident agreed once."""
    subject = cast.recall("number")

    async def closure_in_inbox() -> list[dict[str, Any]] | None:
        page = await cast.phone.get("/v1/inbox", params={"limit": 50})
        return page["messages"] if any(m["topic"] == "closure" for m in page["messages"]) else None

    messages = await until(closure_in_inbox, what="the closure in the inbox", within_s=15)
    facts.append(
        f"{len(messages)} messages in the inbox, newest first: {', '.join(m['title'] for m in messages[:4])} …"
    )

    async def delivered() -> list[dict[str, Any]] | None:
        got: list[dict[str, Any]] = await cast.wechat.get("/sandbox/messages", params={"openid": cast.openid})
        return got

    sent = await until(delivered, what="the WeChat message", within_s=15)
    expect(len(sent) == 1 and sent[0]["template_id"] == CLOSURE_TEMPLATE, "one WeChat message, about the result")
    shown = "，".join(str(field["value"]) for field in sent[0]["data"].values())
    expect(subject in shown, "the WeChat message names the report")
    facts.append(f"WeChat: {shown}")


async def points(cast: Cast, facts: list[str]) -> None:
    """A substantiated closure earns points; the statement says for what."""

    async def earned() -> int | None:
        pots = (await cast.phone.get("/v1/points"))["pots"]
        return next((pot["balance"] for pot in pots if pot["unit"] == "points"), 0) or None

    balance = await until(earned, what="points on the account", within_s=15)
    lines = (await cast.phone.get("/v1/points/statement"))["items"]
    expect(sum(line["amount"] for line in lines) == balance, "the statement adds up to the balance")
    facts.append(f"{balance} points: {lines[0]['title_zh']} {lines[0]['title_en']}")


async def judge(cast: Cast, facts: list[str]) -> None:
    """Not solved: a new round with its own clocks, handed over again."""
    report_id = cast.recall("report_id")
    said = {"solved": False, "satisfied": False, "how": 2, "text": "第二天又有黑水。"}
    rated = await cast.phone.post(f"/v1/reports/{report_id}/result-rating", json=said)
    expect(rated["opened_round"] == SECOND, f"a second round opens, got {rated}")

    async def taken_again() -> dict[str, Any] | None:
        case = await cast.phone.get(f"/v1/reports/{report_id}/case")
        return case if case["round"] == SECOND and case["rounds"][-1]["accepted_at"] else None

    case = await until(taken_again, what="the second round at the platform", within_s=20)
    facts.append(f"round {case['round']} accepted by the platform, {len(case['clocks'])} clock(s) of its own running")
