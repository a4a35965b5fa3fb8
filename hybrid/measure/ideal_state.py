"""Outcome probabilities without noise, of circuits that share most of their gates."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Complex, Float
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from hybrid.compilation.schedule import Instructions, common_beginning, listed


def without_noise(circuits: Sequence[QuantumCircuit], values: Mapping[Any, float]) -> Float[np.ndarray, "s d"]:
    """Outcome probabilities (s, 2^n) of s circuits with these values of their parameters; what all begin with runs once."""
    listings = [[i for i in listed(circuit) if i[0].name not in ("barrier", "delay")] for circuit in circuits]
    alike = common_beginning(listings)
    state = np.zeros((2,) * circuits[0].num_qubits, dtype=complex)
    state.flat[0] = 1.0
    state = _evolved(state, listings[0][:alike], values)
    return np.array([np.abs(_evolved(state, listing[alike:], values).ravel()) ** 2 for listing in listings])


def _evolved(
    state: Complex[np.ndarray, "..."], instructions: Instructions, values: Mapping[Any, float]
) -> Complex[np.ndarray, "..."]:
    """The state after these gates; its axes are the qubits, the last one first, as those of a gate's matrix are."""
    n = state.ndim
    for gate, qubits in instructions:
        numbers = [values[value] if isinstance(value, Parameter) else value for value in gate.params]
        fixed = gate if numbers == gate.params else gate.base_class(*numbers)
        k, axes = len(qubits), [n - 1 - q for q in reversed(qubits)]
        matrix = np.asarray(fixed.to_matrix()).reshape((2,) * (2 * k))
        state = np.moveaxis(np.tensordot(matrix, state, (range(k, 2 * k), axes)), range(k), axes)
    return state
