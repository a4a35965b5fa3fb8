"""Rows of an error budget: signed numbers to one decimal place, and bars from one zero."""

from collections.abc import Sequence
from math import floor, log10

from hybrid.base.uncertainty import with_uncertainty

NAME, NUMBER = 24, 15
"""Columns of the table; the rest is for bars."""
DIGITS = 5
"""Digits of the largest contribution; all are shown to the same decimal place."""


def places_of(values: Sequence[float]) -> int:
    """Decimal places that show the digits of the largest."""
    return max(0, DIGITS - 1 - floor(log10(max(map(abs, values)) or 1.0)))


def signed(value: float, stderr: float, places: int) -> str:
    """`+0.0312(11)` with at most so many decimal places; without an uncertainty that is smaller than they show."""
    text = f"{value:.{places}f}"
    if stderr >= 5 * 10.0 ** -(places + 1):
        rounded = with_uncertainty(value, stderr)
        decimals = rounded.partition("(")[0].partition(".")[2]
        text = f"{text}({max(1, round(stderr * 10**places))})" if len(decimals) > places else rounded
    return text if text.startswith("-") else f"+{text}"


def bar(value: float, values: list[float], room: int) -> str:
    """A bar of `#` from the zero that all rows share, to the left for a negative value."""
    low, high = min(0.0, *values), max(0.0, *values)
    cells = (room - 1) / ((high - low) or 1.0)
    zero, length = round(-low * cells), round(abs(value) * cells)
    bar = " " * zero + "|" + "#" * length if value >= 0 else " " * max(0, zero - length) + "#" * min(length, zero) + "|"
    return bar[:room]
