"""Two concentric rings of points, a classification problem."""

import numpy as np

from hybrid.base.types import Dataset
from hybrid.catalog.problems._data import two_curves


def circles(*, n: int = 200, noise: float = 0.1, test: float = 0.5, seed: int = 0) -> Dataset:
    """Labelled points: two concentric rings.

    `n` points in the plane, half at radius 1 and half at 1/2, with normal noise.

    No straight line separates them better than chance. UsageError: n outside 4..10000, negative noise.
    """

    def rings(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        outer = np.stack([np.cos(a), np.sin(a)], 1)
        return outer, 0.5 * outer

    return two_curves("circles", rings, 2 * np.pi, ("outer", "inner"), n, noise, test, seed)
