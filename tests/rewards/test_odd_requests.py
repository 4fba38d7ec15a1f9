"""Requests at the edge of what dates and numbers can be: a 4xx, never a 500."""

import pytest

from tests.builders.operators import CLERK, seed_officers, signed_in
from tests.builders.residents import a_resident

pytestmark = pytest.mark.anyio
GOOD = {"merchant": "x", "title_zh": "树", "title_en": "tree", "sponsor": "s", "price": 1, "stock": 1, "per_person": 1}
NEVER = "9999-12-31T23:59:59+08:00"


async def test_no_date_or_number_breaks_a_route(api, settings):
    await seed_officers(settings)
    clerk, who = await signed_in(api, CLERK), (await a_resident()).headers
    day = {"kind": "hours", "name": "张三", "from_day": "9999-12-31", "to_day": "9999-12-31"}
    asked = [
        ("POST", "/v1/operator/goods", clerk, GOOD | {"from_at": "2026-01-01T00:00:00", "until_at": NEVER}),
        ("POST", "/v1/operator/goods", clerk, GOOD | {"from_at": "0001-01-01T00:00:00+08:00", "until_at": NEVER}),
        ("GET", "/v1/ledger/grants/9999-12-31", {}, None),
        ("GET", "/v1/ledger/days/0001-01-01", {}, None),
        ("POST", "/v1/certificates", who, day),
        ("GET", "/v1/points/proofs/9223372036854775807", who, None),
        ("GET", "/v1/points/statement?cursor=W10", who, None),
        (
            "POST",
            "/v1/behaviours/walk/recompute",
            {},
            {"inputs": {"steps": "1", "credited_grams": "2"}, "day": "0001-01-01"},
        ),
        (
            "POST",
            "/v1/behaviours/metro/recompute",
            {},
            {"inputs": {"distance_km": "999999999.999999"}, "day": "9999-12-31"},
        ),
        ("GET", "/certificates/%E2%98%83", {}, None),
        ("POST", "/v1/partners/none/events", {}, {"events": []}),
        ("GET", "/v1/merchants/none/days/9999-12-31", {}, None),
    ]

    answers = [await api.request(method, path, headers=headers, json=body) for method, path, headers, body in asked]

    assert [(a.request.url.path, a.status_code) for a in answers if not 400 <= a.status_code < 500] == []
