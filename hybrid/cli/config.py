"""`hybrid config`: what an editor, or a person who begins, needs to write experiment, sweep and device files."""

import json
from contextlib import chdir
from pathlib import Path
from typing import Annotated

import typer

from hybrid.base.errors import UsageError, unknown
from hybrid.base.files import read_text
from hybrid.cli import completion
from hybrid.cli.flags import command_of_verbs
from hybrid.cli.layout import emit
from hybrid.device.naming import device_file
from hybrid.runs.spec import beside

PROBLEM = "h2"
FILES = ("experiment", "sweep", "device")
app, verb = command_of_verbs("Write experiment, sweep and device files: a schema for editors, a file to begin with.")

SCHEMA_HELP = """Print the JSON Schema (draft 2020-12) of experiment, sweep or device files, for an editor that checks TOML.

It is made of what the program itself reads, with the members that are installed here. For example: hybrid config schema >
experiment.schema.json, and in the experiment's first line: #:schema ./experiment.schema.json
"""


@verb(name="schema", help=SCHEMA_HELP, short_help="Print the JSON Schema of a kind of file.")
def schema(
    kind: Annotated[
        str,
        typer.Argument(
            help=f"One of: {', '.join(FILES)}.", metavar="[KIND]", autocompletion=completion.of_words(FILES), show_default=False
        ),
    ] = FILES[0],
) -> None:
    """Print it."""
    if kind not in FILES:
        raise unknown("kind of file", kind, FILES)
    from hybrid.device.schema import device_schema
    from hybrid.runs.schema import experiment_schema, sweep_schema

    made = {"experiment": experiment_schema, "sweep": sweep_schema, "device": device_schema}[kind]()
    emit(json.dumps(made, indent=2, ensure_ascii=True))


INIT_HELP = """Print a commented experiment to begin with: every key, its default, what is allowed. It runs as it is.

For example: hybrid config init h2 --output my.toml, then hybrid run my.toml.
"""


@verb(name="init", help=INIT_HELP, short_help="Print or write a file to begin with.")
def init(
    problem: Annotated[
        str | None,
        typer.Argument(
            help="What to solve: a problem with its options, or a file. Default: h2.",
            metavar="[PROBLEM]",
            autocompletion=completion.of_family("problems"),
        ),
    ] = None,
    sweep: Annotated[bool, typer.Option("--sweep", help="A sweep's file.")] = False,
    device: Annotated[
        str | None,
        typer.Option(
            help="A device's file: the profile of this device, to be changed.",
            metavar="NAME",
            autocompletion=completion.of_family("devices"),
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write it there; a file that exists is kept.", metavar="FILE")] = None,
) -> None:
    """Print or write it."""
    if device is not None and (sweep or problem is not None):
        raise UsageError("--device is for a device's file, which has no problem and is no sweep.")
    if device is not None:
        text = read_text(device_file(device))
    else:
        from hybrid.runs.new_file import new_file

        named = problem or PROBLEM
        text = new_file(named, written=None if output is None else _seen_from(output.parent, named), sweep=sweep)
    if output is None:
        emit(text.rstrip("\n"))
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{output}: exists, and is kept; choose another name.") from None
    except OSError as error:
        raise UsageError(f"{output}: cannot be written ({error.strerror}).") from None
    emit(f"written: {output}")


def _seen_from(folder: Path, problem: str) -> str:
    """The problem as a file in this folder has to name it."""
    here = Path.cwd()
    try:
        with chdir(folder):
            return beside(here, problem)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}.") from None
