"""A sweep: many runs that differ along axes, each with a record of its own; told by median and quartiles over the seeds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple, final

from hybrid import catalog
from hybrid.base.display import html_of, plot_of
from hybrid.base.errors import Interrupted, Stopped
from hybrid.runs.axes import Axis, Grid, grid
from hybrid.runs.result import Result
from hybrid.runs.worklist import STATES, Event, Executor, RunState, SweepWatcher, Worklist

DEFAULT_EXECUTOR = "local"


class SweptRun(NamedTuple):
    """One run: its value on every axis, its id, its state ("finished", "interrupted", "failed", "waiting"), and the result of
    a finished run or why it failed."""

    point: dict[str, Any]
    id: str
    state: str
    result: Result | None
    why: str


class SeedSpread(NamedTuple):
    """The final values of the runs that differ in nothing but the seed: median, quartiles (linearly interpolated), and the gap
    of the median; None before a run is finished, the gap also where no exact value is known."""

    point: dict[str, Any]
    runs: int
    finished: int
    median: float | None
    low: float | None
    high: float | None
    gap: float | None
    quantity: str
    unit: str


@final
@dataclass(frozen=True)
class SweepResult:
    """All runs of a sweep in order. `handed_over` says to whom, where an executor does them later."""

    axes: tuple[Axis, ...]
    runs: tuple[SweptRun, ...]
    handed_over: str = ""

    _repr_html_ = html_of
    plot = plot_of

    @property
    def counts(self) -> dict[str, int]:
        """How many runs are in each state."""
        return {state: sum(run.state == state for run in self.runs) for state in STATES}

    @property
    def results(self) -> list[Result]:
        """Of the finished runs."""
        return [run.result for run in self.runs if run.result is not None]

    @property
    def failed(self) -> list[SweptRun]:
        """Every run that failed."""
        return [run for run in self.runs if run.state == "failed"]

    def spreads(self) -> list[SeedSpread]:
        """One row for all seeds of a point."""
        together: dict[tuple[Any, ...], list[SweptRun]] = {}
        for run in self.runs:
            together.setdefault(tuple(value for name, value in run.point.items() if name != "seed"), []).append(run)
        return [_spread(runs) for runs in together.values()]

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return {
            "axes": {axis.name: list(axis.values) for axis in self.axes},
            "counts": self.counts,
            "handed_over": self.handed_over,
            "spreads": [spread._asdict() for spread in self.spreads()],
            "runs": [run._asdict() | {"result": run.result and run.result.to_json()} for run in self.runs],
        }


def _spread(runs: list[SweptRun]) -> SeedSpread:
    point = {name: value for name, value in runs[0].point.items() if name != "seed"}
    results = [run.result for run in runs if run.result is not None]
    if not results:
        return SeedSpread(point, len(runs), 0, None, None, None, None, "", "")
    first, values = results[0], [result.value for result in results]
    middle, (low, high) = median(values), quartiles(values)
    return SeedSpread(point, len(runs), len(results), middle, low, high, gap(first, middle), first.quantity, first.unit)


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """Lower and upper quartile, linearly interpolated; both are the value where there is one."""
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = quantiles(values, method="inclusive")
    return low, high


def gap(like: Result, value: float) -> float | None:
    """How far the value of a run like this one is from the exact value, where that is known."""
    if like.exact is None:
        return None
    return abs(value - like.exact) if like.maximize else value - like.exact


def sweep(
    *,
    zip: Iterable[Sequence[str]] = (),
    results: str | Path = "results",
    executor: str = DEFAULT_EXECUTOR,
    label: str | None = None,
    retry_failed: bool = False,
    watcher: SweepWatcher | None = None,
    options: Mapping[str, Any] | None = None,
    **fields: Any,
) -> SweepResult:
    """Run every combination of the values of the Spec's fields: `sweep(problem="h2:distance=0.4..2.6..0.2", seed=range(20))`.

    A value is one, a list, or a text with lists and ranges as on the command line; axes named together in `zip` go together.
    Finished runs are read, interrupted ones continued; one that fails does not stop the others, and is tried again with
    `retry_failed`. `options` go to `hybrid.run`. UsageError for fields that make no sweep; Stopped or Interrupted with
    everything saved.
    """
    made = grid({key: value for key, value in fields.items() if value is not None}, zip)
    return execute(made, results, executor, label=label, retry_failed=retry_failed, watcher=watcher, options=options)


def execute(
    made: Grid,
    results: str | Path,
    executor: str = DEFAULT_EXECUTOR,
    *,
    label: str | None = None,
    retry_failed: bool = False,
    watcher: SweepWatcher | None = None,
    options: Mapping[str, Any] | None = None,
) -> SweepResult:
    """Do the runs of a grid; see `sweep`."""
    run_there = catalog.load(catalog.parse("executors", executor))()
    given = dict(options or {}) | ({} if label is None else {"label": label})
    work = Worklist(specs=made.specs, results=Path(results), options=given)
    if retry_failed:
        work.forget_failures()
    handed_over, passing = do_left(work, run_there, watcher or SweepWatcher())
    return SweepResult(made.axes, swept(made, work, passing), handed_over)


def do_left(work: Worklist, executor: Executor, watcher: SweepWatcher) -> tuple[str, dict[str, str]]:
    """Do what is left of a list: to whom it was handed over, and by id the failures that are not kept in files.

    Stopped or Interrupted say how many runs are unfinished.
    """
    left, passing = work.left(), {}
    if not left.specs:
        return "", passing

    def event(one: Event) -> None:
        if one.what == "failed":
            passing[left.ids[one.number]] = one.why
        watcher.event(one)

    try:
        return executor.execute(left, watcher._replace(event=event)), passing
    except (Stopped, Interrupted) as error:
        unfinished = len(work.left().specs)
        raise type(error)(f"{error} {unfinished} of the runs are unfinished; the same command continues them.") from None


def swept(made: Grid, work: Worklist, passing: Mapping[str, str]) -> tuple[SweptRun, ...]:
    """What is known of every run; `passing` failures by the run's id."""
    runs = []
    for index, point in enumerate(made.points):
        state, name = work.state(index), work.ids[index]
        if name in passing and state.state not in ("finished", "failed"):
            state = RunState("failed", None, passing[name])
        runs.append(SweptRun(point, name, *state))
    return tuple(runs)
