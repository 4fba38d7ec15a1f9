"""Public data at its full size: imports, search, the register, every river's ten years, cached reads, evaluations."""

import csv
import io
import random
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from api.bench.bench import Bench
from api.bench.load import request_bytes
from api.bench.report import Limit, Report, Row, percentile
from domain.disclosure import import_runs, imports, reading, river_series
from domain.disclosure.catalogue import DATASETS
from domain.disclosure.reading import Question
from domain.disclosure.sheets import heading
from domain.disclosure.water import evaluate
from domain.enterprises import batch
from domain.enterprises.rating import Inputs, Mark
from domain.enterprises.rule_packs import load
from domain.kernel import clock, database
from domain.kernel.credit_code import check_character, organisation_check
from domain.kernel.ids import new_id
from domain.kernel.leases import Job

SUMMARY = "import of 100,000 penalties, 83,000 ratings, search, register, 1,845 rivers x 120 months, cached reads"
ROLES = ("api",)
PENALTIES, ENTERPRISES, RIVERS, MONTHS = 100_000, 83_000, 1_845, 120
QUERIES = 200
SEED = 20_261_122
WORDS = [
    "电镀",
    "印染",
    "化工",
    "食品",
    "废水",
    "废气",
    "噪声",
    "危废",
    "暗管",
    "超标",
    "未批先建",
    "自动监测",
    "雨水井",
    "粉尘",
]
COLUMNS = ("decision_number", "subject_kind", "party", "credit_code", "facts", "basis", "kind", "amount_yuan",
           "authority", "decided_on", "penalty_class")  # fmt: skip


async def run(bench: Bench) -> Report:
    """Fills the tables, then measures."""
    chance = random.Random(SEED)
    limits = [_evaluations()]
    limits.append(await _import(chance))
    limits.append(await _ratings())
    await _fill_register()
    await _fill_rivers()
    await database.execute("vacuum analyze")
    limits.append(await _slowest("search p95", lambda: _search(chance), limit_ms=20))
    limits.append(await _slowest("register page p95", lambda: _register(chance), limit_ms=20))
    limits.append(await _slowest("1,845 rivers x 120 months", _overview, limit_ms=100, times=5))
    rows = await _cached(bench)
    limits += [
        Limit(
            name=f"{row.name}: CPU against a trivial route", value=row.total_us / rows[0].total_us, unit="x", limit=2.0
        )
        for row in rows[1:]
    ]
    return Report(scenario="disclosure", rows=rows, limits=limits)


def _evaluations() -> Limit:
    values = {"ph": "6.758", "do": "7.326", "codmn": "7.7531", "nh3n": "1.325", "tp": "0.067", "tn": "0.6417"}
    began = time.process_time()
    for _ in range(20_000):
        evaluate(values, body="river")
    rate = 20_000 / (time.process_time() - began)
    return Limit(name="water evaluations", value=rate, unit="/s", limit=20_000, sense="at least")


def _code(number: int) -> str:
    body = f"91330106MA{number:06d}"
    first = body + organisation_check(body[8:])
    return first + check_character(first)


def _file(chance: random.Random) -> bytes:
    dataset, today = DATASETS["penalties"], clock.local_day(clock.utc_now())
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([heading(dataset.by_name[name]) for name in COLUMNS])
    for number in range(PENALTIES):
        what, day = "、".join(chance.sample(WORDS, 3)), today - timedelta(days=chance.randrange(300))
        value = chance.randrange(50, 900)
        facts = f"{day}检查发现该单位{what}，编号{number}的排放口浓度为{value}mg/L，超过排放标准。"
        number_text, party = f"清环罚〔{day.year}〕{number}号", f"清河{chance.choice(WORDS)}{number}有限公司"
        fixed = ("《中华人民共和国水污染防治法》第八十三条", "罚款", 10_000 + number, "清河区生态环境局", day, "一般")
        writer.writerow([number_text, "单位", party, _code(number), facts, *fixed])
    return out.getvalue().encode()


async def _import(chance: random.Random) -> Limit:
    """Dry run and commit together, as the worker does them."""
    content, now = _file(chance), clock.utc_now()
    began = time.monotonic()
    async with database.transaction():
        brought = await imports.bring(
            DATASETS["penalties"], content=content, file_name="bench.csv", source="bench", operator=uuid4(), now=now
        )
    await import_runs.check(Job(new_id(), imports.CHECK, "", {"import": str(brought.id)}, 1, now))
    async with database.transaction():
        await imports.commit(brought.id, operator=uuid4(), now=now)
    await import_runs.publish(Job(new_id(), imports.COMMIT, "", {"import": str(brought.id)}, 1, now))
    done = await imports.find(brought.id)
    assert (done.state, done.counts["new"] + done.counts["corrected"]) == ("committed", PENALTIES), done
    return Limit(name="import of 100,000 rows", value=time.monotonic() - began, unit="s", limit=30)


async def _ratings() -> Limit:
    pack, now = load("guangzhou-2015"), clock.utc_now()
    ids = [new_id() for _ in range(ENTERPRISES)]
    async with database.connection() as connection:
        await connection.copy_records_to_table(
            "enterprise",
            columns=("id", "credit_code", "name", "registered_at"),
            records=[(known, _code(n), f"企业{n}", now) for n, known in enumerate(ids)],
        )
    papers = [
        tuple(Mark(indicator=i.code, score=Decimal(score), document="表") for i in pack.indicators)
        for score in range(101)
    ]
    work = [(known, Inputs(credit_code=_code(n), year=2025, marks=papers[n % 101])) for n, known in enumerate(ids)]
    began = time.monotonic()
    await batch.rate_all(work, pack=pack, actor="bench", now=now)
    return Limit(name="83,000 ratings", value=time.monotonic() - began, unit="s", limit=60)


DISCLOSED = (
    "id, key, version, state, recorded_at, shown_from, sort_key, search_text, grams, public_json, content_hash, source,"
    " recorded_by"
)
SHARED = "1, 'public', now(), current_date"


async def _fill_register() -> None:
    await database.execute(
        f"insert into disclosed_enterprise_rating ({DISCLOSED}, credit_code, grade, year, town)"
        f" select gen_random_uuid(), credit_code, {SHARED}, (date '2026-01-01' + (n % 300)::int)::text,"
        " lower(name), '{}',"
        " json_build_object('credit_code', credit_code, 'name', name)::text, '', 'bench', 'bench', credit_code,"
        " (array['green','blue','yellow','red'])[1 + n % 4], 2025, '镇' || n % 20"
        " from (select *, row_number() over () as n from enterprise) e"
    )


async def _fill_rivers() -> None:
    for year in range(MONTHS // 12):
        await database.execute(
            f"insert into disclosed_river_water ({DISCLOSED}, section, river, month, water_class)"
            f" select gen_random_uuid(), 'S' || r || '|' || m, {SHARED}, m, '', '{{}}', '{{}}', '', 'bench', 'bench',"
            f" 'S' || r, 'R' || r, m, 1 + (r * 7) % 6 from generate_series(1, {RIVERS}) r,"
            " (select to_char(date '2016-11-01' + make_interval(years => $1, months => g), 'YYYY-MM') m"
            "  from generate_series(0, 11) g) months",
            year,
        )


async def _slowest(name: str, ask: Callable[[], Awaitable[object]], *, limit_ms: float, times: int = QUERIES) -> Limit:
    await ask()
    waits = []
    for _ in range(times):
        began = time.monotonic()
        await ask()
        waits.append((time.monotonic() - began) * 1000)
    return Limit(name=name, value=percentile(waits, 0.95), unit="ms", limit=limit_ms)


async def _search(chance: random.Random) -> None:
    question = Question(
        today=clock.local_day(clock.utc_now()), text=f"{chance.choice(WORDS)} {chance.randrange(10**5)}"
    )
    await reading.page(DATASETS["penalties"], question, limit=20, after=None)


async def _register(chance: random.Random) -> None:
    filters = {"grade": chance.choice(["blue", "yellow", "red"]), "town": f"镇{chance.randrange(20)}"}
    question = Question(today=clock.local_day(clock.utc_now()), filters=filters)
    await reading.page(DATASETS["enterprise-ratings"], question, limit=50, after=None)


async def _overview() -> None:
    classes = await river_series.classes_of_all(since="2016-11", until="2026-10")
    assert len(classes) >= RIVERS, len(classes)
    assert {len(months) for months in classes.values()} == {MONTHS}


async def _cached(bench: Bench) -> list[Row]:
    """A trivial route of the same server, then 200 and 304 of a cached list."""
    address = f"{bench.url}/v1/disclosure/penalties?limit=20"
    tag = (await bench.parts.http.get(address)).headers["etag"]
    return [
        await bench.under_load("trivial route", lambda _: request_bytes("GET", f"{bench.url}/health/live")),
        await bench.under_load("cached 200", lambda _: request_bytes("GET", address)),
        await bench.under_load("cached 304", lambda _: request_bytes("GET", address, headers={"If-None-Match": tag})),
    ]
