"""PostgreSQL's own benchmark as a floor: TPC-B-like transactions on the same server in the same run."""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path

from api.bench.bench import Bench
from api.bench.report import Row
from api.embedded.postgres import find_binaries

SCALE = 10  # 1,000,000 accounts
CLIENTS = 32


async def prepare(bench: Bench, *, scale: int = SCALE) -> None:
    """Makes pgbench's tables in the installation's database."""
    await _pgbench(bench, "-i", "-q", "-s", str(scale), "--foreign-keys")


async def tpcb(bench: Bench, *, clients: int = CLIENTS, seconds: float | None = None) -> Row:
    """One round of prepared TPC-B-like transactions; server CPU per transaction (the clients' own is not counted)."""

    async def work() -> int:
        said = await _pgbench(
            bench,
            "-M",
            "prepared",
            "-n",
            "-c",
            str(clients),
            "-j",
            "2",
            "-T",
            str(max(1, round(seconds or bench.seconds))),
        )
        found = re.search(r"transactions actually processed: (\d+)", said)
        return int(found[1]) if found else 0

    return await bench.counted("TPC-B", work, groups={"postgres": bench.groups["postgres"]})


async def _pgbench(bench: Bench, *arguments: str) -> str:
    program = str(find_binaries(bench.settings.pg_bin) / "pgbench")
    started = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        bench.settings.database_url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await started.communicate()
    if started.returncode != 0:
        raise RuntimeError(f"pgbench: {said.decode()[-500:]}")
    return said.decode()


async def script(
    bench: Bench, name: str, text: str, *, clients: int = CLIENTS, operations: int = 1, seconds: float | None = None
) -> Row:
    """One round of a prepared script of our own; `operations` is how many one run of it does."""
    folder = Path(tempfile.mkdtemp(prefix="pgbench-"))
    file = folder / "script.sql"
    file.write_text(text)

    async def work() -> int:
        length = str(max(1, round(seconds or bench.seconds)))
        run = ("-M", "prepared", "-n", "-c", str(clients), "-j", "2", "-T", length, "-f", str(file))
        said = await _pgbench(bench, *run)
        found = re.search(r"transactions actually processed: (\d+)", said)
        return int(found[1]) * operations if found else 0

    try:
        return await bench.counted(name, work, groups={"postgres": bench.groups["postgres"]})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
