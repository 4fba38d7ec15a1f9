"""Certificates, their PDF and check page, badges, the leaderboard."""

import base64
import json
import runpy
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import jsonschema
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.kernel import clock
from domain.kernel import database as db
from domain.kernel import settings as process_settings
from domain.kernel.errors import NotFound
from domain.kernel.ids import new_id
from rewards import badges, certificate_pdf, certificates, sealing
from tests.builders.operators import CLERK, REVIEWER, seed_officers, signed_in
from tests.builders.residents import a_resident
from tests.builders.rewards import NOON, a_claim, claimed

pytestmark = pytest.mark.anyio


async def with_hours(account, *, now):
    await claimed(
        a_claim(account, code="volunteering", source="activity", inputs={"hours": Decimal("2.5")}, at=now), now=now
    )
    await claimed(
        a_claim(account, code="bike", source="bike", inputs={"distance_km": Decimal(3)}, at=now - timedelta(hours=5)),
        now=now,
    )


async def test_a_certificate_is_asked_for_printed_checked_and_revoked(api, settings):
    await seed_officers(settings)
    who, stranger, now = await a_resident(), await a_resident(), clock.utc_now()
    await with_hours(who.account, now=now)
    day = clock.local_day(now)
    body = {"kind": "hours", "name": "欧阳小绿", "from_day": str(day - timedelta(30)), "to_day": str(day)}

    made = (await api.post("/v1/certificates", headers=who.headers, json=body)).json()
    number = made["number"]
    checked = (await api.get(f"/v1/certificates/{number}")).json()
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex((await api.get("/v1/ledger/key")).json()["public_key"]))
    key.verify(bytes.fromhex(checked["signature"]), made["statement"].encode())
    pdf = await api.get(f"/v1/certificates/{number}/pdf", headers=who.headers)
    foreign = await api.get(f"/v1/certificates/{number}/pdf", headers=stranger.headers)
    reviewer, clerk = await signed_in(api, REVIEWER), await signed_in(api, CLERK)
    revocation = {"reason": "活动记录有误"}
    forbidden = await api.post(f"/v1/operator/certificates/{number}/revocation", headers=clerk, json=revocation)
    revoked = await api.post(f"/v1/operator/certificates/{number}/revocation", headers=reviewer, json=revocation)
    page = await api.get(f"/certificates/{number}")

    assert (checked["valid"], checked["statement"]["holder"], checked["statement"]["minutes"]) == (True, "欧***", 150)
    assert "欧阳" not in json.dumps(checked, ensure_ascii=False) + page.text
    assert pdf.content.startswith(b"%PDF-")
    assert b"/FontFile2" in pdf.content
    assert (foreign.status_code, forbidden.status_code, revoked.status_code) == (404, 403, 204)
    assert (await api.get(f"/v1/certificates/{number}")).json()["valid"] is False
    assert "已撤销" in page.text


async def test_unconfirmed_factors_are_marked_on_a_carbon_certificate(database):
    me = new_id()
    await with_hours(me, now=NOON)
    day = clock.local_day(NOON)
    async with db.transaction():
        made = await certificates.issue(me, kind="carbon", name="Li Lei", from_day=day, to_day=day, now=NOON)

    told = made.told
    assert (told.milligrams, told.minutes, told.holder) == (146_100, 0, "L* L**")
    assert [(p.behaviour, p.unconfirmed, p.evidence) for p in told.parts] == [("bike", True, "machine")]
    assert sealing.signed(made.statement.encode(), made.signature)
    assert "Li Lei" not in str(await db.fetch("select * from reward_certificate"))
    assert len(certificate_pdf.render(made, name="Li Lei", check_url="https://example.org/c")) > 5_000


async def test_rare_name_characters_are_printed_and_unprintable_ones_refused_when_asking(api, caplog):
    who, now = await a_resident(), clock.utc_now()
    day = str(clock.local_day(now))
    body = {"kind": "hours", "from_day": day, "to_day": day}
    answers = {}
    for name in ("镕喆堃·䶮㛃𬸚", "小绿🌱"):
        answers[name] = await api.post("/v1/certificates", headers=who.headers, json=body | {"name": name})
    [rare, emoji] = answers.values()
    pdf = await api.get(f"/v1/certificates/{rare.json()['number']}/pdf", headers=who.headers)

    assert (rare.status_code, emoji.status_code, emoji.json()["field"]) == (201, 400, "name")
    assert pdf.content.count(b"/FontFile2") == 2
    assert "missing" not in caplog.text


async def test_a_certificate_is_dated_by_the_districts_day(database):
    late = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)  # one o'clock on the 22nd
    async with db.transaction():
        made = await certificates.issue(
            new_id(), kind="hours", name="张三", from_day=NOON.date(), to_day=NOON.date(), now=late
        )

    assert clock.local_day(made.told.issued_at).day == 22
    assert certificate_pdf.render(made, name="张三", check_url="https://example.org/c").startswith(b"%PDF-")


async def test_what_does_not_exist_is_not_found(database):
    with pytest.raises(NotFound):
        await certificates.find("GWH-2026-000000000000")


def test_levels_are_reached_by_lifetime_points():
    assert [badges.level_of(points).code for points in (0, 99, 100, 2_000, 10**6)] == [
        "seed",
        "seed",
        "sprout",
        "tree",
        "forest",
    ]


async def test_a_badge_is_an_open_badge_that_anybody_can_verify(api):
    who, now = await a_resident(), clock.utc_now()
    await with_hours(who.account, now=now)

    told = (await api.get("/v1/me/level", headers=who.headers)).json()
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex((await api.get("/v1/ledger/key")).json()["public_key"]))
    claims = jwt.decode(told["jwt"], key, algorithms=["EdDSA"], options={"verify_aud": False})

    assert told["credential"]["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert claims["credentialSubject"]["achievement"]["type"] == ["Achievement"]
    assert str(who.account) not in json.dumps(told)


# The required members of an AchievementCredential, as 1EdTech publishes them with Open Badges 3.0.
TYPED = {"type": "array", "minItems": 1, "items": {"type": "string"}}
OPEN_BADGE = {
    "type": "object",
    "required": ["@context", "id", "type", "name", "issuer", "validFrom", "credentialSubject"],
    "properties": {
        "@context": {
            "type": "array",
            "minItems": 2,
            "prefixItems": [
                {"const": "https://www.w3.org/ns/credentials/v2"},
                {"pattern": r"^https://purl\.imsglobal\.org/spec/ob/v3p0/context-3\.0\.[0-9]\.json$"},
            ],
        },
        "id": {"type": "string", "format": "uri"},
        "type": TYPED | {"contains": {"enum": ["AchievementCredential", "OpenBadgeCredential"]}},
        "name": {"type": "string"},
        "validFrom": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"},
        "issuer": {
            "type": "object",
            "required": ["id", "type"],
            "properties": {"id": {"format": "uri"}, "type": TYPED | {"contains": {"const": "Profile"}}},
        },
        "credentialSubject": {
            "type": "object",
            "required": ["type", "achievement"],
            "properties": {
                "type": TYPED | {"contains": {"const": "AchievementSubject"}},
                "achievement": {
                    "type": "object",
                    "required": ["id", "type", "criteria", "description", "name"],
                    "properties": {
                        "id": {"format": "uri"},
                        "type": TYPED | {"contains": {"const": "Achievement"}},
                        "criteria": {"anyOf": [{"required": ["id"]}, {"required": ["narrative"]}]},
                    },
                },
            },
        },
    },
}


async def test_a_badge_has_the_shape_of_open_badges_3_and_a_stranger_checks_its_signature(api):
    who, now = await a_resident(), clock.utc_now()
    await with_hours(who.account, now=now)
    told = (await api.get("/v1/me/level", headers=who.headers)).json()
    jsonschema.Draft202012Validator(OPEN_BADGE).validate(told["credential"])

    def opened(part: str) -> bytes:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    head, body, signature = told["jwt"].split(".")
    header, claims = json.loads(opened(head)), json.loads(opened(body))
    public = bytes.fromhex((await api.get("/v1/ledger/key")).json()["public_key"])
    stranger = runpy.run_path("docs/verify_ledger.py")  # which imports nothing of this project

    assert (header["alg"], opened(header["jwk"]["x"])) == ("EdDSA", public)
    assert stranger["is_signed"](public, f"{head}.{body}".encode(), opened(signature))
    assert not stranger["is_signed"](public, f"{head}.{body}x".encode(), opened(signature))
    assert {name: claims[name] for name in told["credential"]} == told["credential"]
    assert (claims["iss"], claims["jti"]) == (told["credential"]["issuer"]["id"], told["credential"]["id"])


async def test_the_leaderboard_is_off_by_default_opt_in_and_hidden_below_ten(api, settings):
    people = [await a_resident() for _ in range(10)]
    off = await api.put("/v1/leaderboard/me", headers=people[0].headers, json={"pseudonym": "小草"})
    process_settings.use(msgspec.structs.replace(settings, leaderboard=True))
    for n, who in enumerate(people[:9]):
        await api.put("/v1/leaderboard/me", headers=who.headers, json={"pseudonym": f"小草{n}"})
    few = await api.get("/v1/leaderboard")
    taken = await api.put("/v1/leaderboard/me", headers=people[9].headers, json={"pseudonym": "小草1"})
    await api.put("/v1/leaderboard/me", headers=people[9].headers, json={"pseudonym": "大树"})
    now = clock.utc_now()
    await with_hours(people[9].account, now=now)
    await claimed(
        a_claim(people[0].account, code="verified-report", source="report", inputs={"reports": Decimal(1)}, at=now),
        now=now,
    )
    shown = (await api.get("/v1/leaderboard")).json()
    await api.delete("/v1/leaderboard/me", headers=people[9].headers)

    assert (off.status_code, few.status_code, taken.status_code) == (404, 404, 409)
    assert shown[0] == {"pseudonym": "大树", "points": 64}
    assert {row["points"] for row in shown[1:]} == {0}
    assert (await api.get("/v1/leaderboard")).status_code == 404
