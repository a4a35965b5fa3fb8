"""Results as small tables of HTML, for a notebook: no style rule and no colour but the page's, so light and dark are alike."""

from collections.abc import Iterable, Sequence
from functools import singledispatch
from typing import Any

from hybrid.base.uncertainty import with_uncertainty
from hybrid.bench import naming
from hybrid.bench.summary import questions
from hybrid.bench.table import BenchmarkTable
from hybrid.bench.units import duration, multiple, size
from hybrid.characterization.result import Characterization
from hybrid.characterization.result import Row as MeasuredRow
from hybrid.device.device import Device
from hybrid.figures.markup import Markup, tag
from hybrid.measure.sampling import Sample
from hybrid.rehearsal.rehearsal import DeviceVerdict, Rehearsal
from hybrid.review.error_budget import ErrorBudget
from hybrid.review.mitigation_ledger import Ledger
from hybrid.runs.repeat import Repetitions
from hybrid.runs.result import Result
from hybrid.runs.sweep import SweepResult
from hybrid.runs.verdict import RunVerdict

MOST_ROWS = 20
CELL = "text-align: left; padding: 0.15em 0.8em 0.15em 0; border-bottom: 1px solid rgba(128, 128, 128, 0.35)"
SMALL = "font-size: 85%; opacity: 0.75; max-width: 48em"
Row = Sequence[str]


@singledispatch
def html(shown: Any) -> str:
    """The HTML of a result; TypeError for what has none."""
    raise TypeError(f"{type(shown).__name__} has no table")


@html.register
def _result(one: Result) -> str:
    rows = [
        (one.quantity, _amount(one.value, one.stderr, one.unit)),
        ("exact", _number(one.exact, one.unit)),
        (one.baseline_name or "classical baseline", _number(one.baseline, one.unit)),
        ("evaluations", f"{one.nfev:,}"),
        ("shots", f"{one.shots:,}"),
        ("converged", "yes" if one.converged else f"no: stopped by its {one.reason}"),
        ("physics", one.physics),
        ("record", one.record),
    ]
    head = f"{one.algorithm} of {one.problem} on {one.device}"
    return _page(head, one.verdict.sentence, ("", ""), [row for row in rows if row[1]], one.caveat)


@html.register
def _run_verdict(one: RunVerdict) -> str:
    return _page("", one.sentence, (), [], "")


@html.register
def _repetitions(one: Repetitions) -> str:
    first, (low, high) = one.runs[0], one.quartiles
    unit = f" {first.unit}" if first.unit else ""
    sentence = f"{len(one.runs)} seeds: median {one.median:.6g}{unit}, quartiles {low:.6g} to {high:.6g}{unit}."
    rows = [(str(run.spec["seed"]), _amount(run.value, run.stderr, run.unit), run.id) for run in one.runs]
    head = f"{first.algorithm} of {first.problem} on {first.device}"
    return _page(head, sentence, ("seed", first.quantity, "run"), rows, first.caveat)


@html.register
def _sweep(one: SweepResult) -> str:
    spreads = one.spreads()
    names = list(spreads[0].point) if spreads else []
    sentence = ", ".join(f"{count} {state}" for state, count in one.counts.items() if count)
    columns = ("finished", "median", "quartiles") if any(spread.runs > 1 for spread in spreads) else ("finished", "value")
    rows = [
        (
            *(str(spread.point[name]) for name in names),
            f"{spread.finished} of {spread.runs}",
            _number(spread.median, spread.unit),
            "" if spread.low is None or spread.high is None else f"{spread.low:.6g} to {spread.high:.6g}",
        )[: len(names) + len(columns)]
        for spread in spreads
    ]
    caveats = "; ".join(dict.fromkeys(result.caveat for result in one.results))
    return _page(f"sweep of {len(one.runs)} runs", sentence, (*names, *columns), rows, caveats)


@html.register
def _ledger(one: Ledger) -> str:
    rows = [
        (
            one.label(row),
            with_uncertainty(*row.value, digits=6),
            with_uncertainty(*row.bias, digits=6),
            f"{row.stderr:.3g}",
            f"{one.rms_at_equal_time(row):.3g}",
            one.worth(row),
        )
        for row in one.rows
    ]
    unit = f" ({one.unit})" if one.unit else ""
    sentence = f"Smallest error in the same machine time: {one.label(one.best)}."
    names = ("method", *(f"{name}{unit}" for name in ("value", "bias", "standard error", "error in equal time")), "")
    return _page(f"{one.title} on {one.device}", sentence, names, rows, one.caveat)


@html.register
def _budget(one: ErrorBudget) -> str:
    rows = [(row.name, with_uncertainty(row.value, row.stderr, 6)) for row in one.contributions]
    unit = f" ({one.unit})" if one.unit else ""
    sentence = f"Largest part of the error: {one.largest.name}."
    return _page(f"{one.title} on {one.device}", sentence, ("contribution", f"{one.quantity}{unit}"), rows, one.caveat)


@html.register
def _rehearsal(one: Rehearsal) -> str:
    rows = [_verdict_row(verdict) for verdict in one.devices]
    return _page(f"rehearsal of {one.title}", one.sentence, ("device", "verdict", "binding", "value"), rows, one.caveat)


@html.register
def _device_verdict(one: DeviceVerdict) -> str:
    rows = [(row.name, {True: "met", False: "not met", None: "not judged"}[row.met], row.words) for row in one.criteria]
    return _page(f"{one.device}: {one.word}", one.sentence, ("criterion", "", ""), rows, "")


def _verdict_row(verdict: DeviceVerdict) -> Row:
    value = "" if verdict.value is None else with_uncertainty(verdict.value, verdict.stderr or 0.0, 6)
    return verdict.device, verdict.word, verdict.binding, value


@html.register
def _device(one: Device) -> str:
    qubits = "any number of" if one.n_qubits is None else str(one.n_qubits)
    times = (("T1", one.t1_s), ("T2*", one.t2_star_s), ("T2 echo", one.t2_echo_s))
    rows = [
        ("qubits", qubits),
        *((name, " to ".join(dict.fromkeys(map(duration, (min(values), max(values)))))) for name, values in times if values),
    ]
    rows += [(f"error of {gate.name}", _spread(gate.error.values(), "")) for gate in one.gates.values()]
    rows += [("P(1|0)", _spread(one.readout_p01, "")), ("P(0|1)", _spread(one.readout_p10, ""))] if one.readout_p01 else []
    return _page(one.label, one.title, ("", ""), rows, one.caveat)


@html.register
def _sample(one: Sample) -> str:
    rows = [(outcome, f"{n:,}", f"{n / one.shots:.3f}") for outcome, n in one.counts.items()]
    fidelity = "" if one.fidelity is None else f"fidelity {with_uncertainty(one.fidelity, one.fidelity_stderr or 0.0, 4)}"
    return _page(f"{one.shots:,} shots on {one.device}", fidelity, ("outcome", "counts", "share"), rows, one.caveat)


@html.register
def _benchmarks(one: BenchmarkTable) -> str:
    rows = []
    for group in questions(one.figures):
        fastest_s = group[0].typical_s if group[0].verified else None
        for figure in group:
            ranked_s = figure.typical_s if figure.verified else None
            asked = naming.workload(figure.cell), naming.backend(figure.cell)
            measured = duration(figure.typical_s), multiple(ranked_s / fastest_s) if ranked_s and fastest_s else figure.state
            rows.append((*asked, *measured, size(figure.memory_bytes), str(len(figure.seconds))))
    about = one.figures[0].environment
    names = ("workload", "backend", "per call", "time / fastest", "memory", "processes")
    sentence = "Medians over processes; only answers that were verified are compared with the fastest."
    machine = f"{about['cpu']}, {about['cores']} cores."
    return _page(f"{len(one.figures)} cells on {about['host']}", sentence, names, rows, machine)


@html.register
def _characterization(one: Characterization) -> str:
    agrees = "agree" if one.agrees else "do not agree"
    sentence = f"Measured and nominal values {agrees}: chi-squared {one.chi_squared:.0f} of {len(one.compared)} values."
    rows = [(row.experiment, "-".join(map(str, row.qubits)), *_measured(row)) for row in one.rows]
    return _page(f"{one.device}: a self-test", sentence, ("experiment", "qubits", "measured", "nominal"), rows, one.caveat)


def _measured(row: MeasuredRow) -> Row:
    """Measured and nominal value; times in microseconds."""
    scale, unit = (1e6, " us") if row.unit == "s" else (1.0, "")
    nominal = "" if row.nominal is None else f"{scale * row.nominal:.4g}{unit}"
    return with_uncertainty(scale * row.value, scale * (row.stderr or 0.0), 4) + unit, nominal


def _page(head: str, sentence: str, names: Row, rows: Sequence[Row], caveat: str) -> str:
    """Head, sentence, table and caveat; rows beyond the first 20 are counted."""
    parts = [tag("div", tag("b", head))] if head else []
    parts += [tag("div", sentence, style="max-width: 48em")] if sentence else []
    lines = [_line("th", names)] if any(names) else []
    lines += [_line("td", row) for row in rows[:MOST_ROWS]]
    parts += [tag("table", tag("tbody", *lines), style="border-collapse: collapse; margin: 0.4em 0")] if lines else []
    notes = [f"{len(rows) - MOST_ROWS} rows more."] if len(rows) > MOST_ROWS else []
    parts += [tag("div", note, style=SMALL) for note in (*notes, caveat) if note]
    return str(tag("div", *parts))


def _line(element: str, row: Row) -> Markup:
    return tag("tr", *(tag(element, cell, style=CELL) for cell in row))


def _amount(value: float, stderr: float, unit: str) -> str:
    return f"{with_uncertainty(value, stderr, 6)} {unit}".rstrip()


def _number(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.6g} {unit}".rstrip()


def _spread(values: Iterable[float] | None, unit: str) -> str:
    low, high = min(every := list(values or [0.0])), max(every)
    return f"{low:.3g} {unit}".rstrip() if low == high else f"{low:.3g} to {high:.3g} {unit}".rstrip()
