"""Counts of one circuit as a picture, the ideal probability beside each outcome."""

import textwrap
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from hybrid.base.errors import shortened
from hybrid.base.uncertainty import with_uncertainty
from hybrid.figures.style import FINAL, FOOTER_COLUMNS, MEASURED, PAPER, STYLE, check_target, save
from hybrid.measure.sampling import Sample

MOST_BARS = 32
INCHES = (6.4, 4.4)


def histogram(sample: Sample, name: str, target: Path) -> None:
    """Draw the most frequent outcomes with binomial standard errors and their ideal probabilities, as PNG or SVG.

    UsageError: another suffix, a target that cannot be written.
    """
    check_target(target)
    with matplotlib.rc_context(STYLE):
        save(draw(sample, name), target)


def draw(sample: Sample, name: str) -> Figure:
    """The whole picture; outcomes beyond the first 32 are summed in the last bar."""
    shown = dict(list(sample.counts.items())[:MOST_BARS])
    rest = sum(sample.counts.values()) - sum(shown.values())
    labels = [*shown, "rest"] if rest else list(shown)
    share = np.array([*shown.values(), rest][: len(labels)]) / sample.shots
    stderr = np.sqrt(share * (1 - share) / sample.shots)
    footer = textwrap.fill(sample.caveat, FOOTER_COLUMNS)
    bottom = (0.175 * (footer.count("\n") + 1) + 0.15) / INCHES[1]
    layout = ConstrainedLayoutEngine(rect=(0.01, bottom, 0.97, 1 - 0.65 / INCHES[1] - bottom))
    figure = Figure(figsize=INCHES, facecolor=PAPER, layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=PAPER)
    at = np.arange(len(labels))
    found = {"label": "found, ± standard error", "color": MEASURED, "alpha": 0.75}
    axes.bar(at, share, yerr=stderr, width=0.7, error_kw={"lw": 1.0}, **found)
    axes.margins(x=0.02)
    if sample.ideal is not None:
        known = np.array([sample.ideal.get(outcome, 0.0) for outcome in shown])
        ideal = np.append(known, max(0.0, 1 - known.sum())) if rest else known
        axes.plot(at, ideal, ls="none", marker="_", ms=160 / max(len(labels), 8), mew=2.4, color=FINAL, label="ideal")
    axes.set_xticks(at, labels, rotation=90 if len(labels) > 8 or len(labels[0]) > 6 else 0, family="monospace", size=9)
    axes.set_ylabel("probability")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=10, frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.2)
    axes.grid(axis="y", color="#888888", alpha=0.25, lw=0.6)
    head = f"{name} on {sample.device}"
    figure.text(0.02, 1 - 0.125 / INCHES[1], shortened(head, 56), size=13, weight="bold", va="top", parse_math=False)
    figure.text(0.02, 1 - 0.4 / INCHES[1], shortened(_how(sample), 84), size=10.5, va="top", parse_math=False)
    figure.text(0.02, 0.1 / INCHES[1], footer, size=8.5, va="bottom", parse_math=False)
    return figure


def _how(sample: Sample) -> str:
    told = f"{sample.shots:,} shots, seed {sample.seed}"
    if sample.fidelity is None:
        return told
    found = with_uncertainty(sample.fidelity, sample.fidelity_stderr or 0.0, 4)
    return f"{told}, fidelity {found}, perfect {sample.perfect_fidelity:.3f}"
