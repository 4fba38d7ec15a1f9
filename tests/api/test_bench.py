"""The measuring tools measure: a busy child costs, a slow answer is late, a missed limit is told."""

import asyncio
import importlib
import inspect
import random
import subprocess
import sys

import pytest

from api.bench import meter
from api.bench.load import always, closed_loop, request_bytes
from api.bench.report import Limit, Row, median_row, percentile
from api.bench.scenarios.catalogue import SCENARIOS
from api.embedded.installation import ROLES
from api.prove.killer import VICTIMS, victims

BURN = "import time\nuntil = time.process_time() + 0.3\nwhile time.process_time() < until: pass\nprint('done', flush=True)\ninput()"


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_says_what_it_is_and_which_processes_it_needs(name: str):
    scenario = importlib.import_module(SCENARIOS[name])

    assert scenario.SUMMARY
    assert set(scenario.ROLES) <= set(ROLES)
    assert inspect.iscoroutinefunction(scenario.run)


def test_the_time_of_a_busy_process_is_counted_and_stays_counted_when_it_ends():
    nested = (
        f"import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {BURN!r}], stdin=-1, stdout=-1)\n"
    )
    nested += "child.stdout.readline()\nprint('busy', flush=True)\ninput()\nchild.communicate(b'x')\nprint('over', flush=True)\ninput()"
    parent = subprocess.Popen(
        [sys.executable, "-c", nested], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdout.readline()
    busy = meter.cpu_us(parent.pid)
    parent.stdin.write("\n")
    parent.stdout.readline()
    over = meter.cpu_us(parent.pid)
    memory = meter.memory_kib(parent.pid)
    parent.communicate("\n")

    assert busy >= 250_000
    assert over >= busy
    assert memory > 1_000


async def test_answers_are_counted_by_success_and_timed():
    answers = iter([b"200 OK"] * 3 + [b"503 No"] * 10_000)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1_000):
            writer.write(b"HTTP/1.1 " + next(answers) + b"\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    load = await closed_loop(url, always(request_bytes("GET", url)), connections=1, seconds=0.2)
    server.close()

    assert load.count == 3
    assert list(load.failures) == [503]
    assert all(latency > 0 for latency in load.latencies_ms)


def test_a_median_row_takes_the_middle_of_the_rounds():
    rows = [Row(name="x", operations=10, cpu_us={"api": us}, p50_ms=us / 10) for us in (100.0, 900.0, 300.0)]

    assert median_row(rows).cpu_us == {"api": 300.0}
    assert median_row(rows).p50_ms == 30.0
    assert median_row(rows).operations == 30
    assert percentile([], 0.95) == 0.0


def test_a_limit_knows_whether_it_is_kept():
    assert Limit(name="cost", value=2.0, unit="×", limit=3.0).kept
    assert not Limit(name="cost", value=4.0, unit="×", limit=3.0).kept
    assert not Limit(name="rate", value=900.0, unit="a second", limit=1_000.0, sense="at least").kept
    assert Limit(name="told only", value=4.0, unit="×").kept


def test_the_killer_spares_nobody_and_repeats_itself_for_a_seed():
    first, second = victims(random.Random(3)), victims(random.Random(3))
    bag = [next(first) for _ in range(len(VICTIMS) * 2)]

    assert sorted(bag[: len(VICTIMS)]) == sorted(VICTIMS)
    assert bag == [next(second) for _ in bag]
