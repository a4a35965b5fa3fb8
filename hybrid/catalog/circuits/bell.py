"""The four Bell states of two qubits."""

from typing import Literal

from qiskit import QuantumCircuit

from hybrid.catalog.circuits._shared import measured


def bell(*, state: Literal["phi_plus", "phi_minus", "psi_plus", "psi_minus"] = "phi_plus") -> QuantumCircuit:
    """Bell state: one of the four maximally entangled states of two qubits (Nielsen and Chuang, sec. 1.3.6).

    phi: (|00> +- |11>)/sqrt 2, psi: (|01> +- |10>)/sqrt 2. Ideally two outcomes, 1/2 each: 00 and 11 for phi, 01 and 10 for
    psi; the sign does not show. Noise shows as the other two outcomes.
    """
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    if state.startswith("psi"):
        circuit.x(1)
    if state.endswith("minus"):
        circuit.z(0)
    return measured(circuit, "bell")
