"""A map of workloads and widths, coloured by the backend that is significantly faster than all others."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch, Rectangle

from hybrid.base.errors import UsageError, shortened
from hybrid.bench import naming
from hybrid.bench.contests import Contest, contests
from hybrid.bench.rows import Row
from hybrid.bench.summary import Figure, measured_floor
from hybrid.bench.units import multiple
from hybrid.figures import style
from hybrid.figures.bench.marks import notes
from hybrid.figures.style import BLANK, COLOURS, FINAL, GREY, INK, PAPER, Drawing, styled

MOST_ROWS, MOST_COLUMNS = 60, 24
CELL = (1.2, 0.4)
"""Inches."""
LETTERS = 17
"""Characters that fit into a cell."""
PALE = 0.25
"""Share of a backend's colour where it has the shortest time but too few processes for a verdict."""
Place = tuple[int, int]


@styled
def winners(results: Sequence[Figure], rows: Sequence[Row] = ()) -> Drawing:
    """Family by width: the winner and how much faster it is than the next; `rows` may hold an A/A run."""
    ended = contests(results, measured_floor(rows, results[0].environment))
    widths = sorted({contest.asked.cell["n_qubits"] for contest in ended})
    labels, places = _places(ended, widths)
    if len(labels) > MOST_ROWS or len(widths) > MOST_COLUMNS:
        raise UsageError(
            f"{len(labels)} workloads by {len(widths)} widths: the map holds {MOST_ROWS} by {MOST_COLUMNS}; draw fewer."
        )
    firsts = sorted({naming.backend(c.ranked[0].cell) for c in ended if c.outcome in ("won", "too few")})
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(firsts)}
    longest = min(44, max(map(len, labels)))
    inches = (max(6.4, 0.085 * longest + CELL[0] * len(widths) + 0.4), CELL[1] * len(labels) + 0.75)
    text = "Coloured: significantly faster than every other verified backend, and how many times as fast as the next one."
    about = [text, *notes(results, with_absent=True)]
    picture = style.figure("Fastest backends", [], about, inches, _entries(ended, colours), least=inches[0])
    (axes,) = style.panels(picture)
    for contest, at in zip(ended, places, strict=True):
        _cell(axes, at, contest, colours)
    style.categories(axes, list(map(str, widths)), [shortened(label, 44) for label in labels])
    axes.set_xlabel("qubits")
    axes.hlines(range(len(labels)), -0.5, len(widths) - 0.5, color=BLANK, lw=0.6, zorder=0)
    return picture


def _places(ended: Sequence[Contest], widths: Sequence[int]) -> tuple[list[str], list[Place]]:
    """The rows' labels, and every contest's column and row; a family asked twice at one width takes another row."""
    labels: dict[tuple[str, int], str] = {}
    taken: dict[tuple[str, int], int] = {}
    keys = []
    for contest in ended:
        family, width = naming.family(contest.asked.cell), contest.asked.cell["n_qubits"]
        copy = taken[family, width] = taken.get((family, width), -1) + 1
        labels[family, copy] = family
        keys.append((widths.index(width), (family, copy)))
    order = sorted(labels)
    return [labels[key] for key in order], [(column, order.index(key)) for column, key in keys]


def _cell(axes: Axes, at: Place, contest: Contest, colours: dict[str, str]) -> None:
    """The fastest backend's colour; pale without a verdict; none where no backend is faster; hatched where all are wrong."""
    first = contest.ranked[0] if contest.ranked else None
    name = shortened(naming.brief(first.cell), LETTERS) if first else ""
    ahead = multiple(contest.margin(contest.ranked[1])[0]) if len(contest.ranked) > 1 else ""
    wrong = any(figure.state == "wrong" for figure in contest.rest)
    text = {
        "won": f"{name}\n{ahead}",
        "undecided": f"undecided\n{ahead} apart",
        "too few": f"{name}\n{ahead} ?",
        "alone": f"({name})\nalone",
        "nobody": "nobody right" if wrong else "no result",
    }[contest.outcome]
    face: Any = BLANK if contest.outcome in ("undecided", "alone") else PAPER
    if contest.outcome in ("won", "too few") and first:
        share = 1.0 if contest.outcome == "won" else PALE
        face = tuple(share * np.array(to_rgb(colours[naming.backend(first.cell)])) + (1 - share) * np.array(to_rgb("white")))
    hatched = contest.outcome == "nobody" and wrong
    edge: dict[str, Any] = {"hatch": "////", "edgecolor": FINAL} if hatched else {"edgecolor": PAPER}
    axes.add_patch(Rectangle((at[0] - 0.5, at[1] - 0.5), 1, 1, facecolor=face, lw=1.2, **edge))
    ink = INK if isinstance(face, str) else style.ink_on(face)
    box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0} if hatched else None
    axes.text(*at, text, size=style.TINY, ha="center", va="center", color=ink, bbox=box, linespacing=1.05)


def _entries(ended: Sequence[Contest], colours: dict[str, str]) -> list[Patch]:
    outcomes = {contest.outcome for contest in ended}
    won = [Patch(facecolor=colour, label=shortened(name, 60)) for name, colour in colours.items()]
    more = []
    if "too few" in outcomes:
        more.append(Patch(facecolor="#D6DEE8", label="pale, ?: too few processes for a verdict"))
    if outcomes & {"undecided", "alone"}:
        more.append(Patch(facecolor=BLANK, edgecolor=GREY, lw=0.6, label="undecided, or nobody else was right"))
    if "nobody" in outcomes:
        more.append(Patch(facecolor=PAPER, edgecolor=INK, hatch="////", lw=0.6, label="every answer was wrong"))
    return [*won, *more]
