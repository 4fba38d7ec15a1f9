"""Bodies and answers of the story's routes, as the description shows them: enough to play it from `/docs`.

One place for all; a test checks each against its schema, and that every route named here exists.
"""

from typing import Any, NamedTuple

REPORT = "01931c2e-7a40-7c31-9a52-3f1d8b6c2a10"
PHOTO = "01931c2e-5b10-7f02-8c44-0a9e7d51b3e2"
CASE = "01931c2f-9d08-7b55-b1aa-6c20f4e8d917"
SMS = "01931c2e-2f77-7d90-a3b6-5e18c90d7f44"
NUMBER = "GW-20261121-000137"
TOKEN = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiYXQrand0In0.…"  # noqa: S105 - the shape of one
TOKENS = {
    "access_token": TOKEN,
    "token_type": "Bearer",
    "expires_in": 900,
    "refresh_token": "k3Jt8Qv1-x0Zp6Yw2uRb9LmNc4Hs7Gd5",
}
PREVIEW = f"http://127.0.0.1:8000/v1/photos/signed/{PHOTO}/1"
SENT, SEEN, DONE = "2026-11-21T01:12:30Z", "2026-11-21T01:13:05Z", "2026-11-24T08:40:00Z"


class Example(NamedTuple):
    """What is sent and what comes back; None where there is no body."""

    sent: Any = None
    answered: Any = None


DRAFT = {
    "category": "water.outfall",
    "text": "排口有黑水流出，气味刺鼻，河面有油花。",
    "place": {"lng": 120.0261, "lat": 30.4412, "datum": "gcj02", "accuracy_m": 12.5},
    "photo_ids": [PHOTO],
    "identity": "confidential",
    "channel": "mini_program",
}
ENTRY = {
    "at": SENT,
    "kind": "submitted",
    "status": "submitted",
    "text": "已收到您的举报",
    "text_en": "Your report was received",
    "detail": {},
}
VIEW = {
    "id": REPORT,
    "number": NUMBER,
    "category": "water.outfall",
    "category_name": "排口异常",
    "text": DRAFT["text"],
    "status": "submitted",
    "identity": "confidential",
    "channel": "mini_program",
    "datum": "gcj02",
    "lng": 120.0261,
    "lat": 30.4412,
    "accuracy_m": 12.5,
    "town": "yunxi",
    "address": None,
    "river": None,
    "enterprise": None,
    "photos": 1,
    "no_photo_reason": None,
    "captured_at": None,
    "received_at": SENT,
    "timeline": [ENTRY],
}
PICTURE = {
    "id": PHOTO,
    "state": "ready",
    "width": 4032,
    "height": 3024,
    "received_at": SENT,
    "preview": f"{PREVIEW}/small.webp",
    "large": f"{PREVIEW}/large.webp",
    "preview_expires_at": SEEN,
}
CLOSED_CASE = {
    "case_id": CASE,
    "stage": "closed",
    "stage_name": "已办结",
    "stage_name_en": "Closed",
    "stage_since": DONE,
    "unit": "水生态环境科",
    "round": 1,
    "closed": True,
    "provisional": False,
    "outcome": "已责令整改，排口封堵。",
    "supporters": 3,
    "rounds": [
        {
            "number": 1,
            "opened_at": SENT,
            "accepted_at": SEEN,
            "closed_at": DONE,
            "outcome": "已责令整改，排口封堵。",
            "provisional": False,
        }
    ],
    "clocks": [],
    "questions": [],
    "photos": [],
}
MESSAGE = {
    "id": 41,
    "topic": "closure",
    "title": "举报已办结",
    "body": "您的举报已办结，请评价处理结果。",
    "at": DONE,
    "read": False,
    "archived": False,
    "subject": f"case:{CASE}",
    "page": f"pages/report/index?id={REPORT}",
}
LINE = {
    "transfer": 1_207,
    "kind": "award",
    "title_zh": "举报查实",
    "title_en": "Verified report",
    "amount": 50,
    "balance": 50,
    "occurred_at": DONE,
    "posted_at": DONE,
    "rule": "verified_report/1",
    "evidence": REPORT,
    "reverses": None,
}
POT = {"unit": "points", "balance": 50, "held": 0, "available": 50, "debt": 0}

EXAMPLES: dict[str, Example] = {
    "POST /v1/auth/wechat": Example({"code": "0a3Xl0Ga1b2c3d4e5f6g7h8i9j0k1l2m"}, TOKENS),
    "POST /v1/auth/refresh": Example({"refresh_token": TOKENS["refresh_token"]}, TOKENS),
    "POST /v1/auth/phone/wechat": Example(
        {"code": "e31968a7f94cc5ee25fafc2aef2773f0bb8c3937b22520eb8ee345274d00c144"},
        {"phone": "138****8000", "region": "CN"},
    ),
    "POST /v1/auth/phone/sms-code": Example({"phone": "13800138000"}, {"request_id": SMS, "expires_at": SEEN}),
    "POST /v1/auth/phone/confirm": Example(
        {"request_id": SMS, "code": "402917"}, {"phone": "138****8000", "region": "CN"}
    ),
    "POST /v1/photos": Example(answered=PICTURE),
    "POST /v1/photos/uploads": Example(
        {"media_type": "image/jpeg", "source": "camera"},
        {
            "id": PHOTO,
            "url": "http://127.0.0.1:8333/green-whistle",
            "fields": {"key": f"uploads/{PHOTO}", "Content-Type": "image/jpeg", "policy": "eyJ…"},
            "bytes_max": 12_582_912,
            "expires_at": SEEN,
        },
    ),
    "POST /v1/photos/uploads/{upload_id}/confirm": Example(answered=PICTURE),
    "POST /v1/reports": Example(
        DRAFT,
        {
            "id": REPORT,
            "number": NUMBER,
            "status": "submitted",
            "received_at": SENT,
            "town": "yunxi",
            "receipt_code": None,
        },
    ),
    "GET /v1/reports/{report_id}": Example(answered=VIEW),
    "GET /v1/reports/{report_id}/case": Example(answered=CLOSED_CASE),
    "POST /v1/reports/{report_id}/result-rating": Example(
        {"solved": True, "satisfied": True, "text": "河水清了，谢谢。"},
        {"round": 1, "opened_round": None, "review_id": None, "changeable_until": "2026-12-01T08:40:00Z"},
    ),
    "POST /v1/receipts/open": Example({"number": NUMBER, "code": "7K3M-9QTX-2VHC-5WPE"}, VIEW),
    "GET /v1/inbox": Example(answered={"messages": [MESSAGE], "next_before": None}),
    "GET /v1/points": Example(answered={"pots": [POT], "expiring_points": 0, "expiring_after": None}),
    "GET /v1/points/statement": Example(answered={"items": [LINE], "next": None}),
    "POST /v1/operator/login": Example(
        {"login": "chen", "password": "qinghe-demo-clerk-2026", "code": "287082"},
        {"access_token": TOKEN, "expires_in": 900, "token_type": "Bearer"},
    ),
}


def add_examples(paths: dict[str, Any]) -> None:
    """Puts each example beside the schema it follows."""
    for name, example in EXAMPLES.items():
        method, path = name.split(" ")
        operation = paths[path][method.lower()]
        if example.sent is not None:
            operation["requestBody"]["content"]["application/json"]["example"] = example.sent
        for status, response in operation["responses"].items():
            if status.startswith("2") and example.answered is not None:
                response["content"]["application/json"]["example"] = example.answered
