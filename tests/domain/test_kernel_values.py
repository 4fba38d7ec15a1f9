"""Ids, sealed values and settings, without a database."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import ids, settings
from domain.kernel.crypto import KeyRing, SealBroken, blind_index, key_id
from domain.kernel.settings import DEVELOPMENT_SECRET

STRONG = "a-strong-secret-of-more-than-thirty-two-bytes"


def test_an_id_is_a_version_7_uuid_and_ids_of_different_milliseconds_sort_by_time():
    first = ids.new_id()
    later = uuid.UUID(int=first.int + (1 << 80))

    assert first.version == 7
    assert first.variant == uuid.RFC_4122
    assert first < later


def test_a_thousand_ids_differ():
    assert len({ids.new_id() for _ in range(1_000)}) == 1_000


@given(st.binary(max_size=300), st.text(max_size=40))
def test_what_is_sealed_opens_again_in_its_own_context(value, context):
    ring = KeyRing(f"k1:{STRONG}")

    assert value == ring.open(ring.seal(value, context=context), context=context)


@given(st.integers(min_value=0, max_value=10_000))
def test_a_changed_byte_never_opens(position):
    ring = KeyRing(f"k1:{STRONG}")
    sealed = bytearray(ring.seal(b"13800138000", context="phone"))
    sealed[position % len(sealed)] ^= 1

    with pytest.raises(SealBroken):
        ring.open(bytes(sealed), context="phone")


def test_a_value_moved_to_another_row_does_not_open():
    ring = KeyRing(f"k1:{STRONG}")

    with pytest.raises(SealBroken):
        ring.open(ring.seal(b"x", context="account:1"), context="account:2")


def test_after_a_rotation_old_values_still_open_and_new_ones_use_the_new_key():
    old = KeyRing(f"k1:{STRONG}")
    sealed = old.seal(b"x", context="c")
    rotated = KeyRing(f"k2:other-{STRONG},k1:{STRONG}")

    assert rotated.open(sealed, context="c") == b"x"
    assert (key_id(sealed), key_id(rotated.seal(b"x", context="c"))) == ("k1", "k2")


def test_a_blind_index_depends_on_value_purpose_and_secret():
    ordinary = blind_index("+8613800138000", secret=STRONG, purpose="phone")

    assert ordinary == blind_index("+8613800138000", secret=STRONG, purpose="phone")
    assert ordinary != blind_index("+8613800138000", secret=STRONG, purpose="openid")
    assert ordinary != blind_index("+8613800138000", secret=DEVELOPMENT_SECRET, purpose="phone")


def test_a_misspelt_setting_stops_the_start():
    with pytest.raises(ValueError, match="databse_url"):
        settings.load({"GW_DATABSE_URL": "postgresql://x"})


def test_production_refuses_development_secrets_and_names_each():
    with pytest.raises(ValueError, match=r"GW_TOKEN_SECRET.*GW_SEAL_KEYS.*GW_LOOKUP_SECRET"):
        settings.load({"GW_ENV": "production"})


def test_production_starts_with_secrets_of_its_own():
    own = {f"GW_{name.upper()}": f"{name}-{STRONG}" for name in settings.SECRET_NAMES}

    assert settings.load({**own, "GW_SEAL_KEYS": f"k1:{STRONG}", "GW_ENV": "production"}).env == "production"
