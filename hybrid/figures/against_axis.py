"""Final values of many runs against an axis: median and quartiles over the seeds, never the best."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hybrid.figures import style
from hybrid.figures.page import SCREEN, Page
from hybrid.figures.style import EXACT, Drawing, styled
from hybrid.runs.axis_values import AxisCurve, AxisPoint, curves

HIGH_INCHES = 3.9
CAPTION = "Points: medians over the seeds. Bars: from the lower to the upper quartile."


def against_axis(results: Sequence[AxisPoint], axis: str, target: Path, page: Page = SCREEN) -> None:
    """Draw the results against a field (`shots`) or an option (`problem.distance`), one curve for all that else is equal.

    UsageError: another suffix, an axis that no run has, quantities that differ, more curves than can be told apart.
    """
    style.check_target(target)
    style.save(draw(curves(results, axis), axis, page=page), target)


@styled
def draw(found: list[AxisCurve], axis: str) -> Drawing:
    """One panel; a numerical axis is to scale, another one has a place for every value."""
    first = found[0]
    numeric = all(isinstance(x, int | float) for curve in found for x in curve.x)
    places: dict[Any, float] = {}
    for curve in found:
        for x in curve.x:
            places.setdefault(x, float(x) if numeric else len(places))
    unit = f" ({first.unit})" if first.unit else ""
    lines = [f"{first.subject}, {sum(curve.runs for curve in found)} runs"]
    figure = style.figure(f"{first.quantity} against {axis}", lines, [CAPTION], (style.WIDTH, HIGH_INCHES + 0.25 * len(found)))
    (axes,) = style.panels(figure)
    for curve, look in zip(found, style.looks(len(found), "curves"), strict=True):
        x, y = [places[value] for value in curve.x], curve.median
        below = [middle - low for middle, low in zip(y, curve.low, strict=True)]
        above = [high - middle for middle, high in zip(y, curve.high, strict=True)]
        axes.errorbar(
            x, y, yerr=[below, above], color=look.colour, marker=look.marker, linestyle=look.dash, capsize=2, label=curve.name
        )
    exact = {places[x]: value for curve in found for x, value in zip(curve.x, curve.exact, strict=True) if value is not None}
    if exact and len({tuple(curve.x) for curve in found}) == 1:
        ordered = sorted(exact)
        axes.plot(ordered, [exact[x] for x in ordered], color=EXACT, marker="_", linestyle=":", label="exact", zorder=3)
    if not numeric:
        axes.set_xticks([*places.values()], [str(value) for value in places], rotation=20, ha="right")
    axes.set_xlabel(axis)
    axes.set_ylabel(f"{first.quantity}{unit}")
    axes.grid(True)
    if len(found) > 1 or exact:
        style.legend_above(axes, most=2)
    return figure
