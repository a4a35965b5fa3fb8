"""Scrambled Sobol points, bit for bit those of `scipy.stats.qmc.Sobol`, without importing scipy.stats (0.4 s)."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import scipy
from jaxtyping import Float, UInt32

BITS = 30
"""Binary digits of a coordinate, as in SciPy."""
DIRECTION_NUMBERS = Path(scipy.__path__[0], "stats", "_sobol_direction_numbers.npz")
"""SciPy's copy of the table of Joe & Kuo, SIAM J. Sci. Comput. 30, 2635 (2008)."""


def sobol(d: int, points: int, rng: np.random.Generator) -> Float[np.ndarray, "points d"]:
    """The first `points` (a power of two) of a Sobol sequence in d dimensions, scrambled by a random linear map and shift
    (Matousek, J. Complexity 14, 527, 1998), drawn from `rng` as SciPy draws them."""
    (rng,), powers = rng.spawn(1), 2 ** np.arange(BITS, dtype=np.uint32)
    shift = rng.integers(2, size=(d, BITS), dtype=np.uint32) @ powers
    lower = np.tril(rng.integers(2, size=(d, BITS, BITS), dtype=np.uint32))
    lower[:, range(BITS), range(BITS)] = 1
    digits = (_directions(d)[:, None, :] >> np.arange(BITS - 1, -1, -1, dtype=np.uint32)[:, None]) & 1  # highest first
    scrambled = np.einsum("dpk,dkj->dpj", lower, digits) & 1
    directions = np.einsum("p,dpj->jd", powers[::-1], scrambled)
    gray = np.arange(points) ^ (np.arange(points) >> 1)
    result = np.tile(shift, (points, 1))
    for j in range(points.bit_length() - 1):
        result[(gray >> j) & 1 == 1] ^= directions[j]
    return result / 2**BITS


@lru_cache(maxsize=16)
def _directions(d: int) -> UInt32[np.ndarray, "d bits"]:
    """Direction numbers by the recurrence of Bratley & Fox, ACM Trans. Math. Softw. 14, 88 (1988), eq. 2."""
    with np.load(DIRECTION_NUMBERS) as table:
        polynomials, initial = table["poly"][:d].tolist(), table["vinit"][:d].tolist()
    rows = [[1] * BITS]
    for polynomial, row in zip(polynomials[1:], initial[1:], strict=True):
        degree = polynomial.bit_length() - 1
        m = row[:degree]
        for j in range(degree, BITS):
            value = m[j - degree]
            for k in range(1, degree + 1):
                value ^= (polynomial >> (degree - k) & 1) * (m[j - k] << k)
            m.append(value)
        rows.append(m)
    return np.array(rows[:d], dtype=np.uint32) << np.arange(BITS - 1, -1, -1, dtype=np.uint32)
