"""The live view of one run on a terminal: what it does, its newest value, what it costs and how long it will take."""

import time
from contextlib import AbstractContextManager
from typing import Any, final

from hybrid.base.errors import printable
from hybrid.base.uncertainty import duration, with_uncertainty
from hybrid.cli.progress import clock

BAR_COLUMNS = 30


@final
class RunView(AbstractContextManager["RunView"]):
    """As `hybrid.cli.progress.Display`, for `hybrid run --watch`: a table that is redrawn in place and removed in the end."""

    def __init__(self, console: Any, title: str) -> None:
        self._console, self._title = console, title
        self._work, self._since, self._begun = "starting", time.monotonic(), time.monotonic()
        self._newest: Any = None
        self._replayed = 0
        self._live: Any = None

    def __enter__(self) -> "RunView":
        from rich.live import Live

        self._live = Live(console=self._console, get_renderable=self._table, refresh_per_second=4, transient=True)
        self._live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._live.__exit__(*error)

    def note(self, text: str) -> None:
        """One line that stays, above the table."""
        self._console.print(printable(text), markup=False, highlight=False)

    def work(self, text: str) -> None:
        """What is done from now on."""
        self._work, self._since = text or "measuring", time.monotonic()

    def show(self, progress: Any) -> None:
        """The newest answer."""
        self._replayed += progress.replayed
        self._newest = progress

    def _table(self) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        now, at = time.monotonic(), self._newest
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(style="bold")
        table.add_column()
        table.add_row("run", Text(printable(self._title)))
        table.add_row("now", Text(f"{printable(self._work)}  {clock(now - self._since)}"))
        left = ""
        if at is not None:
            done = min(at.fraction, 1.0)
            left = f", about {clock(at.seconds * (1 - done) / done)} left" if 0 < done < 1 else ""
            # the newest value, not the least of many: with noise that one is biased low
            table.add_row("newest value", f"{with_uncertainty(at.value, at.stderr, 6)}, in iteration {at.iteration}")
            table.add_row("of its budget", f"{done:.0%}")
            table.add_row("", ProgressBar(total=1.0, completed=done, width=BAR_COLUMNS))
            table.add_row("cost so far", _cost(at, self._replayed))
        table.add_row("time", f"{clock(now - self._begun)}{left}")
        return table


def _cost(at: Any, replayed: int) -> str:
    """Evaluations, shots and machine time of a run so far."""
    parts = [f"{at.nfev:,} evaluations"]
    parts += [f"{at.shots:,} shots"] if at.shots else []
    parts += [f"{duration(at.machine_s)} of machine time"] if at.machine_s else []
    parts += [f"{replayed:,} answers from the record"] if replayed else []
    return ", ".join(parts)
