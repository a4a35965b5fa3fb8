"""Adam: gradient descent with momentum and a step size per parameter."""

import numpy as np

from hybrid.base.types import Gradient, Optimization, Point
from hybrid.catalog.optimizers._stopping import Convergence

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
    """Adam, adaptive moment estimation (Kingma & Ba, ICLR 2015, arXiv:1412.6980, Algorithm 1); tolerates noise.

    Independent of the loss's scale. The rate is learning_rate / (1 + decay k). Converges as `gradient_descent`.
    """
    mean, square = np.zeros_like(x), np.zeros_like(x)
    convergence = Convergence(gtol, window)
    k = 0
    while True:
        answer = yield Gradient(x, iteration=k)
        if convergence.reached(answer):
            return x
        mean = beta1 * mean + (1 - beta1) * answer.gradient  # Algorithm 1, first moment
        square = beta2 * square + (1 - beta2) * answer.gradient**2  # Algorithm 1, second raw moment
        unbiased_mean = mean / (1 - beta1 ** (k + 1))  # Algorithm 1, bias correction (sec. 3)
        unbiased_square = square / (1 - beta2 ** (k + 1))  # the same for the second moment
        x = x - learning_rate / (1 + decay * k) * unbiased_mean / (np.sqrt(unbiased_square) + epsilon)
        k += 1
