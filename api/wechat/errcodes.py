"""What WeChat's error codes mean for us. Errors arrive as HTTP 200 with `errcode`.

Codes marked confirmed stand in official answers; every other code is `UNKNOWN`: retried three times, then dead.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

RID = re.compile(r"rid:\s*([0-9a-zA-Z-]{8,64})")


class Meaning(StrEnum):
    """What to do about a code."""

    BUSY = "busy"  # try again with back-off
    TOKEN = "token"  # noqa: S105 - a kind of error; drop the token, get another under the lock, repeat once
    CONFIGURATION = "configuration"  # appid, template, page or permission is wrong: a person must act
    CODE = "code"  # login or phone code used, expired or invalid: the phone asks for a new one
    BLOCKED = "blocked"  # WeChat refuses this user's login
    RECIPIENT = "recipient"  # not a user of this mini-program: never again
    SPENT = "spent"  # no consent left: final, not an error
    DATA = "data"  # a template value breaks its field's rule
    LIMIT = "limit"  # quota of the minute
    RISKY = "risky"  # the content was judged risky
    UNKNOWN = "unknown"


MEANINGS: Mapping[int, Meaning] = {
    -1: Meaning.BUSY,
    40001: Meaning.TOKEN,
    40014: Meaning.TOKEN,
    42001: Meaning.TOKEN,
    40013: Meaning.CONFIGURATION,
    40125: Meaning.CONFIGURATION,  # bad secret; from memory, unverified
    40037: Meaning.CONFIGURATION,
    41030: Meaning.CONFIGURATION,
    48001: Meaning.CONFIGURATION,
    40029: Meaning.CODE,
    40163: Meaning.CODE,  # code been used; from memory, unverified
    40226: Meaning.BLOCKED,
    40003: Meaning.RECIPIENT,
    43101: Meaning.SPENT,
    47003: Meaning.DATA,
    45009: Meaning.LIMIT,
    45011: Meaning.LIMIT,
    87014: Meaning.RISKY,
}
LIMIT_WAIT_S = 60  # quotas are counted by the minute


class WeChatRefused(Exception):
    """WeChat answered with an error code. `field` is the template key of a 47003."""

    def __init__(self, errcode: int, *, errmsg: str, call: str) -> None:
        """`errmsg` is kept out of the text: it may quote what we sent."""
        found = RID.search(errmsg)
        self.errcode = errcode
        self.meaning = MEANINGS.get(errcode, Meaning.UNKNOWN)
        self.rid = found[1] if found else ""
        broken = re.search(r"data\.([a-z_]+\d+)\.value", errmsg)
        self.field = broken[1] if broken else None
        super().__init__(f"{call}: errcode {errcode} ({self.meaning}) rid {self.rid or '-'}")


class WeChatUnreachable(Exception):
    """No answer we can read: time-out, connection, HTTP status, or the breaker is open. The call may have happened."""

    def __init__(self, note: str, *, retry_after_s: float | None = None) -> None:
        """`retry_after_s` is how long the breaker stays open."""
        super().__init__(note)
        self.retry_after_s = retry_after_s
