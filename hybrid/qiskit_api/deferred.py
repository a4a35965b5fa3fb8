"""Resets in mid-circuit as fresh qubits: what is expected of the others is the same (Nielsen and Chuang, section 4.4)."""

from qiskit import QuantumCircuit
from qiskit.circuit import Qubit
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.types import Expectation
from hybrid.compilation.inlined import inlined


def without_resets(circuit: QuantumCircuit, observable: SparsePauliOp) -> Expectation:
    """The expectation value in a circuit of gates alone: a qubit that is reset goes on as a new one, which starts in |0>.

    A circuit of no qubits gets one that nothing acts on.
    """
    flat = inlined(circuit)
    resets = sum(item.operation.name == "reset" for item in flat.data)
    if circuit.num_qubits and not resets:
        return Expectation(circuit, observable)
    result = QuantumCircuit(global_phase=flat.global_phase)
    result.add_bits([Qubit() for _ in range(max(1, flat.num_qubits + resets))])
    result.add_bits(flat.clbits)
    fresh, now = iter(result.qubits[flat.num_qubits :]), dict(zip(flat.qubits, result.qubits, strict=False))
    for item in flat.data:
        if item.operation.name == "reset":
            now[item.qubits[0]] = next(fresh)
        else:
            result.append(item.operation, [now[qubit] for qubit in item.qubits], item.clbits, copy=False)
    places = [result.find_bit(now[qubit]).index for qubit in flat.qubits]
    return Expectation(result, observable.apply_layout(places, num_qubits=result.num_qubits))
