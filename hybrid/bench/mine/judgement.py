"""A backend's evidence against that of an independent method."""

from collections.abc import Mapping
from math import inf, sqrt
from typing import Any

import numpy as np

from hybrid.bench.job import Answer, Job, Verdict
from hybrid.bench.judge import DENSE, EPSILON, judge_counts

EXACT = 1e-8
"""Total variation distance of two exact simulators in double precision; measured: 1e-15 to 1e-12."""
SINGLE = 8 * EPSILON["single"] * sqrt(1000)
"""In single precision: a random walk of 1,000 rounding errors, of gates and channels; measured: 1e-7 to 4e-6."""
SIGMAS = 6.0
"""Two values of the same expectation differ by more of their common standard errors once in 5e8 comparisons."""
VARIATION = "total variation distance"
Evidence = Mapping[str, Any]


def judged(own: Evidence, reference: Evidence, name: str, precision: str) -> Verdict:
    """The worst of all circuits: exact probabilities by their total variation distance, counts by their bounds.

    The `tolerance` of counts is the smallest error that they could have shown. `reference` must hold exact probabilities.
    """
    tolerance = SINGLE if precision == "single" else EXACT
    verdicts = []
    for mine, other in zip(own["queries"], reference["queries"], strict=True):
        exact = np.array(other["exact"])
        if "exact" not in mine:
            verdicts += _of_counts(mine, exact, name)
            continue
        given = np.array(mine["exact"], dtype=float)
        right_shape = given.shape == exact.shape and np.isfinite(given).all()
        metric = float(0.5 * np.abs(given - exact).sum(axis=-1).max()) if right_shape else inf
        verdicts.append(Verdict(metric <= tolerance, metric, tolerance, VARIATION, DENSE, name))
    return max(verdicts, key=lambda verdict: verdict.metric / verdict.tolerance if verdict.tolerance else inf)


def _of_counts(own: Evidence, exact: np.ndarray, name: str) -> list[Verdict]:
    job = Job(own["n_qubits"], (), "counts", shots=own["shots"])
    return [
        judge_counts(job, Answer(counts=dict(pairs)), DENSE, name, np.clip(p, 0.0, None))
        for row, of_row in zip(own["counts"], exact, strict=True)
        for pairs, p in zip(row, of_row, strict=True)
    ]


def values_agree(answer: Answer, other: Answer, shots: int) -> bool:
    """Whether two answers to one question are the same: within their standard errors, without shots within rounding.

    Without shots both have the same detunings; single precision is allowed for.
    """
    assert answer.values is not None and other.values is not None
    pairs = [(answer.values[:, 0], other.values[:, 0])]
    if answer.gradient is not None and other.gradient is not None:
        pairs.append((answer.gradient, other.gradient))
    if not shots:
        scale = max(1.0, *(float(np.abs(b).max(initial=0.0)) for _, b in pairs))
        return all(np.abs(a - b).max(initial=0.0) <= SINGLE * scale for a, b in pairs)
    error = np.hypot(answer.values[:, 1], other.values[:, 1])
    return bool(np.all(np.abs(pairs[0][0] - pairs[0][1]) <= SIGMAS * error + EXACT))


def detectable(verdict: Verdict) -> str:
    """What the check could have shown, in words."""
    return f"{verdict.name}: an error above {verdict.tolerance:.2g} shows"
