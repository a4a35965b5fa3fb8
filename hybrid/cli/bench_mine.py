"""`hybrid bench mine`: which simulator for one's own run, how much faster, and how sure."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybrid.cli import bench_flags, completion, flags
from hybrid.cli.bench_steps import make_bench, time_limit_of
from hybrid.cli.layout import emit
from hybrid.cli.progress import Display
from hybrid.cli.run import WHOLE, make_spec, spec_options, whole, words
from hybrid.cli.signals import pending_stop

if TYPE_CHECKING:
    from hybrid.bench.mine.survey import Survey

HELP = """Time and judge your own run on every simulator: hybrid bench mine examples/vqe_tfim10_meluxina.toml.

Measured are the questions of that run: one energy, and what its optimiser asks first (the points of a step, or a
gradient). Every backend is judged by exact outcome probabilities of the run's circuits at common angles and detunings, or by
counts where it has no others. One process each finds what is ten times slower; the rest is measured again and followed to
other widths.
"""
PROBE_LIMIT_S = 20.0
OWN: dict[str, tuple[Any, Any]] = {
    "backends": (
        Annotated[
            list[str],
            typer.Option(
                "--backend",
                help="Only this one, instead of every simulator, method and precision. Repeatable.",
                metavar=flags.MEMBER,
                autocompletion=completion.of_family("backends"),
            ),
        ],
        [],
    ),
    "also": (
        Annotated[
            list[str],
            typer.Option(
                "--also", help="This one too, such as qiskit:object=./mine.py:name. Repeatable.", metavar=flags.MEMBER
            ),
        ],
        [],
    ),
    "threads": (Annotated[str | None, typer.Option(help="Threads: 1,2 or 1..4. Default: 1 and all.", metavar="N,...")], None),
    "processes": (bench_flags.Processes, None),
    "until_decided": (bench_flags.UntilDecided, False),
    "growth": (Annotated[bool, typer.Option("--growth/--no-growth", help="Follow the fastest to other widths, or not.")], True),
    "out": (
        Annotated[Path | None, typer.Option(help="File of results; continued where it exists.", metavar="FILE.jsonl")],
        None,
    ),
    "probe_limit": (
        Annotated[float, typer.Option(help="Seconds after which a probe is killed.", metavar="S")],
        PROBE_LIMIT_S,
    ),
    "time_limit": (bench_flags.TimeLimit, None),
    "memory_limit": (bench_flags.MemoryLimit, None),
    "affinity": (bench_flags.Affinity, None),
    "results": (flags.Results, flags.RESULTS),
    "as_json": (flags.Json, False),
    "quiet": (flags.Quiet, False),
}


def command() -> Callable[..., None]:
    """The function Typer reads: the words and flags of a run, but for backend and threads, and its own flags."""
    own_names = ("backend", "threads")
    run_flags = {name: (Annotated[str | None, option], None) for name, option in spec_options() if name not in own_names}

    @flags.takes({"words": words("The run, as for hybrid run"), **run_flags, **OWN})
    def mine(**arguments: Any) -> None:
        own = {name: arguments.pop(name) for name in OWN}
        named = arguments.pop("words") or []
        given = {key: value for key, value in arguments.items() if value is not None}
        measure(named, {key: whole(key, value) if key in WHOLE else value for key, value in given.items()}, **own)

    return mine


def _completed(text: str) -> str:
    """A backend with its options written out."""
    from hybrid.bench.mine.cells import member

    return member(text).text(defaults=True)


def measure(
    words: list[str],
    fields: dict[str, Any],
    *,
    backends: list[str],
    also: list[str],
    threads: str | None,
    processes: int | None,
    until_decided: bool,
    growth: bool,
    out: Path | None,
    probe_limit: float,
    time_limit: float | None,
    memory_limit: str | None,
    affinity: str | None,
    results: Path,
    as_json: bool,
    quiet: bool,
) -> None:
    """Survey, then print the answer."""
    from hybrid.base.machine import cores
    from hybrid.bench.cells import thread_counts
    from hybrid.bench.mine.as_job import is_plain, simulators
    from hybrid.bench.mine.cells import every_backend
    from hybrid.bench.mine.survey import survey
    from hybrid.cli import bench_mine_text, bench_text

    if until_decided:
        bench_flags.check_looks(processes)
    spec = make_spec(words, fields, results)
    chosen = [*backends, *also] if backends else every_backend([*also, *(simulators() if is_plain(spec) else [])])
    if spec.backend != "auto" and spec.member("backend").text(defaults=True) not in map(_completed, chosen):  # type: ignore[union-attr]
        chosen.append(spec.backend)
    counts = thread_counts(threads) if threads else sorted({1, cores()})
    probe_limit = time_limit_of(probe_limit, None)
    with (
        pending_stop() as pending,
        Display(sys.stderr, quiet=quiet) as display,
        tempfile.TemporaryDirectory(prefix="hybrid-mine-") as folder,
    ):
        bench = make_bench(time_limit_of(time_limit, None), memory_limit, affinity, [], pending)
        answer: Survey = survey(
            spec,
            chosen,
            counts,
            out or Path(folder) / "rows.jsonl",
            bench,
            processes=processes or bench_flags.PROCESSES,
            probe_limit_s=probe_limit,
            grow=growth,
            until_decided=until_decided,
            watch=display.line,
            step=lambda done: display.line(bench_text.progress(done)),
        )
    if pending:
        raise pending[0]
    emit(json.dumps(answer.to_json(), indent=2) if as_json else bench_mine_text.answered(answer))
