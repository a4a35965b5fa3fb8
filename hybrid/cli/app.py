"""The `hybrid` command: its verbs, and the table from errors to exit codes."""

import errno
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

import typer

from hybrid.base.errors import (
    CheckFailed,
    HybridError,
    Interrupted,
    MissingPart,
    NotConverged,
    RecordError,
    Stopped,
    UsageError,
    printable,
    shortened,
    unknown,
)
from hybrid.cli import (
    bench,
    characterize,
    check,
    completion,
    config,
    doctor,
    explain,
    guide,
    members,
    mitigate,
    qpu,
    rehearse,
    run,
    runs,
    sample,
    schedule,
    sweep,
)
from hybrid.cli.flags import HybridCommand
from hybrid.cli.layout import emit
from hybrid.cli.signals import answering

EXIT_CODES: dict[type[HybridError], int] = {
    HybridError: 1,
    UsageError: 2,
    NotConverged: 3,
    CheckFailed: 4,
    RecordError: 5,
    MissingPart: 69,
    Stopped: 75,
    Interrupted: 130,
}
"""0 is success. The guide's page `run` shows this table."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""No file can be written: no fault of this package, wherever it happens."""
UNUSABLE = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM)
"""A path that was given cannot be used, wherever that shows."""
ParserError: type[Exception] = typer.BadParameter.__base__  # type: ignore[assignment]
"""What the parser raises for words and flags it cannot read; typer exports only a subclass of it."""

app = typer.Typer(
    name="hybrid",
    help="Rehearse variational algorithms for MeluXina-Q on simulators. Everything stays on this machine.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
VERBS: tuple[tuple[str, Callable[..., None], str, str], ...] = (
    ("run", run.command(), run.HELP, "Run an algorithm; continue or print a run."),
    ("rehearse", rehearse.command(), rehearse.HELP, "Rehearse for machines: GO or NO-GO, hours, why."),
    ("sweep", sweep.command(), sweep.HELP, "Run many runs: lists and ranges of everything."),
    ("sample", sample.sample_circuit, sample.HELP, "Run one circuit and count its outcomes."),
    ("schedule", schedule.schedule_circuit, schedule.HELP, "Show when a circuit's pulses start, and what waits."),
    ("list", members.list_members, members.LIST_HELP, "List the names in every family, or one family."),
    ("show", members.show_member, members.SHOW_HELP, "Show one member and its options."),
    ("explain", explain.explain_run_or_circuit, explain.HELP, "Explain a run's or a circuit's error, part by part."),
    ("mitigate", mitigate.mitigate_run_or_circuit, mitigate.HELP, "Compare what methods of error mitigation buy."),
    ("characterize", characterize.characterize, characterize.HELP, "Characterise a simulated device: a self-test."),
    ("doctor", doctor.doctor, doctor.HELP, "Check this machine and installation."),
    ("check", check.check, check.HELP, "Recompute published numbers on this machine."),
    ("guide", guide.guide, guide.HELP, "List the pages of the guide, or show one."),
)
"""Name, function, help and the line about it in `hybrid --help`."""
for _name, _function, _help, _line in VERBS:
    app.command(name=_name, cls=HybridCommand, help=_help, short_help=_line)(_function)
app.add_typer(runs.app, name="runs", short_help="List, compare, measure again, draw, export and sign runs.")
app.add_typer(config.app, name="config", short_help="Write experiment, sweep and device files.")
app.add_typer(qpu.app, name="qpu", short_help="Show and release the leases of exclusive machines.")
app.add_typer(bench.app, name="bench", short_help="Benchmark simulators: measure, verify, compare.")


@app.callback()
def options(
    context: typer.Context, version: bool = typer.Option(False, "--version", help="Print the version and exit.")
) -> None:
    """Options of the command itself; without a verb, the help."""
    if version:
        from importlib.metadata import version as installed

        emit(f"hybrid {installed('hybrid-sandbox')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        emit(context.get_help())


def main() -> None:
    """Run the command line; every error ends as one message and its exit code."""
    if completion.VARIABLE in os.environ:
        completion.answer(app)
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # last, so that no file lying here replaces an installed module
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal without ± shows a question mark
    warnings.showwarning = _note
    try:
        with answering():
            code = app(standalone_mode=False)
    except HybridError as error:
        _leave(str(error), next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES))
    except ParserError as error:
        _leave(_parser_message(error), EXIT_CODES[UsageError])
    except Exception as error:
        if isinstance(error, OSError):
            _check_system(error)
        _leave(f"unexpected {type(error).__name__}: {error}\nThis is a bug in hybrid; --debug shows where it happened.", 1)
    if code == 130:  # what typer returns after Ctrl-C
        _leave("interrupted; the record of a run is kept, and the same command continues it.", 130)


def _check_system(error: OSError) -> None:
    """Leave where the system refuses what was asked for: no room, or a path that cannot be used."""
    where = f"{shortened(str(error.filename), 300)}: " if error.filename else ""
    if error.errno in FULL:
        _leave(f"{where}{error.strerror}; what was recorded is saved. Make room and give the same command again.", 75)
    if where and error.errno in UNUSABLE:
        _leave(f"{where}{error.strerror}.", EXIT_CODES[UsageError])


def _note(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any) -> None:
    """What a problem or a compiler has to say beside its result, in one line on stderr; where it was said is of no interest."""
    print(printable(f"hybrid: {message}" if category is UserWarning else f"{filename}:{lineno}: {message}"), file=sys.stderr)


def _parser_message(error: Any) -> str:
    """The parser's message in one line, with the nearest match."""
    context, message = error.ctx, error.format_message()
    if hasattr(error, "possibilities") and context:
        flags = [flag for parameter in context.command.params for flag in parameter.opts if flag.startswith("--")]
        message = str(unknown("option", error.option_name, flags))
    elif message.startswith("No such command") and context:
        message = str(unknown("command", message.split("'")[1], context.command.commands))
    where = f" See: {context.command_path} --help" if context else ""
    return f"{message[:1].lower()}{message[1:].rstrip('.')}.{where}"


def _leave(message: str, code: int) -> NoReturn:
    if "--debug" in sys.argv and sys.exc_info()[0]:
        traceback.print_exc()
    print(printable(f"hybrid: {message}"), file=sys.stderr)
    sys.exit(code)
