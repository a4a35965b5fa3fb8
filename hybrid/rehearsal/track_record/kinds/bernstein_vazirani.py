"""Bernstein-Vazirani on ions [wright2019]: the mean success over all secrets."""

from math import comb

from hybrid.catalog.circuits.bernstein_vazirani import bernstein_vazirani
from hybrid.device.device import Device
from hybrid.rehearsal.track_record.experiments import PublishedExperiment
from hybrid.rehearsal.track_record.scored import Score, ScoredCircuit


def circuits(experiment: PublishedExperiment, device: Device) -> list[ScoredCircuit]:
    """One secret for each number of ones, which stands for all with as many; one two-qubit gate for each one."""
    bits = experiment.qubits - 1
    result = []
    for ones in range(bits + 1):
        circuit = bernstein_vazirani(secret="0" * (bits - ones) + "1" * ones)
        circuit.remove_final_measurements()
        result.append(ScoredCircuit(circuit, comb(bits, ones) / 2**bits, _success(2**ones - 1, bits)))
    return result


def _success(secret: int, bits: int) -> Score:
    """The secret on the first qubits; the last one, which holds the function, is not read."""
    return lambda probabilities: float(probabilities.reshape(2, 2**bits).sum(axis=0)[secret])
