"""`hybrid runs`: records listed, shown, compared, measured again, drawn, exported and signed."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from hybrid.base.errors import CheckFailed, RecordError, UsageError
from hybrid.cli import completion, flags, runs_many, runs_text
from hybrid.cli.layout import csv_text, emit, write_text
from hybrid.cli.page_flags import page
from hybrid.cli.pictures import need_matplotlib
from hybrid.cli.progress import Display
from hybrid.review import difference
from hybrid.runs import results_folder as runs
from hybrid.runs.reopen import find
from hybrid.runs.result import agreeing

HELP = """List, show, compare, re-check, draw, export and sign recorded runs.

A run is named by 'latest', by its id or the first digits of it, or by its file (other/ab12cd34ef56.jsonl).
"""
REPLAY_HELP = """Measure a recorded run again, and say whether it is identical or where it first differs.

With --backend, --device or --shots the recorded points are measured on those instead, with different random numbers, and
compared: z = (recorded - measured) / sqrt(sum of both variances). Exit code 4 where the record and the new measurement
disagree: a number differs by more than rounding (1e-12); or, measured elsewhere, p < 0.001 for chi squared over all numbers or
for the worst answer (Holm).
"""
EXPORT_HELP = """Write one row per answer, for pandas.read_csv or read_json.

nfev counts the loop's evaluations up to and including the answer; x is where the optimiser would stop. For an answer to several
points, `value` is that of the first, value_1, ... those of the others; gradients are in gradient_0, ...

With --qasm3 a folder of circuits to run elsewhere: one OpenQASM 3 file per measured circuit at the final x, in the device's
native gates on the device's qubits, and acceptance.json with the expected numbers and how close N shots must come to them.
"""
SIGN_HELP = """Sign a finished record with your own SSH key, by ssh-keygen: the signature is a file beside it, ID.jsonl.sig.

For example: hybrid runs sign latest --key ~/.ssh/id_ed25519. Checksums protect against accident; a signature shows whose record
it is.
"""
VERIFY_HELP = """Verify the signature beside a record and show its key; exit code 4 where it is not of this record.

--allowed is a file of lines "IDENTITY KEY", as ssh-keygen reads it: the identity is shown, and 4 means it is nobody's there.
"""
PLOT_HELP = """Draw value against evaluations, several runs in one picture, and print the name of the file.

With --against AXIS the final values of all runs, or of those that --where selects, against a field or an option as
problem.distance: median and quartiles over the seeds.
"""
app, verb = flags.command_of_verbs(HELP)


verb(name="list", help=runs_many.LIST_HELP, short_help="List the runs in a folder.")(runs_many.list_runs)
verb(name="table", help=runs_many.TABLE_HELP, short_help="One row per run, every input a column.")(runs_many.table_runs)
verb(name="account", help=runs_many.ACCOUNT_HELP, short_help="What runs cost, summed.")(runs_many.account_runs)


@verb(name="show", help="Show one run; the checksum of every line is verified.", short_help="Show one run.")
def show_run(run: flags.RunName, results: flags.Results = flags.RESULTS, as_json: flags.Json = False) -> None:
    """Print the report of a finished run, or how far an unfinished one has come."""
    path = find(results, run)
    try:
        recorded = runs.read(path, brief=True)
        emit(json.dumps(recorded.to_json()) if as_json else runs_text.shown(recorded))
        if recorded.result is not None:
            agreeing(recorded.result)
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        why = f"{type(error).__name__}: {error}"
        raise RecordError(f"{path}: a value is not what a record has there ({why}); it was changed.") from error


@verb(name="diff", help="Compare two runs: inputs, versions and hosts, outcome.")
def diff_runs(a: flags.RunName, b: flags.RunName, results: flags.Results = flags.RESULTS, as_json: flags.Json = False) -> None:
    """Print how two runs differ."""
    one, other = runs.read(find(results, a)), runs.read(find(results, b))
    differences = difference.compare(one, other)
    emit(json.dumps(differences.to_json()) if as_json else runs_text.compared(one, other, differences))


@verb(name="replay", help=REPLAY_HELP, short_help="Measure a run again, here or on another backend.")
def replay_run(
    run: flags.RunName,
    backend: flags.AnotherBackend = None,
    device: flags.AnotherDevice = None,
    shots: Annotated[int | None, typer.Option(help="Shots; 0 = exact. Default: as recorded.", metavar="N")] = None,
    threads: flags.ThreadsAsRecorded = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Of the random numbers of --backend, --device or --shots. Default: 0.", metavar="N"),
    ] = None,
    results: flags.Results = flags.RESULTS,
    quiet: flags.Quiet = False,
    as_json: flags.Json = False,
) -> None:
    """Print whether the record and the new measurement agree."""
    flags.check_least(seed=seed)
    path = find(results, run)
    elsewhere = any(flag is not None for flag in (backend, device, shots))
    if seed is not None and not elsewhere:
        raise UsageError("--seed needs --backend, --device or --shots; a plain replay uses the random numbers of the record.")
    runs.read(path)  # a damaged record is refused before half a second of imports
    with Display(sys.stderr, quiet=quiet) as display:
        display.work("compiling the circuits")
        from hybrid.review.cross_check import cross_check
        from hybrid.review.replay import repeat

        if elsewhere:
            outcome = cross_check(
                path, backend=backend, device=device, shots=shots, threads=threads, seed=seed or 0, watch=display.show
            )
            text, failure = runs_text.cross_checked(outcome), runs_text.cross_check_failure(outcome)
        else:
            outcome = repeat(path, threads=threads, watch=display.show)
            text, failure = runs_text.repeated(outcome), runs_text.repetition_failure(outcome)
    emit(json.dumps(outcome.to_json()) if as_json else text)
    if failure:
        raise CheckFailed(failure)


@verb(name="plot", help=PLOT_HELP, short_help="Draw value against evaluations, of one run or several.")
def plot_runs(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN...", help="'latest', ids or their first digits, or files.", autocompletion=completion.runs),
    ] = None,
    against: Annotated[str | None, typer.Option(help="Axis, as problem.distance.", metavar="AXIS")] = None,
    where: runs_many.Where = None,
    distance: Annotated[
        bool, typer.Option("--distance", help="Draw the distance from the exact value, on a logarithmic axis.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="PNG, SVG or PDF. Default: next to the record; for several runs, runs.png there.", metavar="FILE"),
    ] = None,
    results: flags.Results = flags.RESULTS,
    as_json: flags.Json = False,
) -> None:
    """Draw, and print the name of the file."""
    need_matplotlib()
    if against is not None:
        if names:
            raise UsageError("--against takes all runs that --where selects; leave the names out.")
        if distance:
            raise UsageError("--distance and --against contradict each other: against an axis, the exact value has a line.")
        target = out or results / "against.png"
        runs_many.draw_against(results, where, against, target, page())
        emit(json.dumps({"file": str(target)}) if as_json else str(target))
        return
    if where or not names:
        raise UsageError("name the runs to draw, or --against AXIS.")
    paths = list(dict.fromkeys(find(results, name) for name in names))
    target = out or (paths[0].with_suffix(".png") if len(paths) == 1 else paths[0].with_name("runs.png"))
    from hybrid.figures.convergence import convergence

    convergence(paths, target, page(), distance=distance)
    emit(json.dumps({"file": str(target)}) if as_json else str(target))


@verb(name="export", help=EXPORT_HELP, short_help="Write answers as CSV or JSON, or circuits as OpenQASM 3.")
def export_run(
    run: flags.RunName,
    format: Annotated[
        Literal["csv", "json"] | None, typer.Option(help="Default: json where --out ends in .json, else csv.")
    ] = None,
    qasm3: Annotated[
        bool,
        typer.Option("--qasm3", help="Write the circuits at the final x, and the numbers they should give, into a folder."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="File to write instead of stdout; with --qasm3 a folder. Default: ID-qasm3.", metavar="FILE"),
    ] = None,
    results: flags.Results = flags.RESULTS,
) -> None:
    """Print or write the rows."""
    if qasm3:
        _export_circuits(find(results, run), format, out)
        return
    rows = list(runs.rows(runs.read(find(results, run))))
    by_suffix = "json" if out is not None and out.suffix.lower() == ".json" else "csv"
    text = json.dumps(rows) if (format or by_suffix) == "json" else csv_text(rows, runs.COLUMNS)
    if out is None:
        emit(text)
        return
    write_text(out, text)


def _export_circuits(path: Path, format: str | None, out: Path | None) -> None:
    if format:
        raise UsageError("--qasm3 and --format contradict each other: circuits are OpenQASM 3, their numbers JSON.")
    if out is not None and out.is_file():
        raise UsageError(f"{out}: is a file; --qasm3 writes into a folder.")
    runs.read(path)  # a damaged record is refused before half a second of imports
    with Display(sys.stderr, quiet=False) as display:
        display.work("compiling the circuits and computing their numbers")
        from hybrid.review.export_circuits import export

        exported = export(path)
    emit("\n".join(map(str, exported.write(out or Path(f"{path.stem}-qasm3")))))


@verb(name="sign", help=SIGN_HELP, short_help="Sign a record with your SSH key.")
def sign_run(
    run: flags.RunName,
    key: Annotated[Path, typer.Option(help="Private key, or the public key of one in an agent.", metavar="FILE")],
    results: flags.Results = flags.RESULTS,
    as_json: flags.Json = False,
) -> None:
    """Sign, and print where the signature is."""
    from hybrid.review.ssh_signature import sign

    signature = sign(find(results, run), key)
    emit(json.dumps(signature.to_json()) if as_json else runs_text.signed(signature))


@verb(name="verify", help=VERIFY_HELP, short_help="Verify the signature of a record.")
def verify_run(
    run: flags.RunName,
    allowed: Annotated[Path | None, typer.Option(help="Who may have signed, and their keys.", metavar="FILE")] = None,
    results: flags.Results = flags.RESULTS,
    as_json: flags.Json = False,
) -> None:
    """Print whose signature it is."""
    from hybrid.review.ssh_signature import verify

    signature = verify(find(results, run), allowed)
    emit(json.dumps(signature.to_json()) if as_json else runs_text.signed(signature))
