"""The kinds of pictures, by the names they have on the command line."""

from collections.abc import Callable, Sequence

from matplotlib.figure import Figure as Picture

from hybrid.bench.rows import Row
from hybrid.bench.summary import Figure
from hybrid.figures.bench.drift import drift
from hybrid.figures.bench.lines import error_time, memory, scaling
from hybrid.figures.bench.maps import relative, volumetric
from hybrid.figures.bench.profile import profile
from hybrid.figures.bench.style import FONT
from hybrid.figures.bench.winners import winners
from hybrid.figures.style import STYLE

RC = {**STYLE, "font.size": FONT, "hatch.linewidth": 0.6, "xtick.labelsize": 8.5, "ytick.labelsize": 8.5}
OF_FIGURES: dict[str, Callable[[Sequence[Figure]], Picture]] = {
    "scaling": scaling,
    "error-time": error_time,
    "memory": memory,
    "volumetric": volumetric,
    "relative": relative,
    "profile": profile,
}
WITH_NOISE: dict[str, Callable[[Sequence[Figure], Sequence[Row]], Picture]] = {"winners": winners, "drift": drift}
"""What an A/A run among the rows has a say in."""
KINDS = (*OF_FIGURES, *WITH_NOISE)


def picture(found: Sequence[Figure], kind: str, rows: Sequence[Row] = ()) -> Picture:
    """The figures of one machine drawn; an A/A run is looked for in `rows`. To be called within the settings `RC`."""
    return WITH_NOISE[kind](found, rows) if kind in WITH_NOISE else OF_FIGURES[kind](found)
