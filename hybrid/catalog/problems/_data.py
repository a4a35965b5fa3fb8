"""From labelled rows to a Dataset: a seeded split, scaling by the training part, a classical classifier for comparison."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int

from hybrid.base.errors import UsageError
from hybrid.base.randomness import DatasetStream, child
from hybrid.base.types import Dataset

MAX_POINTS = 10_000
LARGEST_FEATURE = 1e100
"""Differences and squares of larger numbers overflow, and LAPACK does not end on what is no number."""


def dataset(
    owner: str,
    x: Float[np.ndarray, "m f"],
    y: Int[np.ndarray, " m"],
    features: Sequence[str],
    classes: Sequence[str],
    test: float,
    seed: int,
) -> Dataset:
    """A split and scaled data set. `test` is the share of every class that is kept for the test, at least one on both sides.

    UsageError: fewer than two classes or two points of one, a share or seed that cannot be, too many points.
    """
    check_split(owner, test, seed)
    counts = np.bincount(y, minlength=len(classes))
    if len(classes) < 2 or counts.min() < 2:
        raise UsageError(f"problem '{owner}': needs two classes or more with two points or more each, to learn and to test.")
    if len(y) > MAX_POINTS:
        raise UsageError(f"problem '{owner}': {len(y):,} points; at most {MAX_POINTS:,} are read.")
    if not (largest := np.abs(x).max(initial=0.0)) < LARGEST_FEATURE:
        raise UsageError(f"problem '{owner}': a feature is {largest:g}; all must stay below {LARGEST_FEATURE:g}.")
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    test_rows = []
    for label, count in enumerate(counts):
        shuffled = rng.permutation(np.flatnonzero(y == label))
        test_rows.append(shuffled[: min(max(1, round(test * count)), count - 1)])
    is_test = np.isin(np.arange(len(y)), np.concatenate(test_rows))
    low, high = x[~is_test].min(axis=0), x[~is_test].max(axis=0)
    scaled = np.pi * (x - low) / np.where(high > low, high - low, 1.0)
    train, tested = (scaled[~is_test], y[~is_test]), (scaled[is_test], y[is_test])
    constant = [name for name, flat in zip(features, high == low, strict=True) if flat]
    return Dataset(
        train_x=train[0],
        train_y=train[1],
        test_x=tested[0],
        test_y=tested[1],
        features=tuple(features),
        classes=tuple(classes),
        baseline=float((_least_squares(*train, len(classes))(tested[0]) == tested[1]).mean()),
        baseline_name="linear classifier",
        majority=float((tested[1] == np.bincount(train[1]).argmax()).mean()),
        note=f"{len(train[1])} points to learn from, {len(tested[1])} to test (every class in proportion, seed {seed}); "
        "features scaled so that those to learn from lie between 0 and pi"
        + (f"; constant among them: {', '.join(constant)}" if constant else ""),
    )


def two_curves(
    owner: str,
    curves: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    largest: float,
    classes: tuple[str, str],
    n: int,
    noise: float,
    test: float,
    seed: int,
) -> Dataset:
    """n points (x, y) on two curves in turn, at uniform parameters from 0 to `largest`, with normal noise on both coordinates.

    UsageError: n outside 4..10000, negative noise, a share or seed that cannot be.
    """
    check_split(owner, test, seed)
    if not (4 <= n <= MAX_POINTS and 0 <= noise < np.inf):
        raise UsageError(
            f"problem '{owner}': n must lie between 4 and {MAX_POINTS} and noise may not be negative (n={n}, noise={noise:g})."
        )
    rng = np.random.default_rng(child(seed, DatasetStream.POINTS))
    y = np.arange(n) % 2
    first, second = curves(rng.uniform(0, largest, n))
    points = np.where(y[:, None] == 0, first, second)
    return dataset(owner, points + rng.normal(0, noise, (n, 2)), y, ("x", "y"), classes, test, seed)


def check_split(owner: str, test: float, seed: int) -> None:
    """UsageError unless 0 < test < 1 and the seed is not negative."""
    if not 0 < test < 1:
        raise UsageError(f"problem '{owner}': test must lie between 0 and 1, not {test:g}.")
    if seed < 0:
        raise UsageError(f"problem '{owner}': seed must be at least 0, not {seed}.")


def _least_squares(x: Float[np.ndarray, "m f"], y: Int[np.ndarray, " m"], k: int):
    """The linear map that fits one-hot labels best, its largest output the answer."""
    weights = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), np.eye(k)[y], rcond=None)[0]
    return lambda points: (np.column_stack([points, np.ones(len(points))]) @ weights).argmax(axis=1)
