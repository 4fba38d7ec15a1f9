"""What is configured, reachable and migrated: the questions of `green-whistle doctor`, answered one by one."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from typing import Literal

import asyncpg
import httpx
import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api import migrate
from domain.kernel.errors import TryLater
from domain.kernel.settings import DEVELOPMENT_SECRET, SECRET_NAMES, Settings
from media import bucket
from media.confinement import Confinement
from media.darkroom import ROOT

TIMEOUT_S = 10.0  # loading the object store's client alone takes a second
POSTGRES_MIN = 150_000  # server_version_num
SECRET_WORDS = ("secret", "keys", "key", "token", "password")
Mark = Literal["ok", "wrong", "note"]


class Finding(msgspec.Struct, frozen=True):
    """One answered question."""

    what: str
    mark: Mark
    says: str


def masked(name: str, value: object) -> str:
    """A setting as it may be shown: secrets by length only, addresses without their password."""
    text = str(value)
    if any(word in name.split("_") for word in SECRET_WORDS) or name in SECRET_NAMES:
        if DEVELOPMENT_SECRET in text:
            return "(development default)"
        return f"(set, {len(text)} characters)" if text else "(not set)"
    return re.sub(r"(://[^:/@]*):[^@]+@", r"\1:***@", text) or "(not set)"


def settings_findings(settings: Settings, *, embedded: tuple[str, ...]) -> list[Finding]:
    """Every setting that differs from its default, secrets masked, and which servers are embedded."""
    defaults = msgspec.structs.asdict(Settings())
    findings = [
        Finding(f"GW_{name.upper()}", "note", masked(name, value))
        for name, value in msgspec.structs.asdict(settings).items()
        if value != defaults[name] or name in SECRET_NAMES
    ]
    where = ", ".join(embedded) or "none"
    return [*findings, Finding("embedded servers", "note", f"{where} (data in {settings.data_dir})")]


async def database_finding(settings: Settings) -> Finding:
    """Whether PostgreSQL answers and is new enough."""
    connection = await asyncpg.connect(settings.database_url, timeout=TIMEOUT_S)
    try:
        version = int(await connection.fetchval("show server_version_num"))
        shown = await connection.fetchval("show server_version")
    finally:
        await connection.close()
    mark: Mark = "ok" if version >= POSTGRES_MIN else "wrong"
    return Finding("PostgreSQL", mark, f"{shown}{'' if mark == 'ok' else ' is too old: 15 or newer'}")


async def migration_finding(settings: Settings) -> Finding:
    """Whether the tables are this version's."""
    missing = await migrate.pending(settings)
    if missing:
        return Finding("migrations", "wrong", f"{len(missing)} not applied: run `green-whistle migrate`")
    return Finding("migrations", "ok", "up to date")


async def redis_finding(settings: Settings) -> Finding:
    """Whether Redis or Valkey answers."""
    client = Redis.from_url(settings.redis_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
    try:
        facts = await client.info("server")
    finally:
        await client.aclose()
    return Finding("Redis", "ok", f"{facts.get('server_name', 'redis')} {facts.get('redis_version')}")


BUCKET_SAYS: dict[bucket.State, tuple[Mark, str]] = {
    "private": ("ok", "bucket is there, ours, and closed to strangers"),
    "missing": ("wrong", "no such bucket: run `green-whistle migrate`"),
    "open": ("wrong", "everybody may read the bucket: make it private"),
}


async def objects_finding(settings: Settings) -> Finding:
    """Whether the bucket is there, takes our keys, and refuses strangers."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
            mark, says = BUCKET_SAYS[await bucket.state_of(settings, http=http)]
    except TryLater:
        return Finding("object store", "wrong", "unreachable, or it refuses GW_S3_ACCESS_KEY and GW_S3_SECRET_KEY")
    return Finding("object store", mark, f"{settings.s3_bucket}: {says}")


async def platform_finding(settings: Settings) -> Finding:
    """Whether the case platform's address answers."""
    if not settings.case_platform_url:
        return Finding("case platform", "note", "not configured: reports wait in the outbox")
    return await _answers("case platform", settings.case_platform_url)


async def wechat_finding(settings: Settings) -> Finding:
    """Whether WeChat's address answers."""
    return await _answers("WeChat", settings.wechat_url)


async def decoding_finding(settings: Settings) -> Finding:
    """What this system lets the process that decodes photographs give up."""
    trial = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media.confinement", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await trial.communicate()
    try:
        held = msgspec.json.decode(said, type=Confinement)
    except msgspec.MsgspecError:
        return Finding("photo decoding", "wrong", f"the trial ended with {trial.returncode}")
    lacks = [name.replace("_", " ") for name, holds in msgspec.structs.asdict(held).items() if not holds]
    offline = held.own_network or held.no_sockets
    says = "confined, offline" if offline else "confined, but this system leaves it the network"
    return Finding(
        "photo decoding", "note" if lacks else "ok", says + (f"; lacks: {', '.join(lacks)}" if lacks else "")
    )


async def _answers(what: str, url: str) -> Finding:
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
        answer = await http.get(url)
    return Finding(what, "ok", f"answers ({answer.status_code})")


Question = Callable[[Settings], Awaitable[Finding]]
QUESTIONS: dict[str, tuple[str, Question]] = {  # what: (the setting it needs, how to ask)
    "PostgreSQL": ("database_url", database_finding),
    "migrations": ("database_url", migration_finding),
    "Redis": ("redis_url", redis_finding),
    "object store": ("s3_url", objects_finding),
    "case platform": ("", platform_finding),
    "WeChat": ("wechat_url", wechat_finding),
    "photo decoding": ("", decoding_finding),
}
NOT_OURS = ("WeChat", "case platform")  # their being down is news, not a fault of this installation


async def examine(settings: Settings) -> list[Finding]:
    """Asks everything, each with a time-out; never raises for a part that is down."""
    return [await _ask(what, needs, ask, settings=settings) for what, (needs, ask) in QUESTIONS.items()]


async def _ask(what: str, needs: str, ask: Question, *, settings: Settings) -> Finding:
    if needs and not getattr(settings, needs):
        return Finding(what, "wrong", f"no address: set GW_{needs.upper()} or start `green-whistle demo`")
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await ask(settings)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError, httpx.HTTPError) as error:
        return Finding(what, "note" if what in NOT_OURS else "wrong", f"unreachable: {type(error).__name__}: {error}")
