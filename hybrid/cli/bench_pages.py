"""`hybrid bench plot` and `hybrid bench report`: rows as pictures and as a page."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hybrid.base.errors import UsageError, unknown
from hybrid.cli.pictures import need_matplotlib

KINDS = ("scaling", "error-time", "memory", "volumetric", "relative", "profile", "winners", "drift")
"""As `hybrid.figures.bench.KINDS`, which is not imported here because it loads matplotlib; a test holds them together."""
PLOT_HELP = """Draw files of rows: hybrid bench plot r.jsonl --kind scaling --out scaling.png.

scaling: time per call against width. error-time: error against time. memory: peak memory beside 16 x 2^n bytes. volumetric:
time over width and depth. winners: who wins which workload at which width. relative: every time as a multiple of the fastest.
profile: the share of workloads answered within so many times the fastest. drift: the machine's speed while it was measured.
Wrong results are marked and never win.
"""
REPORT_HELP = """Write files of rows as one page: tables to sort, the plots, what was verified how, what the verdicts rest on.

The page is a single HTML file that loads nothing from anywhere.
"""
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of rows.")]
Null = Annotated[Path | None, typer.Option(help="File of `hybrid bench null`, if not the same.", metavar="FILE")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def plot_rows(
    files: Files,
    kind: Annotated[str, typer.Option(help=f"One of {', '.join(KINDS)}.", metavar="KIND")],
    out: Annotated[Path, typer.Option(help="The picture (PNG or SVG).", metavar="FILE")],
    workload: Annotated[
        list[str], typer.Option("--workload", help="Only these, by name or as in the rows. Repeatable.", metavar="NAME")
    ] = [],  # noqa: B006  # typer makes a new list for every call
    backend: Annotated[
        list[str], typer.Option("--backend", help="Only these, by name or as in the rows. Repeatable.", metavar="NAME")
    ] = [],  # noqa: B006
    host: Annotated[str | None, typer.Option(help="Whose times, where the rows are of several machines.")] = None,
    null: Null = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Draw one picture."""
    if kind not in KINDS:
        raise unknown("kind of plot", kind, KINDS)
    rows, noise = _read(files), _read([null] if null else [])
    need_matplotlib("bench plot")
    from hybrid.bench.naming import only
    from hybrid.figures.bench import plot

    plot(only(rows, workload, backend), kind, out, host, noise)
    _say(f"drawn: {out}", quiet)


def report_rows(
    files: Files,
    out: Annotated[Path, typer.Option(help="The page.", metavar="FILE.html")],
    null: Null = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write one page."""
    if out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{out}: a report is written as .html.")
    rows, noise = _read(files), _read([null] if null else [])
    need_matplotlib("bench report")
    from hybrid.figures.bench_page import write

    write(rows, out, noise)
    _say(f"written: {out}", quiet)


def _read(paths: list[Path]) -> list[dict[str, Any]]:
    from hybrid.bench.rows import read

    return [row for path in paths for row in read(path)]


def _say(line: str, quiet: bool) -> None:
    if not quiet:
        print(line, file=sys.stderr)
