"""Zero-noise extrapolation: values of circuits made longer on purpose, extrapolated to zero noise.

A circuit U is folded to U (U^dagger U)^m, the same without noise and 2m + 1 times as long (Giurgica-Tiron et al.,
arXiv:2005.10921); values at scale factors l_i are extrapolated by Richardson's weights (Temme, Bravyi and Gambetta, PRL 119,
180509, 2017)

    E(0) = sum_i w_i E(l_i),    w_i = prod_{j != i} l_j / (l_j - l_i)                                                      (1)

which cancel powers 1 to n - 1 of the noise, and increase statistical errors: stderr^2 = sum_i w_i^2 stderr_i^2.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.errors import UsageError
from hybrid.base.randomness import Seed, child, sequence
from hybrid.base.types import Points, Scalars
from hybrid.measure.compile import compile


class ZeroNoise(NamedTuple):
    """Extrapolated values and standard errors (k,), and what they follow from: weights (f,), values and errors (f, k)."""

    values: Scalars
    stderr: Scalars
    weights: Float[np.ndarray, " f"]
    scaled: Float[np.ndarray, "f k"]
    scaled_stderr: Float[np.ndarray, "f k"]


def zero_noise(
    circuit: QuantumCircuit,
    observable: SparsePauliOp,
    points: Points,
    *,
    factors: Sequence[int] = (1, 3, 5),
    seed: Seed = None,
    **how: Any,
) -> ZeroNoise:
    """<observable> after `circuit` at points (k, p), extrapolated from the circuit folded to these odd factors.

    `how` is what `compile` takes; every factor has all the shots and draws of its own. Readout and preparation are the same
    at every factor and stay: `mitigate="readout"` removes the former. UsageError for factors that are even, too few or twice
    the same.
    """
    weights = richardson(factors)
    programs = [compile(folded(circuit, factor), observable, **how) for factor in factors]
    root = sequence(seed)
    estimates = [program.values(points, seed=child(root, factor)) for program, factor in zip(programs, factors, strict=True)]
    scaled, errors = np.stack([one.values for one in estimates]), np.stack([one.stderr for one in estimates])
    return ZeroNoise(weights @ scaled, np.sqrt(weights**2 @ errors**2), weights, scaled, errors)


def richardson(factors: Sequence[float]) -> Float[np.ndarray, " f"]:
    """The weights (f,) of values at these scale factors (equation 1); UsageError for fewer than two, or twice the same."""
    scale = np.array(factors, dtype=float)
    if len(scale) < 2 or len(set(scale)) < len(scale) or (scale <= 0).any():
        raise UsageError(f"factors: two or more different positive numbers, as in 1,3,5, not {', '.join(map(str, factors))}.")
    others = [np.delete(scale, i) for i in range(len(scale))]
    return np.array([np.prod(rest / (rest - own)) for own, rest in zip(scale, others, strict=True)])


def folded(circuit: QuantumCircuit, factor: int) -> QuantumCircuit:
    """U (U^dagger U)^m for the odd factor 2m + 1; barriers keep a transpiler from undoing it. UsageError for any other."""
    if factor < 1 or factor % 2 == 0:
        raise UsageError(f"factors: a circuit is folded to odd whole numbers, as in 1,3,5, not to {factor}.")
    result, inverse = circuit.copy(), circuit.inverse()
    for _ in range(factor // 2):
        for part in (inverse, circuit):
            result.barrier()
            result.compose(part, inplace=True)
    return result
