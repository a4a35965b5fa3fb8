"""Gradient descent with momentum and a step size per parameter."""

import numpy as np

from hybrid.types import Gradient, Optimization, Point

SOLVES = ("quadratic", "sinusoids", "rosenbrock", "noisy_quadratic")


def adam(
    x: Point,
    rng: np.random.Generator,
    *,
    learning_rate: float = 0.05,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    gtol: float = 1e-5,
) -> Optimization:
    """Adaptive moment estimation (Kingma & Ba, ICLR 2015, arXiv:1412.6980, Algorithm 1); bears noise, any loss scale.

    Converges when every derivative, with its standard error added, is within `gtol`: noise alone never meets that.
    """
    mean, square = np.zeros_like(x), np.zeros_like(x)
    k = 0
    while True:
        answer = yield Gradient(x, iteration=k)
        if np.all(np.abs(answer.gradient) + answer.gradient_stderr <= gtol):
            return x
        mean = beta1 * mean + (1 - beta1) * answer.gradient  # Algorithm 1, first moment
        square = beta2 * square + (1 - beta2) * answer.gradient**2  # Algorithm 1, second raw moment
        unbiased_mean = mean / (1 - beta1 ** (k + 1))  # Algorithm 1, bias correction (sec. 3)
        unbiased_square = square / (1 - beta2 ** (k + 1))  # the same for the second moment
        x = x - learning_rate * unbiased_mean / (np.sqrt(unbiased_square) + epsilon)
        k += 1
