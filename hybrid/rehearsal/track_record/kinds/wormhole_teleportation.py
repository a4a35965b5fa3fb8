"""Wormhole-inspired teleportation of metriq-gym [metriq-data] after figure 4 of [shapoval2023]: a kicked Ising chain."""

from collections.abc import Sequence
from math import pi

from qiskit import QuantumCircuit

from hybrid.device.device import Device
from hybrid.rehearsal.track_record.experiments import PublishedExperiment
from hybrid.rehearsal.track_record.scored import ScoredCircuit

FIELDS = (0.0566794, 0.01039906, 0.0632158)
"""Angles of rz on the three qubits of a side."""
KICKS = 3
LEFT, RIGHT, MESSAGE = (0, 1, 2), (5, 4, 3), 6
READ = RIGHT[0]


def circuits(experiment: PublishedExperiment, device: Device) -> list[ScoredCircuit]:
    """The probability to read 1 on the qubit at which the message arrives, 0.9963 without noise.

    The benchmark calls this share of shots an expectation value. Its circuit for seven qubits has no reset.
    """
    circuit = QuantumCircuit(experiment.qubits)
    for left, right in zip(LEFT, RIGHT, strict=True):
        circuit.h(left)
        circuit.cx(left, right)
    _evolved(circuit, LEFT, -1)
    circuit.swap(LEFT[0], MESSAGE)
    back = QuantumCircuit(experiment.qubits)
    _evolved(back, LEFT, -1)
    circuit.compose(back.inverse(), inplace=True)
    for left, right in zip(LEFT[1:], RIGHT[1:], strict=True):
        circuit.rzz(pi / 2, left, right)
    _evolved(circuit, RIGHT, 1)
    return [ScoredCircuit(circuit, 1.0, lambda probabilities: float(probabilities.reshape(-1, 2, 2**READ)[:, 1].sum()))]


def _evolved(circuit: QuantumCircuit, qubits: Sequence[int], sign: int) -> None:
    """`KICKS` times rx(pi/2), rz and rzz(pi/2) on neighbours, with this sign of the angles."""
    for _ in range(KICKS):
        circuit.rx(sign * pi / 2, qubits)
        for qubit, angle in zip(qubits, FIELDS, strict=True):
            circuit.rz(sign * angle, qubit)
        for a, b in zip(qubits[:-1], qubits[1:], strict=True):
            circuit.rzz(sign * pi / 2, a, b)
