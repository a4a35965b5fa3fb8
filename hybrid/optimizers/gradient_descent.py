"""Steepest descent with a fixed step."""

import numpy as np

from hybrid.types import Gradient, Optimization, Point

SOLVES = ("quadratic", "sinusoids", "noisy_quadratic")


def gradient_descent(
    x: Point,
    rng: np.random.Generator,
    *,
    learning_rate: float = 0.1,
    gtol: float = 1e-5,
) -> Optimization:
    """Steepest descent (Cauchy 1847; Nocedal & Wright 2006, sec. 2.2); bears noise.

    Valid only where the loss's curvature stays below 2 / learning_rate: beyond that it jumps about and never settles.
    Converges when every derivative, with its standard error added, is within `gtol`: noise alone never meets that.
    """
    k = 0
    while True:
        answer = yield Gradient(x, iteration=k)
        if np.all(np.abs(answer.gradient) + answer.gradient_stderr <= gtol):
            return x
        x = x - learning_rate * answer.gradient
        k += 1
