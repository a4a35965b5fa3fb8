"""An overview of a self-test as a picture: decays with their fits, fidelities beside their nominal values, agreement."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hybrid.base.errors import UsageError
from hybrid.characterization import Characterization
from hybrid.characterization.result import Curve, Row
from hybrid.figures.style import EXACT, FINAL, INK, MEASURED, PAPER, STYLE, check_target, save

INCHES = (11.0, 7.6)
STEP = 1.15
"""Between the curves of neighbouring qubits, which are drawn above each other."""
FOOTER_COLUMNS = 165
CLAIM = "The self-test shows that the stack delivers what the profile states, and says nothing about MeluXina-Q."
CHI_SQUARED = "\N{GREEK SMALL LETTER CHI}\N{SUPERSCRIPT TWO}"
FAMILIES = ("t1", "ramsey", "echo", "rb1", "rb2", "readout", "bell", "ghz")


def overview(found: Characterization, path: Path) -> None:
    """Draw what there is, as PNG or SVG by the suffix of `path`.

    UsageError: another suffix, nothing measured that is drawn, a path that cannot be written.
    """
    check_target(path)
    if not found.compared:
        raise UsageError("the overview shows measured beside nominal values; quantum_volume alone has none.")
    style: dict[Any, Any] = {**STYLE, "font.size": 9.5}
    with matplotlib.rc_context(style):
        save(draw(found), path)


def draw(found: Characterization) -> Figure:
    """Two rows: Ramsey, echo and benchmarking; fidelities and the agreement of every number."""
    figure = Figure(figsize=INCHES, facecolor=PAPER)
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        2, 3, left=0.06, right=0.985, top=0.87, bottom=0.165, hspace=0.42, wspace=0.22, height_ratios=(1.25, 1)
    )
    title = f"{found.device}: a self-test of the stand-in"
    told = f"{found.physics}; {found.dephasing} dephasing; {found.shots:,} shots per circuit, seed {found.seed}"
    figure.text(0.02, 0.975, title, size=13, weight="bold", va="top", parse_math=False)
    figure.text(0.02, 0.935, told, size=9.5, va="top", parse_math=False)
    footer = textwrap.fill(f"{CLAIM} {found.caveat}", FOOTER_COLUMNS)
    figure.text(0.02, 0.02, footer, size=8, va="bottom", parse_math=False)
    for column, (name, words) in enumerate((("ramsey", "Ramsey"), ("echo", "Hahn echo"))):
        _decays(figure.add_subplot(grid[0, column]), [c for c in found.curves if c.experiment == name], words)
    _benchmarking(figure.add_subplot(grid[0, 2]), [c for c in found.curves if c.experiment in ("rb1", "rb2")])
    _fidelities(figure.add_subplot(grid[1, :2]), [row for row in found.rows if row.experiment in ("bell", "ghz")])
    _agreement(figure.add_subplot(grid[1, 2]), found)
    return figure


def _decays(axes: Axes, curves: Sequence[Curve], words: str) -> None:
    """Curves of all qubits above each other, the first one lowest."""
    axes.set_title(words, loc="left", size=10, weight="bold")
    if not curves:
        _nothing(axes)
        return
    longest_s = max(float(curve.x[-1]) for curve in curves)
    unit, scale = next(
        ((u, s) for u, s in (("s", 1.0), ("ms", 1e-3), ("\N{GREEK SMALL LETTER MU}s", 1e-6)) if longest_s >= s), ("ns", 1e-9)
    )
    for level, curve in enumerate(curves):
        axes.plot(curve.fit_x / scale, curve.fit_y + STEP * level, color=FINAL, lw=1.0, zorder=1)
        _points(axes, curve.x / scale, curve.y + STEP * level, curve.stderr)
    axes.set_yticks([STEP * level + 0.5 for level in range(len(curves))], [f"q{curve.qubits[0]}" for curve in curves])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, longest_s / scale * 1.01)
    axes.set_ylim(-0.1, STEP * len(curves))
    axes.set_xlabel(f"delay ({unit}); P(1) of each qubit from 0 to 1")


def _benchmarking(axes: Axes, curves: Sequence[Curve]) -> None:
    """Survival against length, as a share of the longest sequence, which one and two qubits do not have in common."""
    axes.set_title("Randomised benchmarking", loc="left", size=10, weight="bold")
    if not curves:
        _nothing(axes)
        return
    for name, words, colour in (("rb1", "one qubit", MEASURED), ("rb2", "two qubits", EXACT)):
        alike = [curve for curve in curves if curve.experiment == name]
        for curve in alike:
            axes.plot(curve.fit_x, curve.fit_y, color=colour, lw=0.8, alpha=0.7)
        if alike:
            x, y, error = (np.concatenate([getattr(curve, key) for curve in alike]) for key in ("x", "y", "stderr"))
            axes.errorbar(x, y, error, fmt="o", ms=2.6, lw=0.8, color=colour, label=words)
    axes.set_xscale("log")
    axes.set_ylim(top=1.03)
    axes.set_xlabel("Clifford gates")
    axes.set_ylabel("survival", labelpad=2)
    axes.legend(frameon=False, loc="lower left", handletextpad=0.2)


def _fidelities(axes: Axes, rows: Sequence[Row]) -> None:
    """Bars of measured fidelities, a dash where the description puts them."""
    axes.set_title("Bell and GHZ states, preparation and readout errors removed", loc="left", size=10, weight="bold")
    if not rows:
        _nothing(axes)
        return
    at = np.arange(len(rows)) + np.cumsum([i > 0 and row.experiment != rows[i - 1].experiment for i, row in enumerate(rows)])
    colours = [MEASURED if row.experiment == "bell" else EXACT for row in rows]
    value, stderr, nominal = (np.array([getattr(row, key) for row in rows]) for key in ("value", "stderr", "nominal"))
    axes.bar(at, value, 0.62, color=colours, alpha=0.75)
    axes.errorbar(at, value, stderr, fmt="none", ecolor=INK, lw=1.0, capsize=2)
    axes.hlines(nominal, at - 0.42, at + 0.42, color=FINAL, lw=1.8, label="nominal")
    axes.set_xticks(at, ["-".join(map(str, row.qubits)) for row in rows], size=8)
    axes.set_ylim(max(0.0, float(np.floor(10 * (value - stderr).min() - 0.5) / 10)), 1.0)
    axes.set_ylabel("fidelity")
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1)


def _agreement(axes: Axes, found: Characterization) -> None:
    """(measured - nominal) in standard errors, by experiment."""
    axes.set_title(
        f"Agreement: {CHI_SQUARED} {found.chi_squared:.0f} of {len(found.compared)}, p = {found.p_value:.2g}",
        loc="left",
        size=10,
        weight="bold",
    )
    named = [name for name in FAMILIES if any(row.experiment.startswith(name) for row in found.compared)]
    axes.axhspan(-1, 1, color=MEASURED, alpha=0.12, lw=0)
    axes.axhline(0, color=FINAL, lw=1.2)
    for at, name in enumerate(named):
        sigmas = np.array([row.sigmas for row in found.compared if row.experiment.startswith(name)], dtype=float)
        spread = np.linspace(-0.28, 0.28, len(sigmas)) if len(sigmas) > 1 else [0.0]
        axes.plot(at + np.array(spread), sigmas, "o", ms=3.2, color=MEASURED)
    limit = max(3.0, 1.1 * found.largest)
    axes.set_ylim(-limit, limit)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xticks(range(len(named)), named, size=8, rotation=30)
    axes.set_ylabel("standard errors", labelpad=1)


def _points(axes: Axes, x: Any, y: Any, stderr: Any) -> None:
    axes.errorbar(x, y, stderr, fmt="o", ms=2.2, lw=0.7, color=MEASURED, zorder=2)


def _nothing(axes: Axes) -> None:
    axes.set_axis_off()
    axes.text(0.0, 0.9, "not measured", size=9, color="#777777", transform=axes.transAxes)
