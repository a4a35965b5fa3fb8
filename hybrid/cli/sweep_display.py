"""Progress of a sweep on stderr: one line, or with `--watch` a table of what runs."""

import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, final

from hybrid.base.errors import printable
from hybrid.cli.progress import Display, clock
from hybrid.runs.worklist import Event

MOST_SHOWN = 24
"""Runs in the table at once."""


@final
class SweepDisplay(AbstractContextManager["SweepDisplay"]):
    """Shows what workers tell of `total` runs; `counts` of finished and failed ones."""

    def __init__(self, total: int, *, quiet: bool, watch: bool, points: Sequence[Mapping[str, Any]] = ()) -> None:
        self._display = Display(sys.stderr, quiet=quiet)
        self._total, self._points = total, points
        self._running: dict[int, tuple[float, float]] = {}
        self._live: Any = None
        self._watch = watch and not quiet
        self._begun, self._busy = time.monotonic(), 0.0
        self.counts: Counter[str] = Counter()
        self.work = self._display.work

    def __enter__(self) -> "SweepDisplay":
        if self._watch:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), get_renderable=self._table, refresh_per_second=4)
            self._live.__enter__()
        else:
            self._display.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        if self._live is not None:
            self._live.__exit__(*error)
        else:
            self._display.__exit__(*error)

    def note(self, text: str) -> None:
        """One line that stays."""
        if self._live is None:
            self._display.note(text)
        else:
            self._live.console.print(printable(text), markup=False, highlight=False)

    def event(self, event: Event) -> None:
        """Take what a worker tells."""
        if event.what in ("begin", "progress"):
            since = self._running.get(event.number, (time.monotonic(), 0.0))[0]
            self._running[event.number] = since, event.fraction
            if event.what == "begin":
                return
        else:
            since, _ = self._running.pop(event.number, (time.monotonic(), 0.0))
            self._busy += time.monotonic() - since
            self.counts[event.what] += 1
        if event.what == "failed":
            self.note(f"failed: {event.why}")
        if self._live is None:
            self._display.line(self._line())

    def _line(self) -> str:
        seconds = time.monotonic() - self._begun
        done = self.counts["finished"] + self.counts["failed"] + sum(fraction for _, fraction in self._running.values())
        left = f", about {clock(seconds * (self._total - done) / done)} left" if done else ""
        failed = f", {self.counts['failed']} failed" if self.counts["failed"] else ""
        waiting = self._total - self.counts["finished"] - self.counts["failed"] - len(self._running)
        counts = (
            f"{self.counts['finished']} of {self._total} runs finished{failed}, {len(self._running)} running, {waiting} waiting"
        )
        return f"{counts}  {clock(seconds)}{left}"

    def _table(self) -> Any:
        from rich.table import Table

        now = time.monotonic()
        busy = self._busy + sum(now - since for since, _ in self._running.values())
        table = Table(caption=f"{self._line()}\n{clock(busy)} of computing by all processes", box=None, pad_edge=False)
        for head in ("run", "of its budget", "since"):
            table.add_column(head)
        for index, (since, fraction) in list(self._running.items())[:MOST_SHOWN]:
            point = self._points[index] if index < len(self._points) else {}
            name = " ".join(f"{key}={value}" for key, value in point.items()) or str(index)
            table.add_row(name, f"{fraction:.0%}", clock(now - since))
        return table
