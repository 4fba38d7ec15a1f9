"""The decoding process cannot reach anybody: no network around it, no sockets, no other programs."""

import os
import platform
import socket
import struct
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil
import pytest

from api import doctor
from domain.kernel.settings import Settings
from media.confinement import ALLOW, FORBIDDEN, KILL, REFUSE, Confinement, filter_program
from media.darkroom import REPORT_BYTES, Child
from tests.media.test_darkroom import file_of

FILTERS = sys.platform.startswith("linux") and platform.machine() in FORBIDDEN


def test_a_confined_process_opens_no_socket_and_starts_no_program():
    done = subprocess.run([sys.executable, "-m", "media.confinement"], capture_output=True, check=True)
    held = msgspec.json.decode(done.stdout, type=Confinement)

    assert held.memory_limited
    assert held.unprivileged
    assert (held.no_sockets, held.no_programs) == (FILTERS, FILTERS)
    if os.geteuid() == 0:
        assert held.own_network


@pytest.mark.skipif(not FILTERS, reason="this kernel or processor has no filter of ours")
def test_the_process_at_work_on_a_photo_is_filtered():
    child = Child()
    reader, writer = os.pipe()
    try:
        with os.fdopen(reader, "rb") as waiting, file_of(b"") as target:
            socket.send_fds(child.wire, [msgspec.msgpack.encode([])], [waiting.fileno(), target.fileno()])
            states = set()
            for _ in range(5_000):
                for process in psutil.Process(child.process.pid).children():
                    status = Path(f"/proc/{process.pid}/status").read_text()
                    states |= {line for line in status.splitlines() if line.startswith(("Seccomp:", "NoNewPrivs:"))}
                if "Seccomp:\t2" in states:
                    break
            os.close(writer)
            child.wire.recv(REPORT_BYTES)
    finally:
        child.stop()

    assert {"Seccomp:\t2", "NoNewPrivs:\t1"} <= states


def verdict(program: bytes, *, architecture: int, number: int) -> int:
    """What the kernel would answer: a packet filter, step by step."""
    steps = list(struct.iter_unpack("=HBBI", program))
    at, value = 0, 0
    while True:
        code, yes, no, operand = steps[at]
        at += 1
        if code == 0x06:
            return operand
        if code == 0x20:
            value = {0: number, 4: architecture}[operand]
        else:
            at += yes if (value == operand if code == 0x15 else value >= operand) else no


@pytest.mark.parametrize("machine", FORBIDDEN)
def test_the_filter_refuses_what_it_names_and_nothing_else(machine):
    architecture, calls = FORBIDDEN[machine]
    program = filter_program(architecture, calls)

    assert {verdict(program, architecture=architecture, number=number) for number in calls} == {REFUSE}
    others = set(range(600)) - set(calls)
    assert {verdict(program, architecture=architecture, number=number) for number in others} == {ALLOW}
    assert verdict(program, architecture=architecture, number=0x40000000 + calls[0]) == REFUSE
    assert verdict(program, architecture=0x40000003, number=others.pop()) == KILL


async def test_doctor_says_how_photos_are_decoded_here():
    finding = await doctor.decoding_finding(Settings())

    assert finding.mark in {"ok", "note"}
    assert ("offline" in finding.says) is (FILTERS or os.geteuid() == 0)
