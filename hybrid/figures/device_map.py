"""The map of a device as a picture: coupled qubits, coherence times, two-qubit gates, readout errors as colour."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import Circle

from hybrid.base.errors import UsageError
from hybrid.device.device import Device, NativeGate
from hybrid.figures import style
from hybrid.figures.page import SCREEN, Page
from hybrid.figures.style import FINAL, INK, TINY, WIDTH, Drawing, styled

PER_ROW = 5
"""Qubits of a chain side by side in a picture of the usual width."""
BAR_INCHES = 0.8
"""Height of the colour bar with its label."""
LEAST_WIDE = 4.5
"""A picture of the usual width shows at least as many units, so that few qubits are not drawn huge."""
READOUT = LinearSegmentedColormap.from_list("readout", ["#E8F1F8", "#56B4E9", "#0072B2"])
EDGE = "#9A9A9A"
TIMES = (("T2*", "t2_star_s"), ("T2 echo", "t2_echo_s"), ("T1", "t1_s"))
UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))


class Layout(NamedTuple):
    """Positions of the qubits, a unit apart or more; `margin` beside them; `roomy`: words fit at every qubit and edge."""

    at: Float[np.ndarray, "n 2"]
    margin: float
    roomy: bool
    radius: float


def device_map(device: Device, path: Path, page: Page = SCREEN) -> None:
    """Draw the device's qubits and couplings, as PNG, SVG or PDF by the suffix of `path`.

    UsageError: another suffix, an ideal device, a path that cannot be written.
    """
    style.check_target(path)
    if not device.noisy:
        raise UsageError(f"device '{device.name}' has no map: any number of qubits, all coupled, all perfect.")
    style.save(draw(device, page=page), path)


@styled
def draw(device: Device) -> Drawing:
    """The map, below it the colours of the readout errors."""
    layout = _layout(device)
    beside = max(layout.margin, (LEAST_WIDE * style.width() / WIDTH - np.ptp(layout.at[:, 0])) / 2)
    left, low = layout.at.min(axis=0) - (beside, 0.8 if layout.roomy else 0.5)
    right, high = layout.at.max(axis=0) + (beside, 0.5)
    map_inches = 0.97 * style.width() * (high - low) / (right - left)
    lines = [device.title, "; ".join(_notes(device, layout))]
    figure = style.figure(device.label, lines, [device.caveat], (WIDTH, map_inches + BAR_INCHES))
    height = figure.get_figheight()
    bottom = style.free_from(figure)
    place = 0.015, (bottom + BAR_INCHES) / height, 0.97, map_inches / height
    axes = figure.add_axes(place, xlim=(left, right), ylim=(low, high))
    axes.set_axis_off()
    _draw_edges(axes, device, layout)
    colours = _draw_qubits(axes, device, layout)
    scale = figure.add_axes((0.2, (bottom + 0.52) / height, 0.6, 0.11 / height))
    bar = figure.colorbar(colours, cax=scale, orientation="horizontal")
    bar.set_label("readout error, mean of P(1|0) and P(0|1) (%)")
    return figure


def _layout(device: Device) -> Layout:
    """A chain as a line that turns back, a lattice as a grid, anything else as a ring."""
    n = device.n_qubits or 0
    edges = set(_two_qubit(device).error)
    if edges == {(q, q + 1) for q in range(n - 1)}:
        most = max(1, int(PER_ROW * style.width() / WIDTH))
        return Layout(_serpentine(n, most), 1.05 if n > most else 0.55, True, 0.2)
    for columns in range(2, n // 2 + 1):
        if n % columns == 0 and edges == _grid(n, columns):
            row, column = np.divmod(np.arange(n), columns)
            return Layout(np.stack([column, -row], axis=1).astype(float), 0.6, False, 0.3)
    angle = np.pi / 2 - 2 * np.pi * np.arange(n) / n
    radius = max(1.0, 0.9 / (2 * np.sin(np.pi / max(n, 2))))
    return Layout(radius * np.stack([np.cos(angle), np.sin(angle)], axis=1), 0.5 + 0.35 * radius, False, 0.3)


def _serpentine(n: int, most: int) -> Float[np.ndarray, "n 2"]:
    """Rows of `most` qubits at most, of equal length as far as possible, every second one from right to left."""
    rows = -(-n // most)
    columns = -(-n // rows)
    row, column = np.divmod(np.arange(n), columns)
    column = np.where(row % 2, columns - 1 - column, column)
    return np.stack([column, -1.45 * row], axis=1).astype(float)


def _grid(n: int, columns: int) -> set[tuple[int, int]]:
    return {(q, q + 1) for q in range(n) if (q + 1) % columns} | {(q, q + columns) for q in range(n - columns)}


def _two_qubit(device: Device) -> NativeGate:
    return next(gate for gate in device.gates.values() if gate.n_qubits == 2)


def _draw_edges(axes: Axes, device: Device, layout: Layout) -> None:
    gate = _two_qubit(device)
    many = len(gate.error) > 2 * len(layout.at)
    line = {"color": EDGE, "lw": 0.5 if many else 2.0, "alpha": 0.55 if many else 1.0, "zorder": 1}
    for i, j in gate.error:
        (x, y), (to_x, to_y) = layout.at[[i, j]]
        if not layout.roomy:
            axes.plot([x, to_x], [y, to_y], **line)
            continue
        words = f"{_percent(gate.error[i, j])}\n{_time(gate.duration_s[i, j])}"
        about: dict[str, Any] = {"size": TINY, "color": FINAL}
        if y == to_y:
            axes.plot([x, to_x], [y, y], **line)
            axes.text((x + to_x) / 2, y + 0.05, words, ha="center", va="bottom", **about)
        else:  # the chain turns back: a bracket beside the words below the qubits
            side = 1 if x > layout.at[:, 0].mean() else -1
            axes.plot([x, x + 0.5 * side, x + 0.5 * side, x], [y, y, to_y, to_y], solid_joinstyle="round", **line)
            where = {"ha": "left" if side > 0 else "right", "va": "center"}
            axes.text(x + 0.57 * side, (y + to_y) / 2, words, **where, **about)


def _draw_qubits(axes: Axes, device: Device, layout: Layout) -> ScalarMappable:
    """Circles with numbers, what differs between qubits below them; returns the scale of the colours."""
    assert device.readout_p01 is not None and device.readout_p10 is not None
    error = 50 * (np.array(device.readout_p01) + np.array(device.readout_p10))
    colours = ScalarMappable(Normalize(0, 1.2 * error.max() or 1.0), READOUT)
    points = 72 * style.width() * layout.radius / np.ptp(axes.get_xlim())
    for q, (x, y) in enumerate(layout.at):
        fill = colours.to_rgba(error[q])
        axes.add_patch(Circle((x, y), layout.radius, fc=fill, ec=INK, lw=0.9, zorder=2))
        place = {"ha": "center", "va": "center", "zorder": 3, "weight": "bold"}
        axes.text(x, y, str(q), size=min(10, 0.8 * points), color=style.ink_on(fill), **place)
        if layout.roomy:
            words = "\n".join(f"{name} {_time(values[q])}" for name, values in _times(device))
            axes.text(x, y - layout.radius - 0.06, words, size=TINY, ha="center", va="top", linespacing=1.25)
    return colours


def _notes(device: Device, layout: Layout) -> list[str]:
    """What the words at the edges are, or, without room for them, the range of every figure; the factor on T2*."""
    gate = _two_qubit(device)
    if layout.roomy:
        notes = [f"on the edges {gate.name}: error and duration"]
    else:
        notes = [f"{gate.name} {_spread(gate.error.values(), _percent)}, {_spread(gate.duration_s.values(), _time)}"]
        notes += [f"{name} {_spread(values, _time)}" for name, values in _times(device)]
    if device.context_t2star_factor < 1:
        times = f"\N{MULTIPLICATION SIGN}\N{NO-BREAK SPACE}{device.context_t2star_factor:g}"
        notes.append(f"T2* of isolated qubits, {times} in circuits with {gate.name}")
    return notes


def _times(device: Device) -> list[tuple[str, tuple[float, ...]]]:
    times = [(name, getattr(device, field)) for name, field in TIMES]
    return [(name if device.t2_star_s else name.removesuffix(" echo"), values) for name, values in times if values]


def _spread(values: Iterable[float], text: Callable[[float], str]) -> str:
    low, high = min(values := list(values)), max(values)
    return text(low) if low == high else f"{text(low)} to {text(high)}"


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"


def _time(seconds: float) -> str:
    if np.isinf(seconds):
        return "\N{INFINITY}"
    unit, scale = next(((unit, scale) for unit, scale in UNITS if seconds >= 0.9999 * scale), UNITS[-1])
    return f"{seconds / scale:.3g} {unit}".replace("us", "\N{GREEK SMALL LETTER MU}s")
