"""The commands as an operator types them."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from api import cli, doctor
from api.embedded.stack import Stack
from domain.kernel.settings import Settings

ROOT = Path(__file__).parents[2]


def command(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GW_")} | environ
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        cwd=ROOT,
        env=ours,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def addresses(stack: Stack, database_url: str) -> dict[str, str]:
    return {"GW_DATABASE_URL": database_url, "GW_REDIS_URL": stack.redis_url}


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        cli.main([name, "--help"])

    assert left.value.code == 0
    assert cli.COMMANDS[name].summary.split()[0] in capsys.readouterr().out


def test_a_typo_in_a_setting_stops_the_command_and_is_named():
    done = command("doctor", GW_DATABSE_URL="x")

    assert done.returncode == cli.BROKEN
    assert "databse_url" in done.stderr


def test_without_any_address_the_missing_setting_is_named(tmp_path: Path):
    done = command("verify", GW_DATA_DIR=str(tmp_path))

    assert done.returncode == cli.BROKEN
    assert "GW_DATABASE_URL" in done.stderr


async def test_doctor_masks_secrets_and_says_what_is_reachable_and_migrated(
    stack: Stack, database_url: str, tmp_path: Path
):
    secret = "a-very-secret-text-of-more-than-32-bytes"
    told = command(
        "doctor", "--json", GW_TOKEN_SECRET=secret, GW_DATA_DIR=str(tmp_path), **addresses(stack, database_url)
    )
    found = {f.what: f for f in msgspec.json.decode(told.stdout, type=list[doctor.Finding])}

    assert secret not in told.stdout
    assert database_url.split(":")[2].split("@", maxsplit=1)[0] not in told.stdout
    assert found["PostgreSQL"].mark == "ok"
    assert found["migrations"].mark == "ok"
    assert found["Redis"].mark == "ok"
    assert found["object store"].mark == "wrong"
    assert told.returncode == 1


async def test_doctor_names_an_unmigrated_database(stack: Stack):
    finding = await doctor.migration_finding(Settings(database_url=stack.database_url))

    assert finding.mark == "wrong"
    assert "green-whistle migrate" in finding.says


async def test_doctor_outlives_servers_that_are_down():
    down = Settings(
        database_url="postgresql://a:b@127.0.0.1:1/x", redis_url="redis://127.0.0.1:1", wechat_url="http://127.0.0.1:1"
    )
    found = {finding.what: finding for finding in await doctor.examine(down)}

    assert found["PostgreSQL"].mark == found["Redis"].mark == "wrong"
    assert found["WeChat"].mark == "note"


async def test_verify_and_replay_answer_on_an_empty_installation(stack: Stack, database_url: str):
    verified = command("verify", **addresses(stack, database_url))
    listed = command("replay", **addresses(stack, database_url))
    unexplained = command("replay", "--go", **addresses(stack, database_url))

    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "audit chain" in verified.stdout
    assert "0 events and 0 calls are dead" in listed.stdout
    assert unexplained.returncode == 2


async def test_migrating_twice_changes_nothing(stack: Stack, database_url: str):
    again = command("migrate", **addresses(stack, database_url))

    assert (again.returncode, again.stdout) == (0, "nothing to apply\n")


def test_commands_find_the_embedded_servers_of_a_running_demonstration(tmp_path: Path):
    with Stack(tmp_path, services=("postgres", "valkey")) as running:
        migrated = command("migrate", GW_DATA_DIR=str(tmp_path))
        verified = command("verify", GW_DATA_DIR=str(tmp_path))

        assert running.database_url
    assert migrated.returncode == 0, migrated.stderr
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_importing_the_command_line_loads_no_heavy_library():
    code = "import sys, api.cli; print(sorted({'litestar', 'celery', 'aioboto3', 'piccolo'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
