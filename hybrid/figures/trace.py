"""The values of a recorded run in order, and the words by which a picture of several runs distinguishes them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, final

from hybrid.base.errors import UsageError, shortened
from hybrid.base.uncertainty import shots_text, with_uncertainty
from hybrid.runs import results_folder
from hybrid.runs.history import MEASURED, of_run
from hybrid.runs.spec import Spec

MOST_NAME = 120
"""Characters of a run's name in a legend, where so many tell the runs apart."""


@final
@dataclass
class Trace:
    """What a record holds of its loop: one entry per recorded value, counted in evaluations."""

    name: str
    start: dict[str, Any]
    about: dict[str, Any]
    stop: dict[str, Any] = field(default_factory=dict)
    at: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    stderr: list[float] = field(default_factory=list)
    on_path: bool = False
    """Whether the values were taken at the optimiser's own x, as those that come with gradients are."""
    n_answers: int = 0
    distance: bool = False
    """Whether the values are distances from the exact one."""

    @property
    def report(self) -> dict[str, Any]:
        """What the stop line reports; empty while the run is unfinished."""
        return self.stop.get("report", {})

    @property
    def measures(self) -> str:
        """What the values are, with their unit."""
        quantity, unit = self.about["quantity"], self.about["unit"]
        quantity = f"|{quantity} \N{MINUS SIGN} exact|" if self.distance else quantity
        return f"{quantity} ({unit})" if unit else quantity

    @property
    def final_text(self) -> str:
        """The final value with its standard error: `−1.034(26)`."""
        solution = self.stop["solution"]
        return with_uncertainty(solution["value"], solution["stderr"], 6).replace("-", "\N{MINUS SIGN}")


def read_trace(path: Path) -> Trace:
    """The values of a record in the order in which they were measured; RecordError: a damaged record."""
    run = results_folder.read(path)
    history = of_run(run)
    n_answers = sum(answer["question"] in MEASURED for answer in run.answers)
    measured = history["evaluation"], history["value"], history["stderr"], any(history["on_path"])
    return Trace(path.stem, run.start, run.about, run.stop or {}, *measured, n_answers)


def from_exact(trace: Trace) -> Trace:
    """The run with every value replaced by its distance from the exact one.

    A distance of zero (at most a standard error, or the last digit) cannot stand on a logarithmic axis: it is drawn at the
    spacing of floating-point numbers. UsageError: the run is unfinished, or the exact value is not known.
    """
    exact = trace.report.get("exact")
    if exact is None:
        why = "its problem has no exact value" if trace.stop else "it is not finished"
        raise UsageError(f"{trace.name}: there is no distance from the exact value, {why}.")
    solution, report = trace.stop["solution"], trace.report
    least = abs(exact) * 2.0**-52 or 2.0**-52
    baseline = report["baseline"]
    return replace(
        trace,
        distance=True,
        value=[max(abs(value - exact), least) for value in trace.value],
        stop=trace.stop
        | {
            "solution": solution | {"value": max(abs(solution["value"] - exact), least)},
            "report": report | {"exact": None, "baseline": None if baseline is None else max(abs(baseline - exact), least)},
        },
    )


def titles(traces: Sequence[Trace]) -> tuple[str, str]:
    """What was run, and how: the inputs that all share."""
    inputs = [trace.start["resolved"] for trace in traces]
    shared = {key: value for key, value in inputs[0].items() if all(one[key] == value for one in inputs)}
    algorithm = _name(shared["algorithm"]) if "algorithm" in shared else "runs"
    problem = _problem(shared["problem"]) if "problem" in shared else "several problems"
    how = [f"{len(traces)} runs"] if len(traces) > 1 else []
    how += [_name(shared[key]) for key in ("ansatz", "optimizer") if key in shared]
    how += [shots_text(shared["shots"])] if "shots" in shared else []
    how += [f"seed {shared['seed']}"] if "seed" in shared else []
    return f"{algorithm} of {problem} on {shared.get('device', 'several devices')}", ", ".join(how)


def differing(traces: Sequence[Trace]) -> list[str]:
    """A name for every run, from the fields and the members' options that differ between the runs."""
    inputs = [trace.start["resolved"] for trace in traces]
    keys = [field.name for field in fields(Spec) if any(one[field.name] != inputs[0][field.name] for one in inputs)]
    without_budgets = _names(inputs, [key for key in keys if not key.startswith("max_")])
    names = without_budgets if len(set(without_budgets)) == len(traces) else _names(inputs, keys)
    names = [
        name if name and names.count(name) == 1 else f"{name} {t.name}".strip() for name, t in zip(names, traces, strict=True)
    ]
    return told_apart(names)


def told_apart(names: Sequence[str]) -> list[str]:
    """Names in printable lines, long ones cut in their middle, but not where that would hide how they differ."""
    cut = [_cut(name) for name in names]
    return cut if len(set(cut)) == len(set(names)) else [shortened(name, max(map(len, names))) for name in names]


def _cut(name: str) -> str:
    line = shortened(name, 6 * len(name) + 3)
    half = (MOST_NAME - 3) // 2
    return line if len(line) <= MOST_NAME else f"{line[:half]}...{line[-half:]}"


def _names(inputs: list[dict[str, Any]], keys: list[str]) -> list[str]:
    return [
        ", ".join(filter(None, (_label(key, one[key], [other[key] for other in inputs]) for key in keys))) for one in inputs
    ]


def _label(key: str, value: Any, all_values: list[Any]) -> str:
    """One field of a run in words: a member's name, or of equal members the options that differ."""
    if key == "shots":
        return shots_text(value)
    if key == "initial_point":
        return "" if value is None else "other start"
    if not isinstance(value, str) or not all(isinstance(other, str) for other in all_values):
        return "" if value is None else f"{key} {value}"
    if len({_name(other) for other in all_values}) > 1:
        return _name(value)
    options = [set(other.partition(":")[2].split(",")) for other in all_values]
    return ", ".join(option for option in value.partition(":")[2].split(",") if any(option not in other for other in options))


def _name(member: str) -> str:
    return member.partition(":")[0]


def _problem(text: str) -> str:
    """The problem without the options that were not given."""
    name, _, options = text.partition(":")
    given = [option for option in options.split(",") if option and not option.endswith("=None")]
    return f"{name} ({', '.join(given)})" if given else name
