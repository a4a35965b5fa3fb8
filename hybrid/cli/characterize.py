"""`hybrid characterize`: the experiments by which a laboratory characterises a device, on the simulated one."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.base.uncertainty import with_uncertainty
from hybrid.cli import flags
from hybrid.cli.layout import emit, wrapped
from hybrid.cli.page_flags import page
from hybrid.cli.pictures import picture
from hybrid.cli.progress import Display
from hybrid.cli.report import physics

if TYPE_CHECKING:
    from hybrid.characterization import Characterization
    from hybrid.characterization.result import PublishedComparison, Row

HELP = """A self-test of a simulated device: T1, Ramsey, echo, randomised benchmarking, readout, Bell, GHZ, quantum volume.

Each experiment runs through circuits, schedule, simulator, counts and fit, and is compared with the value that follows from the
device's profile. It tests whether the software simulates what the profile states. It says nothing about MeluXina-Q.
Fidelities measured on the device that a profile describes are printed beside the values from its profile.
"""
CLAIM = "The self-test shows whether the software simulates what the profile states. It says nothing about MeluXina-Q."
TOMOGRAPHY = (
    "Pulses of the tomography come after the whole circuit here. That those of the published experiment did is an assumption: "
    "with another order the same profile predicts other values. Some numbers of a profile are fitted to published values; "
    "their reasons say which (hybrid show device NAME)."
)
EXPERIMENTS = "t1, ramsey, echo, rb1, rb2, readout, bell, ghz, quantum_volume"
"""As `hybrid.characterization.EXPERIMENTS`, which is not imported here because it loads Qiskit; a test compares them."""
SCALES = {"s": (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)), "1": (("%", 1e-2),), "log2": (("", 1.0),)}
"""Units in which numbers are shown, by the unit in which they are kept."""
WIDTHS = (24, 8, 20, 15)


def characterize(
    device: flags.DeviceName,
    only: Annotated[str | None, typer.Option(help=f"Only some of {EXPERIMENTS}.", metavar="NAME,...")] = None,
    dephasing: flags.Dephasing = None,
    seed: flags.Seed = 0,
    shots: flags.Shots = 1000,
    backend: flags.Backend = "aer",
    threads: flags.Threads = 1,
    plot: flags.Plot = None,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Measure everything, then print the table."""
    flags.check_least(seed=seed, threads=threads, shots=shots)
    target = picture(plot, Path(f"{Path(device.partition(':')[0]).stem}-characterization.png"))
    from hybrid.characterization import characterize as measure

    with Display(sys.stderr, quiet=quiet) as display:
        result = measure(
            device,
            only=flags.split_names(only),
            dephasing=dephasing,
            seed=seed,
            shots=shots,
            backend=backend,
            threads=threads,
            progress=display.begin,
        )
    if target is not None:
        from hybrid.figures.characterization import overview

        overview(result, target, page())
        display.note(f"drawn: {target}")
    if as_json:
        emit(json.dumps({"experiments": result.to_json(), "caveat": result.caveat}, indent=2))
    else:
        emit(text(result))


def text(result: "Characterization") -> str:
    """The table, how well it agrees as a whole, what was left out, and what it shows."""
    how = f"{result.dephasing} dephasing; {result.shots:,} shots per circuit, seed {result.seed}"
    head = [
        physics(result.device, result.physics, result.simulator),
        wrapped(f"a self-test of the simulated device; {how}", indent=2),
    ]
    columns = ("experiment", "qubits", "measured", "nominal")
    title = "".join(f"{name:<{width}}" for name, width in zip(columns, WIDTHS, strict=True)) + "sigmas"
    lines = [_line(row) for row in result.rows]
    parts = ["\n".join(head), "\n".join([title, *lines]), "\n".join(_verdict(result))]
    parts += [wrapped(note, indent=2) for note in result.notes]
    if result.comparisons:
        parts += _beside_published(result.comparisons)
    return "\n\n".join([*parts, wrapped(CLAIM), wrapped(result.caveat)])


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


def _verdict(result: "Characterization") -> list[str]:
    lines = []
    for name in ("bell", "ghz"):
        mean = result.mean(name)
        if mean is not None:
            lines.append(f"mean {name} fidelity {with_uncertainty(100 * mean[0], 100 * mean[1], 2)} %, SPAM removed")
    if result.compared:
        lines += [
            f"chi-squared {result.chi_squared:.1f} at {len(result.compared)} degrees of freedom, p = {result.p_value:.2g}; "
            f"largest {result.largest:.1f} sigmas",
            "measured and nominal agree"
            if result.agrees
            else "measured and nominal DISAGREE: the software does not simulate the profile",
        ]
    return lines


def _beside_published(comparisons: Sequence["PublishedComparison"]) -> list[str]:
    """Nominal and published fidelities, how far they are apart, and what one constant would do."""
    columns = ("experiment", "qubits", "nominal", "published on the device")
    lines = ["".join(f"{name:<{width}}" for name, width in zip(columns, WIDTHS, strict=False)).rstrip()]
    distances = []
    for one in comparisons:
        name = f"{one.experiment}, SPAM {'in it' if one.raw else 'removed'}"
        for qubits, nominal, known in zip(one.qubits, one.nominal, one.published, strict=True):
            cells = (name, " ".join(map(str, qubits)), f"{100 * nominal:.1f} %", f"{100 * known:.1f} %")
            lines.append("".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip())
        distances.append(wrapped(f"{name}: {_distance(one)}", indent=2))
    return ["\n".join([*lines, *distances]), wrapped(TOMOGRAPHY)]


def _distance(one: "PublishedComparison") -> str:
    text = f"RMS difference {100 * one.rms:.1f} points"
    if len(one.published) == 1:
        return text
    better = "better" if one.constant_rms < one.rms else "worse"
    return f"{text}; one constant for all, the published mean, would be {better}: {100 * one.constant_rms:.1f} points"
