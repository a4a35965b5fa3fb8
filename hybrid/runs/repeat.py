"""One Spec with many seeds: one record each, several processes; summarised by median and quartiles, never by the best."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from threading import Lock, Thread
from typing import Any, final

from hybrid.base.errors import HybridError, Stopped, UsageError
from hybrid.base.machine import die_with
from hybrid.runs.result import Result, finished
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.runs.verdict_text import of_repetitions
from hybrid.runs.watching import SILENT, Watcher

POLL_SECONDS = 0.2
_stop: Any = None
"""In a worker: a byte that is not 0 when the others are to stop. It has no lock, which a killed worker could leave locked."""
_working = Lock()
"""In a worker: held while a run is in progress."""


@final
@dataclass(frozen=True)
class Repetitions:
    """The runs in the order of their seeds. Quartiles are those of the runs' final values, linearly interpolated."""

    runs: tuple[Result, ...]

    @property
    def median(self) -> float:
        """Of the final values."""
        return median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Lower and upper quartile of the final values; both are the value where there is one run."""
        if len(self.runs) == 1:
            return self.median, self.median
        low, _, high = quantiles(self.values, method="inclusive")
        return low, high

    @property
    def values(self) -> list[float]:
        """The final value of every run."""
        return [result.value for result in self.runs]

    @property
    def gap(self) -> float | None:
        """Of the median; None where the exact value is unknown."""
        first = self.runs[0]
        if first.exact is None:
            return None
        return abs(self.median - first.exact) if first.maximize else self.median - first.exact

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
    watcher: Watcher = SILENT,
    **options: Any,
) -> Repetitions:
    """Run `spec` with seeds seed, seed + 1, ..., `count` in all, or read those that are finished; `options` as `hybrid.run`.

    By default as many processes as cores hold the Spec's threads; a script that calls this needs `if __name__ == "__main__"`.
    Errors as `run`; the other runs are then stopped with everything saved.
    """
    if count < 1:
        raise UsageError(f"repeat takes a number of runs of at least 1, not {count}.")
    specs = [replace(spec, seed=spec.seed + k) for k in range(count)]
    by_seed = {one.seed: result for one in specs if (result := finished(Path(results) / f"{one.id}.jsonl"))}
    left = [one for one in specs if one.seed not in by_seed]

    def take(result: Result) -> None:
        by_seed[result.spec["seed"]] = result
        watcher.note(f"run {len(by_seed)} of {count} finished: seed {result.spec['seed']}, {result.record}")

    workers = min(len(left), processes or max(1, (os.cpu_count() or 1) // spec.threads))
    if workers == 1:
        for one in left:
            take(run(one, results, watcher=watcher, **options))
    elif left:
        work = partial(run_one, results=str(results), options=options)
        _in_processes(left, work, workers, take, watcher.interruption)
    return Repetitions(tuple(by_seed[one.seed] for one in specs))


def _in_processes(
    specs: list[Spec],
    work: Callable[[Spec], Result],
    workers: int,
    take: Callable[[Result], None],
    interruption: Callable[[], HybridError | None],
) -> None:
    """Fresh processes (a fork would share this one's threads); after an error the others stop at their next answer."""
    context = get_context("spawn")
    stop = context.RawValue("b", 0)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(stop, os.getpid())) as pool:
        with _safe_path():
            pending = {pool.submit(work, spec) for spec in specs}
        try:
            while pending:
                done, pending = wait(pending, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    take(future.result())
                if error := interruption():
                    left = len(pending)
                    raise type(error)(f"{error} {left} of the runs are unfinished; the same command continues them.")
        except BaseException as error:
            stop.value = 1
            pool.shutdown(wait=False, cancel_futures=True)
            if isinstance(error, BrokenProcessPool):
                raise Stopped(
                    "a worker process was killed, perhaps for its memory; what was measured is saved, and the same command "
                    "continues the unfinished runs."
                ) from None
            raise


@contextmanager
def _safe_path() -> Iterator[None]:
    """Processes that start meanwhile, in the working folder, do not take its files for modules of Python."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _begin(stop: Any, parent: int) -> None:
    """In a worker: signals are left to the parent, which says when to stop; a worker without its parent ends."""
    global _stop
    _stop = stop
    die_with(parent)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    Thread(target=_end, daemon=True).start()


def _end() -> None:
    """In a worker: once told to stop, and when its run is saved, end. A queue's lock may have died with another worker."""
    while not _stop.value:
        time.sleep(POLL_SECONDS)
    with _working:
        os._exit(0)


def run_one(spec: Spec, results: str, *, options: dict[str, Any]) -> Result:
    """In a worker: one run."""
    watcher = Watcher(interruption=lambda: Stopped("stopped.") if _stop.value else None)
    with _working:
        return run(spec, results, watcher=watcher, **options)
