"""A stand-in for WeChat that enforces its documented rules: `python -m api.sandbox.wechat --port 9001`.

The calls of the real machine stand under their real paths; `/sandbox/…` lets tests and the demo act as the user's phone
(get codes, tap "accept"), move the clock, plan faults and read what was sent. Kept in memory, for one mini-program.
"""

import argparse
import asyncio
import io
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import httpx
import segno
import uvicorn

from api.sandbox.wechat_control import CONTROLS
from api.sandbox.wechat_push import push
from api.sandbox.wechat_rules import PAGE, broken_field, media_is_judged, scene_is_valid
from api.sandbox.wechat_state import LOGIN_PER_USER, MINUTE_S, VISIT_S, Answered, Fault, World
from api.sandbox.wire import App, Reply, Request, asgi
from domain.kernel.settings import DEVELOPMENT_SECRET

DEFAULT_APPID = "wx0000000000000000"
CONTENT_SYMBOLS_MAX = 2_500
DOWNLOAD_FAILED = -1008
CODE_WIDTH, CODE_WIDTHS = 430, range(280, 1_281)  # pixels
EDITIONS = ("release", "trial", "develop")
STATES = ("developer", "trial", "formal")
LANGUAGES = ("zh_CN", "en_US", "zh_HK", "zh_TW")
WORDS = {"赌博网站": ("risky", 20006), "脏话": ("review", 20003)}  # what this stand-in holds for risky and doubtful
Call = Callable[[World, Request], Awaitable[Reply]]
_background: set[asyncio.Task[None]] = set()


async def code_to_session(world: World, request: Request) -> Reply:
    """GET /sns/jscode2session."""
    if request.query.get("appid") != world.appid or request.query.get("secret") != world.secret:
        raise Answered(40013, "invalid appid")
    if request.query.get("grant_type") != "authorization_code":
        raise Answered(40002, "invalid grant_type")
    code = world.take_code(world.login_codes, request.query.get("js_code", ""))
    minute = int(world.now() // MINUTE_S)
    world.minute[f"login:{code.openid}"][minute] += 1
    if world.minute[f"login:{code.openid}"][minute] > LOGIN_PER_USER:
        raise Answered(45011, "api minute-quota reach limit")
    world.visits[code.openid] = world.now()
    union = {"unionid": code.unionid} if code.unionid else {}
    return Reply({"openid": code.openid, "session_key": code.session_key} | union)


async def stable_token(world: World, request: Request) -> Reply:
    """POST /cgi-bin/stable_token."""
    asked = request.json()
    if asked.get("appid") != world.appid or asked.get("secret") != world.secret:
        raise Answered(40013, "invalid appid")
    if asked.get("grant_type") != "client_credential":
        raise Answered(40002, "invalid grant_type")
    token, seconds = world.stable_token(force=bool(asked.get("force_refresh")))
    return Reply({"access_token": token, "expires_in": seconds})


async def phone_number(world: World, request: Request) -> Reply:
    """POST /wxa/business/getuserphonenumber. Foreign numbers carry their code inside phoneNumber."""
    asked = request.json()
    code = world.take_code(world.phone_codes, str(asked.get("code", "")))
    if asked.get("openid") not in (None, code.openid):
        raise Answered(40029, "invalid code")  # somebody else's
    full = code.phone if code.country_code == "86" else f"+{code.country_code}{code.phone}"
    info = {
        "phoneNumber": full,
        "purePhoneNumber": code.phone,
        "countryCode": int(code.country_code) if code.country_code == "86" else code.country_code,
        "watermark": {"timestamp": int(world.now()), "appid": world.appid},
    }
    return Reply({"errcode": 0, "errmsg": "ok", "phone_info": info})


async def send(world: World, request: Request) -> Reply:
    """POST /cgi-bin/message/subscribe/send: one consent, one message."""
    asked = request.json()
    key = (str(asked.get("touser")), str(asked.get("template_id")))
    if key[0] not in world.users:
        raise Answered(40003, "invalid openid")
    if key[1] not in world.templates:
        raise Answered(40037, "invalid template_id")
    page = str(asked.get("page", world.pages[0]))
    if not PAGE.fullmatch(page) or page.partition("?")[0] not in world.pages:
        raise Answered(41030, "invalid page")
    if asked.get("miniprogram_state", "formal") not in STATES or asked.get("lang", "zh_CN") not in LANGUAGES:
        raise Answered(40097, "invalid args")
    if broken := broken_field(world.templates[key[1]], asked.get("data", {})):
        raise Answered(47003, f"argument invalid! data.{broken}.value invalid")
    if key in world.banned or world.credits[key] < 1:
        raise Answered(43101, "user refuse to accept the msg")
    world.credits[key] -= 1
    message_id = 2_000_000_000 + len(world.messages)
    world.messages.append(asked | {"msgid": message_id, "at": world.now()})
    item = {"TemplateId": key[1], "MsgID": str(message_id), "ErrorCode": "0", "ErrorStatus": "success"}
    _later(
        world,
        {"FromUserName": key[0], "Event": "subscribe_msg_sent_event", "SubscribeMsgSentEvent": {"List": item}},
        delay_s=0.05,
    )
    return Reply({"errcode": 0, "errmsg": "ok", "msgid": message_id})


async def check_text(world: World, request: Request) -> Reply:
    """POST /wxa/msg_sec_check. Judges the raw body: escaped Chinese passes unseen, as on the real machine."""
    asked = request.json()
    if world.visits.get(str(asked.get("openid")), 0) < world.now() - VISIT_S:
        raise Answered(61010, "code is expired")
    if asked.get("version") != 2 or asked.get("scene") not in (1, 2, 3, 4):  # noqa: PLR2004
        raise Answered(40097, "invalid args")
    if not 0 < len(str(asked.get("content", ""))) <= CONTENT_SYMBOLS_MAX:
        raise Answered(40097, "invalid args")
    raw = request.body.decode(errors="replace")
    suggest, label = next((verdict for word, verdict in WORDS.items() if word in raw), ("pass", 100))
    result = {"suggest": suggest, "label": label}
    return Reply({"errcode": 0, "errmsg": "ok", "result": result, "detail": [], "trace_id": secrets.token_hex(12)})


async def check_media(world: World, request: Request) -> Reply:
    """POST /wxa/media_check_async: fetches the file, and pushes the verdict later."""
    asked = request.json()
    if asked.get("version") != 2 or asked.get("media_type") not in (1, 2) or asked.get("scene") not in (1, 2, 3, 4):  # noqa: PLR2004
        raise Answered(40097, "invalid args")
    if str(asked.get("openid")) not in world.users:
        raise Answered(40003, "invalid openid")
    trace_id = secrets.token_hex(16)
    _in_background(_judge(world, url=str(asked.get("media_url")), openid=str(asked.get("openid")), trace=trace_id))
    return Reply({"errcode": 0, "errmsg": "ok", "trace_id": trace_id})


async def _judge(world: World, *, url: str, openid: str, trace: str) -> None:
    await asyncio.sleep(world.media_delay_s)
    try:
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            answer = await http.get(url)
        errcode = 0 if media_is_judged(answer.headers.get("content-type", ""), len(answer.content)) else DOWNLOAD_FAILED
        errcode = errcode if answer.status_code == httpx.codes.OK else DOWNLOAD_FAILED
    except (httpx.HTTPError, httpx.InvalidURL):
        errcode = DOWNLOAD_FAILED
    suggest, label = world.media_verdict
    verdict = {"suggest": suggest, "label": label}
    event = {
        "FromUserName": openid,
        "Event": "wxa_media_check",
        "appid": world.appid,
        "trace_id": trace,
        "version": 2,
        "detail": [{"strategy": "content_model", "errcode": errcode, "prob": 90} | verdict],
        "errcode": errcode,
        "errmsg": "ok" if errcode == 0 else "download fail",
        "result": verdict,
    }
    await push(world, event)


async def unlimited_code(world: World, request: Request) -> Reply:
    """POST /wxa/getwxacodeunlimit: an image, or an error as JSON."""
    asked = request.json()
    if not scene_is_valid(str(asked.get("scene", ""))):
        raise Answered(40129, "invalid scene")
    page = str(asked.get("page", world.pages[0]))
    if page.startswith("/") or "?" in page or (asked.get("check_path", True) and page not in world.pages):
        raise Answered(41030, "invalid page")
    width, edition = asked.get("width", CODE_WIDTH), asked.get("env_version", "release")
    if width not in CODE_WIDTHS or edition not in EDITIONS:
        raise Answered(40097, "invalid args")
    image = io.BytesIO()
    segno.make(f"{world.appid}:{asked['scene']}").save(image, kind="png", scale=6)
    return Reply(image.getvalue(), media_type="image/png")


def _later(world: World, event: dict[str, object], *, delay_s: float) -> None:
    async def run() -> None:
        await asyncio.sleep(delay_s)
        await push(world, event)

    if world.callback is not None:
        _in_background(run())


def _in_background(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(work)
    _background.add(task)
    task.add_done_callback(_background.discard)


CALLS: Mapping[tuple[str, str], tuple[Call, bool]] = {  # (method, path) → (call, whether it needs the token)
    ("GET", "/sns/jscode2session"): (code_to_session, False),
    ("POST", "/cgi-bin/stable_token"): (stable_token, False),
    ("POST", "/wxa/business/getuserphonenumber"): (phone_number, True),
    ("POST", "/cgi-bin/message/subscribe/send"): (send, True),
    ("POST", "/wxa/msg_sec_check"): (check_text, True),
    ("POST", "/wxa/media_check_async"): (check_media, True),
    ("POST", "/wxa/getwxacodeunlimit"): (unlimited_code, True),
}


def create_app(world: World | None = None) -> App:
    """The sandbox as an ASGI application; the world is made for the development appid when none is given."""
    shared = world or World(appid=DEFAULT_APPID, secret=DEVELOPMENT_SECRET)

    async def answer(request: Request) -> Reply:
        at = (request.method, request.path)
        if control := CONTROLS.get(at):
            return await control(shared, request)
        if at not in CALLS:
            return Reply({"errcode": 404, "errmsg": "not found"}, status=404)
        return await _call(shared, request)

    return asgi(answer)


async def _call(world: World, request: Request) -> Reply:
    call, needs_token = CALLS[request.method, request.path]
    try:
        if fault := world.take_fault(request.path):
            return await _unlucky(fault)
        world.count(request.path)
        if needs_token:
            world.check_token(request.query.get("access_token", ""))
        return await call(world, request)
    except Answered as answered:
        rid = f"{secrets.token_hex(4)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
        return Reply({"errcode": answered.errcode, "errmsg": f"{answered.errmsg} rid: {rid}"})


async def _unlucky(fault: Fault) -> Reply:
    await asyncio.sleep(fault.hang_s)
    if fault.errcode:
        raise Answered(fault.errcode, "planned fault")
    return Reply(b"", status=fault.status if fault.status != httpx.codes.OK else 504, media_type="text/html")


def main() -> None:
    """Serves until stopped."""
    parser = argparse.ArgumentParser(description="sandbox WeChat")
    parser.add_argument("--port", type=int, default=9001)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--appid", default=DEFAULT_APPID)
    parser.add_argument("--secret", default=DEVELOPMENT_SECRET)
    asked = parser.parse_args()
    app = create_app(World(appid=asked.appid, secret=asked.secret))
    uvicorn.run(app, host=asked.host, port=asked.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
