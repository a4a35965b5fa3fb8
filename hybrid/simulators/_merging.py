"""Noisy circuits with as few operations as possible: a simulator that goes from one to the next pays for each of them.

Every rz between two pulses moves through what commutes with it (diagonal gates, depolarising, relaxation) into the next pulse,
RZ(a) before U(theta, phi, lambda) being U(theta, phi, lambda + a); before the readout it does nothing. Channels that then stand
side by side on a qubit become one.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from qiskit.circuit import Parameter
from qiskit.circuit.library import RZGate, UGate

from hybrid.base.types import Angles, Channel, Operation, Setting
from hybrid.device.channels import qubits_of

TURNS_OF = {"sx": (np.pi / 2, -np.pi / 2, np.pi / 2), "rx": (None, -np.pi / 2, np.pi / 2)}
"""Theta (None: the gate's own), phi and lambda of the pulses that are not written as U."""
DIAGONAL = ("cz", "rzz")


class _Turn(NamedTuple):
    """A sum of angles: a number, and columns of the task's angles."""

    number: float
    columns: tuple[int, ...]

    def plus(self, other: "_Turn") -> "_Turn":
        return _Turn(self.number + other.number, self.columns + other.columns)


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
    pending: dict[int, _Turn] = {}
    sums: dict[Parameter, _Turn] = {}
    steps: list[Operation | tuple[Channel, ...]] = []
    last: dict[int, int] = {}  # qubit -> the step that acted on it last

    def turn(value: Any) -> _Turn:
        return _Turn(0.0, (column[value],)) if isinstance(value, Parameter) else _Turn(float(value), ())

    def bound(total: _Turn) -> Any:
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
            before = steps[last[qubits[0]]] if qubits[0] in last else None
            if (
                len(qubits) == 1
                and isinstance(before, tuple)
                and not isinstance(before, Operation)
                and len(qubits_of(before[0])) == 1
            ):
                steps[last[qubits[0]]] = (*before, step)
            else:
                append((step,), qubits)
            continue
        gate = step.gate
        if gate.name == "rz":
            pending[qubits[0]] = pending.get(qubits[0], _Turn(0.0, ())).plus(turn(gate.params[0]))
        elif gate.name == "u" or gate.name in TURNS_OF:
            theta, phi, lam = gate.params if gate.name == "u" else TURNS_OF[gate.name]
            theta = gate.params[0] if theta is None else theta
            total = turn(lam).plus(pending.pop(qubits[0], _Turn(0.0, ())))
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
    """A gate that stays as it is, its angle among the new ones."""
    gate = step.gate.to_mutable()
    gate.params = [bound(turn(value)) if isinstance(value, Parameter) else value for value in gate.params]
    return Operation(gate, step.qubits)
