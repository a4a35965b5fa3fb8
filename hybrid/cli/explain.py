"""`hybrid explain`: what each part of the noise contributes to a run's value, as a table."""

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.base.errors import UsageError
from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli import circuit_text, flags, sample
from hybrid.cli.budget_rows import NAME, NUMBER, bar, places_of, signed
from hybrid.cli.layout import COLUMNS, emit, table, wrapped
from hybrid.cli.page_flags import page
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

A circuit is explained too (hybrid explain ghz:n=5, or a file): what each part of the noise costs its fidelity on a device.
"""
LONG_S = 60.0
"""A computation that takes more seconds is announced."""


def explain_run_or_circuit(
    run: flags.RunOrCircuit,
    realizations: Annotated[
        int | None, typer.Option(help="Draws of detunings per value: 8 x a power of two. Default: 64.", metavar="N")
    ] = None,
    backend: flags.AnotherBackend = None,
    threads: flags.ThreadsAsRecorded = None,
    device: flags.DeviceOfCircuit = None,
    dd: Annotated[str | None, typer.Option("--dd", help="Of a circuit: dynamical decoupling.", metavar="SEQUENCE")] = None,
    bind: sample.Bind = [],  # noqa: B006  # typer makes a new list for every call
    measure_all: sample.MeasureAll = False,
    results: flags.Results = flags.RESULTS,
    plot: flags.Plot = None,
    quiet: flags.Quiet = False,
    as_json: flags.Json = False,
) -> None:
    """Compute, print, draw."""
    flags.check_least(realizations=realizations, threads=threads)
    if circuit_text.is_circuit(run):
        if plot is not None:
            raise UsageError("--plot draws the budget of a run; that of a circuit is printed, or --json.")
        chosen = {"device": device, "dd": dd, "backend": backend, "realizations": realizations, "threads": threads}
        circuit_text.explain_and_print(run, sample.bindings(bind), chosen, measure_all, as_json)
        return
    given = {"device": device, "dd": dd, "bind": bind, "measure-all": measure_all}
    if wrong := [name for name, value in given.items() if value]:
        raise UsageError(f"--{wrong[0]} goes with a circuit; a run is explained as it was recorded.")
    path = find(results, run)
    runs.read(path)  # a damaged record is refused before half a second of imports
    target = picture(plot, path.with_name(f"{path.stem}-explain.png"))
    with Display(sys.stderr, quiet=quiet) as display:
        display.work("compiling the circuits with each part of the noise left out")
        from hybrid.review.explain import explain

        budget = explain(path, realizations=realizations, backend=backend, threads=threads, watch=watcher(display))
    if target is not None:
        from hybrid.figures.error_budget import waterfall

        waterfall(budget, target, page())
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
    places = places_of(values)
    unit = f" ({budget.unit})" if budget.unit else ""
    lines = [f"{'part of the error' + unit:<{NAME}}{'contributes':>{NUMBER}}{'alone':>{NUMBER}}"]
    for row in rows:
        beside = signed(*row.alone, places) if row.alone else _sigmas(row)
        line = f"{row.name:<{NAME}}{signed(row.value, row.stderr, places):>{NUMBER}}{beside:>{NUMBER}}"
        lines.append(f"{line}  {bar(row.value, values, COLUMNS - NAME - 2 * NUMBER - 2)}".rstrip())
    if budget.exact is None:
        lines.append(f"{'optimiser':<{NAME}}{'not known':>{NUMBER}}")
    total = signed(budget.end.value - budget.origin, budget.end.stderr, places)
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


def _sigmas(row: Contribution) -> str:
    return "" if row.sigmas is None or row.name == INTERACTION else f"{abs(row.sigmas):.1f} sigma"


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
