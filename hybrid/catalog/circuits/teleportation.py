"""Teleportation of a state from qubit 0 to qubit 2."""

from math import isfinite

from qiskit import ClassicalRegister, QuantumCircuit

from hybrid.base.errors import UsageError
from hybrid.catalog.circuits._shared import measured


def teleportation(*, theta: float = 1.0, phi: float = 0.5, feed_forward: bool = False) -> QuantumCircuit:
    """Teleportation of RZ(phi) RY(theta)|0> from qubit 0 to qubit 2 (Bennett et al., Phys. Rev. Lett. 70, 1895, 1993).

    With `feed_forward` qubits 0 and 1 are measured mid-circuit and the outcomes correct qubit 2; by default the correction is
    made by CX and CZ and everything is measured at the end, which a device without mid-circuit measurement can do (principle
    of deferred measurement). Ideally the same outcomes: bits 0 and 1 are fair coins, and bit 2, the leftmost, is 1 with
    probability sin^2(theta/2) = 0.230, for any value of these. UsageError: angles that are not finite.
    """
    if not (isfinite(theta) and isfinite(phi)):
        raise UsageError(f"circuit 'teleportation': theta and phi must be finite numbers, not {theta} and {phi}.")
    circuit = QuantumCircuit(3)
    circuit.ry(theta, 0)
    circuit.rz(phi, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    if not feed_forward:
        circuit.cx(1, 2)
        circuit.cz(0, 2)
        return measured(circuit, "teleportation")
    bits = ClassicalRegister(3, "c")
    circuit.add_register(bits)
    circuit.name = "teleportation"
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((bits[1], True)):
        circuit.x(2)
    with circuit.if_test((bits[0], True)):
        circuit.z(2)
    circuit.measure(2, 2)
    return circuit
