"""Sequential minimisation of sinusoids with two evaluations each."""

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
    """As `rotosolve` with two evaluations per angle (Nakanishi, Fujii & Todo, Phys. Rev. Research 2, 043158, 2020).

    The third value is the minimum that the sinusoid of the angle before promised; its errors add up, so it is measured again
    every `reset` angles. Valid where `rotosolve` is. An iteration is one sweep over the parameters. Converges when two sweeps
    end within `ftol`, standard error added: noise alone never meets that.
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
