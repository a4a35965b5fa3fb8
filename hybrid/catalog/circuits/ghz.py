"""GHZ state."""

from qiskit import QuantumCircuit

from hybrid.catalog.circuits._shared import MAX_QUBITS, check, measured


def ghz(*, n: int = 3) -> QuantumCircuit:
    """GHZ state (|0...0> + |1...1>)/sqrt 2 by a chain of CX (Greenberger, Horne and Zeilinger, arXiv:0712.0921).

    Ideally two outcomes, all zeros and all ones, 1/2 each. A common test of a device's width: a flip of any qubit changes
    the outcome; dephasing does not, as all qubits are measured in the Z basis. UsageError: n outside 1..1000.
    """
    check("ghz", "n", n, 1, MAX_QUBITS)
    circuit = QuantumCircuit(n)
    circuit.h(0)
    for qubit in range(n - 1):
        circuit.cx(qubit, qubit + 1)
    return measured(circuit, "ghz")
