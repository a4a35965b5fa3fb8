"""`hybrid rehearse`: whether an experiment is worth time on a machine, on which, how many hours, and what would change that."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybrid.base.errors import UsageError, shortened
from hybrid.base.files import read_toml
from hybrid.cli import completion, rehearse_package
from hybrid.cli.flags import MEMBER, RESULTS, Json, Quiet, Results, takes
from hybrid.cli.layout import emit
from hybrid.cli.pictures import say
from hybrid.cli.progress import Display
from hybrid.cli.rehearse_text import text
from hybrid.cli.run import WHOLE, make_spec, spec_options, watcher_of, whole, words
from hybrid.cli.signals import pending_stop
from hybrid.runs.spec import Spec

if TYPE_CHECKING:
    from hybrid.rehearsal.rehearsal import Rehearsal

HELP = """Rehearse an experiment: GO, MARGINAL or NO-GO, on which machine, for how many QPU hours, and why.

Takes what hybrid run takes: an experiment.toml, or an algorithm, a problem and flags. It is played without noise and on each
device as it would be measured there, beside the classical answer and guessing; six criteria make the verdict. Every step is a
record in --results: the same command continues what was interrupted. Machines: MeluXina-Q (a stand-in), VLQ, Euro-Q-Exa,
Piast-Q, by these names or their profiles'.
"""
Devices = Annotated[
    list[str],
    typer.Option(
        "--device",
        help="A profile, ./mine.toml or a machine. Repeatable. Default: the four machines.",
        metavar=MEMBER,
        autocompletion=completion.of_family("devices"),
    ),
]
OWN_FLAGS: dict[str, tuple[Any, Any]] = {
    "device": (Devices, []),
    "hours": (Annotated[str | None, typer.Option(help="QPU hours that may be spent; not judged without.", metavar="H")], None),
    "max_time": (
        Annotated[
            str, typer.Option(help="Predicted processor time; what does not fit is left out and listed.", metavar="TIME")
        ],
        "10min",
    ),
    "exact": (Annotated[bool, typer.Option("--exact", help="Refused: a machine has no exact values.", hidden=True)], False),
    "results": (Results, RESULTS),
    "as_json": (Json, False),
    "quiet": (Quiet, False),
    **rehearse_package.FLAGS,
}
"""Flags that are not part of the Spec, with their defaults."""


def command() -> Callable[..., None]:
    """The function Typer reads: positional words, a flag for every field of Spec but the device, and its own flags."""
    flags = {name: (Annotated[str | None, option], None) for name, option in spec_options() if name != "device"}

    @takes({"words": words("What to rehearse"), **flags, **OWN_FLAGS})
    def rehearse(**arguments: Any) -> None:
        own = {name: arguments.pop(name) for name in OWN_FLAGS}
        named = arguments.pop("words") or []
        given = {key: value for key, value in arguments.items() if value is not None}
        execute(named, {key: whole(key, value) if key in WHOLE else value for key, value in given.items()}, **own)

    return rehearse


def execute(
    words: list[str],
    flags: dict[str, Any],
    *,
    device: list[str],
    hours: str | None,
    max_time: str,
    exact: bool,
    results: Path,
    as_json: bool,
    quiet: bool,
    package: Path | None,
    redact: bool,
    verify: Path | None,
    with_code: bool,
) -> None:
    """Do what the command line says."""
    if verify is not None:
        rehearse_package.verify(verify, words, flags, with_code=with_code, as_json=as_json, quiet=quiet)
        return
    rehearse_package.check(package, redact, quiet)
    flags |= {"shots": 0} if exact else {}
    spec = with_shots(words, make_spec(words, flags, results), flags, quiet)
    rehearsal = rehearsed(spec, device, _hours(hours), max_time, results, quiet)
    about = rehearsal.to_json()
    printed = text(rehearsal, results)
    if package is not None:
        written = rehearse_package.write(rehearsal, package, results, redact=redact, quiet=quiet)
        about, printed = about | {"package": written.to_json()}, f"{printed}\n\n{rehearse_package.written_text(written)}"
    emit(json.dumps(about) if as_json else printed)


def rehearsed(spec: Spec, devices: list[str], hours: float | None, max_time: str, results: Path, quiet: bool) -> "Rehearsal":
    """The rehearsal, with its progress on stderr; a signal ends it with everything saved."""
    with pending_stop() as pending, Display(sys.stderr, quiet=quiet) as display:
        pending.work = "planning"
        display.begin("rehearsing")
        from hybrid.rehearsal.rehearse import rehearse

        watcher = watcher_of(display, pending)
        return rehearse(spec, devices, hours=hours, max_time=max_time, results=results, watcher=watcher, begin=display.begin)


def with_shots(words: list[str], spec: Spec, flags: dict[str, Any], quiet: bool) -> Spec:
    """The Spec; with 1,000 shots, said aloud, where neither a flag nor the file names any."""
    named = "shots" in flags or (len(words) == 1 and words[0].endswith(".toml") and "shots" in read_toml(Path(words[0]))[0])
    if named:
        return spec
    from hybrid.rehearsal.rehearse import SHOTS

    say(f"no number of shots is named: {SHOTS:,} per value are taken (--shots)", quiet)
    return replace(spec, shots=SHOTS)


def _hours(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise UsageError(f"--hours takes a number of QPU hours above 0, such as 0.5 or 20, not '{shortened(text)}'.")
    return value
