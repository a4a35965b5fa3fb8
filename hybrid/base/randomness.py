"""Every random draw descends from one seed: children of a seed sequence, told apart by their keys."""

import numpy as np

Seed = int | np.random.SeedSequence | None


def child(seed: np.random.SeedSequence, *key: int) -> np.random.SeedSequence:
    """The seed's descendant at `key`: its spawn key extended, so that different keys never share a stream."""
    return np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, *key))


def sequence(seed: Seed) -> np.random.SeedSequence:
    """The seed as a sequence; None is fresh entropy."""
    return seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
