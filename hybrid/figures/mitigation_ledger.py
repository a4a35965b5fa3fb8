"""The ledger of error mitigation as a picture: the error that each method leaves in the same machine time, and its parts."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from hybrid.figures import style, ticks
from hybrid.figures.page import SCREEN, Page
from hybrid.figures.style import FINAL, GREY, INK, MEASURED, Drawing, styled
from hybrid.review.mitigation_ledger import Ledger

COLOURS = {"closer": MEASURED, "no gain": GREY, "worse": FINAL}
ALPHA = 0.55
ROW_INCHES = 0.27
BIAS, SHOTS = "D", "o"
PLAIN: dict[str, Any] = {"color": GREY, "lw": 1.0, "ls": "--"}


def errors(ledger: Ledger, target: Path, page: Page = SCREEN) -> None:
    """Draw the ledger as PNG, SVG or PDF by the suffix of `target`; UsageError: another suffix, or not writable."""
    style.save(draw(ledger, page=page), target)


@styled
def draw(ledger: Ledger) -> Drawing:
    """One bar per method, the smallest error first."""
    legend = [Patch(color=colour, alpha=ALPHA, label=word) for word, colour in COLOURS.items()]
    marks = ((BIAS, INK, "bias"), (SHOTS, "none", "standard error"))
    legend += [Line2D([], [], color=INK, marker=mark, mfc=inside, ls="", ms=5, label=word) for mark, inside, word in marks]
    legend.append(Line2D([], [], label="error without mitigation", **PLAIN))
    inches = style.WIDTH, ROW_INCHES * len(ledger.rows) + 0.6
    how = f"{ledger.shots:,} shots a value; errors in the machine time of a value without mitigation"
    title = f"{ledger.title.partition(';')[0]} on {ledger.device}"
    figure = style.figure(title, [how], [ledger.caveat], inches, legend)
    (axes,) = style.panels(figure)
    _draw_rows(axes, ledger)
    axes.set_xlabel(f"error ({ledger.unit})" if ledger.unit else "error")
    return figure


def _draw_rows(axes: Axes, ledger: Ledger) -> None:
    """Root mean square errors as bars, their parts as marks; a line at that without mitigation."""
    for y, row in enumerate(ledger.rows):
        axes.barh(y, ledger.rms_at_equal_time(row), height=0.62, color=COLOURS[ledger.worth(row)], alpha=ALPHA, zorder=2)
        stderr = row.stderr * (row.seconds / ledger.plain.seconds) ** 0.5
        axes.plot(abs(row.bias.value), y, BIAS, ms=5, color=INK, zorder=3)
        axes.plot(stderr, y, SHOTS, ms=5, color=INK, mfc="none", zorder=3)
    axes.axvline(ledger.plain.rms(), zorder=1, **PLAIN)
    axes.set_yticks(np.arange(len(ledger.rows)), [ledger.label(row) for row in ledger.rows], size=style.TEXT)
    axes.set_ylim(len(ledger.rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(left=0.0)
    axes.xaxis.set_major_locator(ticks.few_ticks())
    axes.grid(axis="x")
