"""Benchmarks as pictures. Wrong answers are marked and never win; answers that could not be checked are shown as such."""

from collections.abc import Callable, Sequence
from pathlib import Path

from hybrid.base.errors import unknown
from hybrid.bench.naming import of_machine
from hybrid.bench.rows import Row
from hybrid.bench.summary import Figure, figures
from hybrid.figures import style
from hybrid.figures.bench.drift import drift
from hybrid.figures.bench.lines import error_time, memory, scaling
from hybrid.figures.bench.maps import relative, volumetric
from hybrid.figures.bench.profile import profile
from hybrid.figures.bench.winners import winners
from hybrid.figures.page import SCREEN, Page
from hybrid.figures.style import Drawing

OF_FIGURES: dict[str, Callable[..., Drawing]] = {
    "scaling": scaling,
    "error-time": error_time,
    "memory": memory,
    "volumetric": volumetric,
    "relative": relative,
    "profile": profile,
}
WITH_NOISE: dict[str, Callable[..., Drawing]] = {"winners": winners, "drift": drift}
"""Kinds that use an A/A run among the rows."""
KINDS = (*OF_FIGURES, *WITH_NOISE)
"""The kinds of pictures, by their names on the command line."""


def picture(results: Sequence[Figure], kind: str, rows: Sequence[Row] = (), page: Page = SCREEN) -> Drawing:
    """The figures of one machine drawn; `rows` may hold an A/A run. UsageError: an unknown kind, nothing of it to draw."""
    if kind not in KINDS:
        raise unknown("kind of plot", kind, KINDS)
    return WITH_NOISE[kind](results, rows, page=page) if kind in WITH_NOISE else OF_FIGURES[kind](results, page=page)


def plot(
    rows: Sequence[Row],
    kind: str,
    target: Path,
    host: str | None = None,
    noise: Sequence[Row] = (),
    page: Page = SCREEN,
) -> None:
    """Draw the rows of one machine as PNG, SVG or PDF by the suffix of `target`; `noise` are rows of an A/A run.

    UsageError: an unknown kind, rows of several machines with none named, nothing of that kind to draw, a bad target.
    """
    style.check_target(target)
    style.save(picture(of_machine(figures(rows), host), kind, [*rows, *noise], page), target)
