"""One circuit's schedule as a picture: a line per qubit with its pulses and waits, and the control line that they share."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from hybrid.figures import style
from hybrid.figures.page import SCREEN, Page
from hybrid.figures.style import BLANK, EXACT, FINAL, GREY, MEASURED, Drawing, styled
from hybrid.measure.pulse_times import PulseTimes, QubitTimes, TimedPulse

ONE, TWO, ECHO, WAIT, FREE = MEASURED, FINAL, EXACT, "#F3D28B", BLANK
"""Pulses on one qubit and on two, and of decoupling; a wait in superposition; a wait whose phase has no effect."""
PULSE, SHADE = 0.62, 0.3
"""Heights as fractions of a row."""
ROW_INCHES, SMALL_ROW_INCHES, MANY = 0.3, 0.2, 16
"""Inches of a row, and of a row where there are more than `MANY`."""
LINE = 0.35
"""Rows between the last qubit and the control line."""
EDGE, JOINT = 0.4, 1.6
"""Points of the gap between two pulses, and of the line that joins two qubits; both less where pulses are narrow."""
US = 1e6


def schedule(times: PulseTimes, target: Path, page: Page = SCREEN) -> None:
    """Draw the schedule as PNG, SVG or PDF by the suffix of `target`; UsageError: another suffix, or not writable."""
    style.save(draw(times, page=page), target)


@styled
def draw(times: PulseTimes) -> Drawing:
    """Time in microseconds to the right; qubits of the device from above, below them the control line if gates share it."""
    rows = len(times.qubits) + (1 + LINE if times.line_s else 0)
    inches = (SMALL_ROW_INCHES if rows > MANY else ROW_INCHES) * rows + 0.75
    title = f"{times.circuit.rpartition('/')[2]} on {times.device}"
    figure = style.figure(title, [_how(times)], [times.caveat], (style.WIDTH, inches), _legend(times))
    (axes,) = style.panels(figure)
    places = {qubit.qubit: row for row, qubit in enumerate(times.qubits)}
    for row, qubit in enumerate(times.qubits):
        _draw_waits(axes, row, qubit, times)
    narrow = _narrow(times)
    _draw_pulses(axes, times.pulses, places, narrow)
    labels = [_label(qubit) for qubit in times.qubits]
    if times.line_s:
        places = dict.fromkeys(places, len(labels) + LINE)
        _draw_bars(axes, (pulse for pulse in times.pulses if pulse.line), places, narrow)
        labels.append("control line")
    axes.set_yticks([*range(len(times.qubits)), *([len(times.qubits) + LINE] if times.line_s else [])], labels)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.set_xlim(0, times.duration_s * US or 1.0)
    axes.set_xlabel("time (\N{GREEK SMALL LETTER MU}s); the readout begins at the right edge")
    axes.xaxis.set_major_locator(MaxNLocator(8))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    return figure


def _label(qubit: QubitTimes) -> str:
    if qubit.circuit_qubit == qubit.qubit:
        return f"qubit {qubit.qubit}"
    return f"qubit {qubit.qubit} ({'auxiliary' if qubit.circuit_qubit is None else f'holds {qubit.circuit_qubit}'})"


def _draw_waits(axes: Axes, row: int, qubit: QubitTimes, times: PulseTimes) -> None:
    """A thin line for the whole time; shade from the first pulse on, darker where a wait costs coherence."""
    axes.plot([0, times.duration_s * US], [row, row], color=GREY, lw=0.6, zorder=1)
    first_s = min((pulse.start_s for pulse in times.pulses if qubit.qubit in pulse.qubits), default=times.duration_s)
    for colour, spans in ((FREE, [(first_s, times.duration_s)]), (WAIT, qubit.waits)):
        bars = [(start_s * US, (end_s - start_s) * US) for start_s, end_s in spans]
        axes.broken_barh(bars, (row - SHADE / 2, SHADE), color=colour, lw=0, zorder=1.5)


def _narrow(times: PulseTimes) -> float:
    """1 where every pulse is wide enough for the lines around it, less where the narrowest is not."""
    narrowest_s = min((pulse.duration_s for pulse in times.pulses), default=times.duration_s)
    points = 0.8 * 72 * style.width() * narrowest_s / times.duration_s if times.duration_s else JOINT
    return min(1.0, points / (2 * JOINT))


def _draw_pulses(axes: Axes, pulses: Sequence[TimedPulse], places: Mapping[int, float], narrow: float) -> None:
    """The pulses on their qubits; those on two are joined by a line, drawn below those of the qubits between."""
    _draw_bars(axes, pulses, places, narrow)
    for pulse in pulses:
        if len(pulse.qubits) == 2:
            middle = (pulse.start_s + pulse.duration_s / 2) * US
            rows = [places[q] for q in pulse.qubits]
            axes.plot([middle, middle], rows, color=TWO, lw=JOINT * narrow, solid_capstyle="butt", zorder=1.8)


def _draw_bars(axes: Axes, pulses: Iterable[TimedPulse], places: Mapping[int, float], narrow: float) -> None:
    edge: dict[str, Any] = {"ec": style.PAPER, "lw": EDGE} if narrow > 0.5 else {"lw": 0}
    for pulse in pulses:
        span = [(pulse.start_s * US, pulse.duration_s * US)]
        for row in {places[q] for q in pulse.qubits}:
            axes.broken_barh(span, (row - PULSE / 2, PULSE), fc=_colour(pulse), zorder=2, **edge)


def _colour(pulse: TimedPulse) -> str:
    return ECHO if pulse.echo else ONE if len(pulse.qubits) == 1 else TWO


def _legend(times: PulseTimes) -> list[Patch]:
    """Of what the picture shows; gates by their names."""
    entries: list[tuple[str, Any]] = []
    for colour, ending in ((ONE, ""), (TWO, ""), (ECHO, " of decoupling")):
        names = sorted({pulse.gate for pulse in times.pulses if _colour(pulse) == colour})
        entries += [(f"{', '.join(names)}{ending}", colour)] if names else []
    entries += [("waits in superposition", WAIT)] if any(qubit.waits for qubit in times.qubits) else []
    entries.append(("waits without effect", FREE))
    return [Patch(fc=colour, label=label) for label, colour in entries]


def _how(times: PulseTimes) -> str:
    worst = times.worst
    head = f"{times.duration_s * US:.2f} \N{GREEK SMALL LETTER MU}s, {len(times.pulses)} pulses"
    if times.dd != "none":
        head += f", decoupling {times.dd}"
    if not worst.waits:
        return f"{head}; no qubit waits in superposition"
    return f"{head}; worst wait: qubit {worst.qubit}, {worst.of_coherence:.2f} of its {times.coherence}"
