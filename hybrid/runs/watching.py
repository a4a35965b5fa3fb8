"""What a run reports while it works, and the callbacks that take it."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from hybrid.base.errors import HybridError
from hybrid.base.types import Ansatz, Loss, Optimizer
from hybrid.base.uncertainty import with_uncertainty
from hybrid.runs.setup import Chosen

LINE = 60
"""Characters of a line of progress: what it wrote over is gone."""


class RunProgress(NamedTuple):
    """Reported at every answer; `fraction` is how much of the budget is spent, `shots` and `machine_s` what the run has taken
    so far: seconds by the site's bill, or else shots x shot cycle; None without a machine."""

    value: float
    stderr: float
    iteration: int
    nfev: int
    seconds: float
    fraction: float
    replayed: bool
    shots: int = 0
    machine_s: float | None = None


class Before(NamedTuple):
    """What is called before the work that is no answer: `leap` before the first loss is compiled, which may refuse it, and
    `work` with what is done next, or with nothing where answers follow."""

    leap: Callable[[Chosen, Loss, Ansatz, Optimizer | None], None] | None = None
    work: Callable[[str], None] = lambda text: None


class Watcher(NamedTuple):
    """`progress` is called at every answer; `interruption` returns the error to stop with, or None, between answers.

    `work` is called with what is done next where that is no measurement, and with nothing where measurements follow.
    """

    progress: Callable[[RunProgress], None] = lambda progress: None
    interruption: Callable[[], HybridError | None] = lambda: None
    note: Callable[[str], None] = lambda text: None
    work: Callable[[str], None] = lambda text: None


SILENT = Watcher()


def progress_line() -> Watcher:
    """One line that is written over at every per cent: an output of the cell in a notebook, else on stderr."""
    shown = [-1]
    write = _output_of_cell() if "ipykernel" in sys.modules else _written_over

    def show(progress: RunProgress) -> None:
        percent = int(100 * min(1.0, progress.fraction))
        if percent == shown[0]:
            return
        shown[0] = percent
        value = with_uncertainty(progress.value, progress.stderr, 6)
        write(f"{percent} %, {progress.nfev:,} evaluations: {value}", percent == 100)

    return Watcher(progress=show)


def _written_over(line: str, last: bool) -> None:
    print(f"\r{line:<{LINE}}", end="\n" if last else "", file=sys.stderr, flush=True)


def _output_of_cell() -> Callable[[str, bool], None]:
    """A stream keeps every line that was written over, in a notebook that is saved as HTML; a display is exchanged."""
    display = import_module("IPython.display").display
    shown: list[Any] = []

    def write(line: str, last: bool) -> None:
        if shown:
            shown[0].update({"text/plain": line}, raw=True)
        else:
            shown.append(display({"text/plain": line}, raw=True, display_id=True))

    return write
