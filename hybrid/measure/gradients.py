"""Gradients of a measured function: the two-term shift rule, central differences, simultaneous perturbation.

Each measures the function at several points. The adjoint method needs no other points; the exact engine does it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybrid.base.types import Point, Points, Scalars

STEP, STEP_WITH_SHOTS = 1e-4, 0.1
"""Step h of central differences, whose error is h^2 f'''/6: 1e-9 of a trigonometric function without shots. With shots a
larger h is better, because the noise of the shots is divided by it."""


class MeasuredValues(NamedTuple):
    """Values (k, c), each a mean over one of c independent sets of detunings, and their standard errors from shots (k,).

    `calibration_shifts` (k, q) are the shifts by one standard error of each calibrated rate; one calibration shifts all values
    together. So do fewer nodes of the detunings, whose shift is an error of that kind. c is 1 where no detunings are drawn.
    """

    values: Float[np.ndarray, "k c"]
    stderr: Scalars
    calibration_shifts: Float[np.ndarray, "k q"]


class Slopes(NamedTuple):
    """The value at the point itself, and d(value)/d(coordinate) (n, c), their variance from shots (n,) and their calibration
    shifts (n, q)."""

    value: MeasuredValues
    slopes: Float[np.ndarray, "n c"]
    variance: Float[np.ndarray, " n"]
    calibration_shifts: Float[np.ndarray, "n q"]


Measure = Callable[[Points], MeasuredValues]


def parameter_shift(measure: Measure, theta: Point) -> Slopes:
    """Exact slopes, (f(theta + pi/2) - f(theta - pi/2))/2 per angle (Mitarai et al., PRA 98, 032309 (2018), eq. 6)."""
    return _central(measure, theta, np.pi / 2 * np.eye(len(theta)), 2.0)


def finite_difference(measure: Measure, x: Point, step: float) -> Slopes:
    """Slopes by central differences of the given step per parameter."""
    return _central(measure, x, step * np.eye(len(x)), 2 * step)


def spsa(measure: Measure, x: Point, step: float, rng: np.random.Generator) -> Slopes:
    """One simultaneous-perturbation estimate: the slope along a random direction of signs, which is correct on average over
    directions (Spall, IEEE TAC 37, 332 (1992), eq. 2.2)."""
    signs = rng.choice([-1.0, 1.0], len(x))
    along = _central(measure, x, step * signs[None], 2 * step)
    variance = np.broadcast_to(along.variance, len(x))
    slopes, shifts = signs[:, None] * along.slopes, signs[:, None] * along.calibration_shifts
    return along._replace(slopes=slopes, variance=variance, calibration_shifts=shifts)


def _central(measure: Measure, x: Point, shifts: Points, width: float) -> Slopes:
    measured = measure(np.concatenate([x[None], x + shifts, x - shifts]))
    first = MeasuredValues(*(column[:1] for column in measured))
    plus, minus = (MeasuredValues(*(np.split(column[1:], 2)[side] for column in measured)) for side in (0, 1))
    return Slopes(
        first,
        (plus.values - minus.values) / width,
        (plus.stderr**2 + minus.stderr**2) / width**2,
        (plus.calibration_shifts - minus.calibration_shifts) / width,
    )
