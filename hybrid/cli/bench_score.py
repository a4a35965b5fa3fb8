"""`hybrid bench score`: a device's profile put through the published grid, mirror circuits and quantum volume."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.cli import completion
from hybrid.cli.layout import emit, wrapped
from hybrid.cli.progress import Display
from hybrid.cli.report import physics
from hybrid.errors import UsageError
from hybrid.result import with_uncertainty

if TYPE_CHECKING:
    from hybrid.scoring import Score

HELP = """Score a device's profile: a grid of circuits, mirror circuits, quantum volume.

The grid: GHZ, QFT, phase estimation and Grover's search, up to 10 qubits; its score is the fidelity of counts, normalised so
that uniform outcomes score 0 (arXiv:2110.03137). All of it takes minutes; --widest 4 some seconds.
"""
PARTS = "grid, mirror, quantum_volume"
"""As `hybrid.scoring.PARTS`, which is not imported here because it loads Qiskit; a test holds them together."""
CLAIM = "Scores of a stand-in follow from its profile and say nothing about MeluXina-Q."


def score_device(
    device: Annotated[
        str,
        typer.Argument(
            help="The device to stand in for.", metavar="NAME[:k=v,...]", autocompletion=completion.of_family("devices")
        ),
    ],
    only: Annotated[str | None, typer.Option(help=f"Some of {PARTS}.", metavar="NAME,...")] = None,
    widest: Annotated[int | None, typer.Option(help="Leave out wider circuits of the grid.", metavar="N")] = None,
    shots: Annotated[int, typer.Option(help="Of each circuit of the grid. Default: 10000.", metavar="N")] = 10_000,
    seed: Annotated[int, typer.Option(help="The one seed. Default: 0.", metavar="N")] = 0,
    backend: Annotated[
        str,
        typer.Option(
            help="Simulator. Default: aer.", metavar="NAME[:k=v,...]", autocompletion=completion.of_family("backends")
        ),
    ] = "aer",
    threads: Annotated[int, typer.Option(help="Threads of the simulator. Default: 1.", metavar="N")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Score, then print the table."""
    for name, value, least in (("seed", seed, 0), ("threads", threads, 1), ("shots", shots, 1), ("widest", widest, 1)):
        if value is not None and value < least:
            raise UsageError(f"--{name} must be at least {least}, not {value}.")
    from hybrid.scoring import score

    display = Display(sys.stderr, quiet=quiet)
    found = score(
        device,
        only=None if only is None else [name.strip() for name in only.split(",")],
        shots=shots,
        seed=seed,
        backend=backend,
        threads=threads,
        widest=widest,
        progress=lambda name: display.note(f"{name} ..."),
    )
    emit(json.dumps(found.to_json(), indent=2) if as_json else text(found))


def text(found: "Score") -> str:
    """The tables, and what they are worth."""
    parts = [physics(found.device, found.physics, found.simulator)]
    if found.grid:
        title = f"{'circuit':<28}{'qubits':>7}{'depth':>7}{'2q depth':>10}  {'fidelity':<14}score"
        lines = [
            f"{entry.circuit:<28}{entry.n_qubits:>7}{entry.depth:>7}{entry.two_qubit_depth:>10}  "
            f"{with_uncertainty(entry.fidelity, entry.fidelity_stderr, 4):<14}"
            f"{with_uncertainty(entry.score, entry.score_stderr, 4)}"
            for entry in found.grid
        ]
        told = (
            f"{found.shots:,} shots, seed {found.seed}; score 1: the exact distribution, 0: the uniform one (arXiv:2110.03137)"
        )
        parts.append("\n".join([title, *lines, wrapped(told, indent=2)]))
    if found.rows:
        lines = [
            f"{row.experiment + ' ' + (row.detail or 'log2, up to 4 tried'):<44}"
            f"{f'{row.value:g}' if row.stderr is None else with_uncertainty(row.value, row.stderr, 3)}"
            for row in found.rows
        ]
        told = "mirror: polarization, 1 without errors, 0 for uniform outcomes; heavy outputs: above 2/3 passes"
        parts.append("\n".join([*lines, wrapped(told, indent=2)]))
    if found.left_out and found.grid:
        parts.append(wrapped(f"left out, too wide: {', '.join(found.left_out)}", indent=2))
    return "\n\n".join([*parts, wrapped(CLAIM), wrapped(found.caveat)])
