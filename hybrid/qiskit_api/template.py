"""Circuits that differ in the angles of their rotations alone are compiled once, for angles given later."""

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, Delay, Measure, ParameterVector
from qiskit.circuit.library import CZGate, RXGate, RXXGate, RZGate, RZZGate, SXGate

ROTATIONS = (RZGate, RXGate, RZZGate, RXXGate)
FIXED = (SXGate, CZGate, Barrier, Delay, Measure)


class Template(NamedTuple):
    """What circuits of one `key` have in common, and this one's `angles` (1, p) in radians."""

    key: Hashable
    angles: Float[np.ndarray, "1 p"]
    circuit: QuantumCircuit

    def parametrised(self) -> QuantumCircuit:
        """The circuit with a parameter for each angle."""
        if not self.angles.size:
            return self.circuit
        parameters, result = iter(ParameterVector("angle", self.angles.size)), self.circuit.copy_empty_like()
        for item in self.circuit.data:
            operation: Any = item.operation
            if operation.base_class in ROTATIONS:
                operation = operation.base_class(next(parameters))
            result.append(operation, item.qubits, item.clbits, copy=False)
        return result


def template(circuit: QuantumCircuit) -> Template:
    """The template of a circuit in native gates; one with any other operation is like no other."""
    place = {bit: i for bits in (circuit.qubits, circuit.clbits) for i, bit in enumerate(bits)}
    shape, angles = [], []
    for item in circuit.data:
        operation: Any = item.operation
        kind = operation.base_class
        if kind in ROTATIONS:
            angles.append(float(operation.params[0]))
        elif kind not in FIXED:
            return Template(id(circuit), np.zeros((1, 0)), circuit)
        fixed = (operation.duration, operation.unit) if kind is Delay else ()
        shape.append((kind, *fixed, *(place[bit] for bit in (*item.qubits, *item.clbits))))
    registers = tuple((register.name, *(place[bit] for bit in register)) for register in circuit.cregs)
    return Template((circuit.num_qubits, circuit.num_clbits, registers, tuple(shape)), np.array([angles]), circuit)
