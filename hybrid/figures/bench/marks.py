"""What all pictures of a benchmark share: how backends and statuses are drawn, and the notes in the footer."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from hybrid.base.errors import shortened
from hybrid.bench import naming
from hybrid.bench.summary import Figure
from hybrid.figures import style
from hybrid.figures.style import GREY, INK, PAPER, Look

LONGEST = 60
"""Characters of a name in a legend."""
STOPPED = ("timeout", "oom", "crashed", "error")
ABSENT = ("unsupported", "unavailable")
LABELS = {
    "wrong": "wrong: never ranks",
    "unverified": "unverified: no reference to compare with",
    "stopped": "ended early: timeout, oom, crashed, error",
}


def looks(results: Iterable[Figure]) -> dict[str, Look]:
    """Every backend's look, in the order of their names; UsageError for more than can be told apart."""
    names = sorted({naming.backend(figure.cell) for figure in results})
    return dict(zip(names, style.looks(len(names), "backends"), strict=True))


def draw_points(axes: Axes, at: Sequence[float], height: Sequence[float], states: Sequence[str], look: Look) -> None:
    """Filled where verified, hollow where not, crossed out where wrong; a line joins the verified points."""
    x, y, state = np.asarray(at, float), np.asarray(height, float), np.asarray(states)
    right = state == "ok"
    axes.plot(x[right], y[right], color=look.colour, ls=look.dash, lw=1.5, marker=look.marker, ms=4.5, zorder=3)
    hollow = {"ls": "none", "marker": look.marker, "ms": 5.5, "mec": look.colour, "mfc": PAPER, "mew": 1.4, "zorder": 4}
    axes.plot(x[~right], y[~right], **hollow)
    wrong = state == "wrong"
    axes.plot(x[wrong], y[wrong], ls="none", marker="x", ms=9, mec=INK, mew=1.6, zorder=5)


def draw_stopped(axes: Axes, at: Sequence[float], look: Look, level: int) -> None:
    """Triangles at the upper edge where a backend gave no result; `level` separates several backends."""
    if at:
        triangles = {"ls": "none", "marker": "^", "ms": 7, "color": look.colour, "clip_on": False, "zorder": 6}
        axes.plot(at, np.full(len(at), 1 - 0.07 * level), transform=axes.get_xaxis_transform(), **triangles)


def handles(used: dict[str, Look], results: Iterable[Figure]) -> list[Line2D]:
    """The legend: backends, then the marks that occur."""
    drawn = [
        Line2D([], [], color=look.colour, ls=look.dash, lw=1.5, marker=look.marker, ms=4.5, label=shortened(name, LONGEST))
        for name, look in used.items()
    ]
    states = {figure.state for figure in results}
    marks: dict[str, dict[str, Any]] = {
        "wrong": {"marker": "x", "ms": 8, "mec": INK, "mew": 1.6},
        "unverified": {"marker": "o", "ms": 5.5, "mec": GREY, "mfc": PAPER, "mew": 1.4},
        "stopped": {"marker": "^", "ms": 7, "color": GREY},
    }
    present = {"stopped" if state in STOPPED else state for state in states}
    return drawn + [Line2D([], [], ls="none", label=LABELS[key], **mark) for key, mark in marks.items() if key in present]


def left_out(names: Sequence[str], why: str) -> str:
    """A sentence on what this picture leaves out; empty where all is drawn."""
    return f" Left out, {why}: {', '.join(shortened(name, 44) for name in sorted(names))}." if names else ""


def notes(results: Sequence[Figure], *, with_absent: bool = False) -> list[str]:
    """Where it was measured, the versions, and how many cells are not drawn (none, `with_absent`)."""
    about, versions = results[0].environment, {}
    for figure in results:
        versions |= figure.environment["versions"]
    counts = sorted({len(figure.seconds) for figure in results if figure.seconds})
    number = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}" if counts else "no"
    machine = f"{about['host']}: {about['cpu']}, {about['cores']} cores, governor {about['governor']}"
    states = [] if with_absent else [figure.state for figure in results]
    missing = ", ".join(f"{states.count(state)} {state}" for state in ABSENT if state in states)
    packages = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    lines = [f"{machine}; {number} processes a cell.", f"{packages}." if packages else ""]
    return [*lines, f"Cells not drawn: {missing}."] if missing else lines
