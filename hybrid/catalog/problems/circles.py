"""Two rings around one centre to tell apart."""

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.base.randomness import DatasetStream, child
from hybrid.base.types import Dataset
from hybrid.catalog.problems._data import check_split, dataset


def circles(*, n: int = 200, noise: float = 0.1, test: float = 0.5, seed: int = 0) -> Dataset:
    """`n` points in the plane, half at radius 1 and half at 1/2, moved by normal noise; no line tells anything.

    UsageError: n outside 4..10000, negative noise.
    """
    check_split("circles", test, seed)
    if not (4 <= n <= 10_000 and 0 <= noise < np.inf):
        raise UsageError(
            f"problem 'circles': n must lie between 4 and 10000 and noise may not be negative (n={n}, noise={noise:g})."
        )
    rng = np.random.default_rng(child(seed, DatasetStream.POINTS))
    y = np.arange(n) % 2
    a = rng.uniform(0, 2 * np.pi, n)
    ring = np.where(y == 0, 1.0, 0.5)[:, None] * np.stack([np.cos(a), np.sin(a)], 1)
    return dataset("circles", ring + rng.normal(0, noise, (n, 2)), y, ("x", "y"), ("outer", "inner"), test, seed)
