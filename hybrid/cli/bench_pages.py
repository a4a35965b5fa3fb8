"""`hybrid bench plot` and `hybrid bench report`: results as pictures and as a page."""

from pathlib import Path
from typing import Annotated

import typer

from hybrid.base.errors import UsageError, unknown
from hybrid.cli import bench_flags, flags
from hybrid.cli.bench_steps import read_rows
from hybrid.cli.page_flags import page
from hybrid.cli.pictures import need_matplotlib, say

KINDS = ("scaling", "error-time", "memory", "volumetric", "relative", "profile", "winners", "drift")
"""As `hybrid.figures.bench.KINDS`, which is not imported here because it loads matplotlib; a test compares them."""
PLOT_HELP = """Draw files of results: hybrid bench plot r.jsonl --kind scaling --out scaling.png.

scaling: time per call against number of qubits. error-time: error against time. memory: peak memory, with 16 x 2^n bytes.
volumetric: time over width and depth. winners: the fastest backend per workload and width. relative: every time as a multiple
of the fastest. profile: the share of workloads answered within a multiple of the fastest time. drift: the machine's speed
during the measurement. Wrong results are marked and never win.
"""
REPORT_HELP = """Write files of results as one page: tables to sort, plots, how each answer was verified, and the statistics.

The page is a single HTML file that loads nothing from the network.
"""


def plot_rows(
    files: bench_flags.Files,
    kind: Annotated[str, typer.Option(help=f"One of {', '.join(KINDS)}.", metavar="KIND")],
    out: Annotated[Path, typer.Option(help="The picture (PNG, SVG or PDF).", metavar="FILE")],
    workload: Annotated[
        list[str], typer.Option("--workload", help="Only these, by name or as in the file. Repeatable.", metavar="NAME")
    ] = [],  # noqa: B006  # typer makes a new list for every call
    backend: Annotated[
        list[str], typer.Option("--backend", help="Only these, by name or as in the file. Repeatable.", metavar="NAME")
    ] = [],  # noqa: B006
    host: Annotated[str | None, typer.Option(help="The machine, where the results are of several.")] = None,
    null: bench_flags.Null = None,
    quiet: flags.Quiet = False,
) -> None:
    """Draw one picture."""
    if kind not in KINDS:
        raise unknown("kind of plot", kind, KINDS)
    rows, noise = read_rows(files), read_rows([null] if null else [])
    need_matplotlib("bench plot")
    from hybrid.bench.naming import only
    from hybrid.figures.bench import plot

    plot(only(rows, workload, backend), kind, out, host, noise, page())
    say(f"drawn: {out}", quiet)


def report_rows(
    files: bench_flags.Files,
    out: Annotated[Path, typer.Option(help="The page.", metavar="FILE.html")],
    null: bench_flags.Null = None,
    quiet: flags.Quiet = False,
) -> None:
    """Write one page."""
    if out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{out}: a report is an HTML file; its name must end in .html.")
    rows, noise = read_rows(files), read_rows([null] if null else [])
    need_matplotlib("bench report")
    from hybrid.figures.bench_page import write

    write(rows, out, noise)
    say(f"written: {out}", quiet)
