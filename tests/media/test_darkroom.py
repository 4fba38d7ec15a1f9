"""The decoding processes: bounded, alone, replaced when they die, and never the caller's problem."""

import asyncio
import io
import os
import signal
import socket
import tempfile
from pathlib import Path

import msgspec
import psutil
import pytest

from media.answers import Box, Developed, Refused
from media.darkroom import REPORT_BYTES, Child, Darkroom
from media.limits import DECODE_ADDRESS_SPACE_BYTES, DECODE_ANSWER_BYTES_MAX, DECODE_CPU_S
from media.samples import sample_photo
from tests.builders import pictures
from tests.builders.media import a_photo


def file_of(data: bytes) -> io.BufferedRandom:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the caller
    file.write(data)
    file.flush()
    return file


@pytest.fixture(scope="module")
def child():
    made = Child()
    yield made
    made.stop()


def grandchildren(process: Child) -> list[psutil.Process]:
    return psutil.Process(process.process.pid).children(recursive=True)


def test_a_file_comes_back_developed_with_its_cost(child):
    with file_of(a_photo()) as file:
        answer, cost = child.exchange(file, [])

    assert isinstance(answer, Developed)
    assert cost.cpu_s > 0
    assert cost.peak_kib > 1024


def test_boxes_travel_along(child):
    with file_of(a_photo()) as file:
        answer, _ = child.exchange(file, [Box(left=0, top=0, width=1, height=1)])

    assert isinstance(answer, Developed)
    assert len(answer.large) < 20_000  # a black picture


def test_refusals_come_back_as_reasons(child):
    with file_of(b"nothing") as file:
        answer, _ = child.exchange(file, [])

    assert answer == Refused(code="photo-type-unsupported", note="neither JPEG, PNG, WebP nor HEIC")


def test_every_photo_gets_a_fresh_process_that_is_gone_afterwards(child):
    with file_of(a_photo()) as file:
        child.exchange(file, [])

    assert grandchildren(child) == []


def test_the_processes_hold_no_secret_and_no_network(child):
    environment = psutil.Process(child.process.pid).environ()

    assert set(environment) <= {"PYTHONPATH", "LC_ALL", "LC_CTYPE"}
    if os.geteuid() == 0:
        ours, theirs = (Path(f"/proc/{pid}/ns/net").readlink() for pid in ("self", child.process.pid))
        assert ours != theirs


def test_the_limits_are_hard(child):
    """Read from a process at work: it cannot raise them again."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as waiting, file_of(b"") as target:
        socket.send_fds(child.wire, [msgspec.msgpack.encode([])], [waiting.fileno(), target.fileno()])
        wanted = {
            "Max cpu time": DECODE_CPU_S,
            "Max address space": DECODE_ADDRESS_SPACE_BYTES,
            "Max file size": DECODE_ANSWER_BYTES_MAX,
        }
        for _ in range(5_000):
            found = {
                name: hard
                for process in grandchildren(child)
                for name, hard in hard_limits(process.pid)
                if name in wanted
            }
            if found == wanted:
                break
        os.close(writer)
        child.wire.recv(REPORT_BYTES)

    assert found == wanted


def hard_limits(pid: int) -> list[tuple[str, int]]:
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    rows = [(line[:26].strip(), line[47:68].strip()) for line in lines]
    return [(name, int(hard)) for name, hard in rows if hard.isdecimal()]


async def developing(darkroom: Darkroom, data: bytes):
    with file_of(data) as file:
        return (await darkroom.develop(file))[0]


async def a_grandchild(darkroom: Darkroom) -> psutil.Process:
    """The process at work on a photograph, as soon as there is one."""
    async with asyncio.timeout(20):
        while True:
            for child in list(darkroom._busy):
                for process in grandchildren(child):
                    return process
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("deadly", [signal.SIGKILL, signal.SIGSEGV, signal.SIGXCPU])
async def test_a_killed_decoder_costs_its_photo_and_nothing_else(deadly):
    heavy = pictures.png_of_zeros(7_000, 7_000, depth=8)
    async with Darkroom(rooms=1) as darkroom:
        await developing(darkroom, a_photo())
        work = asyncio.create_task(developing(darkroom, heavy))
        (await a_grandchild(darkroom)).send_signal(deadly)
        killed = await work
        after = await developing(darkroom, a_photo())

    assert isinstance(killed, Refused)
    assert killed.code == ("photo-unreadable" if deadly == signal.SIGSEGV else "photo-too-costly")
    assert isinstance(after, Developed)


async def test_a_dead_process_is_replaced():
    async with Darkroom(rooms=1) as darkroom:
        await developing(darkroom, a_photo())
        darkroom._idle[0].process.kill()
        darkroom._idle[0].process.wait()
        again = await developing(darkroom, a_photo())

    assert isinstance(again, Developed)


async def test_a_process_that_dies_at_work_refuses_its_photo_with_a_reason():
    async with Darkroom(rooms=1) as darkroom:
        await developing(darkroom, a_photo())
        work = asyncio.create_task(developing(darkroom, pictures.png_of_zeros(7_000, 7_000, depth=8)))
        await a_grandchild(darkroom)
        os.killpg(next(iter(darkroom._busy)).process.pid, signal.SIGKILL)
        stopped = await work

    assert isinstance(stopped, Refused)
    assert stopped.code == "photo-decoding-stopped"


async def test_more_photos_than_processes_wait_their_turn():
    data = [sample_photo("waste", seed=n, size=(400, 300)) for n in range(6)]
    async with Darkroom(rooms=2) as darkroom:
        answers = await asyncio.gather(*(developing(darkroom, one) for one in data))
        assert len(darkroom._idle) <= 2

    assert all(isinstance(answer, Developed) for answer in answers)
