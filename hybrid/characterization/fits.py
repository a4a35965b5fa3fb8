"""Weighted least squares of decays."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares

Model = Callable[[Float[np.ndarray, " p"]], Float[np.ndarray, " k"]]


class Fit(NamedTuple):
    """Parameters (p,), their standard errors (p,), and the sum of squared residuals over variances."""

    parameters: Float[np.ndarray, " p"]
    stderr: Float[np.ndarray, " p"]
    chi_squared: float


def fit(model: Model, start: list[float], y: Float[np.ndarray, " k"], stderr: Float[np.ndarray, " k"]) -> Fit:
    """The parameters of least chi-squared; errors follow from those of y, (J^T W J)^-1, not from the residuals."""
    solution = least_squares(lambda parameters: (model(parameters) - y) / stderr, start, x_scale="jac")
    covariance = np.linalg.pinv(solution.jac.T @ solution.jac)
    return Fit(solution.x, np.sqrt(np.diag(covariance)), float(2 * solution.cost))


def decay(
    shape: Callable[[float], Float[np.ndarray, " k"]],
    start: float,
    y: Float[np.ndarray, " k"],
    stderr: Float[np.ndarray, " k"],
    *,
    floor: float | None = None,
) -> Fit:
    """y = B + A shape(T) with T = exp(first parameter), then A, then B (fixed at `floor` if given); T's error is relative.

    Readout and initialisation errors are linear: A and B absorb them.
    """

    def model(parameters: Float[np.ndarray, " p"]) -> Float[np.ndarray, " k"]:
        offset = parameters[2] if floor is None else floor
        return offset + parameters[1] * shape(float(np.exp(parameters[0])))

    middle = [] if floor is not None else [0.5]
    return fit(model, [float(np.log(start)), 0.5, *middle], y, stderr)
