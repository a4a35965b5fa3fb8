"""W state: one excitation shared by all qubits."""

from math import acos, sqrt

from qiskit import QuantumCircuit

from hybrid.catalog.circuits._shared import MAX_QUBITS, check, measured


def w_state(*, n: int = 3) -> QuantumCircuit:
    """W state (|10...0> + |01...0> + ... + |0...01>)/sqrt n, the excitation passed along a chain (arXiv:1807.05572, sec. 2).

    Ideally n outcomes with a single 1, 1/n each. Relaxation appears as 0...0.
    UsageError: n outside 1..1000.
    """
    check("w_state", "n", n, 1, MAX_QUBITS)
    circuit = QuantumCircuit(n)
    circuit.x(0)
    for qubit in range(n - 1):  # keep 1/(n - qubit) of the amplitude squared, pass on the rest
        circuit.cry(2 * acos(1 / sqrt(n - qubit)), qubit, qubit + 1)
        circuit.cx(qubit + 1, qubit)
    return measured(circuit, "w_state")
