"""`hybrid explain`: what every part of the noise contributes to a run's value, as a table."""

import json
import sys
import time
from collections.abc import Callable
from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.base.errors import UsageError
from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli import completion
from hybrid.cli.layout import COLUMNS, emit, table, wrapped
from hybrid.cli.pictures import need_matplotlib
from hybrid.cli.progress import LOG_SECONDS, clock
from hybrid.cli.report import WIDTH, physics, spaced
from hybrid.cli.runs import FOLDER, Debug, Id, Results
from hybrid.review.error_budget import INTERACTION, Contribution, ErrorBudget
from hybrid.runs import results_folder as runs
from hybrid.runs.reopen import find

if TYPE_CHECKING:
    from hybrid.review.explain import ExplainProgress

HELP = """Explain a run's value: an error budget at its last x.

The loss is computed for infinitely many shots, with all noise and with each part left out, at the same detunings. What the
parts contribute, their interaction, shot noise and optimiser add up to the distance of the reported value from the exact one.
An unfinished run is explained where it stands. RUN is 'latest', an id or its beginning, or a file.
"""
NAME, NUMBER = 24, 15
"""Columns of the table; the rest is for bars."""
DIGITS = 5
"""Of the largest contribution; all are shown to the same place."""
LONG_S = 60.0
"""A computation of more seconds is announced."""


def explain_run(
    run: Id,
    realizations: Annotated[
        int | None, typer.Option(help="Detunings behind every value: 8 x a power of two. Default: 64.", metavar="N")
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            help="Simulator. Default: the run's own.",
            metavar="NAME[:k=v,...]",
            autocompletion=completion.of_family("backends"),
        ),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the simulator. Default: as recorded.", metavar="N")] = None,
    results: Results = FOLDER,
    plot: Annotated[Path | None, typer.Option(help="Draw the budget as a waterfall (PNG or SVG).", metavar="FILE")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: Debug = False,
) -> None:
    """Compute, print, draw."""
    for name, given in (("realizations", realizations), ("threads", threads)):
        if given is not None and given < 1:
            raise UsageError(f"--{name} must be at least 1, not {given}.")
    path = find(results, run)
    runs.read(path)  # a damaged record is refused before half a second of imports
    if plot is not None:
        need_matplotlib()
        from hybrid.figures.style import check_target

        check_target(plot)
    from hybrid.review.explain import explain

    watch: Callable[[ExplainProgress], None] = (lambda progress: None) if quiet else _Watcher()
    found = explain(path, realizations=realizations, backend=backend, threads=threads, watch=watch)
    if plot is not None:
        from hybrid.figures.error_budget import waterfall

        waterfall(found, plot)
    emit(json.dumps(found.to_json()) if as_json else text(found))


class _Watcher:
    """Progress on stderr: on a terminal a line that goes away; elsewhere, when it takes long, a line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._clear = "\r\x1b[K" if self._terminal else ""
        self._announced, self._shown = False, 0.0

    def __call__(self, progress: "ExplainProgress") -> None:
        left = "" if progress.left_s is None else f", about {clock(progress.left_s)} left"
        line = f"{progress.done} of {progress.total} values  {clock(progress.seconds)}{left}"
        if not self._announced and (progress.left_s or 0.0) > LONG_S:
            self._announced = True
            print(f"{self._clear}{line}; fewer --realizations or another --backend may be faster", file=sys.stderr)
        elif self._terminal:
            shown = line if progress.done < progress.total else ""
            print(f"{self._clear}{shown}", end="", file=sys.stderr, flush=True)
        elif progress.done == 1:
            self._shown = time.monotonic()
        elif time.monotonic() - self._shown > LOG_SECONDS:
            self._shown = time.monotonic()
            print(line, file=sys.stderr)


def text(budget: ErrorBudget) -> str:
    """The report: values, contributions by size, the circuit's time, what to do."""
    head = [
        physics(budget.device, budget.physics, budget.simulator),
        wrapped(f"{spaced(budget.title)}; run {budget.id}, {budget.state}", indent=2),
        *(wrapped(f"note: {note}.", indent=2) for note in budget.notes),
    ]
    unit, chance = budget.unit, f"  {budget.shots:,} shots" if budget.shots else ""
    values = [
        (budget.quantity, f"{with_uncertainty(*budget.reported)} {unit}{chance}" if budget.reported else "not yet measured"),
        ("infinite shots", f"{with_uncertainty(*budget.infinite_shots, digits=6)} {unit}"),
        ("without noise", f"{budget.ideal:.6f} {unit}"),
        ("exact", "not known" if budget.exact is None else f"{budget.exact:.6f} {unit}"),
    ]
    on = [f"{name}={value}" for name, value in (("mitigate", budget.mitigate), ("dd", budget.dd)) if value != "none"]
    end = [
        ("switched on", ", ".join(on)),
        ("duration", _duration(budget)),
        ("largest", f"{budget.largest.name}; {budget.advice}"),
    ]
    body = f"{table(values, WIDTH)}\n\n{_rows(budget)}\n\n{table(end, WIDTH)}"
    return "\n".join(head) + f"\n\n{body}\n\n{wrapped(budget.caveat)}".rstrip()


def _rows(budget: ErrorBudget) -> str:
    """One line per contribution, their sum, and what the columns are."""
    rows = budget.contributions
    values = [row.value for row in rows]
    largest = max(map(abs, values)) or 1.0
    places = max(0, DIGITS - 1 - floor(log10(largest)))
    unit = f" ({budget.unit})" if budget.unit else ""
    lines = [f"{'part of the error' + unit:<{NAME}}{'contributes':>{NUMBER}}{'alone':>{NUMBER}}"]
    for row in rows:
        beside = _signed(*row.alone, places) if row.alone else _sigmas(row)
        line = f"{row.name:<{NAME}}{_signed(row.value, row.stderr, places):>{NUMBER}}{beside:>{NUMBER}}"
        lines.append(f"{line}  {_bar(row.value, values, COLUMNS - NAME - 2 * NUMBER - 2)}".rstrip())
    if budget.exact is None:
        lines.append(f"{'optimiser':<{NAME}}{'not known':>{NUMBER}}")
    total = _signed(budget.end.value - budget.origin, budget.end.stderr, places)
    a, b = "reported" if budget.reported else "infinite shots", "without noise" if budget.exact is None else "exact"
    lines.append(f"{'sum':<{NAME}}{total:>{NUMBER}}  = {a} - {b}")
    lines.append(
        wrapped("contributes: with all noise, less without this part. alone: with this part only, less without noise.")
    )
    if rows[0].name == INTERACTION:
        lines.append(wrapped("The interaction is the largest: parts hide one another, so none of them explains the error."))
    return "\n".join(lines)


def _signed(value: float, stderr: float, places: int) -> str:
    """`+0.0312(11)`; no more than so many places, and plain where the uncertainty is below them."""
    if stderr >= 5 * 10.0 ** -(places + 1):
        told = with_uncertainty(value, stderr)
        number, bracket, rest = told.partition("(")
        if len(number.partition(".")[2]) > places:
            number, rest = f"{value:.{places}f}", f"{max(1, round(stderr * 10**places))})"
        told = number + bracket + rest
    else:
        told = f"{value:.{places}f}"
    return told if told.startswith("-") else f"+{told}"


def _sigmas(row: Contribution) -> str:
    return "" if row.sigmas is None or row.name == INTERACTION else f"{abs(row.sigmas):.1f} sigma"


def _bar(value: float, values: list[float], room: int) -> str:
    """A bar of `#` from the zero that all rows share, to the left where negative."""
    low, high = min(0.0, *values), max(0.0, *values)
    cells = (room - 1) / ((high - low) or 1.0)
    zero, length = round(-low * cells), round(abs(value) * cells)
    bar = " " * zero + "|" + "#" * length if value >= 0 else " " * max(0, zero - length) + "#" * min(length, zero) + "|"
    return bar[:room]


def _duration(budget: ErrorBudget) -> str:
    timing = budget.timing
    share = timing.duration_s / timing.in_circuit_s[0]
    told = f"{timing.duration_s * 1e6:.2f} us, {share:.2g} of the shortest {timing.coherence} among its qubits\n"
    told += f"{timing.coherence} {_microseconds(timing.in_circuit_s)}"
    if timing.in_circuit_s != timing.isolated_s:
        told += f" in this circuit, {_microseconds(timing.isolated_s)} isolated"
    return told


def _microseconds(pair: tuple[float, float]) -> str:
    low, high = (f"{seconds * 1e6:.3g}" for seconds in pair)
    return f"{low} us" if low == high else f"{low} to {high} us"
