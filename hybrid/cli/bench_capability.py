"""`hybrid bench capability`: a device's profile put through mirror circuits and quantum volume."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.base.errors import UsageError
from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli import completion
from hybrid.cli.layout import emit, wrapped
from hybrid.cli.progress import Display
from hybrid.cli.report import physics

if TYPE_CHECKING:
    from hybrid.characterization.capability import Capability

HELP = """What a device's profile is capable of: mirror circuits (arXiv:2008.11294) and quantum volume (arXiv:1811.12926).

For the published grid of circuits see hybrid bench score.
"""
EXPERIMENTS = "mirror, quantum_volume"
"""As in `characterization.capability`, which is not imported here because it loads Qiskit; a test holds them together."""
CLAIM = "Figures of a stand-in follow from its profile and say nothing about MeluXina-Q."


def measure_device(
    device: Annotated[
        str,
        typer.Argument(
            help="The device to stand in for.", metavar="NAME[:k=v,...]", autocompletion=completion.of_family("devices")
        ),
    ],
    only: Annotated[str | None, typer.Option(help=f"Some of {EXPERIMENTS}.", metavar="NAME,...")] = None,
    shots: Annotated[int, typer.Option(help="Of each circuit. Default: 1000.", metavar="N")] = 1000,
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
    """Measure, then print the table."""
    for name, value, least in (("seed", seed, 0), ("threads", threads, 1), ("shots", shots, 1)):
        if value is not None and value < least:
            raise UsageError(f"--{name} must be at least {least}, not {value}.")
    from hybrid.characterization.capability import capability

    display = Display(sys.stderr, quiet=quiet)
    found = capability(
        device,
        only=None if only is None else [name.strip() for name in only.split(",")],
        shots=shots,
        seed=seed,
        backend=backend,
        threads=threads,
        progress=lambda name: display.note(f"{name} ..."),
    )
    emit(json.dumps(found.to_json(), indent=2) if as_json else text(found))


def text(found: "Capability") -> str:
    """The table, and what it is worth."""
    lines = [
        f"{row.experiment + ' ' + (row.detail or 'log2, up to 4 tried'):<44}"
        f"{f'{row.value:g}' if row.stderr is None else with_uncertainty(row.value, row.stderr, 3)}"
        for row in found.rows
    ]
    told = (
        f"{found.shots:,} shots per circuit, seed {found.seed}; mirror: polarization, 1 without errors, 0 for uniform "
        "outcomes; heavy outputs: above 2/3 passes"
    )
    table = "\n".join([*lines, wrapped(told, indent=2)])
    return "\n\n".join([physics(found.device, found.physics, found.simulator), table, wrapped(CLAIM), wrapped(found.caveat)])
