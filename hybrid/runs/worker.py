"""A worker of a sweep: walks the list of runs and does what is neither done nor locked by another worker."""

import json
import os
import signal
import sys
import time
from typing import Any

from hybrid.base.errors import Busy, HybridError, Interrupted, MissingPart, Stopped
from hybrid.base.machine import die_with
from hybrid.runs.result import Result
from hybrid.runs.run import run
from hybrid.runs.watching import RunProgress, Watcher
from hybrid.runs.worklist import Event, SweepWatcher, Worklist, reason

WAIT_SECONDS, LOOK_SECONDS = 1.0, 0.1
"""Between two looks at runs that other workers have, and at whether to stop."""
TELL_SECONDS = 0.5
PASSING = (Stopped, Interrupted, MissingPart)
"""Errors that say nothing about the run itself: the next sweep tries again."""


def walk(work: Worklist, watcher: SweepWatcher, begin: int = 0) -> None:
    """Do all runs, from the one with index `begin` on; returns when every one is done, by this worker or another.

    A failure is kept, and the others go on. Raises the interruption's error with everything saved.
    """
    left = [*range(begin, len(work.specs)), *range(begin)]
    while left:
        taken = []
        for index in left:
            if error := watcher.interruption():
                raise error
            if not work.is_done(index) and not _do(work, index, watcher):
                taken.append(index)
        if len(taken) == len(left):
            _wait(watcher)
        left = taken


def _wait(watcher: SweepWatcher) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end and watcher.interruption() is None:
        time.sleep(LOOK_SECONDS)


def _do(work: Worklist, index: int, watcher: SweepWatcher) -> bool:
    """One run, to its end or its failure; False where another worker has it."""
    try:
        result = run(work.specs[index], work.results, watcher=_of_run(index, watcher), **work.options)
    except Busy:
        return False
    except Exception as error:
        if watcher.interruption():
            raise
        if not isinstance(error, PASSING):
            work.fail(index, error)
        watcher.event(Event("failed", index, why=reason(error), kind=type(error).__name__))
        return True
    watcher.event(_finished(index, result))
    return True


def _finished(index: int, result: Result) -> Event:
    machine_s = result.billed["seconds"][1] if result.billed else result.qpu_seconds
    cost = {"shots": result.shots, "machine_s": machine_s or 0.0}
    return Event("finished", index, 1.0, value=result.value, stderr=result.stderr, **cost)


def _of_run(index: int, watcher: SweepWatcher) -> Watcher:
    told, begun = 0.0, False

    def work(text: str) -> None:
        """First called when the record is this process's."""
        nonlocal begun
        if not begun:
            watcher.event(Event("begin", index))
        begun = True

    def progress(at: RunProgress) -> None:
        nonlocal told
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            cost = {"shots": at.shots, "machine_s": at.machine_s or 0.0}
            watcher.event(Event("progress", index, at.fraction, value=at.value, stderr=at.stderr, **cost))

    return Watcher(progress, watcher.interruption, watcher.note, work)


def main() -> None:
    """A worker process of `hybrid.runs.executors.local`: its list and its parent come as one line on stdin, its events go as
    lines to stdout. SIGTERM stops it after the measurement in progress, and it ends with its parent."""
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # what else is printed goes to stderr
    told: dict[str, Any] = json.loads(sys.stdin.readline())
    die_with(told["parent"])
    sys.path[:] = told["path"]
    stop: list[HybridError] = []
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    signal.signal(signal.SIGTERM, lambda number, frame: stop.append(Stopped("stopped.")))

    def event(one: Event) -> None:
        out.write(json.dumps(one) + "\n")

    watcher = SweepWatcher(event, lambda: stop[0] if stop else None, lambda text: event(Event("note", -1, why=text)))
    try:
        walk(Worklist.from_json(told["work"]), watcher, told["begin"])
    except Stopped:
        sys.exit(75)


if __name__ == "__main__":
    main()
