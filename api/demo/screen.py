"""What the person at the terminal sees: preparations, then each step of the story with its time and facts."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.demo.checks import Missed


class Screen:
    """Prints; remembers what was missed."""

    def __init__(self, console: Console | None = None, *, before_each: Callable[[], None] = lambda: None) -> None:
        """A terminal, or anything rich can write to; `before_each` line of progress may raise to end it all."""
        self._console = console or Console(highlight=False)
        self._before_each = before_each
        self._started = time.monotonic()
        self.missed: list[str] = []

    def preparing(self, what: str) -> None:
        """One line while servers start."""
        self._before_each()
        self._console.print(f"[dim]{self._clock()}  {what}[/dim]")

    @contextmanager
    def step(self, number: int, title: str) -> Iterator[list[str]]:
        """A step of the story; append its facts to the list. A `Missed` inside is shown and remembered."""
        self._before_each()
        facts: list[str] = []
        began = time.monotonic()
        wrong: Missed | None = None
        try:
            yield facts
        except Missed as missed:
            wrong = missed
            self.missed.append(f"{number}. {title}: {missed}")
        took = time.monotonic() - began
        mark, colour = ("✗", "red") if wrong else ("✓", "green")
        self._console.print(
            Text(f"{mark} {number:2}. {title}", style=f"bold {colour}"), f"[dim]({took:.2f} s)[/dim]", soft_wrap=True
        )
        for fact in [*facts, *([f"MISSED: {wrong}"] if wrong else [])]:
            self._console.print(Text(f"      {fact}", style="red" if fact.startswith("MISSED") else ""), soft_wrap=True)

    def addresses(self, rows: list[tuple[str, str]]) -> None:
        """Where to look next."""
        table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2))
        for what, where in rows:
            table.add_row(what, where)
        self._console.print()
        self._console.print(table)

    def say(self, text: str) -> None:
        """One plain line."""
        self._console.print(text)

    def _clock(self) -> str:
        return f"{time.monotonic() - self._started:6.2f} s"
