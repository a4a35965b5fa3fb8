"""Bernstein-Vazirani algorithm: a hidden bit string from one call."""

from qiskit import QuantumCircuit

from hybrid.catalog.circuits._shared import MAX_QUBITS, check_bits, measured


def bernstein_vazirani(*, secret: str = "1011") -> QuantumCircuit:
    """Bernstein-Vazirani: the secret s of f(x) = s.x mod 2 from one call of f (SIAM J. Comput. 26, 1411, 1997).

    The last qubit holds f and is not measured. Ideally the secret alone, written as it was given: its last digit is qubit 0.
    UsageError: anything but 1 to 999 digits 0 and 1.
    """
    check_bits("bernstein_vazirani", "secret", secret, 1, MAX_QUBITS - 1)
    n = len(secret)
    circuit = QuantumCircuit(n + 1)
    circuit.x(n)
    circuit.h(range(n + 1))
    for qubit, bit in enumerate(reversed(secret)):
        if bit == "1":
            circuit.cx(qubit, n)
    circuit.h(range(n))
    return measured(circuit, "bernstein_vazirani", range(n))
