"""Gradient descent with momentum and a step size per parameter."""

import numpy as np

from hybrid.base.types import Gradient, Optimization, Point
from hybrid.catalog.optimizers._plateau import Plateau

SOLVES = ("quadratic", "sinusoids", "rosenbrock", "noisy_quadratic", "circuit")


def adam(
    x: Point,
    rng: np.random.Generator,
    *,
    learning_rate: float = 0.05,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    decay: float = 0.0,
    gtol: float = 1e-5,
    window: int = 0,
) -> Optimization:
    """Adaptive moment estimation (Kingma & Ba, ICLR 2015, arXiv:1412.6980, Algorithm 1); bears noise, any loss scale.

    The rate is learning_rate / (1 + decay k). Converges when every derivative, with its standard error added, is within
    `gtol` (noise alone never meets that), or when the last `window` losses are not lower than the `window` before by what
    their standard errors resolve (0: never).
    """
    mean, square = np.zeros_like(x), np.zeros_like(x)
    plateau = Plateau(window)
    k = 0
    while True:
        answer = yield Gradient(x, iteration=k)
        if np.all(np.abs(answer.gradient) + answer.gradient_stderr <= gtol):
            return x
        if plateau.reached(answer.loss, answer.loss_stderr):
            return x
        mean = beta1 * mean + (1 - beta1) * answer.gradient  # Algorithm 1, first moment
        square = beta2 * square + (1 - beta2) * answer.gradient**2  # Algorithm 1, second raw moment
        unbiased_mean = mean / (1 - beta1 ** (k + 1))  # Algorithm 1, bias correction (sec. 3)
        unbiased_square = square / (1 - beta2 ** (k + 1))  # the same for the second moment
        x = x - learning_rate / (1 + decay * k) * unbiased_mean / (np.sqrt(unbiased_square) + epsilon)
        k += 1
