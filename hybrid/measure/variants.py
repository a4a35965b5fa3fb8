"""One value from the values of a circuit's variants, with its error: the combination may be any function of them.

Errors are propagated by secants over one standard error, w_i = (f(v + s_i e_i) - f(v - s_i e_i))/(2 s_i), which are the weights
themselves where f is linear, and see as much of a kink as the statistics does.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from hybrid.base.types import Mitigation

SMALLEST = 1e-6
"""Relative to the values: the step where there is no error, small against what f bends over, large against rounding."""


def combination(
    mitigation: Mitigation, values: Float[np.ndarray, " f"], stderr: Float[np.ndarray, " f"]
) -> tuple[float, Float[np.ndarray, " f"]]:
    """The combined value of the variants (f,), and its weights (f,)."""
    if mitigation.extrapolation is None:
        return float(values[0]), np.ones(1)
    combine = mitigation.extrapolation.combine
    steps = np.maximum(stderr, SMALLEST * (1 + np.abs(values)))
    return float(combine(values)), _secants(combine, values, steps)


def _secants(
    combine: Callable[[Float[np.ndarray, " f"]], float], values: Float[np.ndarray, " f"], steps: Float[np.ndarray, " f"]
) -> Float[np.ndarray, " f"]:
    shifts = np.diag(steps)
    return np.array([(combine(values + s) - combine(values - s)) / (2 * s.sum()) for s in shifts])
