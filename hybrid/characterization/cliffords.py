"""Random sequences of Clifford gates that end in a known outcome, in native gates."""

from typing import NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import Clifford, random_clifford

from hybrid.characterization.native import native
from hybrid.device.device import Device


class Sequence(NamedTuple):
    """`length` random Cliffords, the one that undoes them, and X on the qubits whose bit is set in `outcome`."""

    circuit: QuantumCircuit
    length: int
    outcome: int


def sequence(n_qubits: int, length: int, outcome: int, device: Device, rng: np.random.Generator) -> Sequence:
    """Cliffords drawn uniformly (Bravyi & Maslov, arXiv:2003.09412), each compiled on its own, so that no gates cancel."""
    total = Clifford(QuantumCircuit(n_qubits))
    circuit = QuantumCircuit(n_qubits)
    for _ in range(length):
        gate = random_clifford(n_qubits, seed=rng)
        total = total.compose(gate)
        circuit.compose(_compiled(gate, device), inplace=True, copy=False)
    flips = QuantumCircuit(n_qubits)
    for qubit in range(n_qubits):
        if outcome >> qubit & 1:
            flips.x(qubit)
    circuit.compose(_compiled(total.adjoint().compose(Clifford(flips)), device), inplace=True, copy=False)
    return Sequence(circuit, length, outcome)


def _compiled(gate: Clifford, device: Device) -> QuantumCircuit:
    """At most three CNOT, each a CZ between two Hadamards."""
    textbook = QuantumCircuit(gate.num_qubits)
    for item in gate.to_circuit().data:
        qubits = [item.qubits[0]._index, item.qubits[-1]._index]
        match item.operation.name:
            case "cx":
                _cnot(textbook, *qubits)
            case "swap":
                for control, flipped in (qubits, qubits[::-1], qubits):
                    _cnot(textbook, control, flipped)
            case _:
                textbook.append(item.operation, qubits[: item.operation.num_qubits])
    return native(textbook, device)


def _cnot(circuit: QuantumCircuit, control: int, flipped: int) -> None:
    circuit.h(flipped)
    circuit.cz(control, flipped)
    circuit.h(flipped)
