"""A stand-in for two SMS providers: `python -m api.sandbox.sms --port 9003`. Checks signatures, keeps what was sent.

Alibaba Cloud's form is told by its headers, Tencent Cloud's by its own. `GET /sandbox/messages` shows the messages,
`POST /sandbox/faults {code, times}` plans answers. One key: `sandbox-id` / `sandbox-secret`.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import uvicorn

from api.sandbox.wire import App, Reply, Request, asgi
from notifications.channels import sms_signing

KEY_ID = "sandbox-id"
SECRET = "sandbox-secret"  # noqa: S105 - the stand-in's only key
CLOCK_SKEW_S = 300


@dataclass(slots=True)
class Carrier:
    """What was sent, and the codes to answer with first."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def accept(self, message: dict[str, Any], good: str) -> str:
        """Keeps the message and answers `good`, unless a fault is planned."""
        if self.faults:
            return self.faults.pop(0)
        self.messages.append(message)
        return good


def create_app(carrier: Carrier | None = None) -> App:
    """The sandbox as an ASGI application."""
    shared = carrier or Carrier()

    async def answer(request: Request) -> Reply:
        match (request.method, request.path):
            case ("GET", "/sandbox/messages"):
                return Reply(shared.messages)
            case ("POST", "/sandbox/faults"):
                asked = request.json()
                shared.faults += [str(asked["code"])] * int(asked.get("times", 1))
                return Reply({"ok": True})
        if "x-acs-action" in request.headers:
            return _aliyun(shared, request)
        return _tencent(shared, request)

    return asgi(answer)


def _aliyun(carrier: Carrier, request: Request) -> Reply:
    headers = request.headers
    expected = sms_signing.aliyun_headers(
        host=headers["host"],
        action=headers["x-acs-action"],
        version=headers["x-acs-version"],
        query=sms_signing.encode_query(request.query),
        key_id=KEY_ID,
        secret=SECRET,
        at=datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC),
        nonce=headers["x-acs-signature-nonce"],
    )
    if expected["Authorization"] != headers.get("authorization"):
        return Reply({"Code": "SignatureDoesNotMatch", "RequestId": "r"}, status=400)
    asked = request.query
    message = {
        "to": asked["PhoneNumbers"],
        "sign": asked["SignName"],
        "template": asked["TemplateCode"],
        "values": list(msgspec.json.decode(asked["TemplateParam"]).values()),
        "id": asked["OutId"],
    }
    code = carrier.accept(message, "OK")
    return Reply({"Code": code, "Message": code, "BizId": f"biz-{len(carrier.messages)}", "RequestId": "r"})


def _tencent(carrier: Carrier, request: Request) -> Reply:
    stamp = int(request.headers.get("x-tc-timestamp", "0"))
    expected = sms_signing.tencent_authorization(
        host=request.headers["host"],
        service="sms",
        body=request.body,
        key_id=KEY_ID,
        secret=SECRET,
        at=datetime.fromtimestamp(stamp, UTC),
    )
    if expected != request.headers.get("authorization"):
        return Reply(_failure("AuthFailure.SignatureFailure"))
    if abs(datetime.now(UTC).timestamp() - stamp) > CLOCK_SKEW_S:
        return Reply(_failure("AuthFailure.SignatureExpire"))
    asked = request.json()
    message = {
        "to": asked["PhoneNumberSet"][0],
        "sign": asked["SignName"],
        "template": asked["TemplateId"],
        "values": asked["TemplateParamSet"],
        "id": asked["SessionContext"],
    }
    code = carrier.accept(message, "Ok")
    status = {"SerialNo": f"serial-{len(carrier.messages)}", "Fee": 1, "Code": code, "Message": code, "IsoCode": "CN"}
    return Reply({"Response": {"SendStatusSet": [status], "RequestId": "r"}})


def _failure(code: str) -> Mapping[str, Any]:
    return {"Response": {"Error": {"Code": code, "Message": code}, "RequestId": "r"}}


def main() -> None:
    """Serves until stopped."""
    parser = argparse.ArgumentParser(description="sandbox SMS providers")
    parser.add_argument("--port", type=int, default=9003)
    asked = parser.parse_args()
    uvicorn.run(create_app(), host="127.0.0.1", port=asked.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
