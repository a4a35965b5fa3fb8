"""Nakanishi-Fujii-Todo: exact minimum along one angle after the other, two evaluations each."""

import numpy as np

from hybrid.base.types import Optimization, Point, Values

SOLVES = ("sinusoids", "circuit")


def nft(
    x: Point,
    rng: np.random.Generator,
    *,
    reset: int = 32,
    ftol: float = 1e-8,
) -> Optimization:
    """Exact minimum along one angle after the other, two evaluations each (Nakanishi, Fujii & Todo, PRR 2, 043158, 2020).

    The third value is the minimum predicted by the sinusoid of the previous angle; its errors add up, so it is measured again
    every `reset` angles. Valid where `rotosolve` is. An iteration is one sweep over the parameters. Converges when two sweeps
    end within `ftol`, standard error added: noise alone never fulfils this.
    """
    ended, centre, noise = np.inf, 0.0, 0.0
    steps = k = 0
    while True:
        for d in range(x.size):
            quarter = np.zeros_like(x)
            quarter[d] = np.pi / 2
            again = steps % max(1, reset) == 0
            points = [x + quarter, x - quarter, *([x] if again else [])]
            losses = yield Values(x, np.stack(points), iteration=k)
            plus, minus, *measured = losses
            centre = measured[0] if again else centre
            middle = (plus + minus) / 2  # loss(t) = middle + amplitude cos(t - phase), sec. II
            cosine, sine = centre - middle, (plus - minus) / 2
            x = x.copy()
            x[d] = np.remainder(x[d] + np.arctan2(sine, cosine) + 2 * np.pi, 2 * np.pi) - np.pi  # phase + pi
            centre, noise = middle - np.hypot(sine, cosine), losses.stderr.max()
            steps += 1
        if abs(ended - centre) + noise < ftol or not x.size:
            return x
        ended = centre
        k += 1
