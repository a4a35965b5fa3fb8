"""From rows with labels to a Dataset: a seeded split, scaling by the training part alone, a classical classifier beside it."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from hybrid.base.errors import UsageError
from hybrid.base.types import Dataset

MAX_POINTS = 10_000


def dataset(
    owner: str,
    x: Float[np.ndarray, "m f"],
    y: Int[np.ndarray, " m"],
    features: Sequence[str],
    classes: Sequence[str],
    test: float,
    seed: int,
) -> Dataset:
    """Split and scaled. `test` is the share of every class that is kept apart, at least one of each on both sides.

    UsageError: fewer than two classes or two points of one, a share or seed that cannot be, too many points.
    """
    check_split(owner, test, seed)
    counts = np.bincount(y, minlength=len(classes))
    if len(classes) < 2 or counts.min() < 2:
        raise UsageError(f"problem '{owner}': needs two classes or more with two points or more each, to learn and to test.")
    if len(y) > MAX_POINTS:
        raise UsageError(f"problem '{owner}': {len(y):,} points; at most {MAX_POINTS:,} are read.")
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    kept_apart = []
    for label, count in enumerate(counts):
        shuffled = rng.permutation(np.flatnonzero(y == label))
        kept_apart.append(shuffled[: min(max(1, round(test * count)), count - 1)])
    apart = np.isin(np.arange(len(y)), np.concatenate(kept_apart))
    low, high = x[~apart].min(axis=0), x[~apart].max(axis=0)
    scaled = np.pi * (x - low) / np.where(high > low, high - low, 1.0)
    train, tested = (scaled[~apart], y[~apart]), (scaled[apart], y[apart])
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
