"""What a decoding process gives up before it looks at a stranger's file, and what of that this system allows.

Limits and the loss of privileges work on every Unix; an empty network namespace and a filter of system calls on Linux,
where nothing around us (a container's own rules) forbids them. `python -m media.confinement` tries it out and says so.
"""

import contextlib
import ctypes
import errno
import os
import platform
import resource
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from media.limits import DECODE_ADDRESS_SPACE_BYTES, DECODE_ANSWER_BYTES_MAX, DECODE_CPU_S, DECODE_WALL_S

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
NOBODY = 65534
FILES_MAX = 64

# Per processor: its audit number, and the calls nobody needs to decode a picture (socket, socketpair, bind, listen,
# accept, connect, sendto, sendmsg, execve, execveat, ptrace, fork, vfork, io_uring_setup).
FORBIDDEN = {
    "x86_64": (0xC000003E, (41, 53, 49, 50, 43, 42, 44, 46, 59, 322, 101, 57, 58, 425)),
    "aarch64": (0xC00000B7, (198, 199, 200, 201, 202, 203, 206, 211, 221, 281, 117, 425)),
}
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of a classic packet filter
NUMBER_AT, ARCHITECTURE_AT = 0, 4  # in the kernel's seccomp_data
OTHER_ABI = 0x40000000  # numbers of the x32 calls begin here
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
INSTRUCTION = struct.Struct("=HBBI")


class Confinement(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a decoding process on this system."""

    own_network: bool  # a network namespace with nothing in it
    no_sockets: bool  # the filter refuses sockets
    no_programs: bool  # and starting other programs
    memory_limited: bool
    unprivileged: bool


def leave_network() -> None:
    """An empty network namespace, where the system allows it; privileges cannot come back after that."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def confine() -> None:
    """Hard limits for this process only; nothing below can raise them again."""
    signal.setitimer(signal.ITIMER_REAL, DECODE_WALL_S)  # SIGALRM kills
    for limit, value in (
        (resource.RLIMIT_CPU, DECODE_CPU_S),
        (resource.RLIMIT_AS, DECODE_ADDRESS_SPACE_BYTES),
        (resource.RLIMIT_FSIZE, DECODE_ANSWER_BYTES_MAX),
        (resource.RLIMIT_NOFILE, FILES_MAX),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(OSError, ValueError):  # macOS refuses some of them
            resource.setrlimit(limit, (value, value))
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
    _filter_calls()


def _filter_calls() -> None:
    """Refuses the forbidden calls with EPERM from now on; does nothing where the kernel knows no filters."""
    if not sys.platform.startswith("linux") or platform.machine() not in FORBIDDEN:
        return
    program = filter_program(*FORBIDDEN[platform.machine()])
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // INSTRUCTION.size, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0)


def filter_program(architecture: int, calls: tuple[int, ...]) -> bytes:
    """The kernel's filter: another architecture dies, the named calls are refused, everything else goes on."""
    steps = [(EQUAL, number, len(calls) - at, 0) for at, number in enumerate(calls)]
    program = [
        (LOAD, ARCHITECTURE_AT, 0, 0),
        (EQUAL, architecture, 1, 0),
        (RETURN, KILL, 0, 0),
        (LOAD, NUMBER_AT, 0, 0),
        (AT_LEAST, OTHER_ABI, len(calls) + 1, 0),
        *steps,
        (RETURN, ALLOW, 0, 0),
        (RETURN, REFUSE, 0, 0),
    ]
    return b"".join(INSTRUCTION.pack(code, yes, no, value) for code, value, yes, no in program)


def tried_out() -> Confinement:
    """Confines this process and looks what holds now."""
    outside = _network()
    leave_network()
    own_network = _network() != outside
    confine()
    memory = resource.getrlimit(resource.RLIMIT_AS)[1] == DECODE_ADDRESS_SPACE_BYTES
    return Confinement(
        own_network=own_network,
        no_sockets=_refused(lambda: socket.socket().close()),
        no_programs=_refused(lambda: subprocess.run([sys.executable, "-c", ""], check=False)),
        memory_limited=memory,
        unprivileged=os.geteuid() != 0,
    )


def _network() -> str:
    link = Path("/proc/self/ns/net")
    return str(link.readlink()) if link.is_symlink() else ""


def _refused(act: Callable[[], object]) -> bool:
    try:
        act()
    except PermissionError:
        return True
    return False


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(tried_out()))
