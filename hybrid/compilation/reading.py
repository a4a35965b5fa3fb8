"""The last pulses of a qubit before it is read in Z, basis change included, in as few pulses as they need."""

from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import RXGate, RZGate, SXGate

from hybrid.device.device import Device

SAME = 1e-12
"""Directions are products of a handful of 2x2 matrices with entries of order one."""


def shortened_reading(circuit: QuantumCircuit, device: Device) -> QuantumCircuit:
    """The circuit with each qubit's last constant gates V replaced by fewer pulses that read the same observable V+ Z V.

    Only what follows a qubit's last two-qubit gate, barrier, delay and parametrised gate is replaced. Z itself needs no pulse;
    a direction on the equator one (RZ, then X90); any other, -Z included, stays as it is.
    """
    ends: dict[int, list[int]] = {q: [] for q in range(circuit.num_qubits)}
    for place, item in enumerate(circuit.data):
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        constant = len(qubits) == 1 and item.operation.name in ("rz", "sx", "rx") and not item.operation.is_parameterized()
        for q in qubits:
            ends[q] = [*ends[q], place] if constant else []
    dropped: set[int] = set()
    added: list[tuple[Any, int]] = []
    for q, places in ends.items():
        gates = [circuit.data[place].operation for place in places]
        fewer = _same_reading(gates, device)
        if fewer is not None:
            dropped |= {*places}
            added += [(gate, q) for gate in fewer]
    result = circuit.copy_empty_like()
    for place, item in enumerate(circuit.data):
        if place not in dropped:
            result.append(item.operation, item.qubits, item.clbits, copy=False)
    for gate, q in added:
        result.append(gate, [q], copy=False)
    return result


def _same_reading(gates: list[Any], device: Device) -> list[Any] | None:
    """Fewer gates after which Z reads the same; None where there are none."""
    pulses = sum(not device.gates[gate.name].virtual for gate in gates)
    matrix = np.eye(2, dtype=complex)
    for gate in gates:
        matrix = gate.to_matrix() @ matrix
    read = matrix.conj().T @ np.diag([1.0, -1.0]) @ matrix  # nx X + ny Y + nz Z
    nx, ny, nz = read[1, 0].real, read[1, 0].imag, read[0, 0].real
    if pulses > 0 and abs(nz - 1) < SAME:
        return []
    if pulses > 1 and abs(nz) < SAME:
        # SX+ Z SX = Y, and RZ(a)+ Y RZ(a) = sin(a) X + cos(a) Y
        return [RZGate(np.arctan2(nx, ny)), RXGate(np.pi / 2) if "rx" in device.gates else SXGate()]
    return None
