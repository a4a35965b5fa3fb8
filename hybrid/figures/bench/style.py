"""What all pictures of a benchmark share: who is drawn how, the frame with title and legend, marks of what does not rank."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Picture
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from hybrid.base.errors import UsageError, shortened
from hybrid.bench import naming
from hybrid.bench.summary import Figure
from hybrid.figures.style import COLOURS, DASHES, INK, PAPER

MARKERS = "osvDphd<"
"""One more than colours, so that no pair comes twice; nothing like the cross of what is wrong or the upright triangle."""
GREY = "#999999"
BLANK, BLACK = "#E4E4E0", "#101010"
"""Of what holds no figure; and of letters on colours, black also where ink and paper change places."""
FONT = 9.5
LEAST_SPAN = 10.0
"""Of a logarithmic axis: less would make a mountain of a molehill."""
LINE_INCHES = 0.19
CHARACTERS_PER_INCH = 15.5
"""Of the footer's type."""
MOST_BACKENDS = len(COLOURS) * len(DASHES)
MOST_PANELS = 24
LONGEST = 60
"""Characters of a name in a legend."""
STOPPED = ("timeout", "oom", "crashed", "error")
ABSENT = ("unsupported", "unavailable")
LABELS = {
    "wrong": "wrong: never ranks",
    "unverified": "unverified: nothing could judge",
    "stopped": "ended early: timeout, oom, crashed, error",
}


class Look(NamedTuple):
    """How one backend is drawn."""

    colour: str
    marker: str
    dash: str


def looks(found: Iterable[Figure]) -> dict[str, Look]:
    """Every backend's look, in the order of their names; UsageError for more than can be told apart."""
    names = sorted({naming.backend(figure.cell) for figure in found})
    if len(names) > MOST_BACKENDS:
        raise UsageError(f"{len(names)} backends cannot be told apart in one picture; draw {MOST_BACKENDS} at most.")
    return {
        name: Look(COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)], DASHES[i // len(COLOURS)])
        for i, name in enumerate(names)
    }


def draw_points(axes: Axes, at: Sequence[float], height: Sequence[float], states: Sequence[str], look: Look) -> None:
    """Filled where verified, hollow where not, crossed out where wrong; a line through what is verified."""
    x, y, state = np.asarray(at, float), np.asarray(height, float), np.asarray(states)
    right = state == "ok"
    axes.plot(x[right], y[right], color=look.colour, ls=look.dash, lw=1.5, marker=look.marker, ms=4.5, zorder=3)
    hollow = {"ls": "none", "marker": look.marker, "ms": 5.5, "mec": look.colour, "mfc": PAPER, "mew": 1.4, "zorder": 4}
    axes.plot(x[~right], y[~right], **hollow)
    wrong = state == "wrong"
    axes.plot(x[wrong], y[wrong], ls="none", marker="x", ms=9, mec=INK, mew=1.6, zorder=5)


def draw_stopped(axes: Axes, at: Sequence[float], look: Look, level: int) -> None:
    """Triangles at the upper edge where no figure came, those of other backends below one another."""
    if at:
        style = {"ls": "none", "marker": "^", "ms": 7, "color": look.colour, "clip_on": False, "zorder": 6}
        axes.plot(at, np.full(len(at), 1 - 0.07 * level), transform=axes.get_xaxis_transform(), **style)


def handles(used: dict[str, Look], found: Iterable[Figure]) -> list[Line2D]:
    """The legend: backends, then the marks that occur."""
    drawn = [
        Line2D([], [], color=look.colour, ls=look.dash, lw=1.5, marker=look.marker, ms=4.5, label=shortened(name, LONGEST))
        for name, look in used.items()
    ]
    states = {figure.state for figure in found}
    marks: dict[str, dict[str, Any]] = {
        "wrong": {"marker": "x", "ms": 8, "mec": INK, "mew": 1.6},
        "unverified": {"marker": "o", "ms": 5.5, "mec": GREY, "mfc": PAPER, "mew": 1.4},
        "stopped": {"marker": "^", "ms": 7, "color": GREY},
    }
    present = [*({"wrong", "unverified"} & states), *(["stopped"] if states & set(STOPPED) else [])]
    return drawn + [Line2D([], [], ls="none", label=LABELS[key], **mark) for key, mark in marks.items() if key in present]


def frame(
    title: str, notes: Sequence[str], entries: Sequence[Any], n_panels: int, inches: tuple[float, float], columns: int
) -> tuple[Picture, list[Axes]]:
    """A figure with title, legend, so many panels in so many columns, and a footer; nothing lies over the data."""
    if n_panels > MOST_PANELS:
        raise UsageError(f"{n_panels} panels do not fit one picture, {MOST_PANELS} at most; draw fewer workloads or backends.")
    rows = -(-n_panels // columns)
    width = columns * inches[0]
    footer = [line for note in notes for line in textwrap.wrap(note, int(CHARACTERS_PER_INCH * width), break_on_hyphens=False)]
    per_row = max(1, int(width / (0.07 * max([len(str(e.get_label())) for e in entries], default=1) + 0.5)))
    legend_rows = -(-len(entries) // per_row)
    top, bottom = 0.42 + LINE_INCHES * legend_rows, 0.12 + 0.16 * len(footer)
    height = rows * inches[1] + top + bottom
    layout = ConstrainedLayoutEngine(rect=(0.005, bottom / height, 0.99, 1 - (top + bottom) / height), h_pad=0.07, w_pad=0.07)
    picture = Picture(figsize=(width, height), facecolor=PAPER, layout=layout)
    FigureCanvasAgg(picture)
    picture.text(0.1 / width, 1 - 0.1 / height, title, size=12, weight="bold", va="top", parse_math=False)
    picture.text(0.1 / width, 0.08 / height, "\n".join(footer), size=7.5, va="bottom", parse_math=False, color="#555555")
    if entries:
        place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (0.04 / width, 1 - 0.32 / height)}
        place |= {"borderaxespad": 0.0, "columnspacing": 1.3, "labelspacing": 0.25, "handletextpad": 0.5}
        legend = picture.legend(handles=list(entries), frameon=False, ncols=per_row, fontsize=8.5, **place)
        legend.set_in_layout(False)
        for text in legend.get_texts():
            text.set_parse_math(False)
    panels = list(np.ravel(picture.subplots(rows, columns, squeeze=False)))
    for spare in panels[n_panels:]:
        spare.remove()
    for axes in panels[:n_panels]:
        axes.set_facecolor(PAPER)
    return picture, panels[:n_panels]


def head(axes: Axes, *lines: str, longest: int) -> None:
    """A panel's title, whatever characters it holds."""
    title = "\n".join(shortened(line, longest) for line in lines)
    axes.set_title(title, loc="left", size=9.5, weight="bold", parse_math=False)


def log_axis(axis: Any, unit: str) -> None:
    """A logarithmic axis with engineers' prefixes, and enough ticks where it spans little."""
    low, high = axis.get_view_interval()
    if high / low < LEAST_SPAN:
        widen = (LEAST_SPAN * low / high) ** 0.5
        low, high = low / widen, high * widen
        axis.set_view_interval(low, high, ignore=True)
    few = high / low < 100
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
    axis.set_major_formatter(EngFormatter(unit=unit, sep="\N{NO-BREAK SPACE}"))
    axis.set_minor_formatter(NullFormatter())


def left_out(names: Sequence[str], why: str) -> str:
    """A sentence on what tells nothing in this picture; nothing where all is drawn."""
    return f" Left out, {why}: {', '.join(shortened(name, 44) for name in sorted(names))}." if names else ""


def notes(found: Sequence[Figure], *, with_absent: bool = False) -> list[str]:
    """Where it was measured, and what is not drawn (nothing, `with_absent`)."""
    about, versions = found[0].environment, {}
    for figure in found:
        versions |= figure.environment["versions"]
    counts = sorted({len(figure.seconds) for figure in found if figure.seconds})
    told = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}" if counts else "no"
    machine = f"{about['host']}: {about['cpu']}, {about['cores']} cores, governor {about['governor']}; {told} processes a cell."
    absent = [] if with_absent else [figure for figure in found if figure.state in ABSENT]
    missing = ", ".join(
        f"{sum(figure.state == state for figure in absent)} {state}"
        for state in ABSENT
        if any(f.state == state for f in absent)
    )
    packages = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return [machine, packages + ("." if packages else ""), *([f"Cells not drawn: {missing}."] if missing else [])]


def categories(axes: Axes, columns: Sequence[str], rows: Sequence[str]) -> None:
    """The axes of a map: a name for every column and row, squares from -0.5 to 0.5 around each."""
    axes.set_xticks(range(len(columns)), columns, size=8)
    axes.set_yticks(range(len(rows)), rows, size=8)
    for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
        label.set_parse_math(False)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
