"""`hybrid config`: what an editor, or a person who begins, needs to write experiment, sweep and device files."""

import json
from typing import Annotated

import typer

from hybrid.base.errors import unknown
from hybrid.cli import completion
from hybrid.cli.flags import command_of_verbs
from hybrid.cli.layout import emit

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
