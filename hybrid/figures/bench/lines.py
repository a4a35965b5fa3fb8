"""Curves: time against width, memory against width, error against time."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from hybrid.base.errors import UsageError
from hybrid.bench import naming
from hybrid.bench.summary import Figure
from hybrid.figures import style, ticks
from hybrid.figures.bench.marks import STOPPED, draw_points, draw_stopped, handles, left_out, looks, notes
from hybrid.figures.style import INK, Drawing, Look, styled

PANEL = (4.6, 3.1)
ALONE = (style.WIDTH, 3.8)
LEAST = 3.6
"""Inches of a panel beside others."""
EXACT = 1e-3
"""Smaller errors in units of the tolerance are drawn here: differences between rounding errors mean nothing."""
FAR = 1e6
HEADROOM, MOST_TICKS = 30.0, 10


@styled
def scaling(results: Sequence[Figure]) -> Drawing:
    """Seconds per call against qubits: medians over processes, bars from the least to the largest."""
    text = "Median over processes; bars span all processes."
    picture, panels = _panels(results, "Time per call against width", text, _several_widths, ONE_WIDTH)
    for axes, group in panels:
        for look, figures in group:
            timed = [figure for figure in figures if figure.typical_s and figure.state not in STOPPED]
            middle = np.array([figure.typical_s for figure in timed], float)
            spans = [np.abs(np.array([edge(figure.seconds) for figure in timed]) - middle) for edge in (min, max)]
            at = [figure.cell["n_qubits"] for figure in timed]
            axes.errorbar(at, middle, spans, fmt="none", ecolor=look.colour, elinewidth=1.0, capsize=2.5, zorder=2)
            draw_points(axes, at, middle.tolist(), [_mark(figure) for figure in timed], look)
        _stopped(axes, group)
        _widths(axes, group)
        _heights(axes, "time per call", "s")
    return picture


@styled
def memory(results: Sequence[Figure]) -> Drawing:
    """Peak memory above the baseline against qubits, with a double-precision state vector's 16 x 2^n bytes for comparison."""
    theory = Line2D([], [], color=INK, ls=(0, (1, 1)), lw=1.4, label="16 B x 2^n: a state vector")
    text = "The largest of all processes, minus what was resident after the import; some MB are the interpreter's own."
    picture, panels = _panels(results, "Peak memory against width", text, _several_widths, ONE_WIDTH, [theory])
    for axes, group in panels:
        for look, figures in group:
            held = [figure for figure in figures if (figure.memory_bytes or 0) > 0 and figure.state not in STOPPED]
            at, height = [f.cell["n_qubits"] for f in held], [float(f.memory_bytes or 0) for f in held]
            draw_points(axes, at, height, [_mark(figure) for figure in held], look)
        _stopped(axes, group)
        _widths(axes, group)
        least, most = axes.get_xlim()
        wide = np.linspace(max(0.5, least), most, 50)
        theory = 16 * 2.0**wide
        axes.plot(wide, theory, color=INK, ls=(0, (1, 1)), lw=1.4, zorder=1)
        axes.set_xlim(least, most)
        tops = [float(f.memory_bytes) for _, figures in group for f in figures if f.memory_bytes]
        if tops:  # keep the theory from setting the scale
            axes.set_ylim(min(*tops, theory[0]) / 2, 2 * min(HEADROOM * max(tops), max(*tops, theory[-1])))
        _heights(axes, "memory", "B")
    return picture


@styled
def error_time(results: Sequence[Figure]) -> Drawing:
    """The distance from the reference, in units of its tolerance, against seconds per call."""
    judged = [figure for figure in results if figure.typical_s and figure.counted[-1]["verification"]]
    if not judged:
        raise UsageError("no cell in these rows was both timed and judged: there are no errors to draw.")
    limit = Line2D([], [], color=INK, ls="--", lw=1.2, label="tolerance: above it, wrong")
    text = f"The worst of all processes, cut at {EXACT:g} and at {FAR:g} (or no number at all). Lines join widths."
    picture, panels = _panels(judged, "Error against time per call", text, _errs, "where every error is rounding", [limit])
    for axes, group in panels:
        for look, figures in group:
            at = [figure.typical_s or 0.0 for figure in figures]
            draw_points(axes, at, [relative_error(figure) for figure in figures], [_mark(f) for f in figures], look)
        axes.set(xscale="log", yscale="log", xlabel="time per call", ylabel="error / tolerance")
        axes.set_ylim(EXACT / 3, max(30.0, 3 * max(relative_error(f) for _, figures in group for f in figures)))
        axes.axhline(1, color=INK, ls="--", lw=1.2, zorder=1)
        axes.margins(x=0.12)
        ticks.log_axis(axes.xaxis, "s")
        ticks.log_ticks(axes.yaxis, FuncFormatter(lambda y, _: f"{y:,.0f}" if y >= 1 else f"{y:g}"), few=False)
        axes.grid()
    return picture


def relative_error(figure: Figure) -> float:
    """The worst metric / tolerance of a cell, between `EXACT` and `FAR`."""
    errors = []
    for verdict in (row["verification"] for row in figure.counted if row["verification"]):
        metric, tolerance = verdict["metric"], verdict["tolerance"]
        if metric is None:
            return FAR
        errors.append(metric / tolerance if tolerance > 0 else FAR if metric > 0 else EXACT)
    return float(np.clip(max(errors, default=FAR), EXACT, FAR))


def _several_widths(figures: Sequence[Figure]) -> bool:
    return len({figure.cell["n_qubits"] for figure in figures}) > 1


def _errs(figures: Sequence[Figure]) -> bool:
    return any(relative_error(figure) > EXACT for figure in figures)


def _mark(figure: Figure) -> str:
    return "ok" if figure.verified else "wrong" if figure.state == "wrong" else "unverified"


Group = list[tuple[Look, list[Figure]]]
Informative = Callable[[Sequence[Figure]], bool]
ONE_WIDTH = "measured at one width"


def _panels(
    results: Sequence[Figure], title: str, text: str, informative: Informative, why: str, more: Sequence[Line2D] = ()
) -> tuple[Drawing, list[tuple[Axes, Group]]]:
    """A panel for every `informative` family of workloads (for all, where none is), its backends with their figures.

    The footer says which families were left out, and `why`.
    """
    families: dict[str, list[Figure]] = {}
    for figure in results:
        if figure.typical_s or figure.state in STOPPED:
            families.setdefault(naming.family(figure.cell), []).append(figure)
    if not families:
        raise UsageError("no cell in these rows was timed: there is nothing to draw.")
    shown = {name: figures for name, figures in families.items() if informative(figures)}
    text += left_out([name for name in families if shown and name not in shown], why)
    shown = shown or families
    every = [figure for figures in shown.values() for figure in figures]
    used = looks(every)
    columns = style.side_by_side(min(len(shown), 2 if len(shown) < 5 else 3), PANEL[0], LEAST)
    width, height = ALONE if len(shown) == 1 else PANEL
    inches = columns * width, -(-len(shown) // columns) * height
    least = style.LEAST_WIDTH if len(shown) == 1 else columns * LEAST
    picture = style.figure(title, [], [text, *notes(results)], inches, [*handles(used, every), *more], least)
    filled = []
    for axes, (name, figures) in zip(style.panels(picture, len(shown), columns), shown.items(), strict=True):
        style.head(axes, name, longest=44)
        figures.sort(key=lambda figure: figure.cell["n_qubits"])
        filled.append((axes, [(look, mine) for who, look in used.items() if (mine := _of(figures, who))]))
    return picture, filled


def _of(figures: Sequence[Figure], who: str) -> list[Figure]:
    return [figure for figure in figures if naming.backend(figure.cell) == who]


def _stopped(axes: Axes, group: Group) -> None:
    stopped = [(look, [f.cell["n_qubits"] for f in figures if f.state in STOPPED]) for look, figures in group]
    for level, (look, at) in enumerate([(look, at) for look, at in stopped if at]):
        draw_stopped(axes, at, look, level)


def _widths(axes: Axes, group: Group) -> None:
    axes.set_xlabel("qubits")
    axes.margins(x=0.08)
    widths = np.array(sorted({figure.cell["n_qubits"] for _, figures in group for figure in figures}))
    if len(widths) == 1 or np.diff(widths).min() * MOST_TICKS > np.ptp(widths):
        axes.xaxis.set_major_locator(FixedLocator(widths.tolist()))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))


def _heights(axes: Axes, name: str, unit: str) -> None:
    axes.set_yscale("log")
    axes.margins(y=0.15)  # has no effect where limits are set
    axes.set_ylabel(name)
    ticks.log_axis(axes.yaxis, unit)
    axes.grid()
