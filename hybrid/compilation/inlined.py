"""What users put together taken apart: appended circuits, initialisations, Clifford operators and annotated operations."""

from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, Delay, Instruction
from qiskit.circuit.library import UnitaryGate

from hybrid.base.gates import STANDARD

KEPT = STANDARD | {UnitaryGate, Barrier, Delay}
"""Operations that are not replaced by their definitions."""


def inlined(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit with what is outside Qiskit's standard set replaced by its definition, with resets and measurements.

    Transpilers and simulators know a gate by its name; a circuit appended to another is an instruction with a definition. A
    reset of a qubit before its first gate is left out, since it only initialises it.
    """
    flat = taken_apart(circuit)
    if not any(item.operation.name == "reset" for item in flat.data):
        return flat
    result, touched = flat.copy_empty_like(), set()
    for item in flat.data:
        if item.operation.name == "reset" and not touched & set(item.qubits):
            continue
        result.append(item.operation, item.qubits, item.clbits, copy=False)
        if item.operation.name != "barrier":
            touched |= set(item.qubits)
    return result


def taken_apart(circuit: QuantumCircuit) -> QuantumCircuit:
    """As `inlined`, with every reset."""
    if all(_definition(item.operation) is None for item in circuit.data):
        return circuit
    result = circuit.copy_empty_like()
    for item in circuit.data:
        inside = _definition(item.operation)
        if inside is None:
            result.append(item.operation, item.qubits, item.clbits, copy=False)
        else:
            result.compose(taken_apart(inside), item.qubits, item.clbits, inplace=True, copy=False)
    return result


def _definition(operation: Any) -> QuantumCircuit | None:
    """What the operation is made of; None where it is kept."""
    if isinstance(operation, Instruction):
        return None if operation.base_class in KEPT else operation.definition
    from qiskit.transpiler.passes import HighLevelSynthesis  # it loads scipy.stats, which few circuits need

    alone = QuantumCircuit(operation.num_qubits, operation.num_clbits)
    alone.append(operation, alone.qubits, alone.clbits)
    return HighLevelSynthesis()(alone)
