"""Runs along an axis: their final values by median and quartiles over the seeds."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from hybrid import catalog
from hybrid.base.errors import UsageError, unknown
from hybrid.runs.options import flattened
from hybrid.runs.result import Result
from hybrid.runs.spec import FIRST_DEFAULTS, MEMBERS
from hybrid.runs.sweep import quartiles


class AxisCurve(NamedTuple):
    """Runs that are equal but for the axis and the seed: one median with its quartiles and the exact value at every `x`.

    `subject`: what all curves have in common, `vqe of h2 on meluxina-q`.
    """

    name: str
    subject: str
    quantity: str
    unit: str
    runs: int
    x: tuple[Any, ...]
    median: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    exact: tuple[float | None, ...]


class AxisPoint(NamedTuple):
    """A finished run: every input, and what it gave."""

    options: Mapping[str, Any]
    value: float
    exact: float | None
    quantity: str
    unit: str


def of_result(result: Result) -> AxisPoint:
    """From a run's result."""
    return AxisPoint(flattened(result.spec), result.value, result.exact, result.quantity, result.unit)


def of_row(row: Mapping[str, Any]) -> AxisPoint:
    """From a row of `hybrid.runs.results_index`."""
    options = {name: value for name, value in row.items() if name.partition(".")[0] in FIRST_DEFAULTS}
    return AxisPoint(options, row["value"], row["exact"], row["quantity"], row["unit"])


def curves(results: Sequence[AxisPoint], axis: str) -> list[AxisCurve]:
    """The curves of finished runs along an axis. UsageError: no such axis, nothing finished, quantities that differ."""
    if not results:
        raise UsageError("no finished run to draw.")
    flat = [_with_default(result.options, axis) for result in results]
    if not all(axis in one for one in flat):
        common = set.intersection(*({key for key, value in one.items() if value is not None} for one in flat))
        raise unknown("axis", axis, common)
    if len(kinds := {(result.quantity, result.unit) for result in results}) > 1:
        raise UsageError(f"the runs measure different things: {', '.join(sorted(' in '.join(kind) for kind in kinds))}.")
    apart = [key for key in dict.fromkeys(key for one in flat for key in one) if len({repr(one.get(key)) for one in flat}) > 1]
    apart = [key for key in apart if key not in (axis, "seed")]
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, one in enumerate(flat):
        groups.setdefault(tuple(f"{key}={one.get(key)}" for key in apart), []).append(place)
    subject = _subject(flat)
    named = [(", ".join(name) or "median", [(flat[i][axis], results[i]) for i in group]) for name, group in groups.items()]
    return [_curve(name, subject, pairs) for name, pairs in named]


def _subject(flat: Sequence[Mapping[str, Any]]) -> str:
    several = {"algorithm": "runs", "problem": "several problems", "device": "several devices"}
    found = {key: {one.get(key) for one in flat} for key in several}
    algorithm, problem, device = (one.pop() if len(one) == 1 else several[key] for key, one in found.items())
    return f"{algorithm} of {problem} on {device}"


def _with_default(options: Mapping[str, Any], axis: str) -> Mapping[str, Any]:
    """With the default of a member's option, where the member is written without it: `h2` is `h2:distance=0.735`."""
    role, dot, key = axis.partition(".")
    if axis in options or not dot or role not in MEMBERS or not options.get(role):
        return options
    try:
        defaults = catalog.parse(MEMBERS[role], options[role]).options
    except UsageError:  # a member that is not here any more
        return options
    return {**options, axis: defaults[key]} if key in defaults else options


def _curve(name: str, subject: str, pairs: list[tuple[Any, AxisPoint]]) -> AxisCurve:
    at: dict[Any, list[AxisPoint]] = {}
    for x, result in pairs:
        at.setdefault(x, []).append(result)
    ordered = sorted(at, key=lambda x: (isinstance(x, str), x))
    values = [[result.value for result in at[x]] for x in ordered]
    ends = [quartiles(one) for one in values]
    first = pairs[0][1]
    exact = tuple(at[x][0].exact for x in ordered)
    low, high = tuple(end[0] for end in ends), tuple(end[1] for end in ends)
    about = name, subject, first.quantity, first.unit, len(pairs)
    return AxisCurve(*about, tuple(ordered), tuple(map(median, values)), low, high, exact)
