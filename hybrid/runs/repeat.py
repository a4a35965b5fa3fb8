"""One Spec with many seeds: a sweep along the seed alone, summarised by median and quartiles, never by the best."""

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, final

from hybrid.base import errors
from hybrid.base.display import html_of, plot_of
from hybrid.base.errors import HybridError, UsageError
from hybrid.runs.executors.local import Local
from hybrid.runs.result import Result, agreeing, finished
from hybrid.runs.spec import Spec
from hybrid.runs.sweep import do_left, gap, quartiles
from hybrid.runs.verdict_text import of_repetitions
from hybrid.runs.worklist import Event, SweepWatcher, Worklist


@final
@dataclass(frozen=True)
class Repetitions:
    """The runs in the order of their seeds. Quartiles are those of the runs' final values, linearly interpolated."""

    runs: tuple[Result, ...]

    _repr_html_ = html_of
    plot = plot_of

    @property
    def median(self) -> float:
        """Of the final values."""
        return median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Lower and upper quartile of the final values; both are the value where there is one run."""
        return quartiles(self.values)

    @property
    def values(self) -> list[float]:
        """The final value of every run."""
        return [result.value for result in self.runs]

    @property
    def gap(self) -> float | None:
        """Of the median; None where the exact value is unknown."""
        return gap(self.runs[0], self.median)

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return {
            "repeat": len(self.runs),
            "seeds": [result.spec["seed"] for result in self.runs],
            "median": self.median,
            "quartiles": list(self.quartiles),
            "exact": self.runs[0].exact,
            "gap": self.gap,
            "unit": self.runs[0].unit,
            "verdict": of_repetitions(self.runs),
            "converged": sum(result.converged for result in self.runs),
            "caveat": self.runs[0].caveat,
            "runs": [result.to_json() for result in self.runs],
        }


def repeat(
    spec: Spec,
    count: int,
    results: str | Path = "results",
    *,
    processes: int | None = None,
    watcher: SweepWatcher | None = None,
    **options: Any,
) -> Repetitions:
    """Run `spec` with seeds seed, seed + 1, ..., `count` in all, or read those that are finished; `options` as `hybrid.run`.

    By default as many processes as cores hold the Spec's threads. Errors as `run`; the other runs are then stopped with
    everything saved.
    """
    if count < 1:
        raise UsageError(f"repeat takes a number of runs of at least 1, not {count}.")
    specs = tuple(replace(spec, seed=spec.seed + k) for k in range(count))
    work = Worklist(specs=specs, results=Path(results), options=options)
    watcher = watcher or SweepWatcher()
    failed: list[HybridError] = []

    def event(one: Event) -> None:
        if one.what == "failed":
            failed.append(getattr(errors, one.kind, HybridError)(one.why))
        watcher.event(one)

    def interruption() -> HybridError | None:
        return failed[0] if failed else watcher.interruption()

    work.forget_failures()
    try:
        do_left(work, Local(processes), SweepWatcher(event, interruption, watcher.note))
    finally:
        work.forget_failures()
    if failed:
        raise failed[0]
    found = [finished(work.path(index)) for index in range(count)]
    return Repetitions(tuple(agreeing(result) for result in found if result is not None))
