"""Progress of a sweep on stderr: one line, or with `--watch` on a terminal a table of what runs."""

import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, final

from hybrid.base.errors import printable
from hybrid.base.uncertainty import duration, with_uncertainty
from hybrid.cli.progress import Display, clock, live_console
from hybrid.runs.worklist import Event

MOST_SHOWN = 24
"""Runs in the table at once."""


@final
class SweepDisplay(AbstractContextManager["SweepDisplay"]):
    """Shows what workers tell of `total` runs; `counts` of finished and failed ones."""

    def __init__(self, total: int, *, quiet: bool, watch: bool, points: Sequence[Mapping[str, Any]] = ()) -> None:
        self._display = Display(sys.stderr, quiet=quiet)
        self._total, self._points = total, points
        self._running: dict[int, tuple[float, Event]] = {}
        self._live: Any = None
        self._watch = watch and not quiet
        self._shots, self._machine_s = 0, 0.0
        self._begun, self._busy = time.monotonic(), 0.0
        self.counts: Counter[str] = Counter()
        self.work = self._display.work

    def __enter__(self) -> "SweepDisplay":
        if self._watch and (console := live_console()) is not None:
            from rich.live import Live

            self._live = Live(console=console, get_renderable=self._picture, refresh_per_second=4, transient=True)
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
            since = self._running.get(event.number, (time.monotonic(), event))[0]
            self._running[event.number] = since, event
            if event.what == "begin":
                return
        else:
            since, _ = self._running.pop(event.number, (time.monotonic(), event))
            self._busy += time.monotonic() - since
            self._shots, self._machine_s = self._shots + event.shots, self._machine_s + event.machine_s
            self.counts[event.what] += 1
        if event.what == "failed":
            self.note(f"failed: {event.why}")
        if self._live is None:
            self._display.line(self._line())

    def _line(self) -> str:
        seconds = time.monotonic() - self._begun
        done = self.counts["finished"] + self.counts["failed"] + sum(event.fraction for _, event in self._running.values())
        left = f", about {clock(seconds * (self._total - done) / done)} left" if 0 < done < self._total else ""
        failed = f", {self.counts['failed']} failed" if self.counts["failed"] else ""
        waiting = self._total - self.counts["finished"] - self.counts["failed"] - len(self._running)
        counts = (
            f"{self.counts['finished']} of {self._total} runs finished{failed}, {len(self._running)} running, {waiting} waiting"
        )
        return f"{counts}  {clock(seconds)}{left}"

    def _picture(self) -> Any:
        """What runs, then what waits, what it costs and how long it will take."""
        from rich.console import Group

        return Group(self._table(), self._line(), self._cost())

    def _table(self) -> Any:
        from rich.table import Table
        from rich.text import Text

        now, running = time.monotonic(), list(self._running.items())
        table = Table(box=None, pad_edge=False)
        for head in ("run", "of its budget", "newest value", "since"):
            table.add_column(head)
        for index, (since, event) in running[:MOST_SHOWN]:
            point = self._points[index] if index < len(self._points) else {}
            name = " ".join(f"{key}={value}" for key, value in point.items()) or str(index)
            value = "" if event.value is None else with_uncertainty(event.value, event.stderr, 6)
            table.add_row(Text(printable(name)), f"{event.fraction:.0%}", value, clock(now - since))
        return table

    def _cost(self) -> str:
        """Of the runs that ended and those in progress: computing time, shots and machine time."""
        now, running = time.monotonic(), list(self._running.values())
        shots = self._shots + sum(event.shots for _, event in running)
        machine_s = self._machine_s + sum(event.machine_s for _, event in running)
        parts = [f"{clock(self._busy + sum(now - since for since, _ in running))} of computing by all processes"]
        parts += [f"{shots:,} shots"] if shots else []
        parts += [f"{duration(machine_s)} of machine time"] if machine_s else []
        return ", ".join(parts)
