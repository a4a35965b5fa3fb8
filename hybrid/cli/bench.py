"""`hybrid bench`: simulators measured, verified and compared."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from hybrid import catalog
from hybrid.base.errors import CheckFailed, HybridError, UsageError
from hybrid.cli import bench_capability, bench_export, bench_flags, bench_mine, bench_pages, bench_scores, flags
from hybrid.cli.bench_steps import (
    chosen_cells,
    foretell,
    foretell_looks,
    make_bench,
    measured,
    read_rows,
    show,
    suggest_looks,
    time_limit_of,
)
from hybrid.cli.layout import emit
from hybrid.cli.progress import Display
from hybrid.cli.signals import pending_stop

HELP = """Benchmark simulators. A backend is ranked only where its answers are verified.

Every measurement is a process of its own. The answers that were timed are verified afterwards, outside the timing. The results
are a file of JSON lines, one per process.
"""
RUN_HELP = """Measure a suite, or workloads by backends, into a file.

The same command continues a run that was interrupted and adds what is missing; where nothing is missing it changes nothing.
With --until-decided undecided cells get up to 27 processes, by a rule that errs no more often. For example: hybrid bench run
--suite s@1 --out r.jsonl, or hybrid bench run --workload su4-brick:n=12..20 --backend aer:method=statevector --backend qulacs
--threads 1,2 --out r.jsonl.
"""
COMPARE_HELP = """Compare two files cell by cell, or two backends within one file.

"Faster" and "slower" need p < 0.01 in an exact rank test, after Holm's correction over the cells, and a change above 5 % and
above the difference between identical runs on this machine (hybrid bench null). Only cells that both sides got right count.
"""
VERIFY_HELP = "Run every cell once and verify its answer; exit 4 where one is wrong, failed or was killed. Writes no file."
NULL_HELP = """Measure this machine's noise: the difference between halves of identical processes (A/A).

With the same --out as the results, `show` and `compare` find it there.
"""
NULL_SUITE = "null@1"
app, verb = flags.command_of_verbs(HELP)
verb(name="plot", help=bench_pages.PLOT_HELP, short_help="Draw results.")(bench_pages.plot_rows)
verb(name="report", help=bench_pages.REPORT_HELP, short_help="Write results as a page of HTML.")(bench_pages.report_rows)
verb(name="export", help=bench_export.HELP, short_help="Write results as a folder to deposit.")(bench_export.export_rows)
verb(name="mine", help=bench_mine.HELP, short_help="Time and judge your own run on every simulator.")(bench_mine.command())
verb(name="capability", help=bench_capability.HELP, short_help="Mirror circuits and quantum volume of a device.")(
    bench_capability.measure_device
)
verb(name="score", help=bench_scores.HELP, short_help="Score a device on published circuits (grid@1).")(
    bench_scores.score_device
)


@verb(name="list", help="List suites, workloads and backends.")
def list_all(as_json: flags.Json = False) -> None:
    """Print names and first lines."""
    from hybrid.bench import suites
    from hybrid.cli import bench_text
    from hybrid.cli.members import first_line

    loaded = [suites.load(name) for name in suites.names()]
    members = {one: {name: first_line(one, name) for name in catalog.names(one)} for one in ("workloads", "adapters")}
    if as_json:
        about = {s.name: {"title": s.title, "processes": s.processes, "seconds": s.seconds} for s in loaded}
        emit(json.dumps({"suites": about, **members}, indent=2))
        return
    emit(bench_text.listed(loaded, members))


@verb(name="plan", help="Print cells, expected time and memory; measure nothing.")
def plan_run(
    suite: bench_flags.SuiteName = None,
    workload: bench_flags.Workloads = [],  # noqa: B006  # typer makes a new list for every call
    backend: bench_flags.Backends = [],  # noqa: B006
    threads: bench_flags.Threads = None,
    path: bench_flags.Paths = None,
    device: bench_flags.ScoredDevice = None,
    processes: bench_flags.Processes = None,
    out: Annotated[Path | None, typer.Option(help="File of results that a run would continue.", metavar="FILE")] = None,
    as_json: flags.Json = False,
) -> None:
    """Print the plan."""
    from hybrid.bench import forecast, rows
    from hybrid.cli import bench_text

    chosen, cells = chosen_cells(suite, workload, backend, threads, path, device)
    earlier = rows.read(out) if out is not None and out.exists() else []
    plan = forecast.plan(cells, earlier, processes or (chosen.processes if chosen else bench_flags.PROCESSES), chosen)
    emit(json.dumps(plan.to_json(), indent=2) if as_json else bench_text.planned(plan))


@verb(name="verify", help=VERIFY_HELP, short_help="Verify every cell once, without timing.")
def verify_cells(
    suite: bench_flags.SuiteName = None,
    workload: bench_flags.Workloads = [],  # noqa: B006
    backend: bench_flags.Backends = [],  # noqa: B006
    threads: bench_flags.Threads = None,
    path: bench_flags.Paths = None,
    python: bench_flags.Pythons = [],  # noqa: B006
    time_limit: bench_flags.TimeLimit = None,
    memory_limit: bench_flags.MemoryLimit = None,
    affinity: bench_flags.Affinity = None,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Print a verdict per cell."""
    from hybrid.bench import run as running
    from hybrid.bench.summary import figures
    from hybrid.cli import bench_text

    chosen, cells = chosen_cells(suite, workload, backend, threads, path)
    if chosen is not None and chosen.device:
        raise UsageError(f"{chosen.name} scores a device and has nothing to verify: hybrid bench run --suite {chosen.name}.")
    with pending_stop() as pending, Display(sys.stderr, quiet=quiet) as display:
        bench = make_bench(time_limit_of(time_limit, chosen), memory_limit, affinity, python, pending)
        verified = figures(running.verify(cells, bench, lambda step: display.line(bench_text.progress(step))))
    as_object = {"verified": [figure.to_json() for figure in verified]}
    emit(json.dumps(as_object, indent=2) if as_json else bench_text.verified(verified))
    if pending:
        raise pending[0]
    if bad := [figure for figure in verified if figure.status in ("wrong", "timeout", "oom", "crashed", "error")]:
        raise CheckFailed(f"{len(bad)} of {len(verified)} cells have no right answer.")


@verb(name="run", help=RUN_HELP, short_help="Measure, verify, and write a file of results.")
def run_cells(
    out: Annotated[Path, typer.Option(help="File of results; continued where it exists.", metavar="FILE.jsonl")],
    suite: bench_flags.SuiteName = None,
    workload: bench_flags.Workloads = [],  # noqa: B006
    backend: bench_flags.Backends = [],  # noqa: B006
    threads: bench_flags.Threads = None,
    path: bench_flags.Paths = None,
    device: bench_flags.ScoredDevice = None,
    processes: bench_flags.Processes = None,
    python: bench_flags.Pythons = [],  # noqa: B006
    time_limit: bench_flags.TimeLimit = None,
    memory_limit: bench_flags.MemoryLimit = None,
    affinity: bench_flags.Affinity = None,
    seed: Annotated[int, typer.Option(help="Seed of the order within rounds.", min=0, metavar="N")] = 0,
    until_decided: bench_flags.UntilDecided = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what timed out, crashed or failed.")] = False,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Measure, then print the table of the chosen cells."""
    chosen, cells = chosen_cells(suite, workload, backend, threads, path, device)
    limits = time_limit_of(time_limit, chosen), memory_limit, affinity, python
    how = {"suite": chosen.name if chosen else "", "seed": seed, "retry": retry, "until_decided": until_decided}
    if until_decided:
        bench_flags.check_looks(processes, chosen)
        foretell_looks(chosen, cells, out, quiet)
        rows = measured(cells, out, limits, quiet, **how)
    else:
        count = processes or (chosen.processes if chosen else bench_flags.PROCESSES)
        foretell(chosen, cells, out, count, quiet)
        rows = measured(cells, out, limits, quiet, processes=count, **how)
        suggest_looks(rows, cells, quiet)
    wanted = {cell.id for cell in cells}
    show([row for row in rows if row["cell_id"] in wanted], rows, as_json)


@verb(name="null", help=NULL_HELP, short_help="Measure this machine's own noise (A/A).")
def measure_null(
    out: Annotated[Path, typer.Option(help="File of results; continued where it exists.", metavar="FILE.jsonl")],
    affinity: bench_flags.Affinity = None,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Measure identical processes, then print the A/A floor."""
    from hybrid.bench import suites
    from hybrid.bench.environment import here
    from hybrid.bench.summary import measured_floor
    from hybrid.cli import bench_text

    chosen = suites.load(NULL_SUITE)
    limits = chosen.time_limit_s, None, affinity, []
    rows = measured(chosen.cells(), out, limits, quiet, suite=NULL_SUITE, processes=chosen.processes)
    floor = measured_floor(rows, here())
    if floor is None:
        raise HybridError(f"{out}: no process of {NULL_SUITE} succeeded, so the A/A floor is not known.")
    emit(json.dumps({"floor": floor, "host": here()["host"]}) if as_json else bench_text.floor_text(floor))


@verb(name="show", help="Show ranks, times, memory and wrong answers.")
def show_rows(
    files: bench_flags.Files,
    brief: Annotated[bool, typer.Option("--brief", help="Two lines per workload: the fastest, and by how much.")] = False,
    null: bench_flags.Null = None,
    as_json: flags.Json = False,
) -> None:
    """Print the table."""
    if brief and as_json:
        raise UsageError("--brief and --json contradict each other: --json has everything.")
    rows = read_rows(files)
    show(rows, [*rows, *read_rows([null] if null else [])], as_json, brief)


@verb(name="compare", help=COMPARE_HELP, short_help="Compare two files, or two backends of one.")
def compare_rows(
    files: Annotated[list[Path], typer.Argument(metavar="BASE [NEW]", help="Two files, or one with --backend twice.")],
    backend: Annotated[
        list[str], typer.Option("--backend", help="As in the file; given twice, base first.", metavar="NAME[:k=v,...]")
    ] = [],  # noqa: B006
    null: bench_flags.Null = None,
    as_json: flags.Json = False,
) -> None:
    """Print what changed."""
    from hybrid.bench import compare
    from hybrid.cli import bench_changes

    if (len(files), len(backend)) not in ((2, 0), (1, 2)):
        raise UsageError("compare takes two files, or one file and --backend twice.")
    sides = [read_rows([path]) for path in files]
    noise = read_rows([null] if null else [])
    if len(files) == 2:
        report = compare.of_files(sides[0], sides[1], (str(files[0]), str(files[1])), noise)
    else:
        report = compare.of_backends(sides[0], backend[0], backend[1], noise)
    emit(json.dumps(report.to_json(), indent=2) if as_json else bench_changes.compared(report))


@verb(name="merge", help="Write the rows of several files into a new one.")
def merge_files(
    files: bench_flags.Files,
    out: Annotated[Path, typer.Option(help="The new file.", metavar="FILE.jsonl")],
    as_json: flags.Json = False,
) -> None:
    """Merge and print the number of rows."""
    from hybrid.bench.rows import merge

    count = merge(files, out)
    emit(json.dumps({"file": str(out), "rows": count}) if as_json else f"{out}: {count} rows")
