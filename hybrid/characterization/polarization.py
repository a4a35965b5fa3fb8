"""Polarization of a circuit under Markovian noise, computed from the description's channels without a simulator."""

import numpy as np
from jaxtyping import Complex
from qiskit import QuantumCircuit

from hybrid.base.types import Channel, Operation
from hybrid.characterization.apparatus import INITIALISED
from hybrid.compilation import noise
from hybrid.compilation.schedule import schedule
from hybrid.device.channels import kraus, qubits_of, superoperator
from hybrid.device.device import Device

X = np.array([[0, 1], [1, 0]])


def polarization(device: Device, qubits: tuple[int, ...], circuit: QuantumCircuit, flips: int) -> float:
    """(d^2 F - 1)/(d^2 - 1) with F the entanglement fidelity of a circuit of one or two qubits that ideally is X on the
    qubits whose bit is set in `flips`; a depolarising channel per gate makes it their product of 1 - p."""
    n = len(qubits)
    channel = np.eye(4**n, dtype=complex)
    known: dict[object, Complex[np.ndarray, "dd dd"]] = {}
    for step in noise.describe(schedule(circuit, device, qubits), device, qubits, None, INITIALISED).steps:
        key = (step.gate.name, *step.gate.params, *step.qubits) if isinstance(step, Operation) else step
        if key not in known:
            known[key] = _superoperator(step, n)
        channel = known[key] @ channel
    ideal = np.eye(1, dtype=complex)
    for qubit in range(n):
        ideal = np.kron(X if flips >> qubit & 1 else np.eye(2), ideal)
    fidelity = np.trace(superoperator(ideal[None]).conj().T @ channel).real / 4**n
    return float((4**n * fidelity - 1) / (4**n - 1))


def _superoperator(step: Operation | Channel, n: int) -> Complex[np.ndarray, "dd dd"]:
    """One step on all n <= 2 qubits."""
    operators = step.gate.to_matrix()[None] if isinstance(step, Operation) else kraus(step)
    on = qubits_of(step)
    if len(on) < n:
        parts = (operators, np.eye(2)[None]) if on == (1,) else (np.eye(2)[None], operators)
        operators = np.array([np.kron(high, low) for high in parts[0] for low in parts[1]])
    return superoperator(operators)  # native two-qubit gates and depolarising treat both qubits alike
