"""What the sandbox WeChat remembers, in memory: users, codes, tokens, consents, messages, faults and its own clock."""

import secrets
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

CODE_S = 300  # login and phone codes
TOKEN_S = 7_200
TOKEN_OVERLAP_S = 300  # a renewed token's predecessor lives on for this long
VISIT_S = 7_200  # text checks need a visit this recent
MINUTE_S = 60
# Calls per minute, as documented; `/sandbox/limits` lowers them.
LIMITS = {"/cgi-bin/stable_token": 10_000, "/wxa/media_check_async": 2_000, "/wxa/getwxacodeunlimit": 5_000}
DAILY = {"/cgi-bin/stable_token": 500_000, "/wxa/media_check_async": 200_000}
LOGIN_PER_USER = 100
FORCED_PER_DAY, FORCED_APART_S = 20, 30  # renewals of the token on demand
DAY_S = 86_400
PAGES = (
    "pages/index",
    "pages/report/detail",
    "pages/inbox/index",
    "pages/points/index",
    "pages/activity/index",
    "pages/enterprise/index",
)

# The templates the demo's mini-program applied for: topic → id and keys.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "TPL-closure": ("character_string1", "thing2", "phrase3", "date4", "thing5"),
    "TPL-question": ("character_string1", "thing2", "date3", "thing4"),
    "TPL-warning": ("character_string1", "thing2", "phrase3", "date4", "thing5"),
    "TPL-progress": ("character_string1", "thing2", "phrase3", "date4", "thing5"),
    "TPL-points": ("thing1", "number2", "date3", "thing4"),
    "TPL-activity": ("thing1", "date2", "thing3"),
}
TEMPLATES_SETTING = ";".join(f"{name[4:]}={name}:{','.join(keys)}" for name, keys in TEMPLATES.items())


class Answered(Exception):
    """The call ends with this error code."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        """`errmsg` without the rid, which the app adds."""
        super().__init__(errmsg)
        self.errcode, self.errmsg = errcode, errmsg


@dataclass(slots=True)
class Code:
    """A login or phone code."""

    openid: str
    dies_at: float
    unionid: str | None = None
    session_key: str = ""
    phone: str = ""
    country_code: str = "86"


@dataclass(slots=True)
class Fault:
    """What the next `times` calls of a path get instead of an answer: an errcode, an HTTP status, or silence."""

    path: str
    times: int
    errcode: int = 0
    status: int = 200
    hang_s: float = 0.0


@dataclass(slots=True)
class Callback:
    """Where pushes go and in which form."""

    url: str
    token: str
    aes_key: str = ""
    format: str = "json"  # json | xml
    mode: str = "safe"  # plain | compatible | safe


@dataclass(slots=True)
class World:
    """One mini-program's side of WeChat."""

    appid: str
    secret: str
    clock_skew_s: float = 0.0
    login_codes: dict[str, Code] = field(default_factory=dict)
    phone_codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)  # token → dies at
    forced: list[float] = field(default_factory=list)  # when the token was renewed on demand
    pages: tuple[str, ...] = PAGES
    users: set[str] = field(default_factory=set)
    visits: dict[str, float] = field(default_factory=dict)
    credits: Counter[tuple[str, str]] = field(default_factory=Counter)  # (openid, template) → messages left
    banned: set[tuple[str, str]] = field(default_factory=set)
    templates: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(TEMPLATES))
    messages: list[dict[str, Any]] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=lambda: dict(LIMITS))
    calls: Counter[str] = field(default_factory=Counter)
    minute: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    day: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    faults: list[Fault] = field(default_factory=list)
    callback: Callback | None = None
    media_verdict: tuple[str, int] = ("pass", 100)
    media_delay_s: float = 0.2
    pushes: list[dict[str, Any]] = field(default_factory=list)  # what was pushed and what was answered

    def now(self) -> float:
        """The sandbox's time, Unix seconds; `/sandbox/clock` moves it."""
        return time.time() + self.clock_skew_s

    def count(self, path: str) -> None:
        """Counts a call and enforces the minute's quota (45009)."""
        self.calls[path] += 1
        minute = int(self.now() // MINUTE_S)
        self.minute[path][minute] += 1
        self.day[path][int(self.now() // DAY_S)] += 1
        if self.minute[path][minute] > self.limits.get(path, 1_000_000):
            raise Answered(45009, "reach max api minute quota limit")
        if self.day[path][int(self.now() // DAY_S)] > DAILY.get(path, 100_000_000):
            raise Answered(45009, "reach max api daily quota limit")

    def take_fault(self, path: str) -> Fault | None:
        """The fault planned for this call, used up once."""
        for fault in self.faults:
            if fault.path == path and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def take_code(self, codes: dict[str, Code], code: str) -> Code:
        """Uses a code up; 40029 when it is unknown, used or older than five minutes."""
        found = codes.pop(code, None)
        if found is None or found.dies_at < self.now():
            raise Answered(40029, "invalid code")
        return found

    def stable_token(self, *, force: bool) -> tuple[str, int]:
        """The same token until five minutes before its end; then a new one beside it."""
        now = self.now()
        alive = {text: end for text, end in self.tokens.items() if end > now}
        newest = max(alive.items(), key=lambda pair: pair[1], default=None)
        if newest and not force and newest[1] - now > TOKEN_OVERLAP_S:
            self.tokens = alive
            return newest[0], int(newest[1] - now)
        if force:
            self._force(now)
        token = secrets.token_urlsafe(96)
        self.tokens = ({} if force else alive) | {token: now + TOKEN_S}
        return token, TOKEN_S

    def _force(self, now: float) -> None:
        """20 renewals a day, 30 seconds apart."""
        self.forced = [at for at in self.forced if at > now - DAY_S]
        if self.forced and self.forced[-1] > now - FORCED_APART_S:
            raise Answered(45011, "api minute-quota reach limit")
        if len(self.forced) >= FORCED_PER_DAY:
            raise Answered(45009, "reach max api daily quota limit")
        self.forced.append(now)

    def check_token(self, token: str) -> None:
        """40001 for an unknown token, 42001 for an expired one."""
        if token not in self.tokens:
            raise Answered(40001, "invalid credential, access_token is invalid or not latest")
        if self.tokens[token] < self.now():
            raise Answered(42001, "access_token expired")
