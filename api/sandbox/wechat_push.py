"""The sandbox's message push: events to our callback as WeChat sends them, three times when nobody says success."""

import asyncio
import secrets
from typing import Any
from xml.sax.saxutils import escape

import httpx
import msgspec

from api.sandbox.wechat_state import Callback, World
from api.wechat import crypto

TRIES = 3
ANSWER_S = 5.0  # WeChat waits this long


async def push(world: World, event: dict[str, Any]) -> list[int]:
    """Pushes an event; the HTTP status of each try (0: no answer). Nothing happens without a callback."""
    if world.callback is None:
        return []
    message = {
        "ToUserName": "gh_sandbox",
        "FromUserName": event.get("FromUserName", "o-unknown"),
        "CreateTime": int(world.now()),
        "MsgType": "event",
    } | event
    statuses = []
    for _ in range(TRIES):
        status, answer = await _deliver(world, world.callback, message)
        statuses.append(status)
        world.pushes.append({"event": message.get("Event"), "status": status, "answer": answer})
        if status == httpx.codes.OK and answer in ("success", ""):
            break
        await asyncio.sleep(0.05)
    return statuses


async def _deliver(world: World, callback: Callback, message: dict[str, Any]) -> tuple[int, str]:
    query, body = envelope(callback, message, appid=world.appid, timestamp=str(int(world.now())))
    kind = "text/xml" if callback.format == "xml" else "application/json"
    try:
        async with httpx.AsyncClient(timeout=ANSWER_S, trust_env=False) as http:
            response = await http.post(callback.url, params=query, content=body, headers={"Content-Type": kind})
    except httpx.HTTPError:
        return 0, ""
    return response.status_code, response.text


def envelope(
    callback: Callback, message: dict[str, Any], *, appid: str, timestamp: str
) -> tuple[dict[str, str], bytes]:
    """Query and body of one push, signed, and encrypted unless the mode is plain."""
    nonce = secrets.token_hex(5)
    query = {
        "signature": crypto.signature(callback.token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": str(message["FromUserName"]),
    }
    if callback.mode == "plain":
        return query, _render(callback.format, message)
    sealed = crypto.seal_push(_render(callback.format, message), key=crypto.push_key(callback.aes_key), appid=appid)
    query |= {
        "encrypt_type": "aes",
        "msg_signature": crypto.signature(callback.token, timestamp, nonce, sealed),
    }
    outer = {"ToUserName": message["ToUserName"], "Encrypt": sealed}
    return query, _render(callback.format, (message if callback.mode == "compatible" else {}) | outer)


def _render(form: str, message: dict[str, Any]) -> bytes:
    if form == "xml":
        return f"<xml>{_xml(message)}</xml>".encode()
    return msgspec.json.encode(message)


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(
            "".join(f"<{name}>{_xml(item)}</{name}>" for item in (inner if isinstance(inner, list) else [inner]))
            for name, inner in value.items()
        )
    return str(value) if isinstance(value, int) else f"<![CDATA[{escape(str(value))}]]>"
