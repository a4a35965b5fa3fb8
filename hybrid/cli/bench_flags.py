"""The flags that the verbs of `hybrid bench` share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.base.errors import UsageError
from hybrid.cli import completion
from hybrid.cli.flags import MEMBER

if TYPE_CHECKING:
    from hybrid.bench.suites import Suite

PROCESSES, TIME_LIMIT_S = 9, 60
SCORES = "grid@1"
"""Name of the suite that scores a device."""

SuiteName = Annotated[
    str | None, typer.Option("--suite", help="A frozen suite. See: hybrid bench list.", metavar="NAME@VERSION")
]
Workloads = Annotated[
    list[str],
    typer.Option(
        "--workload",
        help="Workload; values may be ranges and lists (n=12..20). Repeatable.",
        metavar=MEMBER,
        autocompletion=completion.of_family("workloads"),
    ),
]
Backends = Annotated[
    list[str],
    typer.Option(
        "--backend",
        help="Simulator to measure. Repeatable.",
        metavar=MEMBER,
        autocompletion=completion.of_family("adapters"),
    ),
]
Threads = Annotated[str | None, typer.Option(help="Threads: 1,2 or 1..4, or all for 1, 2, 4, ... Default: 1.", metavar="N,...")]
Paths = Annotated[
    str | None,
    typer.Option(help="Call paths: compiled (once), rebuilt (at every call). Default: compiled.", metavar="PATH,..."),
]
Processes = Annotated[
    int | None, typer.Option(help=f"Processes per cell. Default: the suite's, else {PROCESSES}.", min=1, metavar="N")
]
UntilDecided = Annotated[
    bool,
    typer.Option("--until-decided", help="Measure every cell in 9 processes, what is undecided then in 18, then in 27."),
]
Pythons = Annotated[
    list[str],
    typer.Option("--python", help="Python in which a backend is installed, if another. Repeatable.", metavar="BACKEND=PATH"),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(help=f"Seconds after which a process is killed. Default: the suite's, else {TIME_LIMIT_S:g}.", metavar="S"),
]
MemoryLimit = Annotated[
    str | None, typer.Option(help="Memory at which a process is killed, as 4GiB. Default: 80 % of free memory.", metavar="SIZE")
]
Affinity = Annotated[str | None, typer.Option(help="Processors to run on, as 0,1.", metavar="CPU,...")]
ScoredDevice = Annotated[
    str | None,
    typer.Option(
        "--device",
        help="Device on which a suite of scores is run. Default: the suite's.",
        metavar=MEMBER,
        autocompletion=completion.of_family("devices"),
    ),
]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of results.")]
Null = Annotated[Path | None, typer.Option(help="File of `hybrid bench null`. Default: the same files.", metavar="FILE")]


def check_looks(processes: int | None, suite: "Suite | None" = None) -> None:
    """UsageError for what --until-decided does not go with."""
    if processes is not None:
        raise UsageError("--until-decided and --processes contradict each other: it takes 9, 18 or 27 as it needs them.")
    if suite is not None and (suite.device or suite.name.startswith("null@")):
        raise UsageError(f"--until-decided decides which backend is faster; {suite.name} asks nothing of the kind.")
