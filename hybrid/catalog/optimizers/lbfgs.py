"""Limited-memory quasi-Newton method."""

import numpy as np

from hybrid.base.types import Gradient, Optimization, Point, Values
from hybrid.catalog.optimizers._stopping import Convergence

SOLVES = ("quadratic", "sinusoids", "rosenbrock", "circuit")
ADDED = ("window",)
"""Options that version 0.1 did not have: left out of ids where they have their default."""


def lbfgs(
    x: Point,
    rng: np.random.Generator,
    *,
    memory: int = 10,
    c1: float = 1e-4,
    max_step: float = 1.0,
    max_backtracks: int = 20,
    gtol: float = 1e-5,
    window: int = 0,
) -> Optimization:
    """L-BFGS (Nocedal, Math. Comp. 35, 773, 1980; Nocedal & Wright 2006, "N&W") for smooth losses with exact answers.

    One gradient per iteration; the line search asks for losses only. Converges when every derivative, with its standard
    error added, is within `gtol`, or when exact losses no longer fall along the steepest descent (rounding error); with a
    `window` also when so many losses are not lower than those before by more than their standard errors resolve.
    """
    convergence = Convergence(gtol, window)
    pairs: list[tuple[Point, Point]] = []
    answer = yield Gradient(x, iteration=0)
    k = 0
    while not convergence.reached(answer):
        loss, gradient = answer
        direction = -inverse_hessian_times(gradient, pairs)
        slope = float(gradient @ direction)
        t = 1.0 / max(1.0, np.max(np.abs(direction)) / max_step)  # no parameter moves farther than max_step
        for _ in range(max_backtracks):
            (trial,) = yield Values(x, (x + t * direction)[None], iteration=k)
            if trial <= loss + c1 * t * slope:  # sufficient decrease, N&W (3.4)
                break
            parabola = -slope * t**2 / (2 * (trial - loss - slope * t))  # its minimum, N&W (3.58)
            t = float(np.clip(parabola, 0.1 * t, 0.5 * t))
        else:
            if not pairs and answer.loss_stderr == 0:
                return x
            t = 0.0
            pairs.clear()
        k += 1
        before, x = x, x + t * direction
        answer = yield Gradient(x, iteration=k)
        s, y = x - before, answer.gradient - gradient
        if s @ y > 0:  # curvature condition, N&W (6.7); other pairs would lose positive definiteness
            pairs.append((s, y))
            del pairs[: max(0, len(pairs) - memory)]
    return x


def inverse_hessian_times(gradient: Point, pairs: list[tuple[Point, Point]]) -> Point:
    """Two-loop recursion over (step, change of gradient), oldest first (N&W Algorithm 7.4)."""
    q, alphas = gradient, []
    for s, y in reversed(pairs):
        alphas.append((s @ q) / (s @ y))
        q = q - alphas[-1] * y
    if pairs:
        s, y = pairs[-1]
        q = q * (s @ y) / (y @ y)  # N&W (7.20)
    for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
        q = q + (alpha - (y @ q) / (s @ y)) * s
    return q
