"""Public reads, fresh and unchanged, against a trivial route of the same server."""

import secrets

import httpx

from api.bench import meter
from api.bench.bench import Bench
from api.bench.load import always, request_bytes
from api.bench.report import Limit, Report, Row, median_row

SUMMARY = "disclosed lists as 200 and 304, published reports, the own report; server CPU against a trivial route"
ROLES = ("api", "floor")
CACHED_RATIO_MAX = 2.0
REPORT_STATUS_US_MAX = 500.0
MEMORY_MIB_MAX = 120.0


async def run(bench: Bench) -> Report:
    """Each read in turn with the trivial route, in rounds."""
    token = (await bench.residents(1))[0]
    base, floor = bench.url, bench.installation.url("floor")
    rivers = f"{base}/v1/disclosure/rivers"
    mine = f"{base}/v1/reports/{await _a_report(bench, token)}"
    tag = await _tag(rivers)
    asked = {
        "trivial route": (floor, request_bytes("GET", f"{floor}/nothing")),
        "rivers, 200": (base, request_bytes("GET", rivers)),
        "rivers, 304": (base, request_bytes("GET", rivers, headers={"If-None-Match": tag})),
        "published reports": (base, request_bytes("GET", f"{base}/v1/public/reports?limit=20")),
        "my report": (base, request_bytes("GET", mine, headers={"Authorization": f"Bearer {token}"})),
    }
    found: dict[str, list[Row]] = {name: [] for name in asked}
    for _ in range(bench.rounds):
        for name, (url, request) in asked.items():
            root = bench.installation.child("floor").pid if url == floor else bench.groups["api"]
            groups = {"api": root, "postgres": bench.groups["postgres"]}
            await bench.warm_up(always(request), url=url)
            found[name].append(await bench.under_load(name, always(request), url=url, groups=groups))
    rows = {name: median_row(of) for name, of in found.items()}
    return Report(scenario="reads", rows=list(rows.values()), limits=_limits(bench, rows))


async def _a_report(bench: Bench, token: str) -> str:
    draft = {
        "category": "water.outfall",
        "text": "排口有黑水流出。",
        "place": {"lng": 120.0261, "lat": 30.4412, "datum": "wgs84"},
        "no_photo_reason": "other",
    }
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": secrets.token_hex(8)}
    async with httpx.AsyncClient(base_url=bench.url, trust_env=False) as http:
        answer = await http.post("/v1/reports", json=draft, headers=headers)
    return str(answer.raise_for_status().json()["id"])


async def _tag(url: str) -> str:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(url)
    return str(answer.raise_for_status().headers["ETag"])


def _limits(bench: Bench, rows: dict[str, Row]) -> list[Limit]:
    floor = rows["trivial route"].total_us
    ratios = [
        Limit(name=f"{name} ÷ trivial route", value=rows[name].total_us / floor, unit="×", limit=CACHED_RATIO_MAX)
        for name in ("rivers, 200", "rivers, 304")
    ]
    return [
        *ratios,
        Limit(name="my report, server CPU", value=rows["my report"].total_us, unit="µs", limit=REPORT_STATUS_US_MAX),
        Limit(
            name="memory of the API",
            value=meter.memory_kib(bench.groups["api"]) / 1024,
            unit="MiB",
            limit=MEMORY_MIB_MAX,
        ),
        Limit(name="failed requests", value=float(sum(row.failures for row in rows.values())), unit="", limit=0),
    ]
