"""Quantum-kernel circuits of metriq-gym [metriq-data]: a ZZ feature map on a chain, a barrier, and the map undone."""

import numpy as np
from qiskit import QuantumCircuit

from hybrid.device.device import Device
from hybrid.rehearsal.track_record.experiments import PublishedExperiment
from hybrid.rehearsal.track_record.scored import ScoredCircuit, probability_of


def circuits(experiment: PublishedExperiment, device: Device) -> list[ScoredCircuit]:
    """The probability of all zeros; without the barrier the two halves would cancel."""
    mapped = _feature_map(experiment.qubits)
    circuit = mapped.copy()
    circuit.barrier()
    circuit.compose(mapped.inverse(), inplace=True)
    return [ScoredCircuit(circuit, 1.0, probability_of(0))]


def _feature_map(n: int) -> QuantumCircuit:
    """H, rz(x), then exp(-i (pi - x_i)(pi - x_j) ZZ/2) on even and on odd pairs, each between two CX.

    x is drawn by NumPy's Mersenne twister with seed 0, as the benchmark's program does.
    """
    x = 2 * np.pi * np.random.RandomState(0).random_sample(n)
    circuit = QuantumCircuit(n)
    circuit.h(range(n))
    for qubit, angle in enumerate(x.tolist()):
        circuit.rz(angle, qubit)
    for first in (0, 1):
        for i in range(first, n - 1, 2):
            circuit.cx(i, i + 1)
            circuit.rz(float((np.pi - x[i]) * (np.pi - x[i + 1])), i + 1)
            circuit.cx(i, i + 1)
    return circuit
