"""CMA-ES: covariance matrix adaptation evolution strategy."""

import numpy as np

from hybrid.base.types import Optimization, Point, Values

SOLVES = ("quadratic", "sinusoids", "rosenbrock", "noisy_quadratic", "circuit")
FLATTEST = 1e-10
"""Least ratio of a direction's variance to the largest one: selection by noise alone would let it vanish."""


def cma_es(
    x: Point,
    rng: np.random.Generator,
    *,
    size: float = 0.3,
    population: int | None = None,
    ftol: float = 1e-9,
) -> Optimization:
    """CMA-ES, evolution with covariance matrix adaptation (Hansen, arXiv:1604.00772, 2016, a tutorial).

    No gradients; tolerates more noise with a larger `population` (default 4 + 3 ln p). An iteration is a generation,
    measured at once; x is its mean. Converges when the least losses of the last generations, and all of this one, standard
    error added, are within `ftol`: noise alone never fulfils this. Equation numbers are the tutorial's.
    """
    p = x.size
    if not p:
        return x
    n = max(2, population or 4 + int(3 * np.log(p)))  # eq. 48
    raw = np.log((n + 1) / 2) - np.log(np.arange(1, n // 2 + 1))  # eq. 49, positive weights only
    weights = raw / raw.sum()
    mass = 1 / np.sum(weights**2)  # mu_eff, eq. 8
    c_sigma = (mass + 2) / (p + mass + 5)  # eq. 55
    d_sigma = 1 + 2 * max(0.0, np.sqrt((mass - 1) / (p + 1)) - 1) + c_sigma
    c_c = (4 + mass / p) / (p + 4 + 2 * mass / p)  # eq. 56
    c_1 = 2 / ((p + 1.3) ** 2 + mass)  # eq. 57
    c_mu = min(1 - c_1, 2 * (0.25 + mass + 1 / mass - 2) / ((p + 2) ** 2 + mass))  # eq. 58
    expected = np.sqrt(p) * (1 - 1 / (4 * p) + 1 / (21 * p**2))  # E|N(0, 1)|
    sigma, path_sigma, path_c, covariance = size, np.zeros(p), np.zeros(p), np.eye(p)
    memory, least = 10 + int(np.ceil(30 * p / n)), np.zeros(0)  # TolHistFun, sec. B.3
    k = 0
    while True:
        values, vectors = np.linalg.eigh(covariance)
        axes = np.sqrt(np.maximum(values, FLATTEST * values[-1]))
        steps = rng.standard_normal((n, p)) @ (vectors * axes).T  # eqs. 38 and 39
        losses = yield Values(x, x + sigma * steps, iteration=k)
        least = np.append(least, losses.values.min())[-memory:]
        spread = max(np.ptp(least), np.ptp(losses.values)) + losses.stderr.max()
        if len(least) == memory and spread < ftol:
            return x
        best = steps[np.argsort(losses.values, kind="stable")[: len(weights)]]
        mean = weights @ best  # eq. 41
        x = x + sigma * mean  # eq. 42
        white = vectors @ ((vectors.T @ mean) / axes)
        path_sigma = (1 - c_sigma) * path_sigma + np.sqrt(c_sigma * (2 - c_sigma) * mass) * white  # eq. 43
        length = np.linalg.norm(path_sigma) / expected
        sigma *= np.exp(min(1.0, c_sigma / d_sigma * (length - 1)))  # eq. 44
        stalled = length >= (1.4 + 2 / (p + 1)) * np.sqrt(1 - (1 - c_sigma) ** (2 * (k + 1)))
        path_c = (1 - c_c) * path_c + (not stalled) * np.sqrt(c_c * (2 - c_c) * mass) * mean  # eq. 45
        lost = c_1 * stalled * c_c * (2 - c_c)
        covariance = (1 - c_1 - c_mu + lost) * covariance + c_1 * np.outer(path_c, path_c)  # eq. 47
        covariance += c_mu * (best.T * weights) @ best
        k += 1
