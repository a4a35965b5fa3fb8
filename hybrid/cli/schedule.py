"""`hybrid schedule`: when each pulse of one circuit starts on a device, and how long its qubits wait."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid.base.errors import unknown
from hybrid.cli import completion, flags, sample
from hybrid.cli.layout import emit, table, wrapped
from hybrid.cli.page_flags import page
from hybrid.cli.pictures import picture, say
from hybrid.cli.progress import Display
from hybrid.cli.report import WIDTH, spaced
from hybrid.measure.choices import DD

if TYPE_CHECKING:
    from hybrid.measure.pulse_times import PulseTimes

HELP = """Show when a circuit's pulses start on a device, and how long its qubits wait: hybrid schedule ghz:n=5 --plot.

Nothing is measured. It is the schedule of hybrid sample with the same options; --json has every pulse.
"""
MEANING = (
    "Qubits are the device's; `holds` is the circuit's qubit at the end. A wait counts between a qubit's first and last pulse "
    "that is not diagonal (cz and rzz are): before these the qubit is in |0>, and after them its phase has no effect on the "
    "outcome."
)
REFOCUSED = "The pulses of decoupling refocus what is constant during a wait; the waits are counted in full all the same."


def schedule_circuit(
    circuit: Annotated[
        str,
        typer.Argument(
            help="A named circuit with options, or a file.", metavar="CIRCUIT", autocompletion=completion.of_family("circuits")
        ),
    ],
    device: flags.DeviceFlag = "meluxina-q",
    dd: sample.Dd = "none",
    bind: sample.Bind = [],  # noqa: B006  # typer makes a new list for every call
    plot: flags.Plot = None,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Schedule and print."""
    if dd not in DD:
        raise unknown("dd", dd, DD)
    values = sample.bindings(bind)
    target = picture(plot, Path(f"{Path(circuit.partition(':')[0]).stem}_schedule.png"))
    with Display(sys.stderr, quiet=quiet) as display:
        display.work("compiling the circuit")
        from hybrid.device.device import Device
        from hybrid.measure.pulse_times import pulse_times
        from hybrid.measure.sampling import named_circuit

        times = pulse_times(named_circuit(circuit, values), Device.load(device), dd)
    if target is not None:
        from hybrid.figures.schedule import schedule

        schedule(times, target, page())
        say(f"drawn: {target}", quiet)
    emit(json.dumps(times.to_json()) if as_json else text(times))


def text(times: "PulseTimes") -> str:
    """The report: what the circuit takes, and a line for every qubit."""
    rows = [
        ("duration", f"{times.duration_s * 1e6:.2f} us until the readout begins; {len(times.pulses)} pulses"),
        ("control line", _line(times)),
        ("decoupling", _decoupling(times)),
        ("worst wait", _worst(times)),
    ]
    parts = [
        wrapped(f"{spaced(times.circuit)} on {times.device}", indent=2),
        table(rows, WIDTH),
        "\n".join(_lines(times)),
        wrapped(MEANING if times.dd == "none" else f"{MEANING} {REFOCUSED}"),
        wrapped(times.caveat),
    ]
    return "\n\n".join(parts)


def _line(times: "PulseTimes") -> str:
    if not times.line_s:
        return "none: pulses on different qubits may overlap"
    alone = "one pulse at a time" if all(pulse.line for pulse in times.pulses) else "some pulses one at a time"
    return f"{alone}; busy for {100 * times.line_s / times.duration_s:.0f} % of the duration"


def _decoupling(times: "PulseTimes") -> str:
    if times.dd == "none":
        return ""
    inserted = sum(pulse.echo for pulse in times.pulses)
    return f"{times.dd}; {inserted} of the pulses" if inserted else f"{times.dd}; no wait is long enough for its pulses"


def _worst(times: "PulseTimes") -> str:
    qubit = times.worst
    if not qubit.waits:
        return "none: no qubit waits in superposition"
    coherence = f"{times.coherence} in such a circuit" if times.coherence == "T2*" else times.coherence
    return (
        f"qubit {qubit.qubit}: {qubit.wait_s * 1e6:.2f} us in superposition, {qubit.of_coherence:.2f} of its {coherence} "
        f"({qubit.coherence_s * 1e6:.3g} us)"
    )


def _lines(times: "PulseTimes") -> list[str]:
    """The table of the qubits; `holds` is the circuit's qubit at the end."""
    echoes = "decoupling" if times.dd != "none" else ""
    name = f"of its {times.coherence}"
    head = f"{'qubit':<6} {'holds':<6} {'pulses':>7} {echoes:>{len(echoes)}} {'waits':>11} {'of the time':>12} {name:>11}"
    rows = [head]
    for qubit in times.qubits:
        holds = "-" if qubit.circuit_qubit is None else str(qubit.circuit_qubit)
        share = 100 * qubit.wait_s / times.duration_s if times.duration_s else 0.0
        inserted = qubit.echoes if echoes else ""
        rows.append(
            f"{qubit.qubit:<6} {holds:<6} {qubit.pulses:>7} {inserted:>{len(echoes)}} {qubit.wait_s * 1e6:>8.2f} us "
            f"{share:>10.0f} % {qubit.of_coherence:>11.2f}"
        )
    return rows
