"""An error budget as a waterfall: from the exact value, contribution by contribution, to the reported one."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from hybrid.base.uncertainty import with_uncertainty
from hybrid.figures import style, ticks
from hybrid.figures.page import SCREEN, Page
from hybrid.figures.style import EXACT, FINAL, GREY, INK, MEASURED, Drawing, styled
from hybrid.review.error_budget import DETUNINGS, INTERACTION, OPTIMISER, SHOTS, ErrorBudget

WORSE, BETTER = FINAL, MEASURED
ALPHA = 0.85
ROW_INCHES = 0.27


class _Row(NamedTuple):
    """A contribution, or (`step` None) a value that is reached."""

    name: str
    level: float
    step: float | None
    stderr: float


def waterfall(budget: ErrorBudget, target: Path, page: Page = SCREEN) -> None:
    """Draw the budget as PNG, SVG or PDF by the suffix of `target`; UsageError: another suffix, or not writable."""
    style.save(draw(budget, page=page), target)


@styled
def draw(budget: ErrorBudget) -> Drawing:
    """One row per contribution and per value."""
    rows = _rows(budget)
    title = f"{budget.title.partition(';')[0]} on {budget.device}"
    legend = [Patch(color=colour, alpha=ALPHA, label=label) for label, colour in (("worse", WORSE), ("better", BETTER))]
    inches = style.WIDTH, ROW_INCHES * len(rows) + 0.6
    figure = style.figure(title, [_how(budget)], [budget.caveat], inches, legend)
    (axes,) = style.panels(figure)
    _draw_rows(axes, rows, -1 if budget.maximize else 1)
    axes.set_xlabel(f"{budget.quantity} ({budget.unit})" if budget.unit else budget.quantity)
    return figure


def _rows(budget: ErrorBudget) -> list[_Row]:
    """From exact over without noise and infinite shots to reported; the parts of the noise by size, their interaction last."""
    by_name = {row.name: row for row in budget.contributions}
    outside = (OPTIMISER, INTERACTION, SHOTS, DETUNINGS)
    noise = [*(row for row in budget.contributions if row.name not in outside), by_name[INTERACTION]]
    levels = accumulate((row.value for row in noise), initial=budget.ideal)
    rows = [_Row("without noise, at this x", budget.ideal, None, 0.0)]
    rows += [_Row(row.name, level, row.value, row.stderr) for row, level in zip(noise, levels, strict=False)]
    rows.append(_Row("infinite shots", budget.infinite_shots.value, None, budget.infinite_shots.stderr))
    if budget.exact is not None:
        first = by_name[OPTIMISER]
        rows = [_Row("exact", budget.exact, None, 0.0), _Row(first.name, budget.exact, first.value, 0.0), *rows]
    if budget.reported is not None:
        chance = by_name.get(SHOTS) or by_name[DETUNINGS]
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
            axes.barh(y, row.step, left=row.level, height=0.62, color=colour, alpha=ALPHA, zorder=2, **error)
        if y + 1 < len(rows):
            axes.plot([end, end], [y, y + 1], color=GREY, lw=0.7, zorder=1)
    axes.set_yticks(np.arange(len(rows)), [row.name for row in rows], size=style.TEXT)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row.step is None else "normal")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.use_sticky_edges = False
    axes.margins(x=0.05)
    axes.xaxis.set_major_locator(ticks.few_ticks())
    axes.grid(axis="x")


def _how(budget: ErrorBudget) -> str:
    end = f"{with_uncertainty(*budget.end, digits=6)} {budget.unit}".rstrip()
    shots = f", {budget.shots:,} shots" if budget.reported and budget.shots else ""
    return f"run {budget.id}: {end}{shots}; largest: {budget.largest.name}"
