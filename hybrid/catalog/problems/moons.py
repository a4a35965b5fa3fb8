"""Two interleaved half circles of points, a classification problem."""

import numpy as np

from hybrid.base.types import Dataset
from hybrid.catalog.problems._data import two_curves


def moons(*, n: int = 200, noise: float = 0.1, test: float = 0.5, seed: int = 0) -> Dataset:
    """Labelled points: two interleaved half circles.

    `n` points in the plane, half on each, with normal noise; no straight line separates them.

    (cos a, sin a) and (1 - cos a, 1/2 - sin a) with a between 0 and pi. UsageError: n outside 4..10000, negative noise.
    """

    def halves(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.stack([np.cos(a), np.sin(a)], 1), np.stack([1 - np.cos(a), 0.5 - np.sin(a)], 1)

    return two_curves("moons", halves, np.pi, ("upper", "lower"), n, noise, test, seed)
