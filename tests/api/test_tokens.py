"""Access tokens: one algorithm, one spelling, every claim, the right time and the right audience."""

import base64
import json
from datetime import timedelta
from uuid import UUID, uuid4

import jwt
import pytest

from api import tokens
from api.tokens import TokenRefused, issue_access, verify_access
from domain.kernel import clock
from domain.kernel.settings import Settings

SETTINGS = Settings(public_url="https://green.example")
NOW = clock.utc_now()
SUBJECT, SESSION = uuid4(), uuid4()
HEADER = {"typ": "at+jwt", "kid": "k1"}


def a_token(**changes: object) -> str:
    claims = {
        "iss": SETTINGS.public_url,
        "aud": "green-whistle:resident",
        "sub": str(SUBJECT),
        "sid": str(SESSION),
        "jti": "j",
        "iat": int(NOW.timestamp()),
        "nbf": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 900,
    }
    kept = {name: value for name, value in (claims | changes).items() if value is not ...}
    # PyJWS, because PyJWT itself refuses to write some of the wrong types
    return jwt.PyJWS().encode(json.dumps(kept).encode(), SETTINGS.token_secret, algorithm="HS256", headers=HEADER)


def refused(token: str, *, kind: str = "resident", after: timedelta = timedelta(0)) -> bool:
    try:
        verify_access(SETTINGS, token, kind=kind, now=NOW + after)
    except TokenRefused:
        return True
    return False


def test_an_issued_token_says_who_it_is_for() -> None:
    token = issue_access(SETTINGS, kind="resident", subject=SUBJECT, session=SESSION, now=NOW)

    claims = verify_access(SETTINGS, token, kind="resident", now=NOW)

    assert (claims.subject, claims.session) == (SUBJECT, SESSION)
    assert not refused(a_token())


def test_v9_1_1_a_token_with_any_changed_character_is_refused() -> None:
    token = issue_access(SETTINGS, kind="resident", subject=SUBJECT, session=SESSION, now=NOW)

    for place, was in enumerate(token):
        for other in "A", "b", "-", "=":
            changed = token[:place] + other + token[place + 1 :]
            assert was == other or refused(changed), place
    assert all(refused(text) for text in ("", "..", token + "=", token + ".", token[: token.rindex(".") + 1], "é" * 40))


@pytest.mark.parametrize("algorithm", ["none", "None", "HS384", "HS512", "RS256", "ES256", "hs256"])
def test_v9_1_2_no_other_algorithm_is_accepted(algorithm: str) -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    payload = a_token().split(".")[1]
    unsigned = f"{part(HEADER | {'alg': algorithm})}.{payload}."
    assert refused(unsigned)
    assert refused(unsigned + "AAAA")
    if algorithm in {"HS384", "HS512"}:
        claims = jwt.decode(a_token(), options={"verify_signature": False})
        assert refused(jwt.encode(claims, SETTINGS.token_secret, algorithm=algorithm, headers=HEADER))


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "k2"},
        {"kid": "../../etc/passwd"},
        {"kid": "' or 1=1"},
        {"typ": "JWT"},
        {"typ": "rt+jwt"},
        {"jku": "https://evil.example/keys"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"crit": ["x"]},
    ],
)
def test_v9_1_3_other_headers_and_unknown_keys_are_refused(header: dict[str, object]) -> None:
    claims = jwt.decode(a_token(), options={"verify_signature": False})

    assert refused(jwt.encode(claims, SETTINGS.token_secret, algorithm="HS256", headers=HEADER | header))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti"])
def test_v9_2_1_every_claim_is_required_and_of_its_type(claim: str) -> None:
    assert refused(a_token(**{claim: ...}))
    assert refused(a_token(**{claim: None}))
    if claim in {"iat", "nbf", "exp"}:
        assert refused(a_token(**{claim: str(int(NOW.timestamp()) + 60)}))
        assert refused(a_token(**{claim: NOW.timestamp() + 0.5}))
        assert refused(a_token(**{claim: True}))


def test_an_expired_or_early_token_is_refused_within_a_small_leeway() -> None:
    assert timedelta(seconds=60) >= tokens.LEEWAY
    assert not refused(a_token(), after=timedelta(seconds=900 + 29))
    assert refused(a_token(), after=timedelta(seconds=900 + 31))
    assert not refused(a_token(), after=timedelta(seconds=-29))
    assert refused(a_token(), after=timedelta(seconds=-31))


def test_a_token_that_lives_too_long_is_refused() -> None:
    assert refused(a_token(exp=int(NOW.timestamp()) + 901))


def test_v9_2_3_the_audience_of_one_kind_is_refused_by_the_other() -> None:
    operator = issue_access(SETTINGS, kind="operator", subject=SUBJECT, session=SESSION, now=NOW)

    assert refused(operator, kind="resident")
    assert refused(a_token(), kind="operator")
    assert not refused(operator, kind="operator")


def test_other_issuers_are_refused() -> None:
    assert refused(a_token(iss="https://evil.example"))
    assert refused(a_token(iss=[SETTINGS.public_url]))


def test_short_secrets_stop_the_start() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        tokens.keys("short")
    with pytest.raises(ValueError, match="32 bytes"):
        tokens.keys(f"k1:{'x' * 40},k2:short")


def test_a_rotated_key_still_verifies_and_a_removed_one_does_not() -> None:
    old = Settings(public_url=SETTINGS.public_url, token_secret=f"a:{'o' * 40}")
    both = Settings(public_url=SETTINGS.public_url, token_secret=f"b:{'n' * 40},a:{'o' * 40}")
    new = Settings(public_url=SETTINGS.public_url, token_secret=f"b:{'n' * 40}")
    token = issue_access(old, kind="resident", subject=SUBJECT, session=SESSION, now=NOW)

    assert verify_access(both, token, kind="resident", now=NOW).subject == SUBJECT
    with pytest.raises(TokenRefused):
        verify_access(new, token, kind="resident", now=NOW)


def test_the_memory_of_verified_tokens_is_bounded_and_checks_the_time_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED_MAX", 3)
    token = a_token()
    for _ in range(5):
        issued = issue_access(SETTINGS, kind="resident", subject=uuid4(), session=SESSION, now=NOW)
        verify_access(SETTINGS, issued, kind="resident", now=NOW)
    verify_access(SETTINGS, token, kind="resident", now=NOW)

    assert refused(token, after=timedelta(hours=1))
    assert UUID(int=0) != SUBJECT
