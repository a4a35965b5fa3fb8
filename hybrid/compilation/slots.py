"""Native circuits whose rotations take their angles from slots: affine functions of the circuit's own angles.

Folded circuits need opposite angles. Random Paulis (see `hybrid.compilation.frames`) change angles only, where every pulse has
a turn about Z before and after it; those that are missing are put in, on devices where they take no time.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterExpression
from qiskit.circuit.library import RZGate

from hybrid.base.gates import ROTATIONS
from hybrid.base.types import Angles


class Slots(NamedTuple):
    """The angles of the slots: offset + slope theta[column], theta the circuit's own."""

    parameters: list[Parameter]
    column: Int[np.ndarray, " a"]
    slope: Float[np.ndarray, " a"]
    offset: Float[np.ndarray, " a"]

    def __call__(self, angles: Angles) -> Float[np.ndarray, "k a"]:
        """Angles of the slots (k, a) at angles (k, m) of the circuit."""
        own = angles[:, self.column] if angles.shape[1] else np.zeros((len(angles), len(self.column)))
        return self.offset + self.slope * own

    def pulled_back(self, slopes: Float[np.ndarray, "k a"], m: int) -> Float[np.ndarray, "k m"]:
        """Slopes by the circuit's angles (k, m) from slopes by the slots (chain rule)."""
        result = np.zeros((len(slopes), m))
        for row, own in zip(result, slopes * self.slope, strict=True):
            np.add.at(row, self.column[self.slope != 0], own[self.slope != 0])
        return result


def slotted(
    circuits: Sequence[QuantumCircuit], angles: Sequence[Parameter], *, frames: bool
) -> tuple[list[QuantumCircuit], Slots]:
    """The circuits with a slot for every angle that depends on `angles`; with `frames` one for every rotation, and one before
    and after every other pulse."""
    writer = _SlotWriter(angles, frames)
    return [writer.rewritten(circuit) for circuit in circuits], writer.slots()


class _SlotWriter:
    """The slots so far, numbered through all circuits."""

    def __init__(self, angles: Sequence[Parameter], frames: bool) -> None:
        self._place = {parameter: i for i, parameter in enumerate(angles)}
        self._frames = frames
        self._parameters: list[Parameter] = []
        self._maps: list[tuple[int, float, float]] = []

    def slots(self) -> Slots:
        column, slope, offset = zip(*self._maps, strict=True) if self._maps else ((), (), ())
        return Slots(self._parameters, np.array(column, dtype=int), np.array(slope, dtype=float), np.array(offset, dtype=float))

    def rewritten(self, circuit: QuantumCircuit) -> QuantumCircuit:
        result = circuit.copy_empty_like()
        index = {bit: i for i, bit in enumerate(circuit.qubits)}
        turned = [True] * circuit.num_qubits  # whether a slot about Z follows the qubit's newest pulse
        fresh = [False] * circuit.num_qubits  # whether nothing came after that slot
        for item in circuit.data:
            operation, qubits = item.operation, [index[bit] for bit in item.qubits]
            rotates = operation.base_class in ROTATIONS
            if self._frames and operation.name != "rz" and operation.name not in ("barrier", "delay"):
                pulse = operation.name not in ("cz", "rzz")
                for q in qubits:
                    if not turned[q] or (pulse and not fresh[q]):
                        result.append(self._slot(RZGate, 0.0), [q], copy=False)
                        turned[q] = True
                    if pulse:
                        turned[q] = False
            if rotates and (self._frames or isinstance(operation.params[0], ParameterExpression)):
                operation = self._slot(operation.base_class, operation.params[0])
            result.append(operation, qubits, copy=False)
            for q in qubits:
                fresh[q] = operation.name == "rz"
                turned[q] = turned[q] or operation.name == "rz"
        return result

    def _slot(self, gate: Any, angle: Any) -> Any:
        """The gate with a new slot for this angle."""
        parameter = Parameter(f"slot_{len(self._parameters)}")
        self._parameters.append(parameter)
        if isinstance(angle, ParameterExpression) and angle.parameters:
            (own,) = angle.parameters
            slope = 1.0 if isinstance(angle, Parameter) else float(angle.gradient(own))
            self._maps.append((self._place[own], slope, float(angle.bind({own: 0.0}))))
        else:
            self._maps.append((0, 0.0, float(angle)))
        return gate(parameter)
