"""`hybrid run`: one flag per Spec field, made from the Spec itself."""

import inspect
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from hybrid import catalog
from hybrid.base.errors import HybridError, Interrupted, NotConverged, Stopped, UsageError, shortened
from hybrid.cli import completion, report, sample
from hybrid.cli.layout import emit
from hybrid.cli.pictures import need_matplotlib
from hybrid.cli.progress import Display
from hybrid.runs.spec import Spec, read_point

HELP = """Run a variational algorithm: hybrid run vqe h2, or hybrid run h2, or hybrid run experiment.toml.

Every run is a record in --results; the same command continues an interrupted run and prints a finished one.
Ctrl-C stops behind the measurement in progress; nothing measured is lost.
"""
OWN_FLAGS = {
    "exact": (bool, "--exact", "The same as --shots 0.", ""),
    "results": (Path, "--results", "Folder of the records. Default: results.", "DIR"),
    "as_json": (bool, "--json", "Print one JSON object.", ""),
    "quiet": (bool, "--quiet", "No progress on stderr.", ""),
    "dry_run": (bool, "--dry-run", "Print what the run would take; measure nothing.", ""),
    "repeat": (str | None, "--repeat", "Run with N seeds, from --seed on; print median and quartiles.", "N"),
    "plot": (bool, "--plot", "Draw the convergence beside the record (PNG).", ""),
    "require_converged": (bool, "--require-converged", "Exit with 3 unless the optimiser converged.", ""),
    "bind": (list[str], "--bind", "Of a circuit file: give a parameter its value; repeat it.", "NAME=VALUE"),
    "draw": (bool, "--draw", "Of a circuit file: print the circuit first.", ""),
    "debug": (bool, "--debug", "Show the traceback of an error.", ""),
}
"""Flags that are not part of the Spec: they change neither id nor digest."""
POSITIONAL = ("algorithm", "problem")
WHOLE = {field.name for field in fields(Spec) if field.type in (int, int | None)}


class Once(TyperCommand):
    """A command that refuses a flag given twice; otherwise the last would win without a word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As the parent's; UsageError names the flag. `--debug` goes with every command: `hybrid.cli.app` looks for it."""
        if not any(parameter.name == "debug" for parameter in self.params):
            args = [word for word in args if word != "--debug"]
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        twice = [parameter for parameter in given if given.count(parameter) > 1 and not parameter.multiple]
        if twice and not ctx.resilient_parsing:  # a completion may look at a line that is not finished
            raise UsageError(f"{twice[0].opts[0]} is given twice.")
        return super().parse_args(ctx, args)


def command() -> Callable[..., None]:
    """The function Typer reads: positional words, a flag for every field of Spec, and the flags of the command itself."""
    words = typer.Argument(
        help="What to run, or the file that says so.",
        metavar="[ALGORITHM] PROBLEM | experiment.toml",
        autocompletion=completion.words,
    )
    parameters = [_parameter("words", list[str] | None, words, None)]
    for field in fields(Spec):
        if field.name not in POSITIONAL:
            default = "" if field.default in (None, MISSING) else f" Default: {field.default}."
            parameters.append(_flag(field.name, str | None, field.metadata["help"] + default, field.metadata["metavar"], None))
    for name, (kind, flag, help, metavar) in OWN_FLAGS.items():
        default = {Path: Path("results"), list[str]: [], str | None: None}.get(kind, False)
        parameters.append(_flag(name, kind, help, metavar, default, flag))

    def run(**arguments: Any) -> None:
        own = {name: arguments.pop(name) for name in OWN_FLAGS}
        words = arguments.pop("words") or []
        given = {key: value for key, value in arguments.items() if value is not None}
        execute(words, {key: _whole(key, value) if key in WHOLE else value for key, value in given.items()}, **own)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _flag(name: str, kind: Any, help: str, metavar: str, default: Any, flag: str = "") -> inspect.Parameter:
    flag = flag or f"--{name.replace('_', '-')}"
    info = typer.Option(flag, help=help, metavar=metavar or None, show_default=False, autocompletion=completion.of_field(name))
    return _parameter(name, kind, info, default)


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--{name.replace('_', '-')} takes a whole number, not '{shortened(text)}'.") from None


def _parameter(name: str, kind: Any, info: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])


def make_spec(words: list[str], flags: dict[str, Any], results: Path) -> Spec:
    """The Spec of the command's words and flags, flags winning over a file; UsageError says what is missing."""
    if isinstance(flags.get("initial_point"), str):
        flags["initial_point"] = read_point(flags["initial_point"], results)
    if len(words) == 1 and words[0].endswith(".toml"):
        return Spec.from_toml(words[0], results=results, **flags)
    if len(words) == 2:
        return Spec(algorithm=words[0], problem=words[1], **flags)
    if len(words) == 1:
        name = words[0].partition(":")[0]
        if name in catalog.names("algorithms"):
            raise UsageError(
                f"{name} of what? Name a problem: hybrid run {name} {catalog.names('problems')[0]}. See: hybrid list problems."
            )
        if name in catalog.names("circuits") and name not in catalog.names("problems"):
            raise UsageError(f"'{name}' is a circuit, not a problem: hybrid sample {words[0]}.")
        return Spec(problem=words[0], **flags)
    raise UsageError("give an algorithm and a problem (hybrid run vqe h2), or a problem, or an experiment.toml.")


def execute(
    words: list[str],
    flags: dict[str, Any],
    *,
    exact: bool,
    results: Path,
    as_json: bool,
    quiet: bool,
    dry_run: bool,
    repeat: str | None,
    plot: bool,
    require_converged: bool,
    bind: list[str],
    draw: bool,
    debug: bool,
) -> None:
    """Do what the command line says."""
    if sample.is_circuit(words):
        only_runs = {"exact": exact, "dry-run": dry_run, "repeat": repeat, "require-converged": require_converged}
        _sample(words[0], flags, [name for name, given in only_runs.items() if given], bind, draw, plot, as_json)
        return
    if bind or draw:
        raise UsageError(f"--{'bind' if bind else 'draw'} goes with a circuit file; see: hybrid sample --help.")
    if exact and flags.get("shots"):
        raise UsageError("--exact and --shots contradict each other.")
    if plot and dry_run:
        raise UsageError("--plot and --dry-run contradict each other: nothing is measured, nothing can be drawn.")
    if repeat is not None and (plot or dry_run):
        raise UsageError(f"--repeat and --{'plot' if plot else 'dry-run'} contradict each other: that is told of one run.")
    if exact:
        flags["shots"] = 0
    spec = make_spec(words, flags, results)
    if dry_run:
        from hybrid.runs.dry_run import plan as make_plan

        found = make_plan(spec)
        emit(json.dumps(found.to_json()) if as_json else report.plan_text(found))
        return
    if repeat is not None:
        _repeat(spec, _whole("repeat", repeat), results, as_json, quiet, require_converged)
        return
    if plot:
        need_matplotlib()
    with _signals() as interruption:
        result = _run(spec, results, quiet, interruption)
    emit(json.dumps(result.to_json()) if as_json else report.result_text(result, spec))
    if plot:
        _draw(Path(result.record), quiet)
    if require_converged and not result.converged:
        raise NotConverged(f"not converged: stopped by its {result.reason}.")


def _repeat(spec: Spec, count: int, results: Path, as_json: bool, quiet: bool, require_converged: bool) -> None:
    from hybrid.runs.repeat import repeat
    from hybrid.runs.run import Watcher

    with _signals() as interruption, Display(sys.stderr, quiet=quiet) as display:
        found = repeat(spec, count, results, watcher=Watcher(display.show, interruption, display.note))
    emit(json.dumps(found.to_json()) if as_json else report.repetitions_text(found))
    if require_converged and (missed := [result for result in found.runs if not result.converged]):
        raise NotConverged(f"{len(missed)} of {count} runs did not converge; the first stopped by its {missed[0].reason}.")


def _sample(
    circuit: str, flags: dict[str, Any], only_runs: list[str], bind: list[str], draw: bool, plot: bool, as_json: bool
) -> None:
    """`hybrid run FILE.qasm` is `hybrid sample FILE.qasm`; UsageError for a flag that only a variational run has."""
    sampled = ("device", "dephasing", "backend", "shots", "realizations", "dd", "mitigate", "seed", "threads")
    if stray := [name for name in (*flags, *only_runs) if name not in sampled]:
        raise UsageError(f"{circuit} is sampled, and --{stray[0].replace('_', '-')} does not apply. See: hybrid sample --help.")
    target = Path(Path(circuit).stem + ".png") if plot else None
    sample.sample_and_print(circuit, flags, bind, draw, target, as_json)


def _run(spec: Spec, results: Path, quiet: bool, interruption: Callable[[], HybridError | None]) -> Any:
    from hybrid.runs.record import read_finished
    from hybrid.runs.result import from_record

    path = results / f"{spec.id}.jsonl"
    if finished := read_finished(path):
        return from_record(path, *finished, replayed=True)
    from hybrid.runs.run import Watcher, run

    with Display(sys.stderr, quiet=quiet) as display:
        return run(spec, results, watcher=Watcher(display.show, interruption, display.note))


@contextmanager
def _signals() -> Iterator[Callable[[], HybridError | None]]:
    """SIGINT and SIGTERM become an error raised between two answers; a second SIGINT stops at once."""
    waiting = b"\nstopping after the measurement in progress; Ctrl-C again stops at once\n"
    pending: list[HybridError] = []

    def stop(number: int, frame: Any) -> None:
        if pending and number == signal.SIGINT:
            raise KeyboardInterrupt
        if number == signal.SIGINT and sys.stderr.isatty():
            os.write(sys.stderr.fileno(), waiting)  # not print: the signal may have come in the middle of one
        pending.append(Interrupted("interrupted.") if number == signal.SIGINT else Stopped("stopped by SIGTERM."))

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: pending[0] if pending else None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _draw(record: Path, quiet: bool) -> None:
    from hybrid.figures.convergence import convergence

    target = record.with_suffix(".png")
    convergence(record, target)
    if not quiet:
        print(f"plot: {target}", file=sys.stderr)
