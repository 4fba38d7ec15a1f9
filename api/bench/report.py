"""What a scenario found: rows of costs, ratios with their limits, and how they are shown and kept."""

import statistics
from collections.abc import Sequence
from typing import Literal

import msgspec
from rich.console import Console
from rich.table import Table


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of one operation; medians over the rounds."""

    name: str
    operations: int
    cpu_us: dict[str, float]  # per operation, by group (api, postgres, worker, …)
    p50_ms: float | None = None
    p95_ms: float | None = None
    per_second: float | None = None
    failures: int = 0

    @property
    def total_us(self) -> float:
        """Server time of one operation over all groups."""
        return sum(self.cpu_us.values())


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A number with the most (or least) it may be; without a limit it is only told."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    sense: Literal["at most", "at least"] = "at most"

    @property
    def kept(self) -> bool:
        """Whether the limit is kept."""
        if self.limit is None:
            return True
        return self.value <= self.limit if self.sense == "at most" else self.value >= self.limit


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one scenario."""

    scenario: str
    rows: list[Row] = []
    limits: list[Limit] = []
    notes: list[str] = []


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of all values lie; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def median_row(rows: Sequence[Row]) -> Row:
    """One row out of the rounds of the same operation: medians of everything."""
    groups = rows[0].cpu_us

    def middle(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None

    return Row(
        name=rows[0].name,
        operations=sum(row.operations for row in rows),
        cpu_us={name: statistics.median(row.cpu_us[name] for row in rows) for name in groups},
        p50_ms=middle([row.p50_ms for row in rows]),
        p95_ms=middle([row.p95_ms for row in rows]),
        per_second=middle([row.per_second for row in rows]),
        failures=sum(row.failures for row in rows),
    )


def show(report: Report, console: Console | None = None) -> None:
    """Prints the report."""
    out = console or Console(highlight=False)
    table = Table(title=f"bench {report.scenario}: server CPU per operation, µs", box=None, pad_edge=False)
    for title in ("operation", "n", "CPU by part", "total", "p50 ms", "p95 ms", "per s", "failed"):
        table.add_column(title, justify="left" if title in {"operation", "CPU by part"} else "right")
    for row in report.rows:
        parts = " + ".join(f"{name} {used:.0f}" for name, used in row.cpu_us.items())
        figures = ["" if v is None else f"{v:.2f}" for v in (row.p50_ms, row.p95_ms)]
        rate = "" if row.per_second is None else f"{row.per_second:.0f}"
        table.add_row(row.name, str(row.operations), parts, f"{row.total_us:.0f}", *figures, rate, str(row.failures))
    out.print(table)
    for limit in report.limits:
        bound = "" if limit.limit is None else f" ({limit.sense} {limit.limit:g})"
        mark = "" if limit.limit is None else ("[green]kept[/green]  " if limit.kept else "[red]missed[/red]  ")
        out.print(f"{mark}{limit.name}: [bold]{limit.value:.3g}[/bold] {limit.unit}{bound}")
    for note in report.notes:
        out.print(f"[dim]{note}[/dim]")
