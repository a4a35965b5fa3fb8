"""Simultaneous perturbation stochastic approximation."""

import numpy as np

from hybrid.types import Optimization, Point, Values

SOLVES = ("quadratic", "sinusoids", "noisy_quadratic")


def spsa(
    x: Point,
    rng: np.random.Generator,
    *,
    a: float | None = None,
    first_step: float = 0.1,
    c: float = 0.1,
    A: float = 10.0,
    alpha: float = 0.602,
    gamma: float = 0.101,
) -> Optimization:
    """Two evaluations per step whatever the dimension (Spall, IEEE Trans. Aerosp. Electron. Syst. 34, 817, 1998).

    Bears noise. Without `a`, the gain is scaled by the slopes measured so far, so that every parameter first moves by
    `first_step` whatever the loss's scale (Spall's rule for choosing `a`, sec. III). Never converges by itself.
    """
    squares = 0.0
    k = 0
    while True:
        width = c / (k + 1) ** gamma  # Spall 1998, sec. III, step 1
        delta = rng.choice([-1.0, 1.0], x.size)  # step 2
        plus, minus = yield Values(x, np.stack([x + width * delta, x - width * delta]), iteration=k)  # step 3
        slope = (plus - minus) / (2 * width)  # step 4; 1/delta = delta
        squares += slope**2
        typical = np.sqrt(squares / (k + 1)) or 1.0
        scale = first_step * (1 + A) ** alpha / typical if a is None else a
        x = x - scale / (k + 1 + A) ** alpha * slope * delta  # step 5
        k += 1
