"""How answers are verified: values against a reference, counts against a distribution, two simulators against each other.

A verdict compares a distance with its tolerance. For values that is rounding. For counts it is shot noise: the bounds below
hold for every distribution and number of shots, and a right simulator exceeds them with probability `FALSE_ALARM` at most.
"""

from collections.abc import Callable, Mapping
from math import inf, log, sqrt

import numpy as np
from jaxtyping import Float

from hybrid.bench.job import Answer, Job, Verdict

FALSE_ALARM = 1e-9
"""Probability of calling right counts wrong: in 1,000 suites of 1,000 verdicts on counts, 0.001 such errors are expected."""
TRUNCATION = 1e-6
"""Of the sum of an observable's coefficients. Matrix product states drop squared Schmidt values of 1e-16 by default, 1e-8 of an
amplitude, at each of some thousand gates; truncation that changes an answer changes it by orders of magnitude more."""
EPSILON = {"single": 2.0**-23, "double": 2.0**-52}
DENSE, ANALYTIC, AGREEMENT = "L1", "L2", "L3"
"""Tiers: a dense simulation, a structure that holds at any width, or the agreement of two methods."""


def rounding(job: Job, precision: str) -> float:
    """Tolerance of values per sum of |coefficients|: rounding errors of G gates add up as a random walk, 8 eps sqrt G."""
    return max(TRUNCATION, 8 * EPSILON.get(precision, EPSILON["double"]) * sqrt(len(job.steps)))


def judge_values(
    job: Job, answer: Answer, tier: str, source: str, values: np.ndarray, gradient: np.ndarray | None = None
) -> Verdict:
    """Values (k, o), and gradient (p,) where one was asked for, against the reference's.

    The distance is the largest, over values and gradient, in units of the observable's sum of |coefficients|; a derivative
    is at most that times the sum of |scale| of the steps that its parameter turns.
    """
    norms = np.array([sum(abs(weight) for _, weight in terms) for terms in job.observables])
    metric = _largest(answer.values, values, norms[: np.shape(values)[1]])
    if gradient is not None:
        turns = np.zeros(len(gradient))
        for step in job.steps:
            if step.parameter >= 0:
                turns[step.parameter] += abs(step.scale)
        metric = max(metric, _largest(answer.gradient, gradient, norms[0] * np.maximum(turns, 1.0)))
    tolerance = rounding(job, answer.precision)
    return Verdict(metric <= tolerance, metric, tolerance, "largest error / sum of |coefficients|", tier, source)


def _largest(values: np.ndarray | None, exact: np.ndarray, norms: np.ndarray) -> float:
    """The largest |value - exact| / norm; infinite where values are missing, of another shape or not finite."""
    if values is None or np.shape(values) != np.shape(exact) or not np.all(np.isfinite(values)):
        return inf
    return float(np.max(np.abs(np.asarray(values) - exact) / norms))


Distribution = Float[np.ndarray, " d"] | Mapping[int, float]
"""Probability by outcome: an array over all of them, or only those that can occur."""


def judge_counts(job: Job, answer: Answer, tier: str, source: str, exact: Distribution) -> Verdict:
    """Counts against a distribution, by two distances; the verdict gives the worse one, relative to its bound.

    Total variation is sensitive to every deviation while outcomes are fewer than shots: with p' the frequencies of N shots,
    E TV(p', p) <= 1/2 sum_x sqrt(p_x (1 - p_x) / N), and TV exceeds its mean by t with probability exp(-2 N t^2) (McDiarmid,
    1989). The mean of f(x) = p_x / max p over the shots needs far fewer shots than outcomes: it is off by more than t
    with probability 2 exp(-N t^2 / (2 var f + 2 t / 3)) (Bernstein; a linear cross-entropy, Boixo et al., Nature Physics
    14, 595, 2018).
    """
    names = ("total variation distance", "mean probability of the observed outcomes, off by")
    counts = answer.counts
    if not counts or sum(counts.values()) != job.shots or min(counts.values()) < 0:
        return Verdict(False, inf, 0.0, names[0], tier, source)
    p, of = _table(exact)
    seen = np.array([of(outcome) for outcome in counts])
    frequency = np.array(list(counts.values()), dtype=float) / job.shots
    variation = 0.5 * float(np.sum(np.abs(frequency - seen)) + max(0.0, 1.0 - np.sum(seen)))
    spread = 0.5 * float(np.sum(np.sqrt(np.clip(p * (1 - p), 0, None) / job.shots)))
    most = float(np.max(p))
    mean = float(np.sum(p * p)) / most
    variance = max(0.0, float(np.sum(p**3)) / most**2 - mean**2)
    off = abs(float(frequency @ seen) / most - mean)
    chance = log(2 / FALSE_ALARM) / job.shots  # half of the allowed errors for each distance
    bounds = (
        (variation, spread + sqrt(chance / 2), names[0]),
        (off, bernstein(variance, log(4 / FALSE_ALARM) / job.shots), names[1]),
    )
    metric, tolerance, name = max(bounds, key=lambda bound: bound[0] / bound[1])
    return Verdict(metric <= tolerance, metric, tolerance, name, tier, source)


def _table(exact: Distribution) -> tuple[np.ndarray, Callable[[int], float]]:
    """All probabilities, and the look-up of one."""
    if isinstance(exact, Mapping):
        return np.array(list(exact.values())), lambda outcome: exact.get(outcome, 0.0)
    return exact, lambda outcome: float(exact[outcome]) if 0 <= outcome < len(exact) else 0.0


def bernstein(variance: float, chance: float) -> float:
    """The t that solves t^2 / (2 variance + 2 t / 3) = chance."""
    return chance / 3 + sqrt((chance / 3) ** 2 + 2 * variance * chance)


def unverified(job: Job, answer: Answer) -> Verdict:
    """No verdict: the circuit is too wide for a dense reference."""
    reason = f"none: {job.n_qubits} qubits are too many for the dense reference"
    return Verdict(None, 0.0, rounding(job, answer.precision), "largest error / sum of |coefficients|", AGREEMENT, reason)


def agreement(job: Job, answer: Answer, other: Answer, source: str) -> Verdict:
    """Two methods' values (and gradients) against each other; no verdict on counts: two samples of many outcomes say little."""
    if job.task == "counts" or other.values is None:
        return unverified(job, answer)
    coarser = min((answer, other), key=lambda each: each.precision != "single")
    verdict = judge_values(job, answer._replace(precision=coarser.precision), AGREEMENT, source, other.values, other.gradient)
    return verdict._replace(tolerance=2 * verdict.tolerance, right=verdict.metric <= 2 * verdict.tolerance)
