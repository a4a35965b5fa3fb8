"""Stopping that understands error bars."""

import numpy as np


class Plateau:
    """Whether losses still fall, as far as their standard errors can tell; with `window` 0 they always do."""

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
