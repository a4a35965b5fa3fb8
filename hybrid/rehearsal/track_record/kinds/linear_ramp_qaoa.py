"""Linear-ramp QAOA of metriq-gym [metriq-data] on a weighted path [lrqaoa2025]."""

import numpy as np
from qiskit import QuantumCircuit

from hybrid.device.device import Device
from hybrid.rehearsal.track_record.experiments import PublishedExperiment
from hybrid.rehearsal.track_record.scored import ScoredCircuit


def circuits(experiment: PublishedExperiment, device: Device) -> list[ScoredCircuit]:
    """The mean cut over the largest one, which on a path is the sum of all weights.

    Layer k of p has gamma = k delta_gamma / p and beta = (p + 1 - k) delta_beta / p; weights are drawn by the benchmark's seed.
    """
    n, options = experiment.qubits, experiment.options
    weights, layers = np.array(options["weights"]), options["layers"]
    circuit = QuantumCircuit(n)
    circuit.h(range(n))
    for layer in range(1, layers + 1):
        gamma, beta = layer * options["delta_gamma"] / layers, (layers + 1 - layer) * options["delta_beta"] / layers
        for first in (0, 1):
            for i in range(first, n - 1, 2):
                circuit.rzz(2 * gamma * weights[i] / weights.max(), i, i + 1)
        circuit.rx(-2 * beta, range(n))
    outcomes = np.arange(2**n)
    cut = sum(weight * ((outcomes >> i ^ outcomes >> i + 1) & 1) for i, weight in enumerate(weights))
    return [ScoredCircuit(circuit, 1.0, lambda probabilities: float(probabilities @ cut / weights.sum()))]
