"""Performance profiles (Dolan and More, Mathematical Programming 91, 201, 2002)."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from matplotlib.ticker import FuncFormatter, PercentFormatter

from hybrid.base.errors import UsageError
from hybrid.bench import naming
from hybrid.bench.summary import Figure, Key, questions
from hybrid.figures import style, ticks
from hybrid.figures.bench.marks import handles, looks, notes
from hybrid.figures.style import Drawing, styled

FEWEST = 2
"""Backends, and questions, that a profile needs."""


@styled
def profile(results: Sequence[Figure]) -> Drawing:
    """rho_s(tau), section 2: of the questions put to all of the backends, the share that s got right within tau x the fastest.

    UsageError: fewer than two backends, or than two questions that all of them were asked and at least one got right.
    """
    names = sorted({naming.backend(figure.cell) for figure in results})
    shared = [{naming.backend(figure.cell): figure for figure in group} for group in questions(results)]
    shared = [asked for asked in shared if len(asked) == len(names) and any(f.verified for f in asked.values())]
    if len(names) < 2 or len(shared) < FEWEST:
        raise UsageError(
            f"a profile needs {FEWEST} backends and {FEWEST} questions that all of them were asked; here {len(shared)} were "
            f"put to all of {len(names)}.{_hint(results)}"
        )
    ratios = {name: sorted(_ratio(asked, name) for asked in shared) for name in names}
    most = max((ratio for several in ratios.values() for ratio in several if np.isfinite(ratio)), default=1.0)
    edge = max(2.0, 1.5 * most)
    text = (
        f"{len(shared)} questions that all of these backends were asked. At 1x: the share where it is the fastest; where a "
        "line ends: the share that it got right. Wrong, unverified and failed cells never count."
    )
    used = looks(results)
    picture = style.figure("Performance profile", [], [text, *notes(results)], (style.WIDTH, 3.8), handles(used, []))
    (axes,) = style.panels(picture)
    for name, look in used.items():
        reached = [ratio for ratio in ratios[name] if np.isfinite(ratio)]
        share = [sum(ratio <= tau for ratio in reached) / len(shared) for tau in reached]
        start = share[0] if reached and reached[0] <= 1 else 0.0
        ends = [1.0, *reached, edge], [start, *share, share[-1] if share else 0.0]
        axes.plot(*ends, drawstyle="steps-post", color=look.colour, ls=look.dash, lw=1.6)
        axes.plot(reached, share, ls="none", color=look.colour, marker=look.marker, ms=4.5, clip_on=False, zorder=5)
    axes.set(xscale="log", xlim=(1, edge), ylim=(-0.03, 1.03), xlabel="time / fastest, at most", ylabel="share of questions")
    ticks.log_ticks(axes.xaxis, FuncFormatter(lambda x, _: f"{x:,g}x"), few=edge < 100)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid()
    return picture


def _hint(results: Sequence[Figure]) -> str:
    """The two backends that share the most questions, if they share enough."""
    asked: dict[str, set[Key]] = {}
    for figure in results:
        asked.setdefault(naming.backend(figure.cell), set()).add(figure.question)
    pairs = [(len(asked[a] & asked[b]), a, b) for a, b in combinations(sorted(asked), 2)]
    most, one, other = max(pairs, key=lambda pair: pair[0], default=(0, "", ""))
    return f" {one} and {other} share {most}: hybrid bench plot --backend {one} --backend {other}." if most >= FEWEST else ""


def _ratio(asked: dict[str, Figure], name: str) -> float:
    """The performance ratio r_ps: time over the least of all; infinite where its answer was not right."""
    mine = asked[name]
    best = min(figure.typical_s for figure in asked.values() if figure.verified and figure.typical_s)
    return mine.typical_s / best if mine.verified and mine.typical_s else float("inf")
