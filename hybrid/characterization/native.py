"""Textbook gates as a device's pulses, in the order in which they are written.

A transpiler may change the order of pulses; on one control line the order decides which qubit waits.
"""

import numpy as np
from jaxtyping import Complex
from qiskit import QuantumCircuit
from qiskit.circuit.library import HGate, RXGate, RZGate, SXGate
from qiskit.synthesis import OneQubitEulerDecomposer

from hybrid.device.device import Device

_EULER = OneQubitEulerDecomposer("ZSX")


def native(circuit: QuantumCircuit, device: Device) -> QuantumCircuit:
    """The circuit of single-qubit gates, `cz` and delays in native gates: rz and at most two X90 between two-qubit gates.

    CZ is RZZ(pi/2) with RZ(-pi/2) on both qubits, RZZ is RXX between Hadamards; they are merged with the neighbouring pulses.
    """
    result, pending = QuantumCircuit(circuit.num_qubits), dict.fromkeys(range(circuit.num_qubits), np.eye(2, dtype=complex))

    def turn(qubit: int, matrix: Complex[np.ndarray, "2 2"]) -> None:
        pending[qubit] = matrix @ pending[qubit]

    def flush(qubit: int) -> None:
        result.compose(pulses(pending[qubit], device), [qubit], inplace=True)
        pending[qubit] = np.eye(2, dtype=complex)

    for item in circuit.data:
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        if item.operation.name == "delay":
            flush(qubits[0])
            result.append(item.operation, qubits)
        elif len(qubits) == 1:
            turn(qubits[0], item.operation.to_matrix())
        else:
            assert item.operation.name == "cz", item.operation.name
            around = np.eye(2) if "rxx" not in device.gates else HGate().to_matrix()
            for qubit in qubits:
                turn(qubit, around)
                flush(qubit)
            if "cz" in device.gates:
                result.cz(*qubits)
                continue
            (result.rzz if "rzz" in device.gates else result.rxx)(np.pi / 2, *qubits)
            for qubit in qubits:
                turn(qubit, RZGate(-np.pi / 2).to_matrix() @ around)
    for qubit in pending:
        flush(qubit)
    return result


def pulses(matrix: Complex[np.ndarray, "2 2"], device: Device) -> QuantumCircuit:
    """A rotation of one qubit as the fewest rz and X90 pulses."""
    circuit = QuantumCircuit(1)
    for item in _EULER(matrix).data:
        circuit.append(x90(device) if item.operation.name == "sx" else item.operation, [0])
    return circuit


def x90(device: Device) -> RXGate | SXGate:
    """The device's pulse of a quarter turn about X."""
    return RXGate(np.pi / 2) if "rx" in device.gates else SXGate()
