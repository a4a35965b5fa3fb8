"""Gradient descent with momentum, classical or Nesterov's."""

import numpy as np

from hybrid.base.types import Gradient, Optimization, Point
from hybrid.catalog.optimizers._stopping import Convergence

SOLVES = ("quadratic", "sinusoids", "noisy_quadratic", "circuit")


def momentum(
    x: Point,
    rng: np.random.Generator,
    *,
    learning_rate: float = 0.02,
    friction: float = 0.1,
    nesterov: bool = False,
    decay: float = 0.0,
    gtol: float = 1e-5,
    window: int = 0,
) -> Optimization:
    """Heavy ball momentum (Polyak, USSR Comput. Math. Math. Phys. 4, 1, 1964); tolerates noise.

    A step keeps 1 - `friction` of the last one. With `nesterov` the gradient is that at the point ahead (Nesterov 1983;
    written in the point ahead as in Sutskever et al., ICML 2013, sec. 2). The rate is learning_rate / (1 + decay k).
    Converges as `gradient_descent`.
    """
    velocity, convergence = np.zeros_like(x), Convergence(gtol, window)
    k = 0
    while True:
        answer = yield Gradient(x, iteration=k)
        if convergence.reached(answer):
            return x
        push = -learning_rate / (1 + decay * k) * answer.gradient
        velocity = (1 - friction) * velocity + push  # Polyak 1964, eq. 9
        step = (1 - friction) * velocity + push if nesterov else velocity  # Sutskever 2013, eqs. 3 and 4
        x = convergence.checked(x + step, x, answer)
        k += 1
