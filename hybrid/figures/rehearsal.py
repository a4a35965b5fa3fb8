"""The verdict of a rehearsal at a glance: devices by criteria, each met, not met or not judged, in colours and in words."""

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from hybrid.base.errors import shortened
from hybrid.figures import style
from hybrid.figures.rehearsal_values import CAVEAT
from hybrid.figures.style import BLANK, FINAL, INK, MEASURED, PAPER, Drawing, styled
from hybrid.rehearsal.package.figures_in_words import met
from hybrid.rehearsal.package.glance import key_figure, mark
from hybrid.rehearsal.rehearsal import CRITERIA, GO, MARGINAL, Criterion, DeviceVerdict, Rehearsal

WIDE, ROW_INCHES = 8.4, 0.62
LONGEST_DEVICE = 22
COLOURS = {True: MEASURED, False: FINAL, None: BLANK}
"""Blue and vermilion are distinct for every kind of colour vision; the words say the same."""
WORDS = {GO: MEASURED, MARGINAL: "#E69F00"}
"""Colours of verdicts; every other is that of what is not met."""


@styled
def verdict_grid(rehearsal: Rehearsal) -> Drawing:
    """One row per device: its verdict, then the six criteria."""
    inches = (WIDE, ROW_INCHES * len(rehearsal.devices) + 0.55)
    drawn = style.figure(f"Rehearsal of {rehearsal.title}", [rehearsal.sentence], [CAVEAT], inches, least=WIDE)
    (axes,) = style.panels(drawn)
    columns = ("verdict", *CRITERIA)
    style.categories(axes, columns, [shortened(one.device, LONGEST_DEVICE) for one in rehearsal.devices])
    axes.xaxis.tick_top()
    for row, verdict in enumerate(rehearsal.devices):
        _draw_cell(axes, 0, row, WORDS.get(verdict.word, FINAL), [verdict.word], bold=True)
        for column, name in enumerate(CRITERIA, start=1):
            one = _criterion(verdict, name)
            figure = key_figure(one)
            lines = [f"{mark(one.met)} {met(one.met)}", *([figure] if figure else [])]
            _draw_cell(axes, column, row, COLOURS[one.met], lines, bold=one.name == verdict.binding)
    return drawn


def _criterion(verdict: DeviceVerdict, name: str) -> Criterion:
    """The criterion of this name; not judged where the verdict did not come so far."""
    return next((one for one in verdict.criteria if one.name == name), Criterion(name, None, "", {}))


def _draw_cell(axes: Axes, column: int, row: int, colour: str, lines: list[str], *, bold: bool) -> None:
    """A coloured field with its words; a bold one, the verdict and the binding constraint, has a frame."""
    edge, width = (INK, 1.6) if bold else (PAPER, 1.0)
    box = Rectangle((column - 0.46, row - 0.42), 0.92, 0.84, facecolor=colour, edgecolor=edge, lw=width, zorder=2)
    axes.add_patch(box)
    ink = style.ink_on(to_rgb(colour)) if colour != BLANK else INK
    size = style.HEAD if column == 0 else style.TINY
    weight = "bold" if bold else "normal"
    axes.text(column, row, "\n".join(lines), ha="center", va="center", size=size, color=ink, weight=weight, zorder=3)
