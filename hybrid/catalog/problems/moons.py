"""Two interleaved half circles to tell apart."""

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.base.randomness import DatasetStream, child
from hybrid.base.types import Dataset
from hybrid.catalog.problems._data import check_split, dataset


def moons(*, n: int = 200, noise: float = 0.1, test: float = 0.5, seed: int = 0) -> Dataset:
    """`n` points in the plane, half on each moon, moved by normal noise; no line separates them.

    (cos a, sin a) and (1 - cos a, 1/2 - sin a) with a between 0 and pi. UsageError: n outside 4..10000, negative noise.
    """
    check_split("moons", test, seed)
    if not (4 <= n <= 10_000 and 0 <= noise < np.inf):
        raise UsageError(
            f"problem 'moons': n must lie between 4 and 10000 and noise may not be negative (n={n}, noise={noise:g})."
        )
    rng = np.random.default_rng(child(seed, DatasetStream.POINTS))
    y = np.arange(n) % 2
    a = rng.uniform(0, np.pi, n)
    moon = np.where(y[:, None] == 0, np.stack([np.cos(a), np.sin(a)], 1), np.stack([1 - np.cos(a), 0.5 - np.sin(a)], 1))
    return dataset("moons", moon + rng.normal(0, noise, (n, 2)), y, ("x", "y"), ("upper", "lower"), test, seed)
