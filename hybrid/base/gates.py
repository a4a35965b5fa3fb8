"""Qiskit gates that the parameter-shift rule and the exact engine treat alike."""

from qiskit.circuit.library import PhaseGate, RXGate, RXXGate, RYGate, RYYGate, RZGate, RZXGate, RZZGate, U1Gate

ROTATIONS = (RXGate, RYGate, RZGate, PhaseGate, U1Gate, RXXGate, RYYGate, RZZGate, RZXGate)
"""Gates exp(-i theta G/2) up to a phase, G with eigenvalues +1 and -1: the two-term parameter-shift rule holds for them."""
