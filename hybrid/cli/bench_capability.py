"""`hybrid bench capability`: mirror circuits and quantum volume of a simulated device."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli import flags
from hybrid.cli.layout import emit, wrapped
from hybrid.cli.progress import Display
from hybrid.cli.report import physics

if TYPE_CHECKING:
    from hybrid.characterization.capability import Capability

HELP = """Mirror circuits (arXiv:2008.11294) and quantum volume (arXiv:1811.12926) of a simulated device.

For the published grid of circuits see hybrid bench score.
"""
EXPERIMENTS = "mirror, quantum_volume"
"""As in `characterization.capability`, which is not imported here because it loads Qiskit; a test compares them."""
CLAIM = "The numbers follow from the device's profile and say nothing of MeluXina-Q."


def measure_device(
    device: flags.DeviceName,
    only: Annotated[str | None, typer.Option(help=f"Only some of {EXPERIMENTS}.", metavar="NAME,...")] = None,
    shots: flags.Shots = 1000,
    seed: flags.Seed = 0,
    backend: flags.Backend = "aer",
    threads: flags.Threads = 1,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Measure, then print the table."""
    flags.check_least(seed=seed, threads=threads, shots=shots)
    from hybrid.characterization.capability import capability

    with Display(sys.stderr, quiet=quiet) as display:
        result = capability(
            device,
            only=flags.split_names(only),
            shots=shots,
            seed=seed,
            backend=backend,
            threads=threads,
            progress=display.begin,
        )
    emit(json.dumps(result.to_json(), indent=2) if as_json else text(result))


def text(result: "Capability") -> str:
    """The table, with what its columns mean and what it says about a real machine."""
    lines = [
        f"{row.experiment + ' ' + (row.detail or 'log2, up to 4 tried'):<44}"
        f"{f'{row.value:g}' if row.stderr is None else with_uncertainty(row.value, row.stderr, 3)}"
        for row in result.rows
    ]
    legend = (
        f"{result.shots:,} shots per circuit, seed {result.seed}; mirror: polarization, 1 without errors, 0 for uniform "
        "outcomes; heavy outputs: above 2/3 passes"
    )
    head = physics(result.device, result.physics, result.simulator)
    return "\n\n".join([head, "\n".join([*lines, wrapped(legend, indent=2)]), wrapped(CLAIM), wrapped(result.caveat)])
