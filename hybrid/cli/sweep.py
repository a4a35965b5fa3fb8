"""`hybrid sweep`: many runs from lists and ranges of a run's own flags."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybrid import catalog
from hybrid.base.errors import HybridError, UsageError
from hybrid.base.locks import not_shared
from hybrid.cli import completion, sweep_text
from hybrid.cli.flags import RESULTS, Json, Label, Plot, Quiet, Results, takes
from hybrid.cli.layout import emit
from hybrid.cli.page_flags import page
from hybrid.cli.pictures import picture, say
from hybrid.cli.run import OWN_FLAGS as OF_RUN
from hybrid.cli.run import is_on, spec_options, words
from hybrid.cli.signals import pending_stop
from hybrid.cli.sweep_display import SweepDisplay
from hybrid.runs.axes import Grid, grid, read_sweep
from hybrid.runs.spec import duration_s, read_point
from hybrid.runs.worklist import SweepWatcher, Worklist, read_worklist

if TYPE_CHECKING:
    from hybrid.runs.sweep import SweepResult

HELP = """Run many runs: hybrid sweep h2:distance=0.4..2.6..0.2 --seed 0..9, or hybrid sweep sweep.toml.

Every flag of `hybrid run` takes a list (a,b,c), a range of numbers (0..19, or 0.4..2.6..0.2) or is given several times; so do
the options of members (qaoa:p=1..3). All combinations are run, except that axes named together in --zip go together. A sweep's
file is an experiment file whose values may be lists and ranges, with the keys zip, label and executor.

Every run is a record in --results: the same command skips what is finished, continues what was interrupted, and lists what
failed. It prints the median and the quartiles over the seeds.
"""
DEFAULT = "local"
OWN: dict[str, tuple[Any, Any]] = {
    "zip": (
        Annotated[list[str], typer.Option("--zip", help="Axes that go together instead of crossed.", metavar="AXIS,AXIS")],
        [],
    ),
    "executor": (
        Annotated[
            str | None,
            typer.Option(
                help="Where the runs are done: local, slurm, dask. Default: local.",
                metavar="NAME[:k=v,...]",
                autocompletion=completion.of_family("executors"),
            ),
        ],
        None,
    ),
    "label": (Label, None),
    "retry_failed": (Annotated[bool, typer.Option("--retry-failed", help="Try again what failed before.")], False),
    "dry_run": (
        Annotated[bool, typer.Option("--dry-run", help="Print how many runs, core hours and QPU hours; run nothing.")],
        False,
    ),
    "write_only": (
        Annotated[bool, typer.Option("--write-only", help="With slurm: print the job script and submit nothing.")],
        False,
    ),
    "worker": (
        Annotated[
            Path | None,
            typer.Option(help="Do the runs of a sweep's file beside other workers, as in: srun hybrid sweep --worker FILE."),
        ],
        None,
    ),
    "watch": (Annotated[bool, typer.Option("--watch", help="Show what runs and what waits, live.")], False),
    "exact": (OF_RUN["exact"]),
    "results": (Results, RESULTS),
    "as_json": (Json, False),
    "quiet": (Quiet, False),
    "plot": (Plot, None),
    **{name: OF_RUN[name] for name in ("device_interval", "force", "max_time", "strict")},
}
"""Flags that are not part of a Spec, with their defaults."""


def command() -> Callable[..., None]:
    """The function Typer reads: as `hybrid run`, every flag of the Spec as often as wanted."""
    flags = {name: (Annotated[list[str], option], []) for name, option in spec_options()}

    @takes({"words": words("What to run", "sweep.toml"), **flags, **OWN})
    def sweep(**arguments: Any) -> None:
        own = {name: arguments.pop(name) for name in OWN}
        named = arguments.pop("words") or []
        given = {key: value[0] if len(value) == 1 else value for key, value in arguments.items() if value}
        run_options: dict[str, Any] = {"device_interval": is_on("device-interval", own.pop("device_interval"))}
        run_options |= {"force": own.pop("force"), "strict": own.pop("strict")}
        run_options["max_time"] = duration_s("max_time", own.pop("max_time"))
        execute(named, given, options=run_options, **own)

    return sweep


def execute(
    words: list[str],
    given: dict[str, Any],
    *,
    zip: list[str],
    executor: str | None,
    label: str | None,
    retry_failed: bool,
    dry_run: bool,
    write_only: bool,
    worker: Path | None,
    watch: bool,
    exact: bool,
    results: Path,
    as_json: bool,
    quiet: bool,
    plot: Path | None,
    options: dict[str, Any],
) -> None:
    """Do what the command line says."""
    if worker is not None:
        _check_worker({"words": words, **given, "zip": zip, "executor": executor, "retry-failed": retry_failed, "plot": plot})
        _work(worker, results, label, options, quiet)
        return
    if exact and "shots" in given:
        raise UsageError("--exact and --shots contradict each other.")
    given |= {"shots": 0} if exact else {}
    made, own = read(words, given, results, zip)
    executor, label = str(executor or own.get("executor", DEFAULT)), label or own.get("label")
    if watch and (dry_run or write_only):
        raise UsageError(f"--watch and --{'dry-run' if dry_run else 'write-only'} contradict each other: nothing runs.")
    if dry_run:
        catalog.parse("executors", executor)  # a bad one is refused now, not when the runs are to begin
        _dry_run(made, results, as_json, quiet)
        return
    options |= {} if label is None else {"label": label}
    if write_only:
        emit(_script(made, results, executor, options))
        return
    target = picture(plot, results / "sweep.png")
    done = _run(made, results, executor, retry_failed, watch, quiet, options)
    emit(json.dumps(done.to_json()) if as_json else sweep_text.swept(done, results))
    if target is not None:
        from hybrid.figures.against_axis import against_axis
        from hybrid.runs.axis_values import of_result

        against_axis([of_result(result) for result in done.results], made.axes[0].name if made.axes else "seed", target, page())
        say(f"drawn: {target}", quiet)
    if failed := len(done.failed):
        raise HybridError(f"{failed} of {len(done.runs)} runs failed; --retry-failed tries them again.")


def read(words: list[str], given: dict[str, Any], results: Path, zipped: Sequence[str] = ()) -> tuple[Grid, dict[str, Any]]:
    """The grid of the command's words and flags, flags winning over a file, and the file's own keys."""
    together = [group.split(",") for group in zipped]
    if isinstance(given.get("initial_point"), str):
        given["initial_point"] = read_point(given["initial_point"], results)
    if len(words) == 1 and words[0].endswith(".toml"):
        return read_sweep(Path(words[0]), results, given, together)
    if len(words) not in (1, 2):
        raise UsageError("give an algorithm and a problem (hybrid sweep vqe h2 --seed 0..9), or a problem, or a sweep.toml.")
    given = given | dict(zip(("problem",) if len(words) == 1 else ("algorithm", "problem"), words, strict=True))
    return grid(given, together), {}


def _dry_run(made: Grid, results: Path, as_json: bool, quiet: bool) -> None:
    with pending_stop() as pending, SweepDisplay(len(made.specs), quiet=quiet, watch=False) as display:
        pending.work = "compiling the circuits"
        display.work(pending.work)
        from hybrid.runs.sweep_cost import sweep_cost

        cost = sweep_cost(made, results, lambda done, of: display.work(f"{pending.work} of run {done} of {of}"))
    emit(json.dumps(cost.to_json()) if as_json else sweep_text.cost(cost))


def _script(made: Grid, results: Path, executor: str, options: dict[str, Any]) -> str:
    there = catalog.load(catalog.parse("executors", executor))()
    if not hasattr(there, "script"):
        raise UsageError(f"--write-only is for executors that write a job script, as slurm; {executor} writes none.")
    return there.script(Worklist(specs=made.specs, results=results, options=options))


def _run(
    made: Grid, results: Path, executor: str, retry: bool, watch: bool, quiet: bool, options: dict[str, Any]
) -> "SweepResult":
    with pending_stop() as pending, SweepDisplay(len(made.specs), quiet=quiet, watch=watch, points=made.points) as display:
        pending.work = "starting"
        from hybrid.runs import sweep

        pending.work = ""
        watcher = SweepWatcher(display.event, lambda: pending.error, display.note)
        return sweep.execute(made, results, executor, retry_failed=retry, watcher=watcher, options=options)


def _check_worker(others: dict[str, Any]) -> None:
    if wrong := [name for name, value in others.items() if value]:
        raise UsageError(f"--worker takes all from its file; leave {wrong[0].replace('_', '-')} out.")


def _work(file: Path, results: Path, label: str | None, options: dict[str, Any], quiet: bool) -> None:
    """One worker of several: begins at its own place in the list, so that few meet at the same run."""
    if file.suffix == ".toml":
        made, own = read([str(file)], {}, results)
        label = label or own.get("label")
        work = Worklist(specs=made.specs, results=results, options=options | ({} if label is None else {"label": label}))
    else:
        work = read_worklist(file)
    if int(os.environ.get("SLURM_NNODES", "1")) > 1 and (why := not_shared(work.results)):
        raise UsageError(f"{work.results}: {why}, and workers on several nodes need them. Choose --results DIR elsewhere.")
    rank, of = (int(os.environ.get(name, default)) for name, default in (("SLURM_PROCID", "0"), ("SLURM_NTASKS", "1")))
    with pending_stop() as pending, SweepDisplay(len(work.specs), quiet=quiet, watch=False) as display:
        pending.work = "starting"
        from hybrid.runs.worker import walk

        pending.work = ""
        walk(work, SweepWatcher(display.event, lambda: pending.error, display.note), rank * len(work.specs) // max(1, of))
    counts = display.counts
    print(f"worker {rank}: {counts['finished']} runs finished here, {counts['failed']} failed.", file=sys.stderr)
