"""The list of runs that workers walk, and what is known of each run: finished, interrupted, failed or waiting.

The lock of a record is the claim and the record is the result, so workers need no coordinator: processes on one machine and
the tasks of a Slurm job do the same. A failure is kept beside the records, in a file ID.failed.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol, final

from hybrid.base import json_lines
from hybrid.base.errors import HybridError, RecordError, UsageError, shortened
from hybrid.base.files import read_bytes
from hybrid.runs import record
from hybrid.runs.result import Result, agreeing, finished
from hybrid.runs.spec import Spec

STATES = ("finished", "interrupted", "failed", "waiting")
LONGEST_REASON = 400
NAME_DIGITS = 16
MOST_BYTES = 2**28
"""Of a list's file: 100,000 runs with an initial point each."""


class Event(NamedTuple):
    """What a worker tells of the run with this `number` in its list: `what` is begin, progress, finished, failed, or left (to
    another worker); the `fraction` of its budget that is spent, `why` it failed and by which `kind` of error; the newest
    `value` with its `stderr`, and the `shots` and seconds on a machine, `machine_s`, that it has taken so far."""

    what: str
    number: int
    fraction: float = 0.0
    why: str = ""
    kind: str = ""
    value: float | None = None
    stderr: float = 0.0
    shots: int = 0
    machine_s: float = 0.0


class SweepWatcher(NamedTuple):
    """`event` is called with what workers tell; `interruption` returns the error to stop with, or None."""

    event: Callable[[Event], None] = lambda event: None
    interruption: Callable[[], HybridError | None] = lambda: None
    note: Callable[[str], None] = lambda text: None


class Executor(Protocol):
    """Starts the workers of a sweep somewhere."""

    def execute(self, work: "Worklist", watcher: SweepWatcher) -> str:
        """Do all runs of the list that are left, or hand them over to others; then the text says to whom. Errors as a run's."""
        ...


class RunState(NamedTuple):
    """What is known of a run: one of STATES, the result of a finished one and why one failed."""

    state: str
    result: Result | None = None
    why: str = ""


@final
@dataclass(frozen=True, kw_only=True)
class Worklist:
    """Runs in order, the folder of their records, and the other arguments of `hybrid.run`."""

    specs: tuple[Spec, ...]
    results: Path = Path("results")
    options: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Of every run."""
        return tuple(spec.id for spec in self.specs)

    def path(self, index: int) -> Path:
        """The record of a run."""
        return self.results / f"{self.ids[index]}.jsonl"

    def failure(self, index: int) -> Path:
        """The file that says why a run failed."""
        return self.results / f"{self.ids[index]}.failed"

    def is_done(self, index: int) -> bool:
        """Whether there is nothing left to do, by the last line of the record; its checksums are not verified."""
        if self.failure(index).exists():
            return True
        try:
            return record.ends(self.path(index))[1]["kind"] == "stop"
        except RecordError:
            return False

    def left(self) -> "Worklist":
        """The runs that are not done."""
        specs = tuple(spec for index, spec in enumerate(self.specs) if not self.is_done(index))
        return Worklist(specs=specs, results=self.results, options=self.options)

    def state(self, index: int) -> RunState:
        """Of one run; every checksum of a finished record is verified."""
        path, failure = self.path(index), self.failure(index)
        try:
            if failure.exists():
                return RunState("failed", why=str(json_lines.load(failure.read_bytes())["why"]))
            if result := finished(path):
                return RunState("finished", agreeing(result))
        except (HybridError, ValueError, TypeError, KeyError) as error:
            return RunState("failed", why=reason(error))
        return RunState("interrupted" if path.exists() and path.stat().st_size else "waiting")

    def fail(self, index: int, error: BaseException) -> None:
        """Keep why a run failed."""
        self.results.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_privately(self.failure(index), {"why": reason(error), "time": round(time.time(), 3)})

    def forget_failures(self) -> None:
        """Failed runs count as not yet tried."""
        for index in range(len(self.specs)):
            self.failure(index).unlink(missing_ok=True)

    def to_json(self) -> dict[str, Any]:
        """As `from_json` reads it, with the working folder that relative names are seen from."""
        specs = [spec.given() for spec in self.specs]
        return {"specs": specs, "results": str(self.results), "options": self.options, "folder": os.getcwd()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Worklist":
        """The list that `to_json` wrote; the working folder is not changed."""
        specs = tuple(map(Spec.as_given, value["specs"]))
        return cls(specs=specs, results=Path(value["results"]), options=value["options"])

    def save(self) -> Path:
        """Write the list for workers elsewhere, readable by its owner alone; its name is a hash of what it holds."""
        value, folder = self.to_json(), self.saved_lists()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = hashlib.sha256(json_lines.dump(value).encode()).hexdigest()[:NAME_DIGITS]
        path = folder / f"{name}.json"
        write_privately(path, value)
        return path.resolve()

    def saved_lists(self) -> Path:
        """The folder of saved lists."""
        return self.results / ".sweeps"

    def without(self, ids: Collection[str]) -> "Worklist":
        """The list without these runs."""
        specs = tuple(spec for spec, name in zip(self.specs, self.ids, strict=True) if name not in ids)
        return Worklist(specs=specs, results=self.results, options=self.options)


def read_worklist(path: Path) -> Worklist:
    """The list in a file; the working folder becomes the one that it was written in. UsageError for another file."""
    try:
        value = json.loads(read_bytes(path, max_bytes=MOST_BYTES))
        os.chdir(value["folder"])
        return Worklist.from_json(value)
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path}: is no list of runs that hybrid sweep wrote.") from None
    except OSError as error:
        raise UsageError(f"{path}: its folder cannot be entered ({error.strerror}).") from None


def reason(error: BaseException) -> str:
    """An error in one line."""
    name = "" if isinstance(error, HybridError) else f"unexpected {type(error).__name__}: "
    return shortened(" ".join(f"{name}{error}".split()), LONGEST_REASON)


def write_privately(path: Path, value: Any) -> None:
    """One line of JSON in place of the file's content, readable by its owner alone; at no time is there a part of it."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(json_lines.dump(value) + "\n")
    os.replace(new, path)
