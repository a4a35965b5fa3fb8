"""An overview of a self-test as a picture: decays with their fits, fidelities beside their nominal values, agreement."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from hybrid.base.errors import UsageError
from hybrid.characterization import Characterization
from hybrid.characterization.result import Curve, Row
from hybrid.figures import style, ticks
from hybrid.figures.page import SCREEN, Page
from hybrid.figures.style import EXACT, FINAL, INK, MEASURED, TINY, Drawing, styled

COLUMN = 11 / 3
HEIGHT = 3.2
"""Inches of a panel."""
ORDER = ("ramsey", "echo", "rb", "states", "agreement")
NARROW = ("ramsey", "echo", "states", "rb", "agreement")
"""The panels in rows of three, and in rows of two, which a panel of states fills."""
STEP = 1.15
"""Between the curves of neighbouring qubits, which are drawn above each other."""
CLAIM = "The self-test shows that the stack delivers what the profile states, and says nothing about MeluXina-Q."
CHI_SQUARED = "\N{GREEK SMALL LETTER CHI}\N{SUPERSCRIPT TWO}"
FAMILIES = ("t1", "ramsey", "echo", "rb1", "rb2", "readout", "bell", "ghz")


def overview(result: Characterization, path: Path, page: Page = SCREEN) -> None:
    """Draw all that was measured, as PNG, SVG or PDF by the suffix of `path`.

    UsageError: another suffix, nothing measured that is drawn, a path that cannot be written.
    """
    style.check_target(path)
    if not result.compared:
        raise UsageError("the overview shows measured beside nominal values; quantum_volume alone has none.")
    style.save(draw(result, page=page), path)


@styled
def draw(result: Characterization) -> Drawing:
    """Ramsey, echo and benchmarking; fidelities and the agreement of every number."""
    settings = f"{result.physics}; {result.dephasing} dephasing; {result.shots:,} shots per circuit, seed {result.seed}"
    title = f"{result.device}: a self-test of the stand-in"
    curves = {
        name: [curve for curve in result.curves if curve.experiment.startswith(name)] for name in ("ramsey", "echo", "rb")
    }
    states = [row for row in result.rows if row.experiment in ("bell", "ghz")]
    filled = {name for name, found in curves.items() if found} | ({"states"} if states else set()) | {"agreement"}
    columns = style.side_by_side(min(3, len(filled)), COLUMN, COLUMN)
    places = _places([name for name in (ORDER if columns == 3 else NARROW) if name in filled], columns)
    n_rows = 1 + max(row for row, _, _ in places.values())
    inches = columns * COLUMN, n_rows * HEIGHT
    figure = style.figure(title, [settings], [f"{CLAIM} {result.caveat}"], inches, least=inches[0])
    grid = figure.add_gridspec(n_rows, columns)
    for name, (row, column, wide) in places.items():
        axes = figure.add_subplot(grid[row, column : column + wide])
        if name == "agreement":
            _agreement(axes, result)
        elif name == "states":
            _fidelities(axes, states)
        elif name == "rb":
            _benchmarking(axes, curves[name])
        else:
            _decays(axes, curves[name], {"ramsey": "Ramsey", "echo": "Hahn echo"}[name])
    return figure


def _places(names: Sequence[str], columns: int) -> dict[str, tuple[int, int, int]]:
    """Row, first column and width in columns of every panel; that of states is two columns wide, where there are two."""
    places: dict[str, tuple[int, int, int]] = {}
    row = column = 0
    for name in names:
        wide = min(columns, 2 if name == "states" else 1)
        if column + wide > columns:
            row, column = row + 1, 0
        places[name] = row, column, wide
        column += wide
    return places


def _decays(axes: Axes, curves: Sequence[Curve], words: str) -> None:
    """Curves of all qubits above each other, the first one lowest."""
    axes.set_title(words)
    longest_s = max(float(curve.x[-1]) for curve in curves)
    unit, scale = next(
        ((u, s) for u, s in (("s", 1.0), ("ms", 1e-3), ("\N{GREEK SMALL LETTER MU}s", 1e-6)) if longest_s >= s), ("ns", 1e-9)
    )
    for level, curve in enumerate(curves):
        axes.plot(curve.fit_x / scale, curve.fit_y + STEP * level, color=FINAL, lw=1.0, zorder=1)
        dots = {"fmt": "o", "ms": 2.2, "lw": 0.7, "color": MEASURED, "zorder": 2}
        axes.errorbar(curve.x / scale, curve.y + STEP * level, curve.stderr, **dots)
    axes.set_yticks([STEP * level + 0.5 for level in range(len(curves))], [f"q{curve.qubits[0]}" for curve in curves])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, longest_s / scale * 1.01)
    axes.set_ylim(-0.1, STEP * len(curves))
    axes.set_xlabel(f"delay ({unit}); P(1) of each qubit from 0 to 1")


def _benchmarking(axes: Axes, curves: Sequence[Curve]) -> None:
    """Survival against length, as a share of the longest sequence, which one and two qubits do not have in common."""
    axes.set_title("Randomised benchmarking")
    for name, words, colour in (("rb1", "one qubit", MEASURED), ("rb2", "two qubits", EXACT)):
        alike = [curve for curve in curves if curve.experiment == name]
        for curve in alike:
            axes.plot(curve.fit_x, curve.fit_y, color=colour, lw=0.8, alpha=0.7)
        if alike:
            x, y, error = (np.concatenate([getattr(curve, key) for curve in alike]) for key in ("x", "y", "stderr"))
            axes.errorbar(x, y, error, fmt="o", ms=2.6, lw=0.8, color=colour, label=words)
    axes.set_xscale("log")
    ticks.log_ticks(axes.xaxis, FuncFormatter(lambda x, _: f"{x:g}"), few=False)
    axes.set_ylim(top=1.03)
    axes.set_xlabel("Clifford gates")
    axes.set_ylabel("survival")
    axes.legend(loc="lower left", handletextpad=0.2)


def _fidelities(axes: Axes, rows: Sequence[Row]) -> None:
    """Bars of measured fidelities, a dash where the description puts them."""
    axes.set_title("Bell and GHZ states")
    at = np.arange(len(rows)) + np.cumsum([i > 0 and row.experiment != rows[i - 1].experiment for i, row in enumerate(rows)])
    colours = [MEASURED if row.experiment == "bell" else EXACT for row in rows]
    value, stderr, nominal = (np.array([getattr(row, key) for row in rows]) for key in ("value", "stderr", "nominal"))
    axes.bar(at, value, 0.62, color=colours, alpha=0.75)
    axes.errorbar(at, value, stderr, fmt="none", ecolor=INK, lw=1.0, capsize=2)
    axes.hlines(nominal, at - 0.42, at + 0.42, color=FINAL, lw=1.8, label="nominal")
    axes.set_xticks(at, ["-".join(map(str, row.qubits)) for row in rows], size=TINY)
    axes.set_ylim(max(0.0, float(np.floor(10 * (value - stderr).min() - 0.5) / 10)), 1.0)
    axes.set_xlabel("qubits; preparation and readout errors removed")
    axes.set_ylabel("fidelity")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1)


def _agreement(axes: Axes, result: Characterization) -> None:
    """(measured - nominal) in standard errors, by experiment."""
    axes.set_title(f"Agreement: {CHI_SQUARED} {result.chi_squared:.0f} of {len(result.compared)}, p = {result.p_value:.2g}")
    named = [name for name in FAMILIES if any(row.experiment.startswith(name) for row in result.compared)]
    axes.axhspan(-1, 1, color=MEASURED, alpha=0.12, lw=0)
    axes.axhline(0, color=FINAL, lw=1.2)
    for at, name in enumerate(named):
        sigmas = np.array([row.sigmas for row in result.compared if row.experiment.startswith(name)], dtype=float)
        spread = np.linspace(-0.28, 0.28, len(sigmas)) if len(sigmas) > 1 else [0.0]
        axes.plot(at + np.array(spread), sigmas, "o", ms=3.2, color=MEASURED)
    limit = max(3.0, 1.1 * result.largest)
    axes.set_ylim(-limit, limit)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xticks(range(len(named)), named, size=TINY, rotation=30)
    axes.set_ylabel("deviation (standard errors)")
