"""GHZ states of SupermarQ [supermarq2022]: H, a chain of CX, outcomes in Z alone, so that phases do not count."""

import numpy as np
from qiskit import QuantumCircuit

from hybrid.device.device import Device
from hybrid.rehearsal.track_record.experiments import PublishedExperiment
from hybrid.rehearsal.track_record.scored import ScoredCircuit


def circuits(experiment: PublishedExperiment, device: Device) -> list[ScoredCircuit]:
    """The Hellinger fidelity (sum sqrt(p q))^2 with half all zeros and half all ones, for infinitely many shots."""
    circuit = QuantumCircuit(experiment.qubits)
    circuit.h(0)
    for qubit in range(experiment.qubits - 1):
        circuit.cx(qubit, qubit + 1)
    return [ScoredCircuit(circuit, 1.0, lambda p: float((np.sqrt(p[0] / 2) + np.sqrt(p[-1] / 2)) ** 2))]
