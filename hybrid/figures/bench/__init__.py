"""Benchmarks as pictures. What was found wrong is marked and never wins; what nothing could judge is shown as such."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import matplotlib

from hybrid.base.errors import unknown
from hybrid.bench.naming import of_machine
from hybrid.bench.rows import Row
from hybrid.bench.summary import figures
from hybrid.figures.bench.inline import svg
from hybrid.figures.bench.kinds import KINDS, RC, picture
from hybrid.figures.style import check_target, save

__all__ = ["KINDS", "plot", "svg"]


def plot(rows: Sequence[Row], kind: str, target: Path, host: str | None = None, noise: Sequence[Row] = ()) -> None:
    """Draw the rows of one machine as PNG or SVG by the suffix of `target`; `noise` are rows of an A/A run.

    UsageError: an unknown kind, rows of several machines with none named, nothing of that kind to draw, a bad target.
    """
    if kind not in KINDS:
        raise unknown("kind of plot", kind, KINDS)
    check_target(target)
    found = of_machine(figures(rows), host)
    with matplotlib.rc_context(RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # a box stands for what the font has not
        save(picture(found, kind, [*rows, *noise]), target)
