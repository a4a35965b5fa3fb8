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
    result = circuit.copy()
    dropped: list[int] = []
    for q, places in _last_constant(circuit).items():
        fewer = _same_reading([circuit.data[place].operation for place in places], device)
        if fewer is not None:
            dropped += places
            for gate in fewer:
                result.append(gate, [q], copy=False)
    for place in sorted(dropped, reverse=True):
        del result.data[place]
    return result


def _last_constant(circuit: QuantumCircuit) -> dict[int, list[int]]:
    """Of every qubit the places of its last single-qubit gates without parameters."""
    index = {bit: i for i, bit in enumerate(circuit.qubits)}
    ends: dict[int, list[int]] = {q: [] for q in range(circuit.num_qubits)}
    going_on = set(ends)
    for place in range(len(circuit.data) - 1, -1, -1):
        if not going_on:
            break
        item = circuit.data[place]
        qubits = [index[bit] for bit in item.qubits]
        if len(qubits) == 1 and item.name in ("rz", "sx", "rx") and not item.is_parameterized():
            if qubits[0] in going_on:
                ends[qubits[0]].insert(0, place)
        else:
            going_on -= set(qubits)
    return ends


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
