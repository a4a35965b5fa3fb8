"""An error budget as a waterfall: from the exact value, contribution by contribution, to the reported one."""

import textwrap
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from hybrid.base.errors import shortened
from hybrid.base.uncertainty import with_uncertainty
from hybrid.figures.style import EXACT, FINAL, FOOTER_COLUMNS, INK, MEASURED, PAPER, STYLE, check_target, save
from hybrid.review.error_budget import DETUNINGS, INTERACTION, OPTIMISER, SHOTS, ErrorBudget

WORSE, BETTER = FINAL, MEASURED
GRID = "#888888"
INCHES_WIDE, ROW_INCHES = 6.4, 0.27


class _Row(NamedTuple):
    """A contribution, or (`step` None) a value that is reached."""

    name: str
    level: float
    step: float | None
    stderr: float


def waterfall(budget: ErrorBudget, target: Path) -> None:
    """Draw the budget as PNG or SVG by the suffix of `target`; UsageError: another suffix, a target that cannot be written."""
    check_target(target)
    with matplotlib.rc_context(STYLE):
        save(draw(budget), target)


def draw(budget: ErrorBudget) -> Figure:
    """The whole picture: title, waterfall, caveat."""
    rows = _rows(budget)
    footer = textwrap.fill(budget.caveat, FOOTER_COLUMNS)
    bottom, top = 0.175 * (footer.count("\n") + 1) + 0.15, 0.62
    height = ROW_INCHES * len(rows) + 0.65 + top + bottom
    layout = ConstrainedLayoutEngine(rect=(0.01, bottom / height, 0.97, 1 - (top + bottom) / height))
    figure = Figure(figsize=(INCHES_WIDE, height), facecolor=PAPER, layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=PAPER)
    _draw_rows(axes, rows, -1 if budget.maximize else 1)
    unit = f" ({budget.unit})" if budget.unit else ""
    axes.set_xlabel(f"{budget.quantity}{unit}")
    head, how = f"{budget.title.partition(';')[0]} on {budget.device}", _how(budget)
    figure.text(0.02, 1 - 0.125 / height, shortened(head, 56), size=13, weight="bold", va="top", parse_math=False)
    figure.text(0.02, 1 - 0.4 / height, shortened(how, 84), size=10, va="top", parse_math=False)
    figure.text(0.02, 0.1 / height, footer, size=8.5, va="bottom", parse_math=False)
    return figure


def _rows(budget: ErrorBudget) -> list[_Row]:
    """From exact over without noise and infinite shots to reported; the parts of the noise by size, their interaction last."""
    found = {row.name: row for row in budget.contributions}
    outside = (OPTIMISER, INTERACTION, SHOTS, DETUNINGS)
    noise = [*(row for row in budget.contributions if row.name not in outside), found[INTERACTION]]
    levels = accumulate((row.value for row in noise), initial=budget.ideal)
    rows = [_Row("without noise, at this x", budget.ideal, None, 0.0)]
    rows += [_Row(row.name, level, row.value, row.stderr) for row, level in zip(noise, levels, strict=False)]
    rows.append(_Row("infinite shots", budget.infinite_shots.value, None, budget.infinite_shots.stderr))
    if budget.exact is not None:
        first = found[OPTIMISER]
        rows = [_Row("exact", budget.exact, None, 0.0), _Row(first.name, budget.exact, first.value, 0.0), *rows]
    if budget.reported is not None:
        chance = found.get(SHOTS) or found[DETUNINGS]
        rows.append(_Row(chance.name, budget.infinite_shots.value, chance.value, 0.0))
        rows.append(_Row("reported", *budget.reported[:1], None, budget.reported.stderr))
    return rows


def _draw_rows(axes: Axes, rows: Sequence[_Row], worse: int) -> None:
    """Bars for contributions, diamonds for values, each joined to the next by a thin line."""
    for y, row in enumerate(rows):
        end = row.level + (row.step or 0.0)
        if row.step is None:
            colour = EXACT if row.name == "exact" else INK
            axes.errorbar(end, y, xerr=row.stderr or None, fmt="D", ms=6, color=colour, capsize=2.5, lw=1.2, zorder=3)
        else:
            colour = WORSE if worse * row.step > 0 else BETTER
            error = {"xerr": row.stderr or None, "error_kw": {"lw": 1.0, "ecolor": INK, "capsize": 2}}
            axes.barh(y, row.step, left=row.level, height=0.62, color=colour, alpha=0.85, zorder=2, **error)
        if y + 1 < len(rows):
            axes.plot([end, end], [y, y + 1], color=GRID, lw=0.7, zorder=1)
    axes.set_yticks(np.arange(len(rows)), [row.name for row in rows], size=10)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row.step is None else "normal")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.use_sticky_edges = False
    axes.margins(x=0.05)
    axes.grid(axis="x", color=GRID, alpha=0.25, lw=0.6)
    for label, colour in (("worse", WORSE), ("better", BETTER)):
        axes.barh([np.nan], [np.nan], color=colour, alpha=0.85, label=label)
    axes.legend(fontsize=9.5, frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.1)


def _how(budget: ErrorBudget) -> str:
    end = f"{with_uncertainty(*budget.end, digits=6)} {budget.unit}".rstrip()
    shots = f", {budget.shots:,} shots" if budget.reported and budget.shots else ""
    return f"run {budget.id}: {end}{shots}; largest: {budget.largest.name}"
