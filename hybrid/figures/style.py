"""The one style of all pictures: colours, fonts, sizes, and how a picture is written to a file."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from hybrid.base.errors import UsageError

MEASURED, FINAL, EXACT, BASELINE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
"""Okabe & Ito's colours (jfly.uni-koeln.de/color): told apart whatever the reader's colour vision."""
INK, PAPER = "#222222", "#FAFAF8"
COLOURS = (MEASURED, FINAL, EXACT, BASELINE, "#E69F00", "#56B4E9", INK)
"""Of several runs, by the same authors; their yellow is too pale for paper."""
DASHES = ("-", "--", ":")
STYLE: dict[Any, Any] = {
    "font.size": 11.0,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "hybrid",
}
SUFFIXES = (".png", ".svg")
DOTS_PER_INCH = 200
FOOTER_COLUMNS = 100


def check_target(target: Path) -> None:
    """UsageError for a suffix that no picture is written in."""
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{target}: a plot is written as {' or '.join(SUFFIXES)}.")


def save(figure: Figure, target: Path) -> None:
    """Write the figure, the same bytes every time; UsageError when it cannot be written."""
    metadata = {"Date": None} if target.suffix.lower() == ".svg" else None
    try:
        figure.savefig(target, dpi=DOTS_PER_INCH, metadata=metadata)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}).") from None
