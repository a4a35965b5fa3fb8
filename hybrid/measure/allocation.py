"""How the shots of one expectation value are divided over its measured groups.

The mean of group g over n_g shots has variance sigma_g^2/n_g, sigma_g the standard deviation of one shot; with N shots in all
    eps^2 = sum_g sigma_g^2/n_g >= (sum_g sigma_g)^2/N,    equal for n_g proportional to sigma_g                          (1)
(Neyman, J. R. Stat. Soc. 97, 558 (1934)). `uniform` takes n_g equal. `weighted` takes n_g proportional to the bound
w_g = sum |c| >= sigma_g over the group's coefficients, which is best for the worst state; near an eigenstate it may be worse
than uniform. `adaptive` spends a fraction f of the shots, a pilot, half evenly and half like `weighted`, and the rest in
proportion to the sigma_g found in it; the estimate is
    f mean(pilot) + (1 - f) mean(rest)                                                                                    (2)
whose weights do not depend on what was measured: given the pilot, the rest is unbiased, so the whole is. (Pooling all shots
would weigh a pilot's mean by a number that its own outcomes chose, which biases it.) sigma_g is estimated from the rest alone.
For a pilot that finds sigma_g well,
    eps^2 = f sum_g sigma_g^2/m_g + (1 - f) (sum_g sigma_g)^2/N,    m_g = N (1/G + w_g/sum w)/2                           (3)
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybrid.base.errors import UsageError

PILOT = 0.1
"""f: by (3) it adds at most a fifth to the squared error of the better one of uniform and weighted allocation."""


class Division(NamedTuple):
    """Shots per group, and before them those of the pilot (empty unless `adaptive`); every group has at least `least`."""

    shots: list[int]
    pilot: list[int]
    least: int

    @property
    def fraction(self) -> float:
        """The pilot's weight f in the estimate."""
        return sum(self.pilot) / (sum(self.pilot) + sum(self.shots))


def divide_shots(shots: int, parts: int) -> list[int]:
    """Shots per group, remainders to the first; UsageError when there are fewer shots than groups."""
    if shots < 0:
        raise UsageError(f"shots: {shots} is not a number of shots; 0 is exact.")
    if shots < parts:
        raise UsageError(
            f"shots: {shots} cannot be divided over {parts} measured groups; give {parts} or more, or 0 for exact."
        )
    return [shots // parts + (i < shots % parts) for i in range(parts)]


def proportional(total: int, weights: Sequence[float] | Float[np.ndarray, " g"], least: int = 1) -> list[int]:
    """`total` divided in proportion to the weights, at least `least` for each; largest remainders first."""
    weight = np.asarray(weights, dtype=float)
    if not weight.any():
        return divide_shots(total, len(weight))
    raised = np.zeros(len(weight), dtype=bool)
    while True:
        share = np.full(len(weight), float(least))
        if not raised.all():
            share[~raised] = (total - least * raised.sum()) * weight[~raised] / (weight[~raised].sum() or 1.0)
        if not (low := ~raised & (share < least)).any():
            break
        raised |= low
    whole = np.floor(share + 1e-9).astype(int)
    order = np.argsort(whole - share, kind="stable")
    whole[order[: total - whole.sum()]] += 1
    return whole.tolist()


def divide(allocation: str, shots: int, bounds: Sequence[float], least: int = 1) -> Division:
    """Shots for groups whose one-shot standard deviations are bounded by `bounds`; UsageError for too few shots."""
    parts = len(bounds)
    divide_shots(shots, parts)
    if allocation == "uniform":
        return Division(divide_shots(shots, parts), [], least)
    if allocation == "weighted" or parts == 1:
        return Division(proportional(shots, bounds, least), [], least)
    pilot = max(parts, round(PILOT * shots))
    if shots - pilot < parts * least:
        raise UsageError(
            f"shots: {shots} are too few for allocation=adaptive, which measures {parts} groups twice; give "
            f"{2 * parts * least} or more, or take weighted."
        )
    even = np.full(parts, 1 / parts) + np.asarray(bounds) / (np.sum(bounds) or 1.0)
    return Division(proportional(shots - pilot, bounds, least), proportional(pilot, even), least)


def expected_stderr(
    allocation: str, shots: int, bounds: Sequence[float], sigma: Float[np.ndarray, " g"], least: int = 1
) -> float:
    """The standard error in a state whose groups have one-shot standard deviations `sigma`, if the pilot finds them exactly."""
    division = divide(allocation, shots, bounds, least)
    if not division.pilot:
        return float(np.sqrt(np.sum(sigma**2 / division.shots)))
    best = proportional(sum(division.shots), sigma, division.least)
    parts = division.fraction**2 * sigma**2 / division.pilot + (1 - division.fraction) ** 2 * sigma**2 / best
    return float(np.sqrt(parts.sum()))
