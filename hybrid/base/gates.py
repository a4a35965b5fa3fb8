"""Gates of Qiskit that several rooms name."""

from qiskit.circuit.library import PhaseGate, RXGate, RXXGate, RYGate, RYYGate, RZGate, RZXGate, RZZGate, U1Gate

ROTATIONS = (RXGate, RYGate, RZGate, PhaseGate, U1Gate, RXXGate, RYYGate, RZZGate, RZXGate)
"""Gates of one angle with generator eigenvalues one apart."""
