"""Deutsch-Jozsa algorithm: constant or balanced from one call."""

from typing import Literal

from qiskit import QuantumCircuit

from hybrid.catalog.circuits._shared import MAX_QUBITS, check, measured


def deutsch_jozsa(*, n: int = 3, kind: Literal["balanced", "constant"] = "balanced") -> QuantumCircuit:
    """Deutsch-Jozsa: is a function of n bits constant (1) or balanced (the parity)? (Proc. R. Soc. A 439, 553, 1992).

    The last qubit holds the function and is not measured. Ideally a constant function gives all zeros and nothing else, a
    balanced one never does; the parity gives all ones and nothing else. UsageError: n outside 1..999.
    """
    check("deutsch_jozsa", "n", n, 1, MAX_QUBITS - 1)
    circuit = QuantumCircuit(n + 1)
    circuit.x(n)
    circuit.h(range(n + 1))
    if kind == "constant":
        circuit.x(n)
    else:
        for qubit in range(n):
            circuit.cx(qubit, n)
    circuit.h(range(n))
    return measured(circuit, "deutsch_jozsa", range(n))
