"""`hybrid bench`: simulators measured, judged and compared."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybrid.cli import bench_pages, bench_score, completion
from hybrid.cli.layout import emit
from hybrid.cli.progress import Display
from hybrid.cli.run import Once
from hybrid.errors import CheckFailed, HybridError, Interrupted, Stopped, UsageError

if TYPE_CHECKING:
    from hybrid.bench.cells import Cell
    from hybrid.bench.measure import Bench
    from hybrid.bench.run import Step
    from hybrid.bench.suites import Suite

HELP = """Benchmark simulator backends: a fast answer that our checks can see to be wrong does not rank.

Every measurement is a fresh process, and the very answers that were timed are judged, outside the clock. What a benchmark finds
is a file of JSON lines, one per process.
"""
RUN_HELP = """Measure a suite, or workloads by backends, into a file.

The same command continues a run that was interrupted and adds what is missing; where all is done it changes nothing. For
example: hybrid bench run --suite s@1 --out r.jsonl, or hybrid bench run --workload su4-brick:n=12..20 --backend
aer:method=statevector --backend qulacs --threads 1,2 --out r.jsonl.
"""
COMPARE_HELP = """Compare two files cell by cell, or two backends within one file.

"Faster" and "slower" need an exact rank test below 0.01 after Holm's correction over the cells, and a change above 5 % and
above what this machine shows between identical runs (hybrid bench null). Only cells count that both sides got right.
"""
NULL_HELP = """Measure this machine's noise: how far halves of identical processes lie apart.

Given the same --out as the results, `show` and `compare` find it there.
"""
app = typer.Typer(help=HELP, invoke_without_command=True, rich_markup_mode=None)
PROCESSES, TIME_LIMIT_S = 9, 60
MEMORY_SHARE = 0.8
"""Of the free memory a process may take, unless told otherwise."""
NULL_SUITE = "null@1"

SuiteName = Annotated[
    str | None, typer.Option("--suite", help="A frozen suite. See: hybrid bench list.", metavar="NAME@VERSION")
]
Workloads = Annotated[
    list[str],
    typer.Option(
        "--workload",
        help="What to ask; values may be ranges and lists (n=12..20). Repeatable.",
        metavar="NAME[:k=v,...]",
        autocompletion=completion.of_family("workloads"),
    ),
]
Backends = Annotated[
    list[str],
    typer.Option(
        "--backend",
        help="Whom to ask. Repeatable.",
        metavar="NAME[:k=v,...]",
        autocompletion=completion.of_family("adapters"),
    ),
]
Threads = Annotated[str | None, typer.Option(help="1,2 or 1..4, or all: 1, 2, 4, ... Default: 1.", metavar="N,...")]
Paths = Annotated[
    str | None,
    typer.Option(help="Call paths: compiled (once), rebuilt (at every call). Default: compiled.", metavar="PATH,..."),
]
Processes = Annotated[
    int | None, typer.Option(help=f"Processes per cell. Default: the suite's, else {PROCESSES}.", min=1, metavar="N")
]
Pythons = Annotated[
    list[str],
    typer.Option("--python", help="Interpreter for a backend that lives in another one. Repeatable.", metavar="BACKEND=PATH"),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(help=f"Seconds after which a process is killed. Default: the suite's, else {TIME_LIMIT_S:g}.", metavar="S"),
]
MemoryLimit = Annotated[
    str | None, typer.Option(help="Memory at which it is killed, as 4GiB. Default: 80 % of what is free.", metavar="SIZE")
]
Affinity = Annotated[str | None, typer.Option(help="Processors that measurements are held to, as 0,1.", metavar="CPU,...")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Null = Annotated[Path | None, typer.Option(help="File of `hybrid bench null`, if not the same.", metavar="FILE")]
app.command(name="plot", cls=Once, help=bench_pages.PLOT_HELP, short_help="Draw files of rows.")(bench_pages.plot_rows)
app.command(name="report", cls=Once, help=bench_pages.REPORT_HELP, short_help="Write a page of files of rows.")(
    bench_pages.report_rows
)
app.command(name="score", cls=Once, help=bench_score.HELP, short_help="Score a device's profile.")(bench_score.score_device)


@app.callback()
def verbs(context: typer.Context) -> None:
    """Without a verb, the help."""
    if context.invoked_subcommand is None:
        emit(context.get_help())


@app.command(name="list", cls=Once, help="List suites, workloads and backends.")
def list_all(as_json: Json = False, debug: Debug = False) -> None:
    """Print names and first lines."""
    from hybrid.bench import suites
    from hybrid.cli import bench_text
    from hybrid.cli.members import listing

    found = [suites.load(name) for name in suites.names()]
    members = {family: listing(family) for family in ("workloads", "adapters")}
    if as_json:
        about = {s.name: {"title": s.title, "processes": s.processes, "seconds": s.seconds} for s in found}
        emit(json.dumps({"suites": about, **members}, indent=2))
        return
    emit(bench_text.listed(found, members))


@app.command(name="plan", cls=Once, help="Print the cells of a run, the expected time and memory; measure nothing.")
def plan_run(
    suite: SuiteName = None,
    workload: Workloads = [],  # noqa: B006  # typer makes a new list for every call
    backend: Backends = [],  # noqa: B006
    threads: Threads = None,
    path: Paths = None,
    processes: Processes = None,
    out: Annotated[Path | None, typer.Option(help="File that a run would continue.", metavar="FILE")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Print the plan."""
    from hybrid.bench import planning, rows
    from hybrid.cli import bench_text

    chosen, cells = _cells(suite, workload, backend, threads, path)
    had = rows.read(out) if out is not None and out.exists() else []
    found = planning.plan(cells, had, processes or (chosen.processes if chosen else PROCESSES), chosen)
    emit(json.dumps(found.to_json(), indent=2) if as_json else bench_text.planned(found))


@app.command(name="verify", cls=Once, help="Run every cell once and judge its answer; exit 4 where one is wrong.")
def verify_cells(
    suite: SuiteName = None,
    workload: Workloads = [],  # noqa: B006
    backend: Backends = [],  # noqa: B006
    threads: Threads = None,
    path: Paths = None,
    python: Pythons = [],  # noqa: B006
    time_limit: TimeLimit = None,
    memory_limit: MemoryLimit = None,
    affinity: Affinity = None,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Print a verdict per cell."""
    from hybrid.bench import run as running
    from hybrid.bench.summary import figures
    from hybrid.cli import bench_text

    chosen, cells = _cells(suite, workload, backend, threads, path)
    with _stopping() as pending, Display(sys.stderr, quiet=quiet) as display:
        bench = _bench(_limit(time_limit, chosen), memory_limit, affinity, python, pending)
        found = figures(running.verify(cells, bench, lambda step: display.line(bench_text.progress(step))))
    emit(json.dumps([figure.to_json() for figure in found], indent=2) if as_json else bench_text.verified(found))
    if pending:
        raise pending[0]
    if bad := [figure for figure in found if figure.status in ("wrong", "timeout", "oom", "crashed", "error")]:
        raise CheckFailed(f"{len(bad)} of {len(found)} cells are not right.")


@app.command(name="run", cls=Once, help=RUN_HELP, short_help="Measure, verify, and write a file of rows.")
def run_cells(
    out: Annotated[Path, typer.Option(help="File of rows; continued where it exists.", metavar="FILE.jsonl")],
    suite: SuiteName = None,
    workload: Workloads = [],  # noqa: B006
    backend: Backends = [],  # noqa: B006
    threads: Threads = None,
    path: Paths = None,
    processes: Processes = None,
    python: Pythons = [],  # noqa: B006
    time_limit: TimeLimit = None,
    memory_limit: MemoryLimit = None,
    affinity: Affinity = None,
    seed: Annotated[int, typer.Option(help="Of the order within rounds. Default: 0.", min=0, metavar="N")] = 0,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what timed out, crashed or failed.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure, then print the table of what was asked."""
    chosen, cells = _cells(suite, workload, backend, threads, path)
    how = {"processes": processes or (chosen.processes if chosen else PROCESSES), "seed": seed, "retry": retry}
    limits = _limit(time_limit, chosen), memory_limit, affinity, python
    rows = _measured(cells, out, limits, quiet, suite=chosen.name if chosen else "", **how)
    wanted = {cell.id for cell in cells}
    _show([row for row in rows if row["cell_id"] in wanted], rows, as_json)


@app.command(name="null", cls=Once, help=NULL_HELP, short_help="Measure this machine's own noise (A/A).")
def measure_null(
    out: Annotated[Path, typer.Option(help="File of rows; continued where it exists.", metavar="FILE.jsonl")],
    affinity: Affinity = None,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure identical processes, then print the floor."""
    from hybrid.bench import suites
    from hybrid.bench.environment import here
    from hybrid.bench.summary import measured_floor
    from hybrid.cli import bench_text

    chosen = suites.load(NULL_SUITE)
    limits = chosen.time_limit_s, None, affinity, []
    rows = _measured(chosen.cells(), out, limits, quiet, suite=NULL_SUITE, processes=chosen.processes)
    floor = measured_floor(rows, here())
    if floor is None:
        raise HybridError(f"{out}: no process of {NULL_SUITE} ended well; the floor is unknown.")
    emit(json.dumps({"floor": floor, "host": here()["host"]}) if as_json else bench_text.floor_text(floor))


@app.command(name="show", cls=Once, help="Show what files of rows say: ranks, times, memory, and who was wrong.")
def show_rows(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of rows.")],
    null: Null = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Print the table."""
    rows = _read(files)
    _show(rows, [*rows, *_read([null] if null else [])], as_json)


@app.command(name="compare", cls=Once, help=COMPARE_HELP, short_help="Compare two files, or two backends of one.")
def compare_rows(
    files: Annotated[list[Path], typer.Argument(metavar="BASE [NEW]", help="Two files, or one with --backend twice.")],
    backend: Annotated[
        list[str], typer.Option("--backend", help="As in the file; given twice, base first.", metavar="NAME[:k=v,...]")
    ] = [],  # noqa: B006
    null: Null = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Print what changed."""
    from hybrid.bench import compare
    from hybrid.cli import bench_text

    if (len(files), len(backend)) not in ((2, 0), (1, 2)):
        raise UsageError("compare takes two files, or one file and --backend twice.")
    sides = [_read([path]) for path in files]
    noise = _read([null] if null else [])
    if len(files) == 2:
        found = compare.of_files(sides[0], sides[1], (str(files[0]), str(files[1])), noise)
    else:
        found = compare.of_backends(sides[0], backend[0], backend[1], noise)
    emit(json.dumps(found.to_json(), indent=2) if as_json else bench_text.compared(found))


@app.command(name="merge", cls=Once, help="Write the rows of several files, each once, into a new one.")
def merge_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of rows.")],
    out: Annotated[Path, typer.Option(help="The new file.", metavar="FILE.jsonl")],
    debug: Debug = False,
) -> None:
    """Merge and say how many."""
    from hybrid.bench.rows import merge

    emit(f"{out}: {merge(files, out)} rows")


def _cells(
    suite: str | None, workloads: list[str], backends: list[str], threads: str | None, paths: str | None
) -> tuple["Suite | None", list["Cell"]]:
    """The suite, if it is one, and its cells; or the cells that the flags make."""
    from hybrid.bench import suites
    from hybrid.bench.cells import PATHS, grid, thread_counts

    if suite is not None:
        given = {"--workload": workloads, "--backend": backends, "--threads": threads, "--path": paths}
        if stray := [flag for flag, value in given.items() if value]:
            raise UsageError(f"--suite is frozen, and {stray[0]} does not go with it.")
        chosen = suites.load(suite)
        return chosen, chosen.cells()
    if not workloads or not backends:
        raise UsageError("say what to measure: --suite NAME@VERSION, or --workload and --backend. See: hybrid bench list.")
    chosen_paths = [name.strip() for name in paths.split(",")] if paths else list(PATHS[:1])
    return None, grid(workloads, backends, chosen_paths, thread_counts(threads or "1"))


def _limit(given: float | None, suite: "Suite | None") -> float:
    """Seconds that a process may take."""
    limit = given if given is not None else suite.time_limit_s if suite else TIME_LIMIT_S
    if not limit > 0:
        raise UsageError(f"--time-limit must be above 0, not {limit:g}.")
    return limit


def _bench(
    time_limit: float, memory_limit: str | None, affinity: str | None, python: list[str], pending: list[HybridError]
) -> "Bench":
    from hybrid.bench.measure import Bench, Limits, affinity_of, bytes_of, interpreter
    from hybrid.machine import memory_bytes

    most = bytes_of(memory_limit) if memory_limit else int(MEMORY_SHARE * memory_bytes()[1])
    interpreters = dict(map(interpreter, python))
    return Bench(Limits(time_limit, most), affinity_of(affinity), interpreters, lambda: bool(pending))


def _measured(
    cells: list["Cell"], out: Path, limits: tuple[float, str | None, str | None, list[str]], quiet: bool, **how: Any
) -> list[dict[str, Any]]:
    """The rows of a run; Interrupted or Stopped where a signal ended it."""
    from hybrid.bench import run as running
    from hybrid.cli import bench_text

    def watch(step: "Step") -> None:
        display.line(bench_text.progress(step))

    with _stopping() as pending, Display(sys.stderr, quiet=quiet) as display:
        rows = running.run(cells, out, _bench(*limits, pending), watch=watch, **how)
    if pending:
        raise type(pending[0])(f"{pending[0]} {len(rows)} rows are in {out}; the same command continues.")
    return rows


@contextmanager
def _stopping() -> Iterator[list[HybridError]]:
    """SIGINT and SIGTERM end the process that is being measured, and the run; what is written stays."""
    pending: list[HybridError] = []

    def stop(number: int, frame: Any) -> None:
        pending.append(Interrupted("interrupted.") if number == signal.SIGINT else Stopped("stopped by SIGTERM."))

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield pending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _read(paths: list[Path]) -> list[dict[str, Any]]:
    from hybrid.bench.rows import read

    return [row for path in paths for row in read(path)]


def _show(rows: list[dict[str, Any]], noise: list[dict[str, Any]], as_json: bool) -> None:
    from hybrid.bench.summary import figures, measured_floor
    from hybrid.cli import bench_text

    found = figures(rows)
    floor = measured_floor(noise, found[0].environment) if found else None
    if as_json:
        emit(json.dumps({"floor": floor, "cells": [figure.to_json() for figure in found]}, indent=2))
    else:
        emit(bench_text.shown(found, floor))
