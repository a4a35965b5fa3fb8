"""Seeds as Qiskit's primitives take them."""

import numpy as np

from hybrid.base.randomness import Seed, sequence


def root_of(seed: Seed | np.random.Generator) -> np.random.SeedSequence:
    """The seed sequence of an int, of 128 random bits that a Generator draws, or of fresh entropy (None)."""
    return sequence(int.from_bytes(seed.bytes(16), "little") if isinstance(seed, np.random.Generator) else seed)
