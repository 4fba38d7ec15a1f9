"""Every setting of the product, read once from `GW_…` environment variables.

A typo stops the start: an unknown `GW_` name is an error. Development defaults for secrets are refused
when `GW_ENV=production`. The README's table of settings is compared with this struct by a test.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

SECRET_BYTES_MIN = 32
DEVELOPMENT_SECRET = "development-only-secret-never-in-production-0123456789"  # noqa: S105 - refused in production
SECRET_NAMES = ("token_secret", "seal_keys", "lookup_secret", "case_platform_secrets", "wechat_secret", "ledger_secret")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field per `GW_` variable; the comment says the unit and what it decides."""

    env: Literal["development", "production"] = "development"
    data_dir: str = ".data"  # folder of the embedded servers and their generated passwords
    pg_bin: str = ""  # folder with `postgres` and `initdb` for the embedded PostgreSQL; empty: the installed package
    database_url: str = ""  # postgresql://…; empty: the embedded PostgreSQL
    redis_url: str = ""  # redis://…; empty: the embedded Valkey
    broker_url: str = ""  # Celery broker; empty: the same as redis_url
    s3_url: str = ""  # https://…; empty: the embedded S3
    s3_access_key: str = ""
    s3_secret_key: str = ""
    s3_region: str = "us-east-1"
    s3_bucket: str = "green-whistle"
    s3_public_url: str = ""  # how phones reach the object store for direct uploads; empty: s3_url
    photo_days: Annotated[int, msgspec.Meta(ge=30, le=36_500)] = 1_095  # a claimed photograph is kept so long
    public_url: str = "http://127.0.0.1:8000"  # how the outside reaches this API; used in links and token issuer
    database_pool_max: Annotated[int, msgspec.Meta(ge=1, le=200)] = 16  # connections per process
    trusted_proxies: str = ""  # comma-separated addresses whose X-Forwarded-For counts
    ops_networks: str = "127.0.0.0/8,::1"  # who may read /metrics; comma-separated networks
    operator_networks: str = "0.0.0.0/0,::/0"  # from where operators may sign in and work
    rate_limits: Literal["on", "off"] = "on"  # off only for measurements
    cors_origins: str = ""  # comma-separated origins of the H5 client; empty: none
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    token_secret: str = DEVELOPMENT_SECRET  # HMAC key of access tokens, >= 32 bytes
    seal_keys: str = f"dev1:{DEVELOPMENT_SECRET}"  # id:secret[,id:secret…]; the first seals, all open
    lookup_secret: str = DEVELOPMENT_SECRET  # key of the blind indexes (phone, openid, owner tag)
    case_platform_url: str = ""  # base address of the bureau's case platform
    case_platform_secrets: str = DEVELOPMENT_SECRET  # comma-separated; the first signs, all verify
    case_platform_driver: Literal["webhooks", "open311"] = "webhooks"  # our own contract, or GeoReport v2
    case_platform_api_key: str = ""  # of the Open311 driver
    wechat_url: str = "https://api.weixin.qq.com"
    wechat_appid: str = "wx0000000000000000"
    wechat_secret: str = DEVELOPMENT_SECRET
    wechat_push_token: str = ""  # message-push token; empty: push is refused
    wechat_push_aes_key: str = ""  # EncodingAESKey, 43 characters
    wechat_templates: str = ""  # topic=template_id:field,field;…; empty: no subscribe messages
    content_screening: Literal["none", "wechat"] = "none"  # who looks at texts and photographs first
    sms_provider: Literal["", "aliyun", "tencent"] = ""  # empty: no SMS is sent
    sms_url: str = ""  # another address of the provider, for the sandbox; empty: the provider's own
    sms_key_id: str = ""
    sms_key_secret: str = ""
    sms_sign: str = "绿哨"  # the approved signature in front of each SMS
    sms_app_id: str = ""  # SmsSdkAppId, Tencent only
    sms_templates: str = ""  # message=template[:template for other regions];… with login_code for codes
    sms_fen: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 5  # price of one segment, for the cost counter
    webhook_trusted: str = ""  # host:port,… of partners that may be private and plain http (a government intranet)
    chief_answer_days: str = "5"  # working days for a river chief's answer, or by level: village=3,township=5,…
    ledger_secret: str = DEVELOPMENT_SECRET  # signs the ledger's blocks and days, salts its rows; never change it
    activity_reminders: str = "24,2"  # hours before an activity at which those who signed up are reminded; empty: never
    leaderboard: bool = False  # whether the district shows an opt-in leaderboard
    grid_region: str = "national"  # whose power-grid factor counts: national, north, northeast, east, central, …
    areas_dir: str = ""  # folder with the district's polygons, CODE.json; empty: the fictitious district
    district: str = "qinghe"  # which folder of seed data and service area is served


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; raises `msgspec.ValidationError` or `ValueError` naming the variable."""
    source = os.environ if environ is None else environ
    ours = {name[3:].lower(): value for name, value in source.items() if name.startswith("GW_")}
    settings = msgspec.convert(ours, Settings, strict=False)
    if settings.env == "production":
        refuse_development_secrets(settings)
    return settings


def refuse_development_secrets(settings: Settings) -> None:
    """Raises `ValueError` with every secret that is missing, short or well known."""
    weak = [
        f"GW_{name.upper()}"
        for name in SECRET_NAMES
        if DEVELOPMENT_SECRET in (value := getattr(settings, name)) or len(value.encode()) < SECRET_BYTES_MIN
    ]
    if weak:
        raise ValueError(f"production needs its own secrets of at least {SECRET_BYTES_MIN} bytes: {', '.join(weak)}")


def data_dir(settings: Settings) -> Path:
    """The absolute data folder, created by whoever writes to it first."""
    return Path(settings.data_dir).expanduser().resolve()


_process: list[Settings] = []


def use(settings: Settings) -> None:
    """Makes these the process's settings; called once by the API, a worker child, a command or a test."""
    _process[:] = [settings]


def current() -> Settings:
    """The process's settings; read from the environment when nobody called `use`."""
    if not _process:
        use(load())
    return _process[0]
