"""Gauss-Hermite nodes for detunings that are independent of one another: a mean over them without draws.

A qubit's detuning delta ~ N(0, s) enters a circuit as phases delta t. With t the time for which it acts, a value is a sum of
cosines and sines of delta u with |u| <= t, and K nodes average all of these to the tolerance that they keep for cos(delta u),
whose mean is exp(-(s u)^2/2). (Exact up to the degree 2K - 1: Golub & Welsch, Math. Comp. 23, 221, 1969.)
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Float

from hybrid.base.types import NodeAxes, Operation, Setting
from hybrid.device.detuning import DetunedAngles

TOLERANCE = 1e-2
"""Of a value."""
COARSER = ((1e-1, 2.0), (3e-1, 8.0))
"""Tolerances of the values that it is compared with, and what their differences are divided by. Both together are the error,
for each circuit by itself. Every detuning has fewer nodes there, or its share of the error would not be seen."""
MOST_NODES = 40
"""For no longer phases: such axes never pay."""


@cache
def _hermite(count: int) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, " K"]]:
    """Nodes and weights for a standard normal variable."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / weights.sum()


@cache
def least_nodes(phase_rad: float, tolerance: float) -> int:
    """The fewest nodes that average cosines of phases up to this standard deviation to the tolerance; `MOST_NODES` at most."""
    phases = phase_rad * np.linspace(0, 1, 17)
    for count in range(1, MOST_NODES):
        nodes, weights = _hermite(count)
        if np.abs(np.cos(np.outer(phases, nodes)) @ weights - np.exp(-(phases**2) / 2)).max() < tolerance:
            return count
    return MOST_NODES


def phases_rad(angles: DetunedAngles, settings: Sequence[Setting], sigma: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Standard deviation of the phase that each qubit would collect if no pulse turned it around, in the longest setting."""
    durations_s = angles.durations_s
    seconds = np.zeros((len(settings), len(sigma)))
    for s, setting in enumerate(settings):
        for step in setting.steps:
            if isinstance(step, Operation) and len(step.qubits) == 1 and step.gate.params:
                seconds[s, step.qubits[0]] += durations_s.get(step.gate.params[0], 0.0)
    return sigma * seconds.max(axis=0)


def numbers_of_nodes(phase_rad: float) -> tuple[int, ...]:
    """For the value, and for those that it is compared with."""
    fine, *others = (least_nodes(phase_rad, tolerance) for tolerance in (TOLERANCE, *(each for each, _ in COARSER)))
    fine = max(fine, 2 if phase_rad > 0 else 1)
    return fine, *(min(other, max(1, fine - 1)) for other in others)


def node_axes(angles: DetunedAngles, sigma: Float[np.ndarray, " n"], phases: Float[np.ndarray, " n"]) -> tuple[NodeAxes, ...]:
    """For every qubit as many nodes as its phase needs; for the value, and for those that it is compared with."""
    numbers = [numbers_of_nodes(float(phase)) for phase in phases]
    return tuple(_axes(angles, sigma, counts) for counts in zip(*numbers, strict=True))


def _axes(angles: DetunedAngles, sigma: Float[np.ndarray, " n"], counts: Sequence[int]) -> NodeAxes:
    weights, values = {}, {}
    for q, (width, count) in enumerate(zip(sigma, counts, strict=True)):
        nodes, weights[q] = _hermite(count)
        detunings = np.zeros((len(nodes), len(sigma)))
        detunings[:, q] = width * nodes
        columns = angles(detunings).T
        values |= {parameter: (q, columns[i]) for i, parameter in enumerate(angles.parameters) if angles.qubit(parameter) == q}
    return NodeAxes(weights, values)
