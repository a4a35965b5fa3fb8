"""Processes on this machine."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from typing import final

from hybrid.base.errors import HybridError, Stopped, UsageError
from hybrid.base.machine import cores
from hybrid.runs.worker import walk
from hybrid.runs.worklist import Event, SweepWatcher, Worklist

POLL_SECONDS = 0.2
MOST_DEATHS = 3
"""A run whose process was killed so often counts as failed: it may need more memory than there is."""
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def local(*, processes: int | None = None) -> "Local":
    """Processes on this machine, by default as many as its cores hold; they end with this one, however it ends.

    Each keeps to the threads of its run. The order of the runs does not change their results.
    """
    if processes is not None and processes < 1:
        raise UsageError(f"local: processes must be at least 1, not {processes}.")
    return Local(processes)


@final
@dataclass(frozen=True)
class Local:
    """So many processes; one does its runs in this process."""

    processes: int | None

    def execute(self, work: Worklist, watcher: SweepWatcher) -> str:
        """See `hybrid.runs.worklist.Executor`."""
        if not work.specs:
            return ""
        threads = max(spec.threads for spec in work.specs)
        count = min(len(work.specs), self.processes or max(1, cores() // threads))
        if count == 1:
            walk(work, watcher)
        else:
            _Workers(work, watcher, threads).watch(count)
        return ""


class _Workers:
    """The worker processes of one sweep, and what they tell."""

    def __init__(self, work: Worklist, watcher: SweepWatcher, threads: int) -> None:
        self._work, self._watcher = work, watcher
        self._told: queue.SimpleQueue[tuple[subprocess.Popen[str], Event | None]] = queue.SimpleQueue()
        self._at: dict[subprocess.Popen[str], int] = {}
        self._deaths: Counter[int] = Counter()
        self._environment = os.environ | dict.fromkeys(POOLS, str(threads)) | {"PYTHONSAFEPATH": "1"}

    def watch(self, count: int) -> None:
        """Start so many and follow them to their end, or until they are to stop."""
        for begin in range(count):
            self._start(begin)
        try:
            while self._at:
                if error := self._watcher.interruption():
                    raise error
                try:
                    self._take(*self._told.get(timeout=POLL_SECONDS))
                except queue.Empty:
                    continue
        finally:
            for worker in self._at:
                worker.send_signal(signal.SIGTERM)
            for worker in self._at:
                worker.wait()

    def _start(self, begin: int) -> None:
        words = [sys.executable, "-m", "hybrid.runs.worker"]
        worker = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=self._environment
        )
        self._at[worker] = -1
        about = {"parent": os.getpid(), "path": sys.path, "work": self._work.to_json(), "begin": begin}
        threading.Thread(target=self._follow, args=(worker, json.dumps(about)), daemon=True).start()

    def _follow(self, worker: subprocess.Popen[str], about: str) -> None:
        """In a thread: what the worker is to do, then what it tells; None is its end."""
        assert worker.stdin is not None and worker.stdout is not None
        try:
            with worker.stdin as pipe:
                pipe.write(about + "\n")
        except OSError:
            pass  # it ended before it read anything
        with worker.stdout as pipe:
            for line in pipe:
                if line.endswith("\n"):
                    self._told.put((worker, Event(*json.loads(line))))
        worker.wait()
        self._told.put((worker, None))

    def _take(self, worker: subprocess.Popen[str], event: Event | None) -> None:
        if event is None:
            self._ended(worker, self._at.pop(worker))
        elif event.what == "note":
            self._watcher.note(event.why)
        else:
            self._at[worker] = event.number if event.what in ("begin", "progress") else -1
            self._watcher.event(event)

    def _ended(self, worker: subprocess.Popen[str], at: int) -> None:
        """A worker that was killed is replaced; a run whose workers are always killed has failed."""
        if worker.returncode == 0:
            return
        self._deaths[at] += 1
        how = f"by signal {-worker.returncode}" if worker.returncode < 0 else f"with exit code {worker.returncode}"
        if at >= 0:
            self._watcher.event(Event("left", at))
        if self._deaths[at] >= MOST_DEATHS:
            if at < 0:
                raise Stopped(f"worker processes ended {how} before their first run; what was measured is saved.")
            error = HybridError(f"its process ended {MOST_DEATHS} times {how}, perhaps for want of memory.")
            self._work.fail(at, error)
            self._watcher.event(Event("failed", at, why=str(error), kind="HybridError"))
        self._start(max(at, 0))
