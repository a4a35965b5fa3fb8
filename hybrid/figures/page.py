"""How large a picture is, and for what: a paper, a talk, a dark page. Loads no matplotlib, so that flags can be read."""

import re
from dataclasses import dataclass
from typing import NamedTuple, final

from hybrid.base.errors import UsageError, unknown

CM = 2.54
"""Centimetres of an inch."""
WIDE = 6.6
"""Inches: a picture that asks for more takes the width of two columns."""
SMALLEST_POINTS, SMALL_PRINT = 5.0, 8.0
"""The smallest text that is printed, and the size at which pictures are laid out with it."""
LEAST_CM, MOST_CM = 4.0, 120.0
LENGTH = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(cm|mm|in)")
UNITS = {"cm": 1.0, "mm": 0.1, "in": CM}


class PageStyle(NamedTuple):
    """`scale`: size of text over that of a picture on a screen; widths in cm of a picture with one column and of a wide one."""

    scale: float
    column_cm: float | None
    wide_cm: float | None
    dots_per_inch: int


STYLES = {
    "screen": PageStyle(1.0, None, None, 200),
    "paper": PageStyle(0.75, 8.6, 17.8, 400),
    "talk": PageStyle(1.9, 25.4, 30.0, 150),
    "dark": PageStyle(1.0, None, None, 200),
}
"""Paper: one and two columns of Physical Review (journals.aps.org/authors/style-basics), text of 6 to 10 points."""


@final
@dataclass(frozen=True, kw_only=True)
class Page:
    """Where a picture goes. `width_cm` and `title` None: the picture's own; `caveat` False: only in the file's metadata.

    UsageError: an unknown style, a width outside of 4 to 120 cm.
    """

    style: str = "screen"
    width_cm: float | None = None
    title: str | None = None
    caveat: bool = True

    def __post_init__(self) -> None:
        if self.style not in STYLES:
            raise unknown("style", self.style, STYLES)
        if self.width_cm is not None and not LEAST_CM <= self.width_cm <= MOST_CM:
            raise UsageError(f"a picture is {LEAST_CM:g} to {MOST_CM:g} cm wide, not {self.width_cm:g} cm.")

    def laid_out(self, own_inches: float, least_inches: float) -> tuple[float, float]:
        """Inches in which a picture is laid out, and the scale at which it is written.

        `own_inches` is what it would take on a screen; narrower than `least_inches` it is not laid out but made smaller.
        UsageError: its small print would then be less than 5 points at the width that is asked for.
        """
        style = STYLES[self.style]
        needed_cm = least_inches * CM * SMALLEST_POINTS / SMALL_PRINT
        if self.width_cm is None and (style.column_cm is None or style.wide_cm is None):
            return own_inches, 1.0
        usual_cm = style.column_cm if own_inches <= WIDE and (style.column_cm or 0.0) >= needed_cm else style.wide_cm
        inches = (self.width_cm or max(usual_cm or 0.0, needed_cm)) / CM
        laid_out = max(inches / style.scale, least_inches)
        scale = inches / laid_out
        if scale * SMALL_PRINT < 0.999 * SMALLEST_POINTS:
            raise UsageError(
                f"at a width of {inches * CM:.3g} cm the smallest text of this picture would have {scale * SMALL_PRINT:.2g} "
                f"points; it needs {needed_cm + 0.05:.1f} cm."
            )
        return laid_out, scale

    def fits(self, own_inches: float, least_inches: float) -> bool:
        """Whether text has the size of the page's style at least, or that of a screen, where the style's is larger."""
        try:
            return self.laid_out(own_inches, least_inches)[1] > 0.999 * min(1.0, STYLES[self.style].scale)
        except UsageError:
            return False


SCREEN = Page()


def length_cm(text: str) -> float:
    """`8.6cm`, `86mm` or `3.4in` in cm; UsageError for anything else."""
    found = LENGTH.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"width '{text}' is no length; for example 8.6cm, 86mm or 3.4in.")
    return float(found[1]) * UNITS[found[2]]
