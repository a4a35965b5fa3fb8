"""Qiskit gates that several rooms treat alike: rotations, and the standard set."""

from qiskit.circuit.library import (
    PhaseGate,
    RXGate,
    RXXGate,
    RYGate,
    RYYGate,
    RZGate,
    RZXGate,
    RZZGate,
    U1Gate,
    get_standard_gate_name_mapping,
)

ROTATIONS = (RXGate, RYGate, RZGate, PhaseGate, U1Gate, RXXGate, RYYGate, RZZGate, RZXGate)
"""Gates exp(-i theta G/2) up to a phase, G with eigenvalues +1 and -1: the two-term parameter-shift rule holds for them."""
STANDARD = frozenset(operation.base_class for operation in get_standard_gate_name_mapping().values())
"""Operations that transpilers and simulators know by their names; a gate's matrix follows from its class and parameters."""
