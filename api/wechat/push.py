"""The message push: verify, open, take once, answer fast. WeChat repeats what it believes unanswered.

In safe and compatible mode only the verified, decrypted part is read. A push is taken in one transaction with its
receipt, so three copies of one event have one effect.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from api.wechat import crypto
from api.wechat.screening import image_judged
from domain.kernel import database
from domain.kernel.errors import Refusal, Text
from domain.kernel.settings import Settings
from domain.residents import accounts
from notifications import consents, recipients, sending
from notifications.consents import Kind

Message = Mapping[str, Any]
ANSWERS: Mapping[str, Kind] = {"reject": "rejected", "ban": "banned", "filter": "filtered"}
MESSAGE_BYTES_MAX = 64 * 1024
DEPTH_MAX = 6


class PushForged(Refusal):
    """The push is not from WeChat, not for us, or cannot be read."""

    code = "push-forged"
    status = 403
    title = Text("推送校验失败", "The push does not verify")
    advice = Text(
        "请核对消息推送的 Token、EncodingAESKey 与 AppID。", "Check token, EncodingAESKey and appid of the push."
    )


def echo(settings: Settings, *, signature: str, timestamp: str, nonce: str, echostr: str) -> str:
    """The answer to the console's address check; raises `PushForged`."""
    _check(settings, signature, timestamp, nonce)
    return echostr


def read(settings: Settings, query: Mapping[str, str], body: bytes) -> Message:
    """The message of a push, verified and decrypted; raises `PushForged`."""
    outer = _parse(body)
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not settings.wechat_push_aes_key:
        _check(settings, query.get("signature", ""), timestamp, nonce)
        return outer
    encrypted = str(outer.get("Encrypt", ""))
    _check(settings, query.get("msg_signature", ""), timestamp, nonce, encrypted)
    try:
        key = crypto.push_key(settings.wechat_push_aes_key)
        return _parse(crypto.open_push(encrypted, key=key, appid=settings.wechat_appid))
    except crypto.Forged as error:
        raise PushForged from error


def _check(settings: Settings, claimed: str, *parts: str) -> None:
    if not settings.wechat_push_token:
        raise PushForged
    try:
        crypto.check_signature(claimed, settings.wechat_push_token, *parts)
    except crypto.Forged as error:
        raise PushForged from error


def _parse(body: bytes) -> Message:
    """XML or JSON, told apart by the first symbol; no entities, no document types."""
    if len(body) > MESSAGE_BYTES_MAX:
        raise PushForged
    try:
        if body.lstrip()[:1] == b"<":
            parsed = _value(fromstring(body.decode(), forbid_dtd=True), depth=0)
            return parsed if isinstance(parsed, dict) else {}
        return msgspec.json.decode(body, type=dict[str, Any])
    except (DefusedXmlException, ParseError, UnicodeDecodeError, msgspec.MsgspecError, RecursionError) as error:
        raise PushForged from error


def _value(element: Element, *, depth: int) -> Any:
    """Text for a leaf, a dict otherwise; repeated children become a list, as in the JSON form."""
    if depth > DEPTH_MAX:
        raise PushForged
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        value = _value(child, depth=depth + 1)
        if child.tag in found:
            earlier = found[child.tag]
            found[child.tag] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            found[child.tag] = value
    return found


async def take(message: Message, *, now: datetime) -> bool:
    """Acts on a push once, in the caller's transaction; False when it was taken before."""
    key = hashlib.sha256(msgspec.json.encode(message, order="deterministic")).digest()
    fresh = await database.fetch_value(
        "insert into push_receipt (key, at) values ($1, $2) on conflict do nothing returning true", key, now
    )
    if fresh and (taker := TAKERS.get(str(message.get("Event", "")))):
        await taker(message, now)
    return bool(fresh)


def _items(message: Message) -> Iterator[Mapping[str, Any]]:
    """The List of a subscribe event, wherever and however WeChat puts it: an object or an array, nested or not."""
    inner = next((value for name, value in message.items() if name.startswith("SubscribeMsg")), message)
    listed = inner.get("List", []) if isinstance(inner, dict) else []
    for item in listed if isinstance(listed, list) else [listed]:
        if isinstance(item, dict):
            yield item


def _at(message: Message, now: datetime) -> datetime:
    """When it happened by WeChat's clock; now when that is missing or nonsense."""
    try:
        return min(datetime.fromtimestamp(int(message["CreateTime"]), UTC), now)
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return now


async def _answered(message: Message, now: datetime, *, in_settings: bool) -> None:
    account = await accounts.account_of_openid(str(message.get("FromUserName", "")))
    if account is None:
        return
    owner = recipients.tag_of(account)
    at = _at(message, now)
    for place, item in enumerate(_items(message)):
        status = str(item.get("SubscribeStatusString", ""))
        answer: Kind | None = "accepted" if status.startswith("accept") else ANSWERS.get(status)
        if answer is not None:
            await consents.record_answer(
                owner,
                template=str(item.get("TemplateId", ""))[:64],
                answer=answer,
                source="push",
                ref=f"push:{message.get('Event')}:{message.get('CreateTime')}:{place}"[:120],
                at=at,
                in_settings=in_settings,
            )


async def prompt_answered(message: Message, now: datetime) -> None:
    """The person answered the prompt in the mini-program."""
    await _answered(message, now, in_settings=False)


async def settings_changed(message: Message, now: datetime) -> None:
    """The person changed the switch in WeChat's settings."""
    await _answered(message, now, in_settings=True)


async def message_sent(message: Message, now: datetime) -> None:
    """WeChat tells whether the phone got the message."""
    for item in _items(message):
        arrived = str(item.get("ErrorCode", "0")) == "0"
        await sending.phone_said(str(item.get("MsgID", ""))[:80], arrived=arrived, now=now)


Taker = Callable[[Message, datetime], Awaitable[None]]
TAKERS: dict[str, Taker] = {
    "subscribe_msg_popup_event": prompt_answered,
    "subscribe_msg_change_event": settings_changed,
    "subscribe_msg_sent_event": message_sent,
    "wxa_media_check": image_judged,
}
