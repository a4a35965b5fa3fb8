"""`hybrid bench`: simulators measured, judged and compared."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from hybrid.base.errors import CheckFailed, HybridError, UsageError
from hybrid.cli import bench_capability, bench_pages, bench_scores
from hybrid.cli.bench_flags import (
    PROCESSES,
    Affinity,
    Backends,
    Debug,
    Json,
    MemoryLimit,
    Null,
    Paths,
    Processes,
    Pythons,
    Quiet,
    ScoredDevice,
    SuiteName,
    Threads,
    TimeLimit,
    Workloads,
)
from hybrid.cli.bench_steps import chosen_cells, make_bench, measured, read_rows, show, stopping, time_limit_of
from hybrid.cli.layout import emit
from hybrid.cli.progress import Display
from hybrid.cli.run import Once

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
VERIFY_HELP = "Run every cell once and judge its answer; exit 4 where one is wrong, failed or was killed. Nothing is written."
NULL_HELP = """Measure this machine's noise: how far halves of identical processes lie apart.

Given the same --out as the results, `show` and `compare` find it there.
"""
app = typer.Typer(help=HELP, invoke_without_command=True, rich_markup_mode=None)
NULL_SUITE = "null@1"
app.command(name="plot", cls=Once, help=bench_pages.PLOT_HELP, short_help="Draw files of rows.")(bench_pages.plot_rows)
app.command(name="report", cls=Once, help=bench_pages.REPORT_HELP, short_help="Write a page of files of rows.")(
    bench_pages.report_rows
)
app.command(
    name="capability", cls=Once, help=bench_capability.HELP, short_help="Mirror circuits and quantum volume of a device."
)(bench_capability.measure_device)
app.command(name="score", cls=Once, help=bench_scores.HELP, short_help="Score a device on the published grid (grid@1).")(
    bench_scores.score_device
)


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


@app.command(name="plan", cls=Once, help="Print cells, expected time and memory; measure nothing.")
def plan_run(
    suite: SuiteName = None,
    workload: Workloads = [],  # noqa: B006  # typer makes a new list for every call
    backend: Backends = [],  # noqa: B006
    threads: Threads = None,
    path: Paths = None,
    device: ScoredDevice = None,
    processes: Processes = None,
    out: Annotated[Path | None, typer.Option(help="File that a run would continue.", metavar="FILE")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Print the plan."""
    from hybrid.bench import forecast, rows
    from hybrid.cli import bench_text

    chosen, cells = chosen_cells(suite, workload, backend, threads, path, device)
    had = rows.read(out) if out is not None and out.exists() else []
    found = forecast.plan(cells, had, processes or (chosen.processes if chosen else PROCESSES), chosen)
    emit(json.dumps(found.to_json(), indent=2) if as_json else bench_text.planned(found))


@app.command(name="verify", cls=Once, help=VERIFY_HELP, short_help="Judge every cell once; time nothing.")
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

    chosen, cells = chosen_cells(suite, workload, backend, threads, path)
    if chosen is not None and chosen.device:
        raise UsageError(f"{chosen.name} scores a device and holds nothing to verify; run it.")
    with stopping() as pending, Display(sys.stderr, quiet=quiet) as display:
        bench = make_bench(time_limit_of(time_limit, chosen), memory_limit, affinity, python, pending)
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
    device: ScoredDevice = None,
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
    chosen, cells = chosen_cells(suite, workload, backend, threads, path, device)
    how = {"processes": processes or (chosen.processes if chosen else PROCESSES), "seed": seed, "retry": retry}
    limits = time_limit_of(time_limit, chosen), memory_limit, affinity, python
    rows = measured(cells, out, limits, quiet, suite=chosen.name if chosen else "", **how)
    wanted = {cell.id for cell in cells}
    show([row for row in rows if row["cell_id"] in wanted], rows, as_json)


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
    rows = measured(chosen.cells(), out, limits, quiet, suite=NULL_SUITE, processes=chosen.processes)
    floor = measured_floor(rows, here())
    if floor is None:
        raise HybridError(f"{out}: no process of {NULL_SUITE} ended well; the floor is unknown.")
    emit(json.dumps({"floor": floor, "host": here()["host"]}) if as_json else bench_text.floor_text(floor))


@app.command(name="show", cls=Once, help="Show ranks, times, memory, and who was wrong.")
def show_rows(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of rows.")],
    brief: Annotated[bool, typer.Option("--brief", help="Two lines a workload: who is fastest, and by how much.")] = False,
    null: Null = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Print the table."""
    if brief and as_json:
        raise UsageError("--brief is for people and --json has everything: give one of them.")
    rows = read_rows(files)
    show(rows, [*rows, *read_rows([null] if null else [])], as_json, brief)


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
    from hybrid.cli import bench_changes

    if (len(files), len(backend)) not in ((2, 0), (1, 2)):
        raise UsageError("compare takes two files, or one file and --backend twice.")
    sides = [read_rows([path]) for path in files]
    noise = read_rows([null] if null else [])
    if len(files) == 2:
        found = compare.of_files(sides[0], sides[1], (str(files[0]), str(files[1])), noise)
    else:
        found = compare.of_backends(sides[0], backend[0], backend[1], noise)
    emit(json.dumps(found.to_json(), indent=2) if as_json else bench_changes.compared(found))


@app.command(name="merge", cls=Once, help="Write the rows of several files into a new one.")
def merge_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of rows.")],
    out: Annotated[Path, typer.Option(help="The new file.", metavar="FILE.jsonl")],
    debug: Debug = False,
) -> None:
    """Merge and say how many."""
    from hybrid.bench.rows import merge

    emit(f"{out}: {merge(files, out)} rows")
