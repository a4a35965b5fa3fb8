"""Random steps, longer after successes, shorter after failures."""

import numpy as np

from hybrid.base.types import Optimization, Point, Values

SOLVES = ("quadratic", "sinusoids", "circuit")
LONGER, SHORTER = 5, 3
"""Successes or failures in a row after which the size of the steps changes (Solis & Wets 1981, sec. 3)."""


def random_search(
    x: Point,
    rng: np.random.Generator,
    *,
    size: float = 0.5,
    xtol: float = 1e-6,
) -> Optimization:
    """Random search with a bias towards successful steps (Solis & Wets, Math. Oper. Res. 6, 19, 1981, Algorithm 1).

    The baseline for all other optimisers. Where losses are noisy the present point is measured again with every trial,
    because one value that is low by chance would otherwise be kept for ever. Converges when steps are shorter than `xtol`
    and losses exact.
    """
    bias: Point = np.zeros_like(x)
    streak = 0
    answer = yield Values(x, x[None], iteration=0)
    loss, noisy = answer[0], answer.stderr[0] > 0
    k = 0
    while size >= xtol or noisy:
        step: Point = bias + size * rng.standard_normal(x.size)
        points = [x + step, x - step, *([x] if noisy else [])]
        answer = yield Values(x, np.stack(points), iteration=k)
        plus, minus, *again = answer
        loss = again[0] if again else loss
        if min(plus, minus) < loss:
            if plus < loss:
                x, loss, bias = x + step, plus, 0.2 * bias + 0.4 * step
            else:
                x, loss, bias = x - step, minus, bias - 0.4 * step
            streak = max(streak, 0) + 1
        else:
            bias, streak = bias / 2, min(streak, 0) - 1
        if streak == LONGER or streak == -SHORTER:
            size, streak = (2 * size, 0) if streak > 0 else (max(size / 2, xtol / 2), 0)
        k += 1
    return x
