"""The published vectors pass, and what is changed in them does not."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.wechat import crypto

VECTORS: dict[str, dict[str, Any]] = {
    vector["name"]: vector
    for vector in json.loads((Path(__file__).parents[1] / "data" / "wechat_vectors.json").read_text())
}
unhurried = settings(deadline=None)  # a busy machine is no failure
PUSHES = ["encrypted_echo", "encrypted_media_check_json_synthetic"]
OPEN_DATA = ["open_data_official_demo", "werun_synthetic"]


def test_the_official_get_signature() -> None:
    vector = VECTORS["push_get_signature_official"]

    assert vector["expect_signature"] == crypto.signature(vector["token"], vector["timestamp"], vector["nonce"])


@pytest.mark.parametrize("name", PUSHES)
def test_an_encrypted_push_opens(name: str) -> None:
    vector = VECTORS[name]
    parts = vector["token"], vector["timestamp"], vector["nonce"], vector["encrypt"]

    crypto.check_signature(vector["expect_msg_signature"], *parts)

    key = crypto.push_key(vector["encoding_aes_key"])
    assert vector["expect_plain"] == crypto.open_push(vector["encrypt"], key=key, appid=vector["appid"]).decode()


def test_a_push_of_known_random_bytes_is_sealed_exactly_as_the_vector() -> None:
    vector = VECTORS["encrypted_media_check_json_synthetic"]
    key = crypto.push_key(vector["encoding_aes_key"])

    sealed = crypto.seal_push(
        vector["expect_plain"].encode(), key=key, appid=vector["appid"], random16=vector["random16"].encode()
    )

    assert vector["encrypt"] == sealed


def test_a_wrong_nonce_fails() -> None:
    vector = VECTORS["encrypted_echo"]

    with pytest.raises(crypto.Forged):
        crypto.check_signature(
            vector["expect_msg_signature"], vector["token"], vector["timestamp"], "437374424", vector["encrypt"]
        )


def test_a_push_for_another_appid_fails() -> None:
    vector = VECTORS["encrypted_echo"]

    with pytest.raises(crypto.Forged, match="appid"):
        crypto.open_push(vector["encrypt"], key=crypto.push_key(vector["encoding_aes_key"]), appid="wx-other")


@pytest.mark.parametrize("name", OPEN_DATA)
def test_open_data_opens(name: str) -> None:
    vector = VECTORS[name]

    data = crypto.open_data(
        vector["encrypted_data"], session_key=vector["session_key"], iv=vector["iv"], appid=vector["appid"], now=None
    )

    assert vector["expect"].items() <= data.items()


def test_old_or_foreign_open_data_is_refused() -> None:
    vector = VECTORS["werun_synthetic"]
    sealed = {"session_key": vector["session_key"], "iv": vector["iv"]}

    with pytest.raises(crypto.Forged, match="age"):
        crypto.open_data(
            vector["encrypted_data"], appid=vector["appid"], now=datetime(2026, 11, 22, tzinfo=UTC), **sealed
        )
    with pytest.raises(crypto.Forged, match="appid"):
        crypto.open_data(vector["encrypted_data"], appid="wx-other", now=None, **sealed)


def test_the_raw_data_signature() -> None:
    vector = VECTORS["raw_data_signature"]

    assert vector["expect_signature"] == crypto.raw_data_signature(
        vector["raw_data"], session_key=vector["session_key"]
    )


@unhurried
@given(st.binary(max_size=600))
def test_whatever_is_sealed_opens_again(message: bytes) -> None:
    key = crypto.push_key(VECTORS["encrypted_echo"]["encoding_aes_key"])

    assert message == crypto.open_push(crypto.seal_push(message, key=key, appid="wx1"), key=key, appid="wx1")


@unhurried
@given(st.text(max_size=200))
def test_garbage_is_forged_and_never_a_crash(garbage: str) -> None:
    key = crypto.push_key(VECTORS["encrypted_echo"]["encoding_aes_key"])

    with pytest.raises(crypto.Forged):
        crypto.open_push(garbage, key=key, appid="wx1")
