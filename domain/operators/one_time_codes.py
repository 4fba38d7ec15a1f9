"""The second factor: time-based one-time codes (RFC 6238, 30 s, 6 digits), each accepted once."""

import hmac
from datetime import datetime

import pyotp

STEP_S = 30
DRIFT_STEPS = 1  # phones' clocks: one step early or late
ISSUER = "Green Whistle"


def new_secret() -> str:
    """A random base-32 secret of 160 bits."""
    return pyotp.random_base32()


def code_at(secret: str, *, now: datetime) -> str:
    """The code an authenticator shows at `now`."""
    return pyotp.TOTP(secret, interval=STEP_S).at(now)


def step_of(secret: str, code: str, *, after_step: int, now: datetime) -> int | None:
    """The step whose code this is, when it is current and later than `after_step`; None otherwise."""
    current = int(now.timestamp()) // STEP_S
    found = None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        expected = pyotp.TOTP(secret, interval=STEP_S).at(step * STEP_S)
        if hmac.compare_digest(expected.encode(), code.encode()) and step > after_step:
            found = step
    return found


def provisioning_address(secret: str, *, login: str) -> str:
    """The `otpauth://` address an authenticator app reads as a QR code; shown once."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=login, issuer_name=ISSUER)
