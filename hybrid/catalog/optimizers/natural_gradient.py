"""Quantum natural gradient descent."""

import numpy as np

from hybrid.base.types import Gradient, Metric, Optimization, Point
from hybrid.catalog.optimizers._stopping import Convergence

SOLVES = ("circuit", "noisy_circuit")
ASKS = ("metric",)


def natural_gradient(
    x: Point,
    rng: np.random.Generator,
    *,
    learning_rate: float = 0.05,
    regularization: float = 0.01,
    decay: float = 0.0,
    gtol: float = 1e-5,
    window: int = 0,
) -> Optimization:
    """Quantum natural gradient (Stokes, Izaac, Killoran & Carleo, Quantum 4, 269, 2020); tolerates noise.

    Steps are -rate (g + regularization)^-1 gradient with the quantum geometric tensor g of the state without noise, and the
    rate learning_rate / (1 + decay k). g is computed, so it takes no shots. Converges as `gradient_descent`.
    """
    convergence = Convergence(gtol, window)
    k = 0
    while True:
        answer = yield Gradient(x, iteration=k)
        if convergence.reached(answer):
            return x
        metric = yield Metric(x, iteration=k)
        rate = learning_rate / (1 + decay * k)
        x = x - rate * np.linalg.solve(metric + regularization * np.eye(x.size), answer.gradient)  # Stokes 2020, eq. 13
        k += 1
