"""`hybrid run`: one flag per Spec field, made from the Spec itself."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from hybrid import catalog
from hybrid.base.errors import NotConverged, UsageError, shortened, unknown
from hybrid.cli import completion, report, sample
from hybrid.cli.flags import RESULTS, Json, Label, Plot, Quiet, Results, takes
from hybrid.cli.layout import emit
from hybrid.cli.page_flags import page
from hybrid.cli.pictures import picture, say
from hybrid.cli.progress import Display, live_console
from hybrid.cli.run_view import RunView
from hybrid.cli.signals import PendingStop, pending_stop
from hybrid.cli.sweep_display import SweepDisplay
from hybrid.runs.result import Result, agreeing, finished
from hybrid.runs.spec import Spec, duration_s, read_point
from hybrid.runs.worklist import SweepWatcher

HELP = """Run a variational algorithm: hybrid run vqe h2, or hybrid run h2, or hybrid run experiment.toml.

Every run is a record in --results; the same command continues an interrupted run and prints a finished one.
Ctrl-C stops after the measurement in progress; nothing measured is lost. A new run that could show nothing, for noise
leaves no signal or the shots are too few, is refused with what would work, unless --force is given.
"""
OWN_FLAGS: dict[str, tuple[Any, Any]] = {
    "exact": (Annotated[bool, typer.Option("--exact", help="The same as --shots 0.")], False),
    "results": (Results, RESULTS),
    "as_json": (Json, False),
    "quiet": (Quiet, False),
    "dry_run": (Annotated[bool, typer.Option("--dry-run", help="Print what the run would take; measure nothing.")], False),
    "repeat": (
        Annotated[str | None, typer.Option(help="Run with N seeds, from --seed on; print median and quartiles.", metavar="N")],
        None,
    ),
    "plot": (Plot, None),
    "require_converged": (
        Annotated[bool, typer.Option("--require-converged", help="Exit with 3 unless the optimiser converged.")],
        False,
    ),
    "device_interval": (
        Annotated[
            str,
            typer.Option(help="Results on other devices within the profile's ranges: on or off.", metavar="on|off"),
        ],
        "on",
    ),
    "force": (Annotated[bool, typer.Option("--force", help="Run even what could show nothing.")], False),
    "max_time": (
        Annotated[
            str | None,
            typer.Option(help="End the loop once its answers have taken so long: 90s, 10min, 2h.", metavar="TIME"),
        ],
        None,
    ),
    "strict": (
        Annotated[bool, typer.Option("--strict", help="Do not continue a run on another kind of processor.")],
        False,
    ),
    "label": (Label, None),
    "watch": (Annotated[bool, typer.Option("--watch", help="Show a live view: what runs, its cost, time left.")], False),
    "bind": (sample.Bind, []),
    "draw": (sample.Draw, False),
}
"""Flags that are not part of the Spec, with their defaults: they change neither id nor digest."""
POSITIONAL = ("algorithm", "problem")
WHOLE = {field.name for field in fields(Spec) if field.type in (int, int | None)}


def spec_options() -> Iterator[tuple[str, Any]]:
    """Name and option of every field of Spec that is a flag."""
    for field in fields(Spec):
        if field.name not in POSITIONAL:
            default = "" if field.default in (None, MISSING) else f" Default: {field.default}."
            yield (
                field.name,
                typer.Option(
                    help=field.metadata["help"] + default,
                    metavar=field.metadata["metavar"],
                    autocompletion=completion.of_field(field.name),
                ),
            )


def words(what: str, file: str = "experiment.toml") -> tuple[Any, Any]:
    """Annotation and default of the words that name a run: algorithm and problem, or `file`."""
    argument = typer.Argument(
        help=f"{what}, or the file that says so.", metavar=f"[ALGORITHM] PROBLEM | {file}", autocompletion=completion.words
    )
    return Annotated[list[str] | None, argument], None


def command() -> Callable[..., None]:
    """The function Typer reads: positional words, a flag for every field of Spec, and the flags of the command itself."""
    flags = {name: (Annotated[str | None, option], None) for name, option in spec_options()}

    @takes({"words": words("What to run"), **flags, **OWN_FLAGS})
    def run(**arguments: Any) -> None:
        own = {name: arguments.pop(name) for name in OWN_FLAGS}
        own["device_interval"] = is_on("device-interval", own["device_interval"])
        named = arguments.pop("words") or []
        given = {key: value for key, value in arguments.items() if value is not None}
        execute(named, {key: whole(key, value) if key in WHOLE else value for key, value in given.items()}, **own)

    return run


def whole(name: str, text: str) -> int:
    """The number of a flag; UsageError for anything else."""
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--{name.replace('_', '-')} takes a whole number, not '{shortened(text)}'.") from None


def is_on(name: str, text: str) -> bool:
    """A flag that is on or off; UsageError for another word."""
    if text not in ("on", "off"):
        raise unknown(f"--{name}", text, ("on", "off"))
    return text == "on"


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
    plot: Path | None,
    require_converged: bool,
    device_interval: bool,
    force: bool,
    max_time: str | None,
    strict: bool,
    label: str | None,
    watch: bool,
    bind: list[str],
    draw: bool,
) -> None:
    """Do what the command line says."""
    if sample.is_circuit(words):
        only_runs = {
            "exact": exact,
            "dry-run": dry_run,
            "repeat": repeat,
            "require-converged": require_converged,
            "device-interval": not device_interval,
            "force": force,
            "max-time": max_time,
            "strict": strict,
            "label": label,
            "watch": watch,
        }
        _check_sampled(words[0], [*flags, *(name for name, given in only_runs.items() if given)])
        sample.sample_and_print(words[0], flags, bind, draw, plot, as_json, quiet)
        return
    if bind or draw:
        raise UsageError(f"--{'bind' if bind else 'draw'} goes with a circuit file; see: hybrid sample --help.")
    _check_together(exact and bool(flags.get("shots")), plot is not None, dry_run, repeat is not None, watch)
    flags |= {"shots": 0} if exact else {}
    spec = make_spec(words, flags, results)
    if dry_run:
        _dry_run(spec, as_json, quiet)
        return
    options = {"device_interval": device_interval, "force": force, "max_time": duration_s("max_time", max_time)}
    options |= {"strict": strict, "label": label}
    if repeat is not None:
        _repeat(spec, whole("repeat", repeat), results, as_json, quiet, watch, require_converged, options)
        return
    target = picture(plot, results / f"{spec.id}.png")
    with pending_stop() as pending:
        result = _run(spec, results, quiet, watch, pending, options)
    emit(json.dumps(result.to_json()) if as_json else report.result_text(result, spec))
    if target is not None:
        _draw(result, target, quiet)
    if require_converged and not result.converged:
        raise NotConverged(f"not converged: stopped by its {result.reason}.")


def _draw(result: Result, target: Path, quiet: bool) -> None:
    from hybrid.figures.convergence import convergence

    convergence(Path(result.record), target, page())
    say(f"drawn: {target}", quiet)


def _check_together(exact_with_shots: bool, plot: bool, dry_run: bool, repeat: bool, watch: bool) -> None:
    """UsageError for flags that contradict each other."""
    if exact_with_shots:
        raise UsageError("--exact and --shots contradict each other.")
    if plot and dry_run:
        raise UsageError("--plot and --dry-run contradict each other: a dry run measures nothing that could be drawn.")
    if watch and dry_run:
        raise UsageError("--watch and --dry-run contradict each other: a dry run measures nothing that could be watched.")
    if repeat and (plot or dry_run):
        raise UsageError(f"--repeat and --{'dry-run' if dry_run else 'plot'} contradict each other: the latter is for one run.")


def _dry_run(spec: Spec, as_json: bool, quiet: bool) -> None:
    with pending_stop() as pending, Display(sys.stderr, quiet=quiet) as display:
        pending.work = "compiling the circuits"
        display.work(pending.work)
        from hybrid.runs.dry_run import plan as make_plan

        plan = make_plan(spec)
    emit(json.dumps(plan.to_json()) if as_json else report.plan_text(plan))


def _repeat(
    spec: Spec,
    count: int,
    results: Path,
    as_json: bool,
    quiet: bool,
    watch: bool,
    require_converged: bool,
    options: dict[str, Any],
) -> None:
    from hybrid.runs.repeat import repeat

    seeds = [{"seed": spec.seed + number} for number in range(count)]
    with pending_stop() as pending, SweepDisplay(count, quiet=quiet, watch=watch, points=seeds) as display:
        watcher = SweepWatcher(display.event, lambda: pending.error, display.note)
        repetitions = repeat(spec, count, results, watcher=watcher, **options)
    emit(json.dumps(repetitions.to_json()) if as_json else report.repetitions_text(repetitions))
    if require_converged and (missed := [result for result in repetitions.runs if not result.converged]):
        raise NotConverged(f"{len(missed)} of {count} runs did not converge; the first stopped by its {missed[0].reason}.")


def _check_sampled(circuit: str, given: list[str]) -> None:
    """`hybrid run FILE.qasm` is `hybrid sample FILE.qasm`; UsageError for a flag that only a variational run has."""
    sampled = ("device", "dephasing", "backend", "shots", "realizations", "dd", "mitigate", "seed", "threads")
    if wrong := [name for name in given if name not in sampled]:
        raise UsageError(f"{circuit} is sampled, and --{wrong[0].replace('_', '-')} does not apply. See: hybrid sample --help.")


def _run(spec: Spec, results: Path, quiet: bool, watch: bool, pending: PendingStop, options: dict[str, Any]) -> Result:
    if before := finished(results / f"{spec.id}.jsonl"):
        if options["max_time"] is not None and before.reason.endswith("of computing"):
            say(f"this run is finished: it ended by its {before.reason}. To go on: --initial-point {before.id}", quiet)
        return agreeing(before)
    with _display(spec, quiet=quiet, watch=watch) as display:
        pending.work = "starting"
        from hybrid.runs.run import run

        return run(spec, results, watcher=watcher_of(display, pending), **options)


def _display(spec: Spec, *, quiet: bool, watch: bool) -> Display | RunView:
    """The live view that was asked for; lines where it cannot be drawn, and nothing where quiet was asked for."""
    if not watch or quiet or (console := live_console()) is None:
        return Display(sys.stderr, quiet=quiet)
    return RunView(console, f"{spec.algorithm} {spec.problem} on {spec.device}, seed {spec.seed}")


def watcher_of(display: Display | RunView, pending: PendingStop) -> Any:
    """Progress on the display; a signal ends at once what is no measurement, and otherwise waits for its end."""
    from hybrid.runs.watching import Watcher

    def work(text: str) -> None:
        display.work(text)
        pending.work = text

    return Watcher(display.show, lambda: pending.error, display.note, work)
