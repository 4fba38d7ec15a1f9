"""Two SMS providers by their own request formats. Codes that neither table names are tried three times, then dead."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import msgspec

from domain.kernel import clock
from domain.kernel.settings import Settings
from notifications.breaker import Breaker
from notifications.channels.base import Broken, Fate, Later, Refused, Sent
from notifications.channels.sms import HOME_PREFIX, Provider, Sms
from notifications.channels.sms_signing import JSON_TYPE, aliyun_headers, encode_query, tencent_authorization

ALIYUN_URL = "https://dysmsapi.aliyuncs.com"
TENCENT_URL = "https://sms.tencentcloudapi.com"
TIMEOUT = httpx.Timeout(10.0, connect=3.0)
NUMBER_WAIT_S = 65.0  # both limit messages per number and minute

# What a code means, by its longest known beginning.
ALIYUN_CODES: Mapping[str, Fate] = {
    "isv.BUSINESS_LIMIT_CONTROL": Later("number-limit", after_s=NUMBER_WAIT_S),
    "isv.MOBILE_NUMBER_ILLEGAL": Broken("number-illegal"),
    "isv.": Broken("configuration"),
    "isp.": Later("provider"),
    "Throttling": Later("pace"),
    "ServiceUnavailable": Later("provider"),
    "InternalError": Later("provider"),
    "SignatureDoesNotMatch": Broken("configuration"),
    "InvalidAccessKeyId": Broken("configuration"),
    "Forbidden": Broken("configuration"),
}
TENCENT_CODES: Mapping[str, Fate] = {
    "FailedOperation.PhoneNumberInBlacklist": Refused("number-opted-out"),
    "InvalidParameterValue.IncorrectPhoneNumber": Broken("number-illegal"),
    "FailedOperation.": Broken("configuration"),
    "InvalidParameterValue.": Broken("configuration"),
    "UnauthorizedOperation": Broken("configuration"),
    "AuthFailure": Broken("configuration"),
    "LimitExceeded": Later("number-limit", after_s=NUMBER_WAIT_S),
    "RequestLimitExceeded": Later("pace"),
    "InternalError": Later("provider"),
}


class AliyunAnswer(msgspec.Struct, rename="pascal"):
    """SendSms of Alibaba Cloud."""

    code: str
    biz_id: str = ""


class TencentStatus(msgspec.Struct, rename="pascal"):
    """One number's result."""

    code: str
    serial_no: str = ""
    fee: int = 0


class TencentError(msgspec.Struct, rename="pascal"):
    """The whole call failed."""

    code: str


class TencentResponse(msgspec.Struct, rename="pascal"):
    """SendSms of Tencent Cloud."""

    send_status_set: list[TencentStatus] = []
    error: TencentError | None = None


class TencentAnswer(msgspec.Struct, rename="pascal"):
    """The envelope."""

    response: TencentResponse


def fate_of(code: str, table: Mapping[str, Fate]) -> Fate:
    """The fate of the longest entry the code begins with."""
    known = max((start for start in table if code.startswith(start)), key=len, default=None)
    return Later(f"code-{code[:24]}") if known is None else table[known]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """An address with its key, behind a breaker shared by all workers."""

    http: httpx.AsyncClient
    breaker: Breaker
    url: str
    key_id: str
    secret: str

    @property
    def host(self) -> str:
        """The signed Host."""
        return urlsplit(self.url).netloc

    async def post(self, *, query: str, headers: Mapping[str, str], body: bytes) -> bytes | Later:
        """The answer's bytes, whatever its status, or `Later` when there is none."""
        if (wait_s := await self.breaker.open_for_s()) > 0:
            return Later("breaker", after_s=wait_s)
        try:
            url = f"{self.url}/?{query}" if query else f"{self.url}/"
            response = await self.http.post(url, headers=dict(headers), content=body, timeout=TIMEOUT)
        except httpx.HTTPError:
            await self.breaker.failed()
            return Later("unreachable")
        await self.breaker.answered()
        return response.content


@dataclass(frozen=True, slots=True, kw_only=True)
class Aliyun:
    """SendSms, 2017-05-25, ACS3 signature."""

    wire: Wire
    sign: str

    async def send(self, sms: Sms) -> Fate:
        """One call; `OutId` carries our delivery id."""
        query = encode_query(
            {
                "PhoneNumbers": sms.e164.removeprefix(HOME_PREFIX).lstrip("+"),
                "SignName": self.sign,
                "TemplateCode": sms.template,
                "TemplateParam": msgspec.json.encode(sms.values).decode(),
                "OutId": str(sms.id),
            }
        )
        headers = aliyun_headers(
            host=self.wire.host,
            action="SendSms",
            version="2017-05-25",
            query=query,
            key_id=self.wire.key_id,
            secret=self.wire.secret,
            at=clock.utc_now(),
            nonce=secrets.token_hex(16),
        )
        content = await self.wire.post(query=query, headers=headers, body=b"")
        if isinstance(content, Later):
            return content
        try:
            answer = msgspec.json.decode(content, type=AliyunAnswer)
        except msgspec.MsgspecError:
            return Later("unreadable")
        return Sent(provider_ref=answer.biz_id) if answer.code == "OK" else fate_of(answer.code, ALIYUN_CODES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tencent:
    """SendSms, 2021-01-11, TC3 signature."""

    wire: Wire
    sign: str
    app_id: str
    region: str = "ap-guangzhou"

    async def send(self, sms: Sms) -> Fate:
        """One call; `SessionContext` carries our delivery id."""
        at = clock.utc_now()
        body = msgspec.json.encode(
            {
                "PhoneNumberSet": [sms.e164],
                "SmsSdkAppId": self.app_id,
                "SignName": self.sign,
                "TemplateId": sms.template,
                "TemplateParamSet": list(sms.values.values()),
                "SessionContext": str(sms.id),
            }
        )
        proof = tencent_authorization(
            host=self.wire.host, service="sms", body=body, key_id=self.wire.key_id, secret=self.wire.secret, at=at
        )
        headers = {
            "Authorization": proof,
            "Content-Type": JSON_TYPE,
            "X-TC-Action": "SendSms",
            "X-TC-Version": "2021-01-11",
            "X-TC-Timestamp": str(int(at.timestamp())),
            "X-TC-Region": self.region,
        }
        content = await self.wire.post(query="", headers=headers, body=body)
        return content if isinstance(content, Later) else _tencent_fate(content)


def _tencent_fate(content: bytes) -> Fate:
    try:
        answer = msgspec.json.decode(content, type=TencentAnswer).response
    except msgspec.MsgspecError:
        return Later("unreadable")
    if answer.error is not None:
        return fate_of(answer.error.code, TENCENT_CODES)
    if not answer.send_status_set:
        return Later("unreadable")
    status = answer.send_status_set[0]
    return Sent(provider_ref=status.serial_no) if status.code == "Ok" else fate_of(status.code, TENCENT_CODES)


@dataclass(frozen=True, slots=True)
class Nobody:
    """No provider is configured."""

    async def send(self, _sms: Sms, /) -> Fate:
        """Says so."""
        return Broken("no-provider")


def provider(settings: Settings, *, http: httpx.AsyncClient, breaker: Breaker) -> Provider:
    """The configured provider."""
    if not settings.sms_provider:
        return Nobody()
    url = settings.sms_url or (ALIYUN_URL if settings.sms_provider == "aliyun" else TENCENT_URL)
    wire = Wire(
        http=http, breaker=breaker, url=url.rstrip("/"), key_id=settings.sms_key_id, secret=settings.sms_key_secret
    )
    if settings.sms_provider == "aliyun":
        return Aliyun(wire=wire, sign=settings.sms_sign)
    return Tencent(wire=wire, sign=settings.sms_sign, app_id=settings.sms_app_id)
