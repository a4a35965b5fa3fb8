"""The flags that the verbs of `hybrid bench` share."""

from pathlib import Path
from typing import Annotated

import typer

from hybrid.cli import completion

PROCESSES, TIME_LIMIT_S = 9, 60
SCORES = "grid@1"
"""The suite that scores a device."""

SuiteName = Annotated[
    str | None, typer.Option("--suite", help="A frozen suite. See: hybrid bench list.", metavar="NAME@VERSION")
]
Workloads = Annotated[
    list[str],
    typer.Option(
        "--workload",
        help="What to ask; values may be ranges and lists (n=12..20). Repeatable.",
        metavar="NAME[:k=v,...]",
        autocompletion=completion.of_family("workloads"),
    ),
]
Backends = Annotated[
    list[str],
    typer.Option(
        "--backend",
        help="Whom to ask. Repeatable.",
        metavar="NAME[:k=v,...]",
        autocompletion=completion.of_family("adapters"),
    ),
]
Threads = Annotated[str | None, typer.Option(help="1,2 or 1..4, or all: 1, 2, 4, ... Default: 1.", metavar="N,...")]
Paths = Annotated[
    str | None,
    typer.Option(help="Call paths: compiled (once), rebuilt (at every call). Default: compiled.", metavar="PATH,..."),
]
Processes = Annotated[
    int | None, typer.Option(help=f"Processes per cell. Default: the suite's, else {PROCESSES}.", min=1, metavar="N")
]
Pythons = Annotated[
    list[str],
    typer.Option("--python", help="Interpreter for a backend that lives in another one. Repeatable.", metavar="BACKEND=PATH"),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(help=f"Seconds after which a process is killed. Default: the suite's, else {TIME_LIMIT_S:g}.", metavar="S"),
]
MemoryLimit = Annotated[
    str | None, typer.Option(help="Memory at which it is killed, as 4GiB. Default: 80 % of what is free.", metavar="SIZE")
]
Affinity = Annotated[str | None, typer.Option(help="Processors that measurements are held to, as 0,1.", metavar="CPU,...")]
ScoredDevice = Annotated[
    str | None,
    typer.Option(
        "--device",
        help="Whose profile a suite of scores is run on. Default: the suite's.",
        metavar="NAME[:k=v,...]",
        autocompletion=completion.of_family("devices"),
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Null = Annotated[Path | None, typer.Option(help="File of `hybrid bench null`, if not the same.", metavar="FILE")]
