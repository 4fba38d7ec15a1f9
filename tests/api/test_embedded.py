"""The embedded servers: real, private, several at once, and gone when we are gone."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from redis.asyncio import Redis

from api.embedded import identity
from api.embedded.children import ServiceFailed, start_watchdog
from api.embedded.ports import Ports
from api.embedded.postgres import find_binaries
from api.embedded.signed_put import signed_put
from api.embedded.stack import Stack, StackBusy

ROOT = Path(__file__).parents[2]
HOLD = """
    import sys, time
    from api.embedded.stack import Stack
    with Stack(sys.argv[1], services=sys.argv[2].split(",")) as stack:
        print("up", flush=True)
        time.sleep(60)
"""


def servers_on(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in part for part in process.info["cmdline"] or []) and process.pid != os.getpid()
    ]


def hold(folder: Path, services: str) -> subprocess.Popen[str]:
    code = textwrap.dedent(HOLD)
    held = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), services], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert held.stdout is not None
    assert held.stdout.readline() == "up\n"
    return held


async def test_what_was_written_is_there_after_a_restart_at_the_same_addresses(tmp_path: Path):
    with Stack(tmp_path, services=("postgres", "valkey")) as first:
        addresses = first.database_url, first.redis_url
        db = await asyncpg.connect(first.database_url)
        await db.execute("create table kept as select 1 as one")
        await db.close()
    with Stack(tmp_path, services=("postgres", "valkey")) as second:
        db = await asyncpg.connect(second.database_url)
        one = await db.fetchval("select one from kept")
        await db.close()

        assert (second.database_url, second.redis_url) == addresses
    assert one == 1
    assert servers_on(tmp_path) == []


async def test_two_stacks_run_side_by_side(tmp_path: Path):
    with Stack(tmp_path / "a", services=("postgres",)) as a, Stack(tmp_path / "b", services=("postgres",)) as b:
        assert a.database_url != b.database_url


def test_a_folder_has_one_supervisor(tmp_path: Path):
    with Stack(tmp_path, services=("valkey",)), pytest.raises(StackBusy), Stack(tmp_path, services=("valkey",)):
        pass


def test_generated_passwords_are_ours_alone(tmp_path: Path):
    with Stack(tmp_path, services=("postgres", "valkey")):
        modes = {
            p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir() if p.suffix in {".password", ".conf"}
        }

    assert modes == {"postgres.password": 0o600, "valkey.password": 0o600, "valkey.conf": 0o600}


async def test_the_servers_refuse_strangers(tmp_path: Path):
    with Stack(tmp_path, services=("postgres", "valkey")) as stack:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(stack.database_url, password="guess")
        stranger = Redis.from_url(re.sub(r":[^:@]+@", ":guess@", stack.redis_url))
        with pytest.raises(Exception, match=r"(?i)wrongpass|invalid"):
            await stranger.ping()
        await stranger.aclose()


def test_the_object_store_takes_signed_requests_only(tmp_path: Path):
    with Stack(tmp_path, services=("s3",)) as stack:
        address = stack.s3
        signed = signed_put(address, path=f"/{address.bucket}/seen", body=b"x")
        forged = signed_put(address._replace(secret_key="guess"), path=f"/{address.bucket}/forged", body=b"x")
        ports = json.loads((tmp_path / "stack.json").read_text())["ports"]
        filer = httpx.get(f"http://127.0.0.1:{ports['s3.filer']}/buckets/{address.bucket}/seen", trust_env=False)
        anonymous = httpx.get(f"{address.url}/{address.bucket}/seen", trust_env=False)

    assert signed == 200
    assert forged == 403
    assert anonymous.status_code == 403
    assert filer.status_code in {401, 403, 404}


@pytest.mark.parametrize("services", ["postgres,valkey", "s3"])
def test_a_killed_supervisor_leaves_no_server_and_the_next_start_works(tmp_path: Path, services: str):
    held = hold(tmp_path, services)
    running = servers_on(tmp_path)
    held.kill()
    held.wait()
    _, alive = psutil.wait_procs(running, timeout=15)

    assert running
    assert [p for p in alive if p.pid != held.pid] == []
    with Stack(tmp_path, services=services.split(",")) as stack:
        assert stack.services == tuple(services.split(","))


async def test_a_server_killed_hard_comes_back_with_everything_it_had_confirmed(tmp_path: Path):
    with Stack(tmp_path, services=("postgres", "valkey")) as stack:
        db = await asyncpg.connect(stack.database_url)
        await db.execute("create table kept as select 1 as one")
        stack.child("postgres").process.kill()
        stack.revive("postgres")
        again = await asyncpg.connect(stack.database_url)
        one = await again.fetchval("select one from kept")
        await again.close()

    assert one == 1


def test_a_stale_pid_file_of_somebody_else_does_not_block_the_start_and_harms_nobody(tmp_path: Path):
    with Stack(tmp_path, services=("postgres",)):
        lines = (tmp_path / "postgres" / "postmaster.pid").read_text().splitlines()
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        (tmp_path / "postgres" / "postmaster.pid").write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
        with Stack(tmp_path, services=("postgres",)) as stack:
            assert stack.child("postgres").alive()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_taken_port_is_replaced_and_the_new_one_remembered(tmp_path: Path):
    with Stack(tmp_path / "a", services=("valkey",)) as taken:
        port = taken.ports.get("unused")  # a free one
        busy = int(taken.redis_url.rsplit(":", 1)[1].split("/")[0])
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "stack.json").write_text(json.dumps({"ports": {"valkey": busy}}))
        with Stack(tmp_path / "b", services=("valkey",)) as other:
            assert f":{busy}/" not in other.redis_url
            chosen = other.redis_url

    assert port != busy
    with Stack(tmp_path / "b", services=("valkey",)) as again:
        assert again.redis_url == chosen


def test_damaged_memory_of_ports_is_forgotten(tmp_path: Path):
    (tmp_path / "stack.json").write_text("{not json")

    assert Ports(tmp_path / "stack.json").get("postgres") > 0


def test_servers_are_not_started_from_a_thread_that_would_take_them_along(tmp_path: Path):
    caught: list[BaseException] = []

    def start() -> None:
        try:
            Stack(tmp_path, services=("valkey",)).__enter__()
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert "main thread" in str(caught[0])


def test_binaries_of_ones_own_are_used_and_a_wrong_folder_is_named():
    own = find_binaries()

    assert find_binaries(str(own)) == own
    with pytest.raises(ServiceFailed, match="GW_PG_BIN"):
        find_binaries("/nonexistent")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_becomes_nobody_where_nobody_can_go_and_a_namespace_elsewhere(tmp_path: Path):
    postgres = find_binaries() / "postgres"
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)

    assert identity.choose(program=postgres, folder=Path("/")).user == "nobody"
    assert identity.choose(program=postgres, folder=closed) == identity.Identity(namespace=True)
    with Stack(closed / "data", services=("postgres",)) as stack:
        assert stack.child("postgres").alive()


def test_an_ordinary_user_runs_everything_as_itself(tmp_path: Path):
    """A root test run becomes uid 1000 in a namespace; an ordinary one is what it is."""
    code = textwrap.dedent(HOLD).replace("time.sleep(60)", "print(__import__('os').geteuid())")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), "postgres,valkey"],
        cwd=ROOT,
        preexec_fn=identity.enter_user_namespace if os.geteuid() == 0 else None,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"up\n{os.geteuid() or 1000}\n"


def test_where_the_kernel_knows_no_parent_death_a_watchdog_does_it():
    guarded = subprocess.Popen(["sleep", "60"])
    watchdog = start_watchdog(guarded.pid, signal.SIGTERM)
    assert watchdog.stdin is not None
    watchdog.stdin.close()

    assert guarded.wait(10) == -signal.SIGTERM
    assert watchdog.wait(10) == 0
