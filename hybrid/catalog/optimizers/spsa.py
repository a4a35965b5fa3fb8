"""SPSA: simultaneous perturbation stochastic approximation."""

import numpy as np

from hybrid.base.types import Optimization, Point, Values
from hybrid.catalog.optimizers._stopping import Plateau

SOLVES = ("quadratic", "sinusoids", "noisy_quadratic", "circuit", "noisy_circuit")
FIRST = {"first_step": 0.1, "c": 0.1}
"""Defaults of version 0.1, against which ids are computed."""


def spsa(
    x: Point,
    rng: np.random.Generator,
    *,
    a: float | None = None,
    first_step: float = 0.3,
    c: float = 0.3,
    A: float = 10.0,
    alpha: float = 0.602,
    gamma: float = 0.101,
    window: int = 0,
) -> Optimization:
    """SPSA: two evaluations per step in any dimension (Spall, IEEE Trans. Aerosp. Electron. Syst. 34, 817, 1998).

    Tolerates noise. Without `a`, the gain is scaled by the slopes measured so far, so that every parameter first moves by
    `first_step` for any scale of the loss (Spall's rule for choosing `a`, sec. III). The other gains suit angles in radian and
    values with shots, by the table of the guide's page `run`. Converges only with a `window`: when so
    many losses are not lower than those before by more than their standard errors resolve.
    """
    squares, plateau = 0.0, Plateau(window)
    k = 0
    while True:
        width = c / (k + 1) ** gamma  # Spall 1998, sec. III, step 1
        delta = rng.choice([-1.0, 1.0], x.size)  # step 2
        losses = yield Values(x, np.stack([x + width * delta, x - width * delta]), iteration=k)  # step 3
        plus, minus = losses
        if plateau.reached((plus + minus) / 2, float(np.hypot(*losses.stderr)) / 2):
            return x
        slope = (plus - minus) / (2 * width)  # step 4; 1/delta = delta
        squares += slope**2
        typical = np.sqrt(squares / (k + 1)) or 1.0
        scale = first_step * (1 + A) ** alpha / typical if a is None else a
        x = x - scale / (k + 1 + A) ** alpha * slope * delta  # step 5
        k += 1
