"""The `hybrid` command: its verbs, and the one table from errors to exit codes."""

import os
import sys
import traceback
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
    unknown,
)
from hybrid.cli import bench, characterize, check, completion, explain, guide, members, run, runs, sample
from hybrid.cli.doctor import command as doctor
from hybrid.cli.layout import emit

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
ParserError: type[Exception] = typer.BadParameter.__base__  # type: ignore[assignment]
"""What the parser raises for words and flags it cannot read; typer exports only this subclass of it."""

app = typer.Typer(
    name="hybrid",
    help="Rehearse variational algorithms for MeluXina-Q on simulators. Everything stays on this machine.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="run", cls=run.Once, help=run.HELP, short_help="Run an algorithm; continue or print a run.")(run.command())
app.command(name="sample", cls=run.Once, help=sample.HELP, short_help="Run one circuit and count its outcomes.")(
    sample.sample_circuit
)
app.command(name="list", cls=run.Once, help="List the members of every family, or of one.")(members.list_members)
app.command(name="show", cls=run.Once, help=members.SHOW_HELP, short_help="Show one member and its options.")(
    members.show_member
)
app.add_typer(runs.app, name="runs", short_help="List, compare, re-check, draw and export runs.")
app.command(name="explain", cls=run.Once, help=explain.HELP, short_help="Explain a run's value: an error budget.")(
    explain.explain_run
)
app.command(name="characterize", cls=run.Once, help=characterize.HELP, short_help="A self-test of the stand-in.")(
    characterize.characterize
)
app.add_typer(bench.app, name="bench", short_help="Measure, judge and compare simulators.")
app.command(name="doctor", cls=run.Once, help=doctor.HELP, short_help="Look at this machine and installation.")(doctor.doctor)
app.command(name="check", cls=run.Once, help=check.HELP, short_help="Recompute published numbers on this machine.")(check.check)
app.command(name="guide", cls=run.Once, help=guide.HELP, short_help="List the pages of the guide, or show one.")(guide.guide)


@app.callback()
def options(
    context: typer.Context, version: bool = typer.Option(False, "--version", help="Print the version and leave.")
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
    try:
        code = app(standalone_mode=False)
    except HybridError as error:
        _leave(str(error), next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES))
    except ParserError as error:
        _leave(_parser_message(error), EXIT_CODES[UsageError])
    except Exception as error:
        _leave(f"unexpected {type(error).__name__}: {error}\nThis is a fault of hybrid; --debug shows where.", 1)
    if code == 130:  # how typer tells of Ctrl-C
        _leave("interrupted; a run's record is kept, and the same command continues it.", 130)


def _parser_message(error: Any) -> str:
    """The parser's complaint as one line of ours."""
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
    print(f"hybrid: {message}", file=sys.stderr)
    sys.exit(code)
