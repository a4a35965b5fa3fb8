"""Maps: every backend's time relative to the fastest, and times over width and depth."""

from collections.abc import Sequence
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import EngFormatter, FuncFormatter

from hybrid.base.errors import UsageError, shortened
from hybrid.bench import naming
from hybrid.bench.summary import Figure, questions
from hybrid.bench.units import multiple
from hybrid.figures import style
from hybrid.figures.bench.marks import ABSENT, LABELS, STOPPED, left_out, notes
from hybrid.figures.style import BLANK, FINAL, GREY, INK, PAPER, Drawing, styled

MAP = colormaps["cividis_r"].resampled(40)
"""Made to look alike with and without colour deficiency (Nunez, Anderton & Renslow, PLOS ONE 13, e0199239, 2018). In fewer than
50 steps its bar is drawn as shapes; matplotlib makes more of them a bitmap, which the page of a report must not load."""
HATCHES = {"wrong": "////", "unverified": "---"}
MOST_ROWS, MOST_COLUMNS = 80, 16
MOST_SLOWDOWN = 100.0
PANEL = (3.5, 3.0)
"""Inches of a panel of width against depth."""


@styled
def relative(results: Sequence[Figure]) -> Drawing:
    """Workload by backend: times as multiples of the fastest verified one's. `winners` shows which one is faster."""
    groups = sorted(questions(results), key=lambda group: (naming.family(group[0].cell), group[0].cell["n_qubits"]))
    names = sorted({naming.backend(figure.cell) for figure in results})
    if len(groups) > MOST_ROWS or len(names) > MOST_COLUMNS:
        raise UsageError(
            f"{len(groups)} workloads by {len(names)} backends: the map holds {MOST_ROWS} by {MOST_COLUMNS}; draw fewer."
        )
    labels = [naming.workload(group[0].cell) for group in groups]
    longest = min(44, max(map(len, labels)))
    inches = (max(6.4, 0.085 * longest + 0.8 * len(names) + 1.0), 0.3 * len(groups) + 1.35)
    text = "Times relative to the fastest verified backend of each workload; empty where a backend was not asked."
    about = [text, *notes(results, with_absent=True)]
    picture = style.figure("Time relative to the fastest", [], about, inches, _entries(results), least=inches[0])
    (axes,) = style.panels(picture)
    norm = LogNorm(1, MOST_SLOWDOWN)
    for row, group in enumerate(groups):
        best = next((figure.typical_s for figure in group if figure.verified), None)
        for figure in group:
            at = names.index(naming.backend(figure.cell)), row
            ratio = figure.typical_s / best if figure.verified and figure.typical_s and best else None
            _square(axes, at, figure, norm, ratio, multiple(ratio) if ratio else figure.state)
    short = {naming.backend(figure.cell): naming.brief(figure.cell) for figure in results}
    style.categories(axes, [shortened(short[name], 40) for name in names], [shortened(label, 44) for label in labels])
    axes.xaxis.tick_top()
    axes.tick_params(axis="x", labelrotation=30, pad=0)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("left")
    bar = picture.colorbar(ScalarMappable(norm, MAP), ax=axes, shrink=0.8, extend="max", aspect=18, pad=0.02)
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}x"))
    bar.ax.set_ylabel("time / fastest")
    return picture


@styled
def volumetric(results: Sequence[Figure]) -> Drawing:
    """Width against depth of the workload, one panel for each workload and backend, coloured by seconds per call."""
    shapes: dict[str, list[Figure]] = {}
    for figure in results:
        if naming.depth(figure.cell) is not None and figure.state not in ABSENT:
            shapes.setdefault(naming.shape(figure.cell), []).append(figure)
    wide = {shape: figures for shape, figures in shapes.items() if _extent(figures)}
    panels: dict[tuple[str, str], list[Figure]] = {}
    for shape, figures in (wide or shapes).items():
        for figure in figures:
            panels.setdefault((shape, naming.backend(figure.cell)), []).append(figure)
    times = [figure.typical_s for figures in panels.values() for figure in figures if figure.typical_s]
    if not times:
        raise UsageError("no workload in these rows has both a width and a depth, as su4-brick:n=4..8,depth=2,4 has.")
    columns = style.side_by_side(min(3, len({who for _, who in panels})), PANEL[0], PANEL[0])
    shown = [figure for figures in panels.values() for figure in figures]
    text = "One square per width and depth (of the workload, not compiled); colour is the median time per call."
    text += left_out([name for name in shapes if wide and name not in wide], "of one width or one depth")
    inches = PANEL[0] * columns, PANEL[1] * -(-len(panels) // columns)
    picture = style.figure("Time over width and depth", [], [text, *notes(results)], inches, _entries(shown), least=inches[0])
    axes = style.panels(picture, len(panels), columns)
    norm = LogNorm(min(times), max(max(times), 1.01 * min(times)))
    for ax, ((shape, _), figures) in zip(axes, sorted(panels.items()), strict=True):
        style.head(ax, shape, naming.brief(figures[0].cell), longest=32)
        depths = sorted({naming.depth(figure.cell) or 0 for figure in shown if naming.shape(figure.cell) == shape})
        widths = sorted({figure.cell["n_qubits"] for figure in shown if naming.shape(figure.cell) == shape}, reverse=True)
        for figure in figures:
            at = depths.index(naming.depth(figure.cell) or 0), widths.index(figure.cell["n_qubits"])
            text = _seconds(figure.typical_s) if figure.typical_s else figure.state
            _square(ax, at, figure, norm, figure.typical_s if figure.verified else None, text)
        style.categories(ax, list(map(str, depths)), list(map(str, widths)))
        ax.set(xlabel="depth", ylabel="qubits")
    bar = picture.colorbar(ScalarMappable(norm, MAP), ax=axes, shrink=0.9, aspect=30, pad=0.02)
    bar.ax.yaxis.set_major_formatter(EngFormatter(unit="s"))
    bar.ax.set_ylabel("time per call")
    return picture


def _extent(figures: Sequence[Figure]) -> bool:
    return min(len({f.cell["n_qubits"] for f in figures}), len({naming.depth(f.cell) for f in figures})) > 1


def _seconds(seconds: float) -> str:
    return EngFormatter(unit="s", places=0 if seconds >= 1 else None)(float(f"{seconds:.2g}"))


def _entries(results: Sequence[Figure]) -> list[Patch]:
    states = {figure.state for figure in results}
    entries = [
        Patch(facecolor=PAPER, edgecolor=INK, hatch=hatch, lw=0.6, label=LABELS[state])
        for state, hatch in HATCHES.items()
        if state in states
    ]
    if states & {*STOPPED, *ABSENT}:
        entries.append(Patch(facecolor=BLANK, edgecolor=GREY, lw=0.6, label="no figure, and why"))
    return entries


def _square(axes: Axes, at: tuple[int, int], figure: Figure, norm: LogNorm, value: float | None, text: str) -> None:
    """One cell: coloured where verified, hatched where its time does not count, grey where there is no time."""
    corner = (at[0] - 0.5, at[1] - 0.5)
    hatch = HATCHES.get(figure.state)
    face: Any = PAPER if hatch else BLANK
    if value is not None:
        face = MAP(float(norm(min(value, float(norm.vmax or value)))))
    edge = FINAL if figure.state == "wrong" else GREY
    axes.add_patch(Rectangle(corner, 1, 1, facecolor=face, edgecolor=edge if hatch else PAPER, hatch=hatch, lw=0.8))
    ink = INK if value is None else style.ink_on(face)
    box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0} if hatch else None
    axes.text(*at, text, size=style.TINY, ha="center", va="center", color=ink, bbox=box)
