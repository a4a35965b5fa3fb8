"""How results show themselves in a notebook: `_repr_html_`, `plot` and `history` of their classes are these functions.

What they need stands in rooms above those of the results. It is loaded by name when it is first asked for, as the public names
of the package are (`hybrid.base.lazy`): a result stays as light as it is, and nothing below imports what draws.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from hybrid.base.errors import MissingPart

TABLES, PLOTS, HISTORY = "hybrid.figures.notebook", "hybrid.figures.plots", "hybrid.runs.history"


def html_of(self: Any) -> str:
    """A small table as HTML for light and dark pages, all text escaped: what a notebook shows."""
    return import_module(TABLES).html(self)


def plot_of(self: Any, *, style: str = "screen", width_cm: float | None = None, title: str | None = None, caveat: bool = True):
    """A matplotlib figure; the options are the flags `--style`, `--width`, `--title` and `--no-caveat`.

    MissingPart: matplotlib is not installed. UsageError: an unknown style, a width that does not fit, nothing to draw.
    """
    if find_spec("matplotlib") is None:
        raise MissingPart("plot() needs matplotlib. Install it with: pip install 'hybrid-sandbox[plot]'")
    return import_module(PLOTS).plot(self, style=style, width_cm=width_cm, title=title, caveat=caveat)


def history_of(self: Any) -> dict[str, list[Any]]:
    """Columns of all values in the order in which they were measured, as pandas and polars take them.

    `evaluation` counts from 1, `value` and `stderr` are in the result's unit, `on_path` says whether it was measured at the
    optimiser's own x. RecordError: the record is missing or damaged.
    """
    return import_module(HISTORY).columns(self.record)
