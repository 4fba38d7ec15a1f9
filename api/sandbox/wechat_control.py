"""How tests and the demo act on the sandbox: as the user's phone, as WeChat's clock, as bad luck."""

import base64
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from api.sandbox.wechat_push import push
from api.sandbox.wechat_state import CODE_S, Callback, Code, Fault, World
from api.sandbox.wire import Reply, Request

Control = Callable[[World, Request], Awaitable[Reply]]


async def login_code(world: World, request: Request) -> Reply:
    """`wx.login` by `{openid, unionid?, session_key?}` → `{code, session_key}`."""
    asked = request.json()
    openid = str(asked["openid"])
    world.users.add(openid)
    session_key = asked.get("session_key") or _session_key()
    code = secrets.token_hex(16)
    world.login_codes[code] = Code(openid, world.now() + CODE_S, unionid=asked.get("unionid"), session_key=session_key)
    return Reply({"code": code, "session_key": session_key})


async def phone_code(world: World, request: Request) -> Reply:
    """The phone-number button, by `{openid, phone, country_code?}` → `{code}`."""
    asked = request.json()
    code = secrets.token_hex(16)
    world.phone_codes[code] = Code(
        str(asked["openid"]),
        world.now() + CODE_S,
        phone=str(asked["phone"]),
        country_code=str(asked.get("country_code", "86")),
    )
    return Reply({"code": code})


async def consent(world: World, request: Request) -> Reply:
    """A tap in the prompt or a change in settings: `{openid, template_id, answer, push?, in_settings?}`.

    `answer` is accept, reject or ban. With `push` the event goes to the callback as WeChat sends it.
    """
    asked = request.json()
    key = (str(asked["openid"]), str(asked["template_id"]))
    world.users.add(key[0])
    answer, in_settings = asked.get("answer", "accept"), bool(asked.get("in_settings"))
    if answer == "accept":
        world.banned.discard(key)
        if not in_settings:
            world.credits[key] += 1
    elif answer == "ban" or in_settings:
        world.banned.add(key)
        world.credits[key] = 0
    statuses = (
        await push(world, consent_event(key, answer=answer, in_settings=in_settings)) if asked.get("push") else []
    )
    return Reply({"credits": world.credits[key], "pushed": statuses})


def consent_event(key: tuple[str, str], *, answer: str, in_settings: bool) -> dict[str, Any]:
    """The push event of one answer; List is an object when it has one item, as seen in the wild."""
    item = {"TemplateId": key[1], "SubscribeStatusString": answer, "PopupScene": "0"}
    name, member = (
        ("subscribe_msg_change_event", "SubscribeMsgChangeEvent")
        if in_settings
        else ("subscribe_msg_popup_event", "SubscribeMsgPopupEvent")
    )
    return {"FromUserName": key[0], "Event": name, member: {"List": item}}


async def messages(world: World, request: Request) -> Reply:
    """What was delivered, newest last; `?openid=` filters."""
    openid = request.query.get("openid")
    return Reply([message for message in world.messages if openid in (None, message["touser"])])


async def push_event(world: World, request: Request) -> Reply:
    """Pushes the event in the body to the callback, retries included."""
    return Reply({"statuses": await push(world, request.json())})


async def set_callback(world: World, request: Request) -> Reply:
    """Where pushes go: `{url, token, aes_key, format, mode}`; an empty body switches them off."""
    asked = request.json()
    world.callback = msgspec.convert(asked, Callback) if asked else None
    return Reply({"ok": True})


async def move_clock(world: World, request: Request) -> Reply:
    """`{advance_s}` moves the sandbox's clock forward."""
    world.clock_skew_s += float(request.json()["advance_s"])
    return Reply({"now": world.now()})


async def plan_fault(world: World, request: Request) -> Reply:
    """`{path, times, errcode | status | hang_s}`."""
    world.faults.append(msgspec.convert(request.json(), Fault))
    return Reply({"ok": True})


async def set_limit(world: World, request: Request) -> Reply:
    """`{path, per_minute}`."""
    asked = request.json()
    world.limits[asked["path"]] = int(asked["per_minute"])
    return Reply({"ok": True})


async def set_templates(world: World, request: Request) -> Reply:
    """`{template_id: [keys]}` adds or replaces templates."""
    world.templates |= {name: tuple(keys) for name, keys in request.json().items()}
    return Reply({"ok": True})


async def expire_tokens(world: World, request: Request) -> Reply:
    """Every access token dies now."""
    world.tokens = dict.fromkeys(world.tokens, 0.0)
    return Reply({"ok": True})


async def set_media(world: World, request: Request) -> Reply:
    """`{suggest, label, delay_s}` of the image checks to come."""
    asked = request.json()
    world.media_verdict = (asked.get("suggest", "pass"), int(asked.get("label", 100)))
    world.media_delay_s = float(asked.get("delay_s", world.media_delay_s))
    return Reply({"ok": True})


async def state(world: World, request: Request) -> Reply:
    """Calls by path, pushes, open credits and planned faults."""
    return Reply(
        {
            "calls": dict(world.calls),
            "pushes": world.pushes,
            "credits": {"|".join(key): left for key, left in world.credits.items()},
            "faults": [asdict(fault) for fault in world.faults if fault.times],
        }
    )


def _session_key() -> str:
    return base64.b64encode(secrets.token_bytes(16)).decode()


CONTROLS: Mapping[tuple[str, str], Control] = {
    ("POST", "/sandbox/login-codes"): login_code,
    ("POST", "/sandbox/phone-codes"): phone_code,
    ("POST", "/sandbox/consents"): consent,
    ("GET", "/sandbox/messages"): messages,
    ("POST", "/sandbox/push"): push_event,
    ("POST", "/sandbox/callback"): set_callback,
    ("POST", "/sandbox/clock"): move_clock,
    ("POST", "/sandbox/faults"): plan_fault,
    ("POST", "/sandbox/limits"): set_limit,
    ("POST", "/sandbox/templates"): set_templates,
    ("POST", "/sandbox/tokens/expire"): expire_tokens,
    ("POST", "/sandbox/media"): set_media,
    ("GET", "/sandbox/state"): state,
}
