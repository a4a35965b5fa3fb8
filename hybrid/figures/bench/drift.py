"""Drift of the machine: every process relative to the median of its cell, over time, session by session."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from hybrid.base.errors import UsageError
from hybrid.bench.environment import same_machine
from hybrid.bench.rows import Row
from hybrid.bench.summary import Figure, noise
from hybrid.figures import style, ticks
from hybrid.figures.bench.marks import notes
from hybrid.figures.style import FINAL, INK, MEASURED, Drawing, styled

FEWEST = 3
"""Processes of a cell that is drawn: a median of fewer says nothing."""
FINE, COARSE = (1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 6.5, 8.0), (1.0, 2.0, 5.0)
"""Ticks within a decade."""
WINDOW = 15
"""Processes of the running median."""


class Moment(NamedTuple):
    """One process: when it ended, in seconds since the epoch, and its time over the median of its cell."""

    at_s: float
    relative: float


@styled
def drift(results: Sequence[Figure], rows: Sequence[Row] = ()) -> Drawing:
    """Relative time against the time of day; `rows` may hold an A/A run of this machine, whose processes are drawn too."""
    sessions = _sessions([*results, *(f for f in noise(rows) if same_machine(f.environment, results[0].environment))])
    if not sessions:
        raise UsageError(f"no cell has {FEWEST} processes that were timed: there is no drift to see.")
    text = (
        f"One dot a process: its time over the median of its cell (cells with {FEWEST} processes or more, every session). On a "
        "quiet machine all are close to 1; where the running median moves, early and late measurements are not comparable."
    )
    entries = [
        Line2D([], [], ls="none", marker="o", ms=3.5, color=MEASURED, alpha=0.6, label="a process"),
    ]
    if max(map(len, sessions.values())) >= WINDOW:
        entries.append(Line2D([], [], color=FINAL, lw=1.8, label=f"running median of {WINDOW}"))
    picture = style.figure("Drift of the machine", [], [text, *notes(results)], (8.0, 2.1 * len(sessions)), entries)
    panels = style.panels(picture, len(sessions))
    spread = max(1.3, *(max(m.relative, 1 / m.relative) for moments in sessions.values() for m in moments))
    for axes, (name, moments) in zip(panels, sessions.items(), strict=True):
        start = moments[0].at_s
        style.head(axes, f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime(start))} UTC, session {name}", longest=60)
        minutes = np.array([(moment.at_s - start) / 60 for moment in moments])
        relative = np.array([moment.relative for moment in moments])
        axes.plot(minutes, relative, ls="none", marker="o", ms=3.5, mew=0, color=MEASURED, alpha=0.6, zorder=3)
        if len(moments) >= WINDOW:
            middle = np.lib.stride_tricks.sliding_window_view(relative, WINDOW)
            axes.plot(minutes[WINDOW // 2 : -(WINDOW // 2)], np.median(middle, axis=1), color=FINAL, lw=1.8, zorder=4)
        axes.axhline(1, color=INK, lw=0.8, zorder=1)
        axes.set(yscale="log", ylim=(1 / spread / 1.05, spread * 1.05), ylabel="time / median")
        ticks.log_ticks(axes.yaxis, FuncFormatter(lambda y, _: f"{y:g}x"), few=True)
        axes.yaxis.set_major_locator(LogLocator(subs=FINE if spread < 5 else COARSE))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, min_n_ticks=2))
        axes.grid()
    panels[-1].set_xlabel("minutes")
    return picture


def _sessions(results: Sequence[Figure]) -> dict[str, list[Moment]]:
    """Moments by session, in the order of time."""
    sessions: dict[str, list[Moment]] = {}
    for figure in results:
        timed = [row for row in figure.counted if row["phases"].get("repeats_s")]
        if len(timed) < FEWEST or not figure.typical_s:
            continue
        for row in timed:
            moment = Moment(row["time"], min(row["phases"]["repeats_s"]) / figure.typical_s)
            sessions.setdefault(row["session"], []).append(moment)
    return dict(sorted(((name, sorted(moments)) for name, moments in sessions.items()), key=lambda pair: pair[1][0]))
