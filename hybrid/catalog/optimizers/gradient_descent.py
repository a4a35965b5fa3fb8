"""Gradient descent with a fixed learning rate."""

import numpy as np

from hybrid.base.types import Gradient, Optimization, Point
from hybrid.catalog.optimizers._stopping import Convergence

SOLVES = ("quadratic", "sinusoids", "noisy_quadratic", "circuit")


def gradient_descent(
    x: Point,
    rng: np.random.Generator,
    *,
    learning_rate: float = 0.1,
    decay: float = 0.0,
    gtol: float = 1e-5,
    window: int = 0,
) -> Optimization:
    """Gradient descent (Cauchy 1847; Nocedal & Wright 2006, sec. 2.2); tolerates noise.

    Valid only where the loss's curvature is below 2 / learning_rate: above that it oscillates and does not converge; where
    it leaves the finite numbers it stops at its best point.
    The rate is learning_rate / (1 + decay k). Converges when every derivative, with its standard error added, is within
    `gtol` (noise alone never fulfils this), or when the last `window` losses are not lower than the `window` before by more
    than their standard errors resolve (0: never).
    """
    convergence = Convergence(gtol, window)
    k = 0
    while True:
        answer = yield Gradient(x, iteration=k)
        if convergence.reached(answer):
            return x
        step = learning_rate / (1 + decay * k) * answer.gradient
        x = convergence.checked(x - step, x, answer)
        k += 1
