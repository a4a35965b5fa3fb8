"""The kinds of pictures, by the names they have on the command line."""

from collections.abc import Callable, Sequence

from matplotlib.figure import Figure as Picture

from hybrid.bench.rows import Row
from hybrid.bench.summary import Figure, measured_floor
from hybrid.plot import STYLE
from hybrid.plot_bench.lines import error_time, memory, scaling
from hybrid.plot_bench.maps import volumetric, winners
from hybrid.plot_bench.style import FONT

RC = {**STYLE, "font.size": FONT, "hatch.linewidth": 0.6, "xtick.labelsize": 8.5, "ytick.labelsize": 8.5}
KINDS: dict[str, Callable[[Sequence[Figure]], Picture]] = {
    "scaling": scaling,
    "error-time": error_time,
    "memory": memory,
    "volumetric": volumetric,
    "winners": winners,
}


def picture(found: Sequence[Figure], kind: str, rows: Sequence[Row]) -> Picture:
    """The figures of one machine drawn; the A/A floor is looked for in `rows`. To be called within the settings `RC`."""
    if kind == "winners":
        return winners(found, measured_floor(rows, found[0].environment))
    return KINDS[kind](found)
