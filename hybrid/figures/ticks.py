"""Ticks of axes: with units, in powers of ten, and few where names leave an axis little room."""

from typing import Any

from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullFormatter

MOST_POWERS = 4
"""Labelled side by side; below each other there is room for more."""
LEAST_SPAN = 10.0
"""Of a logarithmic axis, largest over smallest: a smaller one would make small differences look large."""


def few_ticks() -> MaxNLocator:
    """Of an axis beside names, which may leave it little room: five steps at most."""
    return MaxNLocator(5, steps=(1, 2, 5, 10))


def log_axis(axis: Any, unit: str) -> None:
    """A logarithmic axis with SI prefixes, and enough ticks where it spans little."""
    low, high = axis.get_view_interval()
    if high / low < LEAST_SPAN:
        widen = (LEAST_SPAN * low / high) ** 0.5
        low, high = low / widen, high * widen
        axis.set_view_interval(low, high, ignore=True)
    log_ticks(axis, EngFormatter(unit=unit, sep="\N{NO-BREAK SPACE}"), few=high / low < 100)


def log_ticks(axis: Any, formatter: Any, *, few: bool) -> None:
    """Labels at the powers of ten, with `few` of them also at 2 and 5."""
    most = MOST_POWERS if axis.axis_name == "x" else None
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=most))
    axis.set_major_formatter(formatter)
    axis.set_minor_formatter(NullFormatter())
