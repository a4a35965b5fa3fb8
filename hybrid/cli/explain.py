"""`hybrid explain`: what each part of the noise contributes to a run's value, as a table."""

import json
import sys
from collections.abc import Callable
from math import floor, log10
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli import flags
from hybrid.cli.layout import COLUMNS, emit, table, wrapped
from hybrid.cli.pictures import picture
from hybrid.cli.progress import Display, clock
from hybrid.cli.report import WIDTH, physics, spaced
from hybrid.review.error_budget import INTERACTION, Contribution, ErrorBudget
from hybrid.runs import results_folder as runs
from hybrid.runs.reopen import find

if TYPE_CHECKING:
    from hybrid.review.explain import ExplainProgress

HELP = """Explain a run's value: an error budget at its last x.

The loss is computed for infinitely many shots, with all noise and with each part left out, at the same detunings. The
contributions of the parts, their interaction, shot noise and the optimiser add up to the distance of the reported value from
the exact one. An unfinished run is explained at the x it has reached.
"""
NAME, NUMBER = 24, 15
"""Columns of the table; the rest is for bars."""
DIGITS = 5
"""Digits of the largest contribution; all are shown to the same decimal place."""
LONG_S = 60.0
"""A computation that takes more seconds is announced."""


def explain_run(
    run: flags.RunName,
    realizations: Annotated[
        int | None, typer.Option(help="Draws of detunings per value: 8 x a power of two. Default: 64.", metavar="N")
    ] = None,
    backend: flags.AnotherBackend = None,
    threads: flags.ThreadsAsRecorded = None,
    results: flags.Results = flags.RESULTS,
    plot: flags.Plot = None,
    quiet: flags.Quiet = False,
    as_json: flags.Json = False,
) -> None:
    """Compute, print, draw."""
    flags.check_least(realizations=realizations, threads=threads)
    path = find(results, run)
    runs.read(path)  # a damaged record is refused before half a second of imports
    target = picture(plot, path.with_name(f"{path.stem}-explain.png"))
    with Display(sys.stderr, quiet=quiet) as display:
        display.work("compiling the circuits with each part of the noise left out")
        from hybrid.review.explain import explain

        budget = explain(path, realizations=realizations, backend=backend, threads=threads, watch=watcher(display))
    if target is not None:
        from hybrid.figures.error_budget import waterfall

        waterfall(budget, target)
        display.note(f"drawn: {target}")
    emit(json.dumps(budget.to_json()) if as_json else text(budget))


def watcher(display: Display) -> Callable[["ExplainProgress"], None]:
    """Shows every value's progress; a long computation is announced once, by a line that stays."""
    announced = False

    def watch(progress: "ExplainProgress") -> None:
        nonlocal announced
        left = "" if progress.left_s is None else f", about {clock(progress.left_s)} left"
        line = f"{progress.done} of {progress.total} values  {clock(progress.seconds)}{left}"
        if not announced and (progress.left_s or 0.0) > LONG_S:
            announced = True
            display.note(f"{line}; fewer --realizations or another --backend may be faster")
        display.line(line)

    return watch


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
        wrapped(
            "contributes: value with all noise minus value without this part. "
            "alone: value with this part only minus value without noise."
        )
    )
    if rows[0].name == INTERACTION:
        hint = "The interaction is the largest: the parts cancel or enhance each other, so no single one explains the error."
        lines.append(wrapped(hint))
    return "\n".join(lines)


def _signed(value: float, stderr: float, places: int) -> str:
    """`+0.0312(11)` with at most so many decimal places; without an uncertainty that is smaller than they show."""
    text = f"{value:.{places}f}"
    if stderr >= 5 * 10.0 ** -(places + 1):
        rounded = with_uncertainty(value, stderr)
        decimals = rounded.partition("(")[0].partition(".")[2]
        text = f"{text}({max(1, round(stderr * 10**places))})" if len(decimals) > places else rounded
    return text if text.startswith("-") else f"+{text}"


def _sigmas(row: Contribution) -> str:
    return "" if row.sigmas is None or row.name == INTERACTION else f"{abs(row.sigmas):.1f} sigma"


def _bar(value: float, values: list[float], room: int) -> str:
    """A bar of `#` from the zero that all rows share, to the left for a negative value."""
    low, high = min(0.0, *values), max(0.0, *values)
    cells = (room - 1) / ((high - low) or 1.0)
    zero, length = round(-low * cells), round(abs(value) * cells)
    bar = " " * zero + "|" + "#" * length if value >= 0 else " " * max(0, zero - length) + "#" * min(length, zero) + "|"
    return bar[:room]


def _duration(budget: ErrorBudget) -> str:
    timing = budget.timing
    share = timing.duration_s / timing.in_circuit_s[0]
    text = f"{timing.duration_s * 1e6:.2f} us, {share:.2g} of the shortest {timing.coherence} of its qubits\n"
    text += f"{timing.coherence} {_microseconds(timing.in_circuit_s)}"
    if timing.in_circuit_s != timing.isolated_s:
        text += f" in this circuit, {_microseconds(timing.isolated_s)} isolated"
    return text


def _microseconds(pair: tuple[float, float]) -> str:
    low, high = (f"{seconds * 1e6:.3g}" for seconds in pair)
    return f"{low} us" if low == high else f"{low} to {high} us"
