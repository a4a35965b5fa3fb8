"""Gradient descent that keeps some of its speed."""

import numpy as np

from hybrid.base.types import Gradient, Optimization, Point
from hybrid.catalog.optimizers._plateau import Plateau

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
    """Heavy ball (Polyak, USSR Comput. Math. Math. Phys. 4, 1, 1964); bears noise.

    A step keeps 1 - `friction` of the last one. With `nesterov` the gradient is that at the point ahead (Nesterov 1983;
    written in the point ahead as in Sutskever et al., ICML 2013, sec. 2). The rate is learning_rate / (1 + decay k).
    Converges when every derivative, with its standard error added, is within `gtol`, or when the last `window` losses are
    not lower than the `window` before by what their standard errors resolve (0: never).
    """
    velocity, plateau = np.zeros_like(x), Plateau(window)
    k = 0
    while True:
        answer = yield Gradient(x, iteration=k)
        if np.all(np.abs(answer.gradient) + answer.gradient_stderr <= gtol):
            return x
        if plateau.reached(answer.loss, answer.loss_stderr):
            return x
        push = -learning_rate / (1 + decay * k) * answer.gradient
        velocity = (1 - friction) * velocity + push  # Polyak 1964, eq. 9
        x = x + ((1 - friction) * velocity + push if nesterov else velocity)  # Sutskever 2013, eqs. 3 and 4
        k += 1
