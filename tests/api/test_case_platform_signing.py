"""Standard Webhooks signatures, checked against the standard's own library."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from api.case_platform import signing

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
BODY = '{"stage":"签收"}'.encode()
OLD, NEW = b"an-old-key-of-the-platform-000000", b"a-new-key-of-the-platform-0000000"


def signed(*, key: bytes = NEW, at: datetime = NOW, body: bytes = BODY) -> dict[str, str]:
    return signing.headers(message_id="msg-1", at=at, body=body, keys=(key,))


def test_the_standard_library_accepts_our_signature() -> None:
    now = datetime.now(UTC)
    Webhook(base64.b64encode(NEW).decode()).verify(BODY, signed(at=now))


def test_we_accept_the_standard_librarys_signature() -> None:
    theirs = Webhook(base64.b64encode(NEW).decode()).sign("msg-1", NOW, BODY.decode())
    given = signed() | {"webhook-signature": theirs}

    assert signing.verify(given, body=BODY, keys=(NEW,), now=NOW) == "msg-1"


@pytest.mark.parametrize("key", [OLD, NEW])
def test_both_live_keys_verify_while_a_key_is_changed(key: bytes) -> None:
    assert signing.verify(signed(key=key), body=BODY, keys=(NEW, OLD), now=NOW) == "msg-1"


def test_one_of_several_signatures_is_enough() -> None:
    given = signed()
    given["webhook-signature"] = "v1,bad v2,x " + given["webhook-signature"]

    assert signing.verify(given, body=BODY, keys=(NEW,), now=NOW) == "msg-1"


@pytest.mark.parametrize("away", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_five_minutes_are_tolerated(away: timedelta) -> None:
    assert signing.verify(signed(at=NOW + away), body=BODY, keys=(NEW,), now=NOW) == "msg-1"


@pytest.mark.parametrize(
    ("given", "body"),
    [
        (signed(key=b"somebody-else"), BODY),
        (signed(), BODY + b" "),
        (signed(at=NOW - timedelta(minutes=5, seconds=1)), BODY),
        (signed(at=NOW + timedelta(minutes=5, seconds=1)), BODY),
        (signed() | {"webhook-id": "msg-2"}, BODY),
        (signed() | {"webhook-id": ""}, BODY),
        (signed() | {"webhook-timestamp": "١٧٦٣٦٩"}, BODY),
        (signed() | {"webhook-timestamp": "nan"}, BODY),
        (signed() | {"webhook-signature": "v1,ünïcode"}, BODY),
        ({}, BODY),
    ],
)
def test_anything_else_is_refused(given: dict[str, str], body: bytes) -> None:
    with pytest.raises(signing.SignatureRefused):
        signing.verify(given, body=body, keys=(NEW,), now=NOW)


def test_secrets_are_text_or_marked_base64_and_at_most_two() -> None:
    assert signing.keys_of("abc,whsec_" + base64.b64encode(NEW).decode()) == (b"abc", NEW)
    for bad in ("", "a,b,c", "whsec_***"):
        with pytest.raises(ValueError, match=r"key|base64"):
            signing.keys_of(bad)
