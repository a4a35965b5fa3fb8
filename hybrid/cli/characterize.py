"""`hybrid characterize`: the stand-in put through a laboratory's experiments."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.base.errors import UsageError
from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli import completion
from hybrid.cli.layout import emit, wrapped
from hybrid.cli.progress import Display
from hybrid.cli.report import physics

if TYPE_CHECKING:
    from hybrid.characterization import Characterization
    from hybrid.characterization.result import Row

HELP = """A self-test of the stand-in: T1, Ramsey, echo, randomised benchmarking, readout, Bell and GHZ states, quantum volume.

Each experiment runs through circuits, schedule, backend, counts and fit, and stands beside what the device's description
predicts for it. It shows that the stack delivers what the profile states, and says nothing about MeluXina-Q.
"""
CLAIM = "the self-test shows that the stack delivers what the profile states, and says nothing about MeluXina-Q"
EXPERIMENTS = "t1, ramsey, echo, rb1, rb2, readout, bell, ghz, quantum_volume"
"""As `hybrid.characterization.EXPERIMENTS`, which is not imported here because it loads Qiskit; a test holds them together."""
SCALES = {"s": (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)), "1": (("%", 1e-2),), "log2": (("", 1.0),)}
"""Units in which numbers are shown, by the unit in which they are kept."""
WIDTHS = (24, 8, 20, 15)


def characterize(
    device: Annotated[
        str,
        typer.Argument(
            help="The device to stand in for.", metavar="NAME[:k=v,...]", autocompletion=completion.of_family("devices")
        ),
    ],
    only: Annotated[str | None, typer.Option(help=f"Some of {EXPERIMENTS}.", metavar="NAME,...")] = None,
    dephasing: Annotated[
        str | None, typer.Option(help="quasistatic or markov; left out, what the device's profile says.", metavar="KIND")
    ] = None,
    seed: Annotated[int, typer.Option(help="The one seed. Default: 0.", metavar="N")] = 0,
    shots: Annotated[int, typer.Option(help="Shots per circuit. Default: 1000.", metavar="N")] = 1000,
    backend: Annotated[
        str,
        typer.Option(
            help="Simulator. Default: aer.", metavar="NAME[:k=v,...]", autocompletion=completion.of_family("backends")
        ),
    ] = "aer",
    threads: Annotated[int, typer.Option(help="Threads of the simulator. Default: 1.", metavar="N")] = 1,
    plot: Annotated[Path | None, typer.Option(help="Draw an overview (PNG or SVG).", metavar="FILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of JSON objects, one per number.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Measure everything, then print the table."""
    for name, value, least in (("seed", seed, 0), ("threads", threads, 1)):
        if value < least:
            raise UsageError(f"--{name} must be at least {least}, not {value}.")
    if plot is not None:
        from hybrid.cli.pictures import need_matplotlib

        need_matplotlib()
        from hybrid.figures.style import check_target

        check_target(plot)
    from hybrid.characterization import characterize as measure

    display = Display(sys.stderr, quiet=quiet)
    found = measure(
        device,
        only=None if only is None else [name.strip() for name in only.split(",")],
        dephasing=dephasing,
        seed=seed,
        shots=shots,
        backend=backend,
        threads=threads,
        progress=lambda name: display.note(f"{name} ..."),
    )
    if plot is not None:
        from hybrid.figures.characterization import overview

        overview(found, plot)
    if as_json:
        display.note(found.caveat)
        emit(json.dumps(found.to_json(), indent=2))
    else:
        emit(text(found))


def text(found: "Characterization") -> str:
    """The table, how well it agrees as a whole, what was left out, and what all that is worth."""
    head = [
        physics(found.device, found.physics, found.simulator),
        wrapped(
            f"a self-test of the stand-in; {found.dephasing} dephasing; {found.shots:,} shots per circuit, seed {found.seed}",
            indent=2,
        ),
    ]
    columns = ("experiment", "qubits", "measured", "nominal")
    title = "".join(f"{name:<{width}}" for name, width in zip(columns, WIDTHS, strict=True)) + "sigmas"
    lines = [_line(row) for row in found.rows]
    parts = ["\n".join(head), "\n".join([title, *lines]), "\n".join(_verdict(found))]
    parts += [wrapped(note, indent=2) for note in found.notes]
    return "\n\n".join([*parts, wrapped(f"{CLAIM[:1].upper()}{CLAIM[1:]}."), wrapped(found.caveat)])


def _line(row: "Row") -> str:
    unit, scale = next(
        ((unit, scale) for unit, scale in SCALES[row.unit] if abs(row.value) >= 0.9999 * scale), SCALES[row.unit][-1]
    )
    value = f"{row.value:g}" if row.stderr is None else with_uncertainty(row.value / scale, row.stderr / scale, 3)
    nominal = "" if row.nominal is None else f"{row.nominal / scale:.4g} {unit}"
    sigmas = "" if row.sigmas is None else f"{row.sigmas:+6.2f}"
    qubits = f"{row.qubits[0]}..{row.qubits[-1]}" if len(row.qubits) > 3 else " ".join(map(str, row.qubits))
    cells = (_name(row), qubits, f"{value} {unit}", nominal)
    return ("".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)) + sigmas).rstrip()


def _name(row: "Row") -> str:
    if row.experiment == "quantum_volume":
        return row.detail or "log2 quantum volume"
    return f"{row.experiment} {row.detail}".rstrip()


def _verdict(found: "Characterization") -> list[str]:
    """Means of the entangled states' fidelities, and chi-squared."""
    lines = []
    for name in ("bell", "ghz"):
        mean = found.mean(name)
        if mean is not None:
            lines.append(f"mean {name} fidelity {with_uncertainty(100 * mean[0], 100 * mean[1], 2)} %, SPAM removed")
    if found.compared:
        lines += [
            f"chi-squared {found.chi_squared:.1f} at {len(found.compared)} degrees of freedom, p = {found.p_value:.2g}; "
            f"largest {found.largest:.1f} sigmas",
            "measured and nominal agree"
            if found.agrees
            else "measured and nominal DISAGREE: the stack does not deliver the profile",
        ]
    return lines
