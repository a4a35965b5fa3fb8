"""Counts of one circuit as a picture, the ideal probability beside each outcome."""

from pathlib import Path

import numpy as np

from hybrid.base.uncertainty import with_uncertainty
from hybrid.figures import style
from hybrid.figures.page import SCREEN, Page
from hybrid.figures.style import FINAL, MEASURED, SMALL, Drawing, styled
from hybrid.measure.sampling import Sample

MOST_BARS = 32
FREE_INCHES = 3.3


def histogram(sample: Sample, name: str, target: Path, page: Page = SCREEN) -> None:
    """Draw the most frequent outcomes with binomial standard errors and their ideal probabilities, as PNG, SVG or PDF.

    UsageError: another suffix, a target that cannot be written.
    """
    style.save(draw(sample, name, page=page), target)


@styled
def draw(sample: Sample, name: str) -> Drawing:
    """One panel; outcomes beyond the first 32 are summed in the last bar."""
    shown = dict(list(sample.counts.items())[:MOST_BARS])
    rest = sum(sample.counts.values()) - sum(shown.values())
    labels = [*shown, "rest"] if rest else list(shown)
    share = np.array([*shown.values(), rest][: len(labels)]) / sample.shots
    stderr = np.sqrt(share * (1 - share) / sample.shots)
    figure = style.figure(f"{name} on {sample.device}", [_how(sample)], [sample.caveat], (style.WIDTH, FREE_INCHES))
    (axes,) = style.panels(figure)
    at = np.arange(len(labels))
    bars = {"label": "measured, ± standard error", "color": MEASURED, "alpha": 0.75}
    axes.bar(at, share, yerr=stderr, width=0.7, error_kw={"lw": 1.0}, **bars)
    axes.margins(x=0.02)
    if sample.ideal is not None:
        known = np.array([sample.ideal.get(outcome, 0.0) for outcome in shown])
        ideal = np.append(known, max(0.0, 1 - known.sum())) if rest else known
        axes.plot(at, ideal, ls="none", marker="_", ms=160 / max(len(labels), 8), mew=2.4, color=FINAL, label="ideal")
    axes.set_xticks(at, labels, rotation=90 if len(labels) > 8 or len(labels[0]) > 6 else 0, family="monospace", size=SMALL)
    axes.set_ylabel("probability")
    axes.set_ylim(bottom=0)
    style.legend_above(axes, most=2)
    axes.grid(axis="y")
    return figure


def _how(sample: Sample) -> str:
    text = f"{sample.shots:,} shots, seed {sample.seed}"
    if sample.fidelity is None:
        return text
    fidelity = with_uncertainty(sample.fidelity, sample.fidelity_stderr or 0.0, 4)
    return f"{text}, fidelity {fidelity}, perfect {sample.perfect_fidelity:.3f}"
