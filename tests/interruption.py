"""A run that is interrupted behind every answer in turn, until it ends."""

from pathlib import Path

from hybrid.base.errors import Interrupted
from hybrid.runs.result import Result
from hybrid.runs.results_folder import glance
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.runs.watching import Watcher


def interrupted_everywhere(spec: Spec, folder: Path, **how: bool) -> tuple[Result, int]:
    """The result, and how often the run was interrupted; each time the record is unfinished."""
    times = 0
    while True:
        asked = iter(range(2))
        stop = Watcher(interruption=lambda asked=asked: None if next(asked, 1) != 1 else Interrupted("interrupted."))
        try:
            return run(spec, folder, watcher=stop, **how), times
        except Interrupted:
            times += 1
            assert glance(folder / f"{spec.id}.jsonl").state == "unfinished"
