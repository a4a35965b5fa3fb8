"""`hybrid runs`: records listed, shown, compared, measured again, drawn and exported."""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from hybrid.base.errors import CheckFailed, UsageError
from hybrid.base.files import check_file
from hybrid.cli import completion, runs_text
from hybrid.cli.layout import emit
from hybrid.cli.pictures import need_matplotlib
from hybrid.cli.progress import Display
from hybrid.cli.run import Once
from hybrid.review import difference
from hybrid.runs import record
from hybrid.runs import results_folder as runs

HELP = """List, show, compare, re-check, draw and export recorded runs.

A run is named by 'latest', by its id or the beginning of one, or by its file (other/ab12cd34ef56.jsonl).
"""
REPLAY_HELP = """Measure a recorded run again: identical, or where it first differs.

With --backend, --device or --shots another one is asked the recorded points with randomness of its own; z = (recorded -
measured) / sqrt(both variances). Exit 4 where the record does not hold: a number beyond its last digits (1e-12) differs; or,
asking another one, chi squared over all numbers or the worst answer (Holm) has p below 0.001.
"""
LIST_HELP = """List the runs in a folder, written last first; damaged and foreign files too.

Only the ends of the records are read; `hybrid runs show` verifies every line.
"""
EXPORT_HELP = """Write one row per answer, as pandas.read_csv or read_json reads it.

nfev counts the loop's evaluations up to and with the answer; x is where the optimiser would stop. An answer to several points
has the first one's value in `value`, the others' in value_1, ...; gradients stand in gradient_0, ...

With --qasm3 a folder of circuits to run elsewhere: one OpenQASM 3 file per measured circuit at the final x, in the device's
native gates on the device's qubits, and acceptance.json, the numbers they should give and how near N shots must come.
"""
app = typer.Typer(help=HELP, invoke_without_command=True, rich_markup_mode=None)

Results = Annotated[Path, typer.Option("--results", help="Folder of the records. Default: results.", metavar="DIR")]
Id = Annotated[
    str, typer.Argument(metavar="RUN", help="'latest', an id or its beginning, or a file.", autocompletion=completion.runs)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
FOLDER = Path("results")


@app.callback()
def verbs(context: typer.Context) -> None:
    """Without a verb, the help."""
    if context.invoked_subcommand is None:
        emit(context.get_help())


@app.command(name="list", cls=Once, help=LIST_HELP, short_help="List the runs in a folder.")
def list_runs(
    count: Annotated[int | None, typer.Option("-n", min=1, help="Only the newest N.", metavar="N")] = None,
    results: Results = FOLDER,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Print a line per run."""
    if not results.is_dir() and results != FOLDER:
        raise UsageError(f"{results}: no such folder.")
    found = runs.glances(results)
    shown = found if count is None else found[:count]
    emit(json.dumps([run.to_json() for run in shown]) if as_json else runs_text.listed(shown, found, results))


@app.command(name="show", cls=Once, help="Show one run, every line verified by its checksum.", short_help="Show one run.")
def show_run(run: Id, results: Results = FOLDER, as_json: Json = False, debug: Debug = False) -> None:
    """Print the report of a run, or where it stands."""
    found = runs.read(_find(results, run))
    emit(json.dumps(found.to_json()) if as_json else runs_text.shown(found))


@app.command(name="diff", cls=Once, help="Say what differs between two runs: inputs, versions and hosts, outcome.")
def diff_runs(a: Id, b: Id, results: Results = FOLDER, as_json: Json = False, debug: Debug = False) -> None:
    """Print what two runs do not share."""
    one, other = runs.read(_find(results, a)), runs.read(_find(results, b))
    found = difference.compare(one, other)
    emit(json.dumps(found.to_json()) if as_json else runs_text.compared(one, other, found))


@app.command(name="replay", cls=Once, help=REPLAY_HELP, short_help="Measure a run again, or ask another backend.")
def replay_run(
    run: Id,
    backend: Annotated[
        str | None,
        typer.Option(help="Ask this one.", metavar="NAME[:k=v,...]", autocompletion=completion.of_family("backends")),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Ask it on this one.", metavar="NAME", autocompletion=completion.of_family("devices"))
    ] = None,
    shots: Annotated[int | None, typer.Option(help="Ask it with so many shots; 0 = exact.", metavar="N")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the simulator. Default: as recorded.", metavar="N")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed asks it another time. Default: 0.", metavar="N")] = None,
    results: Results = FOLDER,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Print whether the record holds."""
    path = _find(results, run)
    other = any(flag is not None for flag in (backend, device, shots))
    if seed is not None and not other:
        raise UsageError("--seed goes with --backend, --device or --shots; a plain replay draws as the record did.")
    runs.read(path)  # a damaged record is refused before half a second of imports
    from hybrid.review.cross_check import cross_check
    from hybrid.review.replay import repeat

    with Display(sys.stderr, quiet=quiet) as display:
        if other:
            found = cross_check(
                path, backend=backend, device=device, shots=shots, threads=threads, seed=seed or 0, watch=display.show
            )
            text, why = runs_text.cross_checked(found), runs_text.cross_check_failure(found)
        else:
            found = repeat(path, threads=threads, watch=display.show)
            text, why = runs_text.repeated(found), runs_text.repetition_failure(found)
    emit(json.dumps(found.to_json()) if as_json else text)
    if why:
        raise CheckFailed(why)


@app.command(name="plot", cls=Once, help="Draw value against evaluations, several runs in one picture; print where it is.")
def plot_runs(
    names: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="'latest', ids or their beginnings, or files.", autocompletion=completion.runs),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="PNG or SVG. Default: beside the record; of several runs, runs.png there.", metavar="FILE"),
    ] = None,
    results: Results = FOLDER,
    debug: Debug = False,
) -> None:
    """Draw."""
    need_matplotlib()
    paths = list(dict.fromkeys(_find(results, name) for name in names))
    target = out or (paths[0].with_suffix(".png") if len(paths) == 1 else paths[0].with_name("runs.png"))
    from hybrid.figures.convergence import convergence

    convergence(paths, target)
    emit(str(target))


@app.command(name="export", cls=Once, help=EXPORT_HELP, short_help="Write answers as CSV or JSON, or circuits as OpenQASM 3.")
def export_run(
    run: Id,
    format: Annotated[
        Literal["csv", "json"] | None, typer.Option(help="csv or json. Default: what --out ends in, else csv.")
    ] = None,
    qasm3: Annotated[
        bool, typer.Option("--qasm3", help="Write the circuits at the final x, and what they should give, into a folder.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Write here, not to stdout; with --qasm3 a folder, ID-qasm3.", metavar="FILE"),
    ] = None,
    results: Results = FOLDER,
    debug: Debug = False,
) -> None:
    """Print or write the rows."""
    if qasm3:
        _export_circuits(_find(results, run), format, out)
        return
    found = list(runs.rows(runs.read(_find(results, run))))
    if (format or ("json" if out and out.suffix.lower() == ".json" else "csv")) == "json":
        text = json.dumps(found)
    else:
        text = _csv(found)
    if out is None:
        emit(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror}).") from None


def _export_circuits(path: Path, format: str | None, out: Path | None) -> None:
    """Write circuits and acceptance numbers, print the files' names."""
    if format:
        raise UsageError("--qasm3 and --format contradict each other: circuits are OpenQASM 3, their numbers JSON.")
    if out is not None and out.is_file():
        raise UsageError(f"{out}: is a file; --qasm3 writes into a folder.")
    runs.read(path)  # a damaged record is refused before half a second of imports
    from hybrid.review.export_circuits import export

    emit("\n".join(map(str, export(path).write(out or Path(f"{path.stem}-qasm3")))))


def _csv(rows: list[dict[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else runs.COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def _find(results: Path, name: str) -> Path:
    if name.endswith(".jsonl"):
        check_file(Path(name))
        return Path(name)
    return record.find(results, name)
