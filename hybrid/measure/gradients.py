"""Gradients of a measured function: the two-term shift rule, central differences, simultaneous perturbation.

Each asks for points and turns their answers into slopes; the adjoint method, which needs none, is the exact engine's.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybrid.base.types import Point, Points, Scalars

STEP, STEP_WITH_SHOTS = 1e-4, 0.1
"""Central differences err by h^2 f'''/6: 1e-9 of a trigonometric function without shots; with shots h weighs that against
their noise, which it divides."""


class MeasuredValues(NamedTuple):
    """Values (k, c) by c independent means over detunings (one where there are none), shot errors (k,), and by how much one
    standard error of each calibrated rate moves them (k, q): what is calibrated once moves all values together."""

    values: Float[np.ndarray, "k c"]
    stderr: Scalars
    pulls: Float[np.ndarray, "k q"]


class Slopes(NamedTuple):
    """The value measured, and d(value)/d(coordinate) (n, c) with the variance from shots (n,) and pulls (n, q) likewise."""

    value: MeasuredValues
    slopes: Float[np.ndarray, "n c"]
    variance: Float[np.ndarray, " n"]
    pulls: Float[np.ndarray, "n q"]


Measure = Callable[[Points], MeasuredValues]


def parameter_shift(measure: Measure, theta: Point) -> Slopes:
    """Exact slopes: f(theta + pi/2) - f(theta - pi/2) over 2 per angle (Mitarai et al., PRA 98,
    032309 (2018), eq. 6)."""
    return _central(measure, theta, np.pi / 2 * np.eye(len(theta)), 2.0)


def finite_difference(measure: Measure, x: Point, step: float) -> Slopes:
    """Slopes by central differences of the given step per parameter."""
    return _central(measure, x, step * np.eye(len(x)), 2 * step)


def spsa(measure: Measure, x: Point, step: float, rng: np.random.Generator) -> Slopes:
    """One simultaneous-perturbation estimate: the slope along a random direction of signs,
    which is right on average over directions (Spall, IEEE TAC 37, 332 (1992), eq. 2.2)."""
    signs = rng.choice([-1.0, 1.0], len(x))
    along = _central(measure, x, step * signs[None], 2 * step)
    variance = np.broadcast_to(along.variance, len(x))
    return along._replace(slopes=signs[:, None] * along.slopes, variance=variance, pulls=signs[:, None] * along.pulls)


def _central(measure: Measure, x: Point, shifts: Points, width: float) -> Slopes:
    found = measure(np.concatenate([x[None], x + shifts, x - shifts]))
    first = MeasuredValues(*(column[:1] for column in found))
    plus, minus = (MeasuredValues(*(np.split(column[1:], 2)[side] for column in found)) for side in (0, 1))
    return Slopes(
        first,
        (plus.values - minus.values) / width,
        (plus.stderr**2 + minus.stderr**2) / width**2,
        (plus.pulls - minus.pulls) / width,
    )
