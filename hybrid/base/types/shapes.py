"""Shapes of arrays; for the letters see `hybrid.base.types`."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Int

Point: TypeAlias = Float[np.ndarray, " p"]
Points: TypeAlias = Float[np.ndarray, "k p"]
Pairs: TypeAlias = Float[np.ndarray, "k 2 p"]
Scalars: TypeAlias = Float[np.ndarray, " k"]
Angles: TypeAlias = Float[np.ndarray, "k m"]
Shots: TypeAlias = Int[np.ndarray, "r s"]
