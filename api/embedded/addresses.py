"""The addresses a process uses: the configured ones, else those of the embedded servers of the data folder.

So `green-whistle verify` in one terminal finds the servers that `green-whistle demo` runs in another.
"""

import msgspec

from api.embedded.passwords import read_password
from api.embedded.ports import LOOPBACK, Ports
from api.embedded.postgres import DATABASE, USER
from api.embedded.s3 import ACCESS_KEY
from api.embedded.stack import SERVICES, Stack
from domain.kernel.settings import Settings, data_dir


def missing(settings: Settings) -> tuple[str, ...]:
    """The services of `SERVICES` that have no configured address."""
    has = {"postgres": settings.database_url, "valkey": settings.redis_url, "s3": settings.s3_url}
    return tuple(name for name in SERVICES if not has[name])


def connected(settings: Settings, stack: Stack) -> Settings:
    """The settings with the addresses of a running stack filled in."""
    changes: dict[str, str] = {}
    if "postgres" in stack.services:
        changes["database_url"] = stack.database_url
    if "valkey" in stack.services:
        changes["redis_url"] = stack.redis_url
    if "s3" in stack.services:
        s3 = stack.s3
        changes |= {"s3_url": s3.url, "s3_access_key": s3.access_key, "s3_secret_key": s3.secret_key}
        changes["s3_bucket"] = s3.bucket
    return msgspec.structs.replace(settings, **changes)


def remembered(settings: Settings) -> Settings:
    """The settings with what the data folder remembers filled in; nothing is started and nothing is asked."""
    folder = data_dir(settings)
    known = Ports(folder / "stack.json").known
    changes: dict[str, str] = {}
    for name in missing(settings):
        port = known.get("s3.s3" if name == "s3" else name)
        secret = read_password(folder / f"{name}.password")
        if port is None or not secret:
            continue
        if name == "postgres":
            changes["database_url"] = f"postgresql://{USER}:{secret}@{LOOPBACK}:{port}/{DATABASE}"
        elif name == "valkey":
            changes["redis_url"] = f"redis://:{secret}@{LOOPBACK}:{port}/0"
        else:
            changes |= {"s3_url": f"http://{LOOPBACK}:{port}", "s3_access_key": ACCESS_KEY, "s3_secret_key": secret}
    return msgspec.structs.replace(settings, **changes)


def need(settings: Settings, *names: str) -> Settings:
    """Like `remembered`, but every named service must have an address; raises `ValueError` naming the setting."""
    found = remembered(settings)
    variables = {"postgres": "GW_DATABASE_URL", "valkey": "GW_REDIS_URL", "s3": "GW_S3_URL"}
    lacking = [variables[name] for name in missing(found) if name in names]
    if lacking:
        raise ValueError(f"set {' and '.join(lacking)}, or start `green-whistle demo` in GW_DATA_DIR first")
    return found
