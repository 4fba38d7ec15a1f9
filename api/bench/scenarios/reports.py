"""Reading among stored reports: the map box of 1 km and the status of one's own report, at 10,000 and at 1,000,000."""

import random
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from api.bench.bench import Bench
from api.bench.load import Prepare, request_bytes
from api.bench.report import Limit, Report, Row, median_row
from api.tokens import issue_access
from domain.kernel import database
from domain.reports.reporters import owner_tag
from domain.residents import accounts, sessions

SUMMARY = "GET the map box of 1 km and the status of a report, with 10,000 and 1,000,000 reports stored"
ROLES = ("api",)
FEW, MANY, CHUNK = 10_000, 1_000_000, 50_000
WEST, SOUTH = 119.2, 29.9
PER_DEGREE = 702_200  # reports per square degree: about 66 per square kilometre at this latitude
BOX_DEG = (0.0104, 0.0090)  # one kilometre
BOX_CPU_US_MAX, STATUS_CPU_US_MAX, FLAT_MAX = 1_000.0, 500.0, 1.3
FILL = """
with n as (select n, gen_random_uuid() as id, $3 + random() * $5 as lng, $4 + random() * $6 as lat,
    now() - random() * interval '60 days' as at,
    (array['water.outfall', 'dust.site', 'noise.social', 'air.straw'])[1 + n % 4] as category
  from generate_series($1::int, $2::int) n),
r as (insert into report (id, number, category, text, channel, identity, datum, sent_lng, sent_lat, lng, lat, town,
    cell, received_at, photos, no_photo_reason)
  select id, 'GW-' || n, category, '排口有黑水流出，气味刺鼻。', 'mini_program', 'confidential', 'wgs84', lng, lat,
    lng, lat, 'yunxi', n, at, 0, 'other' from n),
s as (insert into sealed_reporter (report, owner_tag, sealed, key_id) select id, $7, '\\x00', 'bench' from n),
t as (insert into report_timeline (report, at, kind, status, note_zh, note_en, detail)
  select id, at + k * interval '1 hour', (array['submitted', 'accepted', 'signed'])[k],
    (array['submitted', 'accepted', 'handling'])[k], '进展', 'Progress', '{}' from n, generate_series(1, 3) k)
insert into public_report (report, number, category, text, lng, lat, exact, cell, town, channel, photos, stage, closed,
  supporters, received_at, published_at, updated_at, category_name)
select id, 'GW-' || n, category, '排口有黑水流出，气味刺鼻。', lng, lat, true, n, 'yunxi', 'mini_program', 0,
  'signed', false, 0, at, at, at, '排口异常' from n
"""


async def run(bench: Bench) -> Report:
    """The same boxes and look-ups in a small and in a large store of the same density."""
    account, token = await _resident(bench)
    await _fill(bench, first=1, last=FEW, owner=account)
    few = await _measure(bench, "1 km box, 10,000 reports", await _boxes(bench, FEW))
    await _fill(bench, first=FEW + 1, last=MANY, owner=account)
    many = await _measure(bench, "1 km box, 1,000,000 reports", await _boxes(bench, MANY))
    status = await _measure(bench, "status, 1,000,000 reports", await _look_ups(bench, token))
    return Report(scenario="reports", rows=[few, many, status], limits=_limits(few, many, status))


def _limits(few: Row, many: Row, status: Row) -> list[Limit]:
    failed = float(few.failures + many.failures + status.failures)
    return [
        Limit(name="1 km box, all server CPU", value=many.total_us, unit="µs", limit=BOX_CPU_US_MAX),
        Limit(name="status, all server CPU", value=status.total_us, unit="µs", limit=STATUS_CPU_US_MAX),
        Limit(name="box at 1,000,000 ÷ at 10,000", value=many.total_us / few.total_us, unit="×", limit=FLAT_MAX),
        Limit(name="failed requests", value=failed, unit="", limit=0),
    ]


async def _resident(bench: Bench) -> tuple[UUID, str]:
    now = datetime.now(UTC)
    async with database.transaction():
        account = await accounts.account_for_openid("oBenchReports", now=now)
        session = await sessions.begin(account, now=now)
    return account, issue_access(bench.settings, kind="resident", subject=account, session=session.id, now=now)


def _extent(count: int) -> tuple[float, float]:
    """Sides in degrees of an area that holds `count` reports at the same density."""
    width = (count / PER_DEGREE * 1.8) ** 0.5
    return width, width / 1.8


async def _fill(bench: Bench, *, first: int, last: int, owner: UUID) -> None:
    """Rows first to last; the later ones lie around the area of the first `FEW`, not in it."""
    width, height = _extent(last)
    shift = 0.0 if first == 1 else _extent(FEW)[1]
    connection = await asyncpg.connect(bench.settings.database_url)
    try:
        # Made-up rows need no key checks and no durability; the rows measured later are read only.
        await connection.execute(FAST)
        for start in range(first, last + 1, CHUNK):
            stop = min(start + CHUNK - 1, last)
            await connection.execute(FILL, start, stop, WEST, SOUTH + shift, width, height, owner_tag(owner))
        for table in ("report", "public_report", "report_timeline", "sealed_reporter"):
            await connection.execute(f"vacuum analyze {table}")
    finally:
        await connection.close()


FAST = """
set session_replication_role = replica;
set synchronous_commit = off;
alter table public_report enable always trigger public_report_item
"""


async def _boxes(bench: Bench, count: int) -> Prepare:
    """Boxes of 1 km inside the filled area."""
    width, height = _extent(count)
    low = 0.0 if count == FEW else _extent(FEW)[1]
    chance = random.Random(count)

    def prepare(_: int) -> bytes:
        west = WEST + chance.random() * (width - BOX_DEG[0])
        south = SOUTH + low + chance.random() * (height - BOX_DEG[1])
        box = f"{west:.5f},{south:.5f},{west + BOX_DEG[0]:.5f},{south + BOX_DEG[1]:.5f}"
        return request_bytes("GET", f"{bench.url}/v1/public/reports?limit=100&bbox={box}")

    return prepare


async def _look_ups(bench: Bench, token: str) -> Prepare:
    rows = await database.fetch("select id from report tablesample system (1) limit 5000")
    ids, chance = [row["id"] for row in rows], random.Random(1)
    headers = {"Authorization": f"Bearer {token}"}
    return lambda _: request_bytes("GET", f"{bench.url}/v1/reports/{chance.choice(ids)}", headers=headers)


async def _measure(bench: Bench, name: str, prepare: Prepare) -> Row:
    await bench.warm_up(prepare)
    return median_row([await bench.under_load(name, prepare) for _ in range(bench.rounds)])
