"""When an optimiser stops: rules that take the standard errors into account."""

import numpy as np

from hybrid.base.types import Diverged, LossGradient, Point


def is_flat(answer: LossGradient, gtol: float) -> bool:
    """Whether every derivative, with its standard error added, is within `gtol`; noise alone never fulfils this."""
    return bool(np.all(np.abs(answer.gradient) + answer.gradient_stderr <= gtol))


class Plateau:
    """Whether losses still decrease, as far as their standard errors can resolve; with `window` 0 they always do."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._losses: list[tuple[float, float]] = []

    def reached(self, loss: float, stderr: float) -> bool:
        """Take one more loss: is the mean of the newest `window` less than one standard error below that of those before?"""
        if self._window <= 0:
            return False
        self._losses = [*self._losses[1 - 2 * self._window :], (loss, stderr)]
        if len(self._losses) < 2 * self._window:
            return False
        losses, errors = np.array(self._losses).T
        before, after = np.split(losses, 2)
        return bool(before.mean() - after.mean() <= np.hypot.reduce(errors) / self._window)


class Convergence:
    """The rule of optimisers that follow gradients: a flat point (`gtol`), or a plateau of the losses (`window`)."""

    def __init__(self, gtol: float, window: int) -> None:
        self._gtol, self._plateau = gtol, Plateau(window)
        self._best: tuple[float, Point | None] = (np.inf, None)

    def checked(self, x: Point, before: Point, answer: LossGradient) -> Point:
        """The next point x, after the answer at the point before; Diverged with the best point where x is not finite."""
        if answer.loss < self._best[0] or self._best[1] is None:
            self._best = answer.loss, before
        if not np.isfinite(x).all():
            assert self._best[1] is not None
            raise Diverged(self._best[1])
        return x

    def reached(self, answer: LossGradient) -> bool:
        """Take one more answer: is it flat there, or do the losses no longer decrease?"""
        return is_flat(answer, self._gtol) or self._plateau.reached(answer.loss, answer.loss_stderr)
