"""Steepest descent with a fixed step."""

import numpy as np

from hybrid.base.types import Gradient, Optimization, Point
from hybrid.catalog.optimizers._plateau import Plateau

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
    """Steepest descent (Cauchy 1847; Nocedal & Wright 2006, sec. 2.2); bears noise.

    Valid only where the loss's curvature stays below 2 / learning_rate: beyond that it jumps about and never settles.
    The rate is learning_rate / (1 + decay k). Converges when every derivative, with its standard error added, is within
    `gtol` (noise alone never meets that), or when the last `window` losses are not lower than the `window` before by what
    their standard errors resolve (0: never).
    """
    plateau = Plateau(window)
    k = 0
    while True:
        answer = yield Gradient(x, iteration=k)
        if np.all(np.abs(answer.gradient) + answer.gradient_stderr <= gtol):
            return x
        if plateau.reached(answer.loss, answer.loss_stderr):
            return x
        x = x - learning_rate / (1 + decay * k) * answer.gradient
        k += 1
