"""The demonstration as a newcomer runs it: in any folder, beside another one, and gone when it is gone."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

STEPS = 10
START_S = 180


def demo(folder: Path, *options: str) -> subprocess.Popen[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GW_")} | {"COLUMNS": "200"}
    return subprocess.Popen(
        [sys.executable, "-m", "api.cli", "demo", *options],
        cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def until_it_serves(started: subprocess.Popen[str]) -> str:
    said, deadline = "", time.monotonic() + START_S
    assert started.stdout is not None
    for line in started.stdout:
        said += line
        if "serving until" in line:
            return said
        assert time.monotonic() < deadline, said
    raise AssertionError(said)


def family(started: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(started.pid).children(recursive=True)


def gone(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still live after a while; an empty list is what we want."""
    _, alive = psutil.wait_procs(processes, timeout=20)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def test_the_story_is_seen_step_by_step_in_any_folder(tmp_path: Path):
    played = demo(tmp_path, "--once")
    said, _ = played.communicate(timeout=START_S)

    assert played.returncode == 0, said
    assert len(re.findall(r"^✓ ", said, re.MULTILINE)) == STEPS, said
    assert "MISSED" not in said
    assert (tmp_path / ".data" / "stack.json").exists()


@pytest.mark.slow
def test_two_run_side_by_side_and_a_killed_one_leaves_nothing_and_starts_again(tmp_path: Path):
    first = demo(tmp_path)
    said = until_it_serves(first)
    beside = demo(tmp_path, "--once")
    said_beside, _ = beside.communicate(timeout=START_S)
    processes = family(first)
    first.kill()
    first.wait()

    assert beside.returncode == 0, said_beside
    assert "is used by another demonstration" in said_beside
    assert len(processes) > 8
    assert gone(processes) == [], said

    again = demo(tmp_path)
    until_it_serves(again)
    processes = family(again)
    again.send_signal(signal.SIGTERM)

    assert again.wait(60) == 0
    assert gone(processes) == []


@pytest.mark.slow
def test_control_c_during_the_start_leaves_nothing(tmp_path: Path):
    started = demo(tmp_path)
    assert started.stdout is not None
    for line in started.stdout:
        if "starting api" in line:
            break
    processes = family(started)
    started.send_signal(signal.SIGINT)
    started.communicate(timeout=60)

    assert processes
    assert gone(processes) == []
