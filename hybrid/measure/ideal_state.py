"""Outcome probabilities without noise, of circuits that share most of their gates."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from hybrid.compilation.schedule import Instructions, common_beginning, listed


def without_noise(circuits: Sequence[QuantumCircuit], values: Mapping[Any, float]) -> Float[np.ndarray, "s d"]:
    """Outcome probabilities (s, 2^n) of s circuits with these values of their parameters; what all begin with runs once."""
    n, listings = circuits[0].num_qubits, [[i for i in listed(c) if i[0].name not in ("barrier", "delay")] for c in circuits]
    alike = common_beginning(listings)
    state = Statevector.from_int(0, 2**n).evolve(_bound(listings[0][:alike], n, values))
    return np.array([state.evolve(_bound(listing[alike:], n, values)).probabilities() for listing in listings])


def _bound(instructions: Instructions, n: int, values: Mapping[Any, float]) -> QuantumCircuit:
    circuit = QuantumCircuit(n)
    for gate, qubits in instructions:
        circuit.append(gate, qubits, copy=False)
    return circuit.assign_parameters({p: values[p] for p in circuit.parameters})
