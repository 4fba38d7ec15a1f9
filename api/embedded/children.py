"""Child processes that never outlive us: started with a parent-death signal, stopped in order, found again by pid file.

Start children from the main thread only: the parent-death signal fires when the spawning *thread* ends.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from api.embedded.identity import Identity, enter_user_namespace

PR_SET_PDEATHSIG = 1
POLL_S = 0.005
LOG_TAIL_CHARS = 1_500
KILL_AFTER_S = 15.0  # then SIGKILL: a server that hangs must not hang us
HAS_PARENT_DEATH_SIGNAL = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if HAS_PARENT_DEATH_SIGNAL else None


class ServiceFailed(Exception):
    """A child ended or was not ready in time; the message carries the end of its log."""


class Child:
    """A running server: its process, its log and the signal that stops it cleanly."""

    def __init__(self, *, name: str, process: subprocess.Popen[bytes], log: Path, stop_signal: int) -> None:
        """`log` receives stdout and stderr."""
        self.name, self.process, self.log, self.stop_signal = name, process, log, stop_signal

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def signal_stop(self) -> None:
        """Asks it to stop; `wait_stopped` waits."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                self.process.send_signal(self.stop_signal)

    def wait_stopped(self, *, timeout_s: float = KILL_AFTER_S) -> int:
        """Waits for the end, kills after `timeout_s`; returns the exit code."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def wait_ready(self, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Polls `ready`; raises `ServiceFailed` when the child ends first or time is up."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.alive():
                raise ServiceFailed(f"{self.name} ended with {self.process.returncode}: {self.last_words()}")
            if time.monotonic() > deadline:
                self.signal_stop()
                self.wait_stopped(timeout_s=2)
                raise ServiceFailed(f"{self.name} was not ready after {timeout_s:g} s: {self.last_words()}")
            time.sleep(POLL_S)

    def last_words(self) -> str:
        """The end of its log."""
        with contextlib.suppress(OSError):
            return self.log.read_text(errors="replace")[-LOG_TAIL_CHARS:].strip()
        return ""


def die_with_parent(stop_signal: int) -> None:
    """Asks the kernel to send `stop_signal` to this process when its parent thread ends (Linux)."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)


def _before_exec(identity: Identity, stop_signal: int) -> None:
    if identity.namespace:
        enter_user_namespace()
    die_with_parent(stop_signal)  # last: changing user clears it


def spawn(
    command: Sequence[str],
    *,
    name: str,
    log: Path,
    stop_signal: int = signal.SIGTERM,
    death_signal: int | None = None,
    identity: Identity | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Child:
    """Starts a child in its own session (Ctrl-C reaches only us), appending its output to `log`."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("start embedded servers from the main thread: they end with the thread that started them")
    who = identity or Identity()
    last_signal = death_signal or stop_signal
    with log.open("ab") as output:
        log.chmod(0o600)
        process = subprocess.Popen(  # noqa: S603 - commands are ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env) if env is not None else None,
            start_new_session=True,
            preexec_fn=lambda: _before_exec(who, last_signal),  # noqa: PLW1509 - only system calls after the fork
            **who.popen_arguments(),
        )
    if not HAS_PARENT_DEATH_SIGNAL:
        start_watchdog(process.pid, last_signal)
    return Child(name=name, process=process, log=log, stop_signal=stop_signal)


def start_watchdog(pid: int, stop_signal: int) -> subprocess.Popen[bytes]:
    """Where the kernel has no parent-death signal: a tiny process that signals `pid` when our pipe to it closes."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", str(Path(__file__).with_name("watchdog.py")), str(pid), str(int(stop_signal))],
        stdin=subprocess.PIPE,  # kept open by this Popen until we die
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def command_line(pid: int) -> str:
    """The command of a running process, or an empty text."""
    proc = Path(f"/proc/{pid}/cmdline")
    if HAS_PARENT_DEATH_SIGNAL:
        with contextlib.suppress(OSError):
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    ask = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(ask, capture_output=True, text=True, check=False).stdout  # noqa: S603


def end_previous(pid_file: Path, *, marker: str, stop_signal: int) -> None:
    """Ends what an earlier, killed supervisor left running on this folder (its command contains `marker`).

    A pid that now belongs to any other program is left alone.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    for attempt, chosen in enumerate((stop_signal, signal.SIGKILL)):
        deadline = time.monotonic() + (KILL_AFTER_S if attempt == 0 else 2)
        if marker in command_line(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, chosen)
        while marker in command_line(pid) and time.monotonic() < deadline:
            time.sleep(POLL_S)
    pid_file.unlink(missing_ok=True)
