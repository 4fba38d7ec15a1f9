"""Officers, imports, exports and the served area, as whoever runs the installation sets them from the command line."""

import csv
import json
from pathlib import Path

import pytest

from api.embedded.stack import Stack
from domain.disclosure import import_runs, imports
from domain.kernel import clock, leases
from domain.kernel import database as kernel_database
from domain.kernel import settings as process_settings
from domain.kernel.geo import Point
from domain.kernel.settings import Settings
from domain.reports import service_area
from tests.api.test_cli import addresses, command
from tests.builders.disclosure import a_penalty, a_river, published

RIVERS = "河流编码,名称,级别\nR-9,示例河,县级\n"


def officer(stack: Stack, database_url: str):
    return command("officer", "wang", "--name", "王科长", **addresses(stack, database_url))


async def test_the_first_administrator_is_made_once_with_both_factors(stack: Stack, database_url: str, database: None):
    made, again = officer(stack, database_url), officer(stack, database_url)
    row = await kernel_database.fetch_row("select login, roles, status from operator")

    assert made.returncode == 0, made.stderr
    assert "otpauth://totp/" in made.stdout
    assert (row["login"], row["roles"], row["status"]) == ("wang", ["administrator"], "active")
    assert again.returncode == 1
    assert "登录名已被使用" in again.stderr


async def test_an_imported_file_waits_for_its_check_and_for_an_officer(
    stack: Stack, database_url: str, database: None, tmp_path: Path
):
    file = tmp_path / "rivers.csv"
    file.write_text(RIVERS)
    officer(stack, database_url)
    brought = command(
        "import", "rivers", str(file), "--officer", "wang", "--source", "河湖名录", "--wait", "0",
        **addresses(stack, database_url),
    )  # fmt: skip
    jobs = await leases.claim(await leases.offer(now=clock.utc_now()), now=clock.utc_now())
    for job in jobs:
        await import_runs.check(job)
    found = await imports.latest()

    assert "waiting" in brought.stdout, brought.stderr
    assert brought.returncode == 1
    assert [(one.state, one.rows, one.file_name, one.counts["new"]) for one in found] == [
        ("checked", 1, "rivers.csv", 1)
    ]


@pytest.mark.parametrize(("login", "name"), [("nobody", "rivers.csv"), ("wang", "missing.csv")])
async def test_an_import_by_nobody_or_of_nothing_is_refused(
    stack: Stack, database_url: str, tmp_path: Path, login: str, name: str
):
    (tmp_path / "rivers.csv").write_text(RIVERS)
    refused = command(
        "import", "rivers", str(tmp_path / name), "--officer", login, "--source", "x", **addresses(stack, database_url)
    )

    assert refused.returncode == 2
    assert login in refused.stderr or name in refused.stderr


async def test_exports_hold_what_is_public(stack: Stack, database_url: str, database: None, tmp_path: Path):
    await published("rivers", a_river())
    await published("penalties", a_penalty())
    shapes = command("export", "rivers", "--format", "geojson", **addresses(stack, database_url))
    table = command("export", "penalties", "--to", str(tmp_path / "p.csv"), **addresses(stack, database_url))
    before = command("export", "rivers", "--as-of", "2020-01-01", **addresses(stack, database_url))
    nowhere = command("export", "penalties", "--format", "geojson", **addresses(stack, database_url))

    assert [f["properties"]["name"] for f in json.loads(shapes.stdout)["features"]] == ["青河"]
    assert table.returncode == 0, table.stderr
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text("utf-8-sig").splitlines()))
    assert [row["决定书文号"] for row in rows] == ["青环罚〔2026〕13号"]
    assert len(before.stdout.splitlines()) == 1
    assert nowhere.returncode == 2


def test_a_bureau_serves_its_own_area(tmp_path: Path):
    ours = json.loads((service_area.AREAS / "qinghe.json").read_text()) | {"code": "330106", "name": "西湖区"}
    (tmp_path / "330106.json").write_text(json.dumps(ours))
    process_settings.use(Settings(areas_dir=str(tmp_path), district="330106"))
    town = service_area.town_of(Point(119.98, 30.45), area=service_area.district("330106"))
    named = service_area.district("330106").name
    process_settings.use(Settings())

    assert named == "西湖区"
    assert town.code in {one["code"] for one in ours["towns"]}
