"""Expectation values and their standard errors from counts or from exact probabilities."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybrid.base.types import Counts, Scalars
from hybrid.device.readout import Correction, StringFactors, parity_signs
from hybrid.measure.observables import FixedObservable, Group, ReadoutFit

STEP = 1e-6
"""Step of the central differences in a readout error rate; an estimate is a smooth product of them."""

LEAST = 0.25
"""chi^2_31/31 is less once in a million; a spread between instances below it means that outcomes hardly differ at all."""


class GroupEstimate(NamedTuple):
    """Mean of one group, the variance of that mean if all shots were independent, and the weighted deviation of each
    realization's mean from it (r,); the deviations add up to zero."""

    mean: float
    variance: float
    deviations: Float[np.ndarray, " r"]

    def scaled(self, weight: float) -> "GroupEstimate":
        """The estimate of so many times the group."""
        return GroupEstimate(self.mean * weight, self.variance * weight**2, self.deviations * weight)


def combined(weights: Sequence[float], estimates: Sequence[GroupEstimate], shots: Sequence[int]) -> GroupEstimate:
    """The weighted sum of independent estimates of one group, each from this number of shots.

    The variance of one shot is taken from the last part: earlier parts decided how many shots it got, it did not.
    """
    if len(estimates) == 1:
        return estimates[0]
    of_a_shot = estimates[-1].variance * shots[-1]
    return GroupEstimate(
        sum(w * part.mean for w, part in zip(weights, estimates, strict=True)),
        of_a_shot * sum(w**2 / n for w, n in zip(weights, shots, strict=True)),
        np.sum([w * part.deviations for w, part in zip(weights, estimates, strict=True)], axis=0),
    )


def group_estimate(group: FixedObservable, counts: Counts, realizations: int, correction: ReadoutFit | None) -> GroupEstimate:
    """Estimate of the group's expectation value; its variance is never zero.

    The variance counts two imagined shots, one at each extreme (+-sum|c| for Pauli terms); for a single term that is
    (1 - m^2)/N with m = 2 (k+1)/(N+2) - 1, Laplace's rule of succession. With n_r shots in realization r, the mean is
    sum_r (n_r/N) m_r, and a deviation is (n_r/N) (m_r - mean).
    """
    n = int(counts.counts.sum())
    values, extremes = group.eigenvalues(counts.outcomes, correction), np.array(group.extremes(correction))
    if counts.weights is not None:
        values, extremes = values * counts.weights[counts.realizations], extremes * np.abs(counts.weights).max()
    mean = float(counts.counts @ values) / n
    smoothed = (mean * n + extremes.sum()) / (n + 2)
    spread = (float(counts.counts @ values**2) + (extremes**2).sum()) / (n + 2) - smoothed**2
    deviations = np.bincount(counts.realizations, weights=counts.counts * (values - mean) / n, minlength=realizations)
    return GroupEstimate(mean, spread / n, deviations)


def variance(estimates: Sequence[GroupEstimate], inflation: float, *, twirled: bool = False) -> float:
    """Variance of the sum of the groups' means (k for clusters): shots of one realization are not independent.

    With R realizations, g times fewer of them independent: g R/(R - g) sum_r (sum_groups deviation_r)^2, widened so that 1.96
    standard errors are the 95 % interval of Student's t with R/g - 1 degrees of freedom. Where chance makes this less than the
    variance of independent shots, the latter is taken: the true one cannot be less. Instances of a `twirled` circuit are few,
    and chance would do so half the time, which makes intervals too wide: `LEAST` of the latter is then enough.
    """
    independent = sum(part.variance for part in estimates)
    count = len(estimates[0].deviations)
    if count == 1:
        return independent
    squares = float(np.sum(np.sum([part.deviations for part in estimates], axis=0) ** 2))
    between = inflation * count / (count - inflation) * squares
    return max(independent * (LEAST if twirled else 1.0), between * widening(count / inflation - 1) ** 2)


def widening(degrees: float) -> float:
    """The 95 % quantile of Student's t over that of a Gaussian: the factor that a standard error from few numbers lacks."""
    from scipy.special import ndtri, stdtrit  # imports in a tenth of a second, which runs without shots save

    return float(stdtrit(degrees, 0.975) / ndtri(0.975))


def error_of_means(means: Float[np.ndarray, "k c"]) -> Scalars:
    """Standard error (k,) of the mean of c independent means, widened because they are few; 0 for a single exact one."""
    count = means.shape[1]
    if count == 1:
        return np.zeros(len(means))
    return means.std(axis=1, ddof=1) / np.sqrt(count) * widening(count - 1.0)


def exact_values(
    groups: Sequence[FixedObservable], distributions: Float[np.ndarray, "k s d"], correction: ReadoutFit | None
) -> Float[np.ndarray, " k"]:
    """Sum over groups of the exact expectation values, (k,)."""
    outcomes = np.arange(distributions.shape[-1], dtype=np.uint64)
    return np.sum([distributions[:, i] @ group.eigenvalues(outcomes, correction) for i, group in enumerate(groups)], axis=0)


def calibration_shifts(
    groups: Sequence[FixedObservable], counts: Sequence[Counts], correction: ReadoutFit | None
) -> Float[np.ndarray, " q"]:
    """Shift of a corrected estimate when a calibrated rate f is off by its standard error, dE/df std(f): all f0, then all f1.

    One calibration shifts all estimates together. Empty without a correction.
    """
    if correction is None:
        return np.zeros(0)
    if isinstance(correction, StringFactors):
        return _string_shifts(groups, counts, correction)

    def estimate(trial: Correction) -> float:
        pairs = zip(groups, counts, strict=True)
        return sum(float(c.counts @ g.eigenvalues(c.outcomes, trial)) / c.counts.sum() for g, c in pairs)

    shifts = []
    for name, stderr in (("f0", correction.f0_stderr), ("f1", correction.f1_stderr)):
        rate = getattr(correction, name)
        for step, error in zip(STEP * np.eye(len(rate)), stderr, strict=True):
            high, low = (estimate(correction._replace(**{name: rate + sign * step})) for sign in (1, -1))
            shifts.append((high - low) / (2 * STEP) * error)
    return np.array(shifts)


def _string_shifts(
    groups: Sequence[FixedObservable], counts: Sequence[Counts], factors: StringFactors
) -> Float[np.ndarray, " u"]:
    """Shifts by the shares p_u of a calibration's n outcomes, whose covariance is (diag(p) - p p^T)/n: the u-th is
    sqrt(p_u/n) (g_u - sum p g), g_u = dE/dp_u = -sum_t c_t m_t (-1)^(u AND mask_t)/f_t^2, m_t the mean as read."""
    if not factors.shots:
        return np.zeros(0)
    slopes = np.zeros(len(factors.outcomes))
    for group, of_group in zip(groups, counts, strict=True):
        assert isinstance(group, Group)
        shots = of_group.counts if of_group.weights is None else of_group.counts * of_group.weights[of_group.realizations]
        for mask, coefficient in zip(group.masks.tolist(), group.coefficients, strict=True):
            mean = float(shots @ parity_signs(mask, of_group.outcomes)) / of_group.counts.sum()
            slopes -= coefficient * mean / factors.factor(mask) ** 2 * parity_signs(mask, factors.outcomes)
    return np.sqrt(factors.shares / factors.shots) * (slopes - factors.shares @ slopes)
