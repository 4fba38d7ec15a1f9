"""Who is this: a `wx.login` code becomes an openid, a phone code becomes an E.164 number, or a refusal."""

import msgspec
import phonenumbers

from api.wechat.client import WeChat
from api.wechat.errcodes import LIMIT_WAIT_S, Meaning, WeChatRefused, WeChatUnreachable
from domain.kernel.errors import Refusal, Text, TryLater

BUSY_WAIT_S = 2
CODE_SYMBOLS_MAX = 128


class WeChatCodeRefused(Refusal):
    """WeChat does not know the code: used, expired or made up."""

    code = "wechat-code-refused"
    status = 401
    title = Text("微信凭证无效或已过期", "The WeChat code is used or expired")
    advice = Text("请重新打开小程序获取新的凭证再试。", "Ask the mini-program for a new code and try again.")


class WeChatUserBlocked(Refusal):
    """WeChat holds this user for high-risk and blocks the login."""

    code = "wechat-user-blocked"
    status = 403
    title = Text("微信限制了该账号登录", "WeChat blocks this account from logging in")
    advice = Text("请按微信提示解除限制，或改用手机号登录。", "Lift the limit in WeChat, or log in by phone number.")


class PhoneUnusable(Refusal):
    """The number WeChat gave is not a possible number."""

    code = "phone-unusable"
    status = 422
    title = Text("手机号无法识别", "The phone number cannot be used")
    advice = Text("请在微信中更换手机号，或改用短信验证码。", "Change the number in WeChat, or bind by SMS code.")


class Identity(msgspec.Struct, frozen=True):
    """A WeChat user of our mini-program. `session_key` stays on the server and is never logged."""

    openid: str
    unionid: str | None
    session_key: str

    def __repr__(self) -> str:
        """Without the values: they must not reach a log."""
        return "Identity(…)"


async def identity_of(wechat: WeChat, code: str) -> Identity:
    """Exchanges a login code; raises `WeChatCodeRefused`, `WeChatUserBlocked` or `TryLater`."""
    _check_shape(code)
    try:
        answer = await wechat.code_to_session(code)
    except (WeChatRefused, WeChatUnreachable) as error:
        raise _refusal(error) from error
    return Identity(answer.openid, answer.unionid, answer.session_key)


async def phone_of(wechat: WeChat, code: str) -> str:
    """Exchanges a phone code for an E.164 number; raises as `identity_of`, or `PhoneUnusable`."""
    _check_shape(code)
    try:
        info = await wechat.phone_number(code)
    except (WeChatRefused, WeChatUnreachable) as error:
        raise _refusal(error) from error
    return e164(info.pure_phone_number, country_code=str(info.country_code))


def e164(pure: str, *, country_code: str) -> str:
    """The number in international form; raises `PhoneUnusable`."""
    try:
        number = phonenumbers.parse(f"+{country_code.lstrip('+')}{pure}", None)
    except phonenumbers.NumberParseException as error:
        raise PhoneUnusable from error
    if not phonenumbers.is_possible_number(number):
        raise PhoneUnusable
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _check_shape(code: str) -> None:
    """Codes are short printable ASCII; anything else is not worth a call."""
    if not (0 < len(code) <= CODE_SYMBOLS_MAX and code.isascii() and code.isprintable()):
        raise WeChatCodeRefused


def _refusal(error: WeChatRefused | WeChatUnreachable) -> Refusal:
    if isinstance(error, WeChatUnreachable):
        return TryLater(retry_after_s=max(1, round(error.retry_after_s or BUSY_WAIT_S)))
    match error.meaning:
        case Meaning.CODE:
            return WeChatCodeRefused()
        case Meaning.BLOCKED:
            return WeChatUserBlocked()
        case Meaning.LIMIT:
            return TryLater(retry_after_s=LIMIT_WAIT_S)
        case _:
            return TryLater(retry_after_s=BUSY_WAIT_S)
