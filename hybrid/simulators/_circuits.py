"""Settings as Qiskit circuits; noisy ones with as few operations as possible, since a simulator's time grows with them.

Every rz between two pulses moves through what commutes with it (diagonal gates, depolarising, relaxation) into the next pulse:
RZ(a) before U(theta, phi, lambda) is U(theta, phi, lambda + a). Before the readout it has no effect. Channels that are then
neighbours on a qubit become one.
"""

from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Instruction, Parameter, ParameterExpression
from qiskit.circuit.library import RZGate, UGate
from qiskit.quantum_info import Operator, SuperOp

from hybrid.base.types import Angles, Channel, Operation, Setting
from hybrid.device.channels import kraus, qubits_of, superoperator

TURNS_OF = {"sx": (np.pi / 2, -np.pi / 2, np.pi / 2), "rx": (None, -np.pi / 2, np.pi / 2)}
"""Theta (None: the gate's own), phi and lambda of the pulses that are not written as U."""
DIAGONAL = ("cz", "rzz")


def gate_circuit(setting: Setting, n_bits: int = 0) -> QuantumCircuit:
    """The gates of a setting without channels, and `n_bits` classical bits."""
    circuit = QuantumCircuit(setting.n_qubits, n_bits)
    for step in setting.steps:
        assert isinstance(step, Operation)
        circuit.append(step.gate, step.qubits)
    return circuit


class _AngleSum(NamedTuple):
    """A sum of angles: a number, and columns of the task's angles."""

    number: float
    columns: tuple[int, ...]

    def plus(self, other: "_AngleSum") -> "_AngleSum":
        return _AngleSum(self.number + other.number, self.columns + other.columns)


class Merged(NamedTuple):
    """Steps with channels that follow one another as one tuple, and angles that are sums: `number + angles @ matrix`."""

    steps: tuple[Operation | tuple[Channel, ...], ...]
    parameters: tuple[Parameter, ...]
    matrix: Float[np.ndarray, "m a"]
    number: Float[np.ndarray, " a"]

    def angles(self, angles: Angles) -> Float[np.ndarray, "k a"]:
        """The angles of the merged circuit."""
        return self.number + angles @ self.matrix


def merged(setting: Setting, parameters: list[Any]) -> Merged:
    """The setting with its rz absorbed and its channels joined."""
    column = {parameter: i for i, parameter in enumerate(parameters)}
    pending: dict[int, _AngleSum] = {}
    sums: dict[Parameter, _AngleSum] = {}
    steps: list[Operation | tuple[Channel, ...]] = []
    last: dict[int, int] = {}  # qubit -> number of the last step on it

    def turn(value: Any) -> _AngleSum:
        return _AngleSum(0.0, (column[value],)) if isinstance(value, Parameter) else _AngleSum(float(value), ())

    def bound(total: _AngleSum) -> Any:
        if not total.columns:
            return total.number
        parameter = Parameter(f"turn_{len(sums)}")
        sums[parameter] = total
        return parameter

    def append(step: Operation | tuple[Channel, ...], qubits: tuple[int, ...]) -> None:
        last.update(dict.fromkeys(qubits, len(steps)))
        steps.append(step)

    for step in setting.steps:
        qubits = qubits_of(step)
        if not isinstance(step, Operation):
            before = steps[last[qubits[0]]] if qubits[0] in last else ()
            if not isinstance(before, Operation) and len(qubits) == 1 and before and len(qubits_of(before[0])) == 1:
                steps[last[qubits[0]]] = (*before, step)
            else:
                append((step,), qubits)
            continue
        gate = step.gate
        if gate.name == "rz":
            pending[qubits[0]] = pending.get(qubits[0], _AngleSum(0.0, ())).plus(turn(gate.params[0]))
        elif gate.name == "u" or gate.name in TURNS_OF:
            theta, phi, lam = gate.params if gate.name == "u" else TURNS_OF[gate.name]
            theta = gate.params[0] if theta is None else theta
            total = turn(lam).plus(pending.pop(qubits[0], _AngleSum(0.0, ())))
            append(Operation(UGate(bound(turn(theta)), bound(turn(phi)), bound(total)), qubits), qubits)
        else:
            for qubit in qubits if gate.name not in DIAGONAL else ():
                if qubit in pending:
                    append(Operation(RZGate(bound(pending.pop(qubit))), (qubit,)), (qubit,))
            append(_with_turn(step, bound, turn), qubits)
    matrix = np.zeros((len(parameters), len(sums)))
    for i, total in enumerate(sums.values()):
        np.add.at(matrix[:, i], list(total.columns), 1.0)
    return Merged(tuple(steps), tuple(sums), matrix, np.array([total.number for total in sums.values()]))


def _with_turn(step: Operation, bound: Any, turn: Any) -> Operation:
    """The gate with its angle replaced by a parameter of the merged circuit."""
    gate = step.gate.to_mutable()
    gate.params = [bound(turn(value)) if isinstance(value, Parameter) else value for value in gate.params]
    return Operation(gate, step.qubits)


def density_circuit(n_qubits: int, merged: Merged) -> QuantumCircuit:
    """Everything between two parametrised gates joined into one superoperator per qubit or pair of qubits.

    Aer applies a `superop` of fixed entries as one sweep over the state, so noise costs little more than the pulses alone.
    """
    circuit = QuantumCircuit(n_qubits)
    block_of: dict[int, tuple[tuple[int, ...], SuperOp]] = {}

    def flush(qubits: tuple[int, ...]) -> None:
        for qubit in qubits:
            if qubit in block_of:
                members, channel = block_of[qubit]
                circuit.append(Instruction("superop", len(members), 0, [channel.data]), members)
                for member in members:
                    del block_of[member]

    for step in merged.steps:
        qubits = step.qubits if isinstance(step, Operation) else qubits_of(step[0])
        if isinstance(step, Operation) and (len(qubits) > 2 or _has_angle(step.gate)):
            flush(qubits)
            circuit.append(step.gate, qubits)
            continue
        members, channel = next((block_of[q] for q in qubits if q in block_of), (qubits, SuperOp(np.eye(4 ** len(qubits)))))
        if not set(qubits) <= set(members):
            if any(len(block_of[q][0]) > 1 for q in qubits if q in block_of):
                flush(qubits)
            members, channel = qubits, SuperOp(np.eye(4 ** len(qubits)))
            for qubit in qubits:
                if qubit in block_of:
                    channel = channel.compose(block_of[qubit][1], qargs=[qubits.index(qubit)])
        channel = channel.compose(_superop(step), qargs=[members.index(q) for q in qubits])
        block_of |= dict.fromkeys(members, (members, channel))
    flush(tuple(range(n_qubits)))
    return circuit


def _superop(step: Operation | tuple[Channel, ...]) -> SuperOp:
    if isinstance(step, Operation):
        return SuperOp(Operator(step.gate))
    return reduce(SuperOp.compose, [SuperOp(superoperator(kraus(channel))) for channel in step])


def _has_angle(gate: Gate) -> bool:
    return any(isinstance(value, ParameterExpression) and value.parameters for value in gate.params)
