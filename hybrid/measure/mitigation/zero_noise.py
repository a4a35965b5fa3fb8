"""Zero-noise extrapolation: values of circuits made longer on purpose, extrapolated to zero noise.

A circuit U is folded to U (U^dagger U)^m, the same without noise and 2m + 1 times as long, and for scale factors between by its
last gates L once more, to U (U^dagger U)^m L^dagger L (Giurgica-Tiron et al., arXiv:2005.10921); values at scale factors l_i
are extrapolated by Richardson's weights (Temme, Bravyi and Gambetta, PRL 119, 180509, 2017)

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
    factors: Sequence[float] = (1, 3, 5),
    seed: Seed = None,
    **how: Any,
) -> ZeroNoise:
    """<observable> after `circuit` at points (k, p), extrapolated from the circuit folded to these factors (or the nearest that
    whole gates make).

    `how` is what `compile` takes; every factor has all the shots and draws of its own. Readout and preparation are the same
    at every factor and stay: `mitigate="readout"` removes the former. UsageError for factors below 1, too few or twice
    the same.
    """
    parts = [_parts(circuit, factor) for factor in factors]
    length = max(1, len(_gates(circuit)))
    weights = richardson([2 * whole + 1 + 2 * last / length for whole, last in parts])
    programs = [compile(folded(circuit, factor), observable, **how) for factor in factors]
    root = sequence(seed)
    seeds = [child(root, 2 * whole + 1, *([last] if last else [])) for whole, last in parts]
    estimates = [program.values(points, seed=own) for program, own in zip(programs, seeds, strict=True)]
    scaled, errors = np.stack([one.values for one in estimates]), np.stack([one.stderr for one in estimates])
    return ZeroNoise(weights @ scaled, np.sqrt(weights**2 @ errors**2), weights, scaled, errors)


def richardson(factors: Sequence[float]) -> Float[np.ndarray, " f"]:
    """The weights (f,) of values at these scale factors (equation 1); UsageError for fewer than two, or twice the same."""
    scale = np.array(factors, dtype=float)
    if len(scale) < 2 or len(set(scale)) < len(scale) or (scale <= 0).any():
        raise UsageError(f"factors: two or more different positive numbers, as in 1,3,5, not {', '.join(map(str, factors))}.")
    others = [np.delete(scale, i) for i in range(len(scale))]
    return np.array([np.prod(rest / (rest - own)) for own, rest in zip(scale, others, strict=True)])


def folded(circuit: QuantumCircuit, factor: float) -> QuantumCircuit:
    """U (U^dagger U)^m for the odd factor 2m + 1; for one above it the last gates L, as many as come nearest, follow as
    L^dagger L. Barriers keep a transpiler from undoing it. UsageError for a factor below 1."""
    whole, last = _parts(circuit, factor)
    result = circuit.copy()
    for part in [circuit] * whole + [_tail(circuit, last)] * (last > 0):
        for half in (part.inverse(), part):
            result.barrier()
            result.compose(half, inplace=True)
    return result


def _parts(circuit: QuantumCircuit, factor: float) -> tuple[int, int]:
    """How often the whole circuit is repeated, and how many of its last gates."""
    if not 1 <= factor < np.inf:
        raise UsageError(f"factors: a circuit is folded to factors of 1 or more, as in 1,3,5, not to {factor:g}.")
    whole, rest = divmod((factor - 1) / 2, 1)
    return int(whole), round(rest * len(_gates(circuit)))


def _gates(circuit: QuantumCircuit) -> list[int]:
    """Places of what takes part in the folding."""
    return [i for i, item in enumerate(circuit.data) if item.operation.name not in ("barrier", "delay")]


def _tail(circuit: QuantumCircuit, last: int) -> QuantumCircuit:
    result = circuit.copy_empty_like()
    for place in _gates(circuit)[-last:]:
        result.append(circuit.data[place])
    return result
