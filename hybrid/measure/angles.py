"""One angle per parametrised gate, as parameter shift, adjoint gradients and batched binding need it.

A circuit's parameters x (p,) may occur several times or inside expressions. Every occurrence becomes an angle theta_j of one
rotation exp(-i theta_j G/2) whose generator has two eigenvalues one apart, so that dE/dtheta_j is exact by the two-term shift
rule (Mitarai et al., PRA 98, 032309, 2018, eq. 6), and dE/dx_i = sum_j (dtheta_j/dx_i) dE/dtheta_j (chain rule).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from qiskit.circuit import Parameter, ParameterExpression, ParameterVector, QuantumCircuit
from qiskit.circuit.exceptions import CircuitError
from qiskit.circuit.library import PhaseGate, RYGate, U3Gate, UGate

from hybrid.base.errors import UsageError
from hybrid.base.gates import ROTATIONS
from hybrid.base.types import Angles, Points


class AngleMap(NamedTuple):
    """theta(x): offset + sum_t slope_t x[column_t], and the rows that are other expressions, each with its derivatives.

    t counts up to the largest number of parameters in one angle, which is one or two: a matrix (m, p) would be nearly empty.
    """

    parameters: tuple[Parameter, ...]
    column: Int[np.ndarray, "t m"]
    slope: Float[np.ndarray, "t m"]
    offset: Float[np.ndarray, " m"]
    curved: tuple[tuple[int, ParameterExpression, tuple[tuple[int, Any], ...]], ...]

    def __call__(self, points: Points) -> Angles:
        """Angles (k, m) of points (k, p)."""
        angles = np.broadcast_to(self.offset, (len(points), len(self.offset))).copy()
        for column, slope in zip(self.column, self.slope, strict=True):
            angles += slope * points[:, column]
        for row, expression, _ in self.curved:
            angles[:, row] = [self._evaluate(expression, x) for x in points]
        return angles

    def jacobian(self, x: Float[np.ndarray, " p"]) -> Float[np.ndarray, "m p"]:
        """dtheta/dx at x, (m, p)."""
        jacobian = np.zeros((len(self.offset), len(self.parameters)))
        for column, slope in zip(self.column, self.slope, strict=True):
            jacobian[np.arange(len(slope)), column] += slope
        for row, _, slopes in self.curved:
            for column, derivative in slopes:
                jacobian[row, column] = self._evaluate(derivative, x)
        return jacobian

    def _evaluate(self, expression: Any, x: Float[np.ndarray, " p"]) -> float:
        if not isinstance(expression, ParameterExpression):
            return float(expression)
        known = {p: float(v) for p, v in zip(self.parameters, x, strict=True) if p in expression.parameters}
        try:
            return float(expression.bind(known))
        except (TypeError, ValueError, ZeroDivisionError, OverflowError):
            where = ", ".join(f"{p.name} = {v:g}" for p, v in known.items())
            raise UsageError(f"angle '{expression}' is not a real number at {where}.") from None


def split(circuit: QuantumCircuit, parameters: Sequence[Parameter]) -> tuple[QuantumCircuit, AngleMap]:
    """The circuit with one fresh angle per parametrised rotation, and the map from points over `parameters` to those angles.

    Gates of several angles or with other spectra are decomposed until only rotations have parameters. UsageError names a gate
    that cannot be decomposed.
    """
    flat: list[tuple[Any, list[int]]] = []
    for instruction in circuit.data:
        _flatten(instruction.operation, [circuit.find_bit(bit).index for bit in instruction.qubits], flat)
    expressions = [gate.params[0] for gate, _ in flat if _parametrised(gate)]
    fresh = iter(ParameterVector("angle", len(expressions)))
    result = QuantumCircuit(circuit.num_qubits)
    for gate, qubits in flat:
        if _parametrised(gate):
            gate = gate.to_mutable()
            gate.params = [next(fresh)]
        result.append(gate, qubits, copy=False)
    return result, _angle_map(tuple(parameters), expressions)


def _parametrised(gate: Any) -> bool:
    return any(isinstance(value, ParameterExpression) and value.parameters for value in gate.params)


def _flatten(gate: Any, qubits: list[int], out: list[tuple[Any, list[int]]]) -> None:
    if not _parametrised(gate) or gate.base_class in ROTATIONS:
        out.append((gate, qubits))
        return
    if gate.base_class in (UGate, U3Gate):  # U(theta, phi, lambda) = P(phi) RY(theta) P(lambda)
        theta, phi, lam = gate.params
        out += [(PhaseGate(lam), qubits), (RYGate(theta), qubits), (PhaseGate(phi), qubits)]
        return
    try:
        inside = gate.definition
    except CircuitError:
        inside = None
    if inside is None:
        raise UsageError(f"gate '{gate.name}' carries a parameter and cannot be decomposed into rotations.")
    for inner in inside.data:
        _flatten(inner.operation, [qubits[inside.find_bit(bit).index] for bit in inner.qubits], out)


def _angle_map(parameters: tuple[Parameter, ...], expressions: list[ParameterExpression]) -> AngleMap:
    place = {parameter: i for i, parameter in enumerate(parameters)}
    most = max((len(expression.parameters) for expression in expressions), default=0)
    column, slope = np.zeros((most, len(expressions)), dtype=int), np.zeros((most, len(expressions)))
    offset, curved = np.zeros(len(expressions)), []
    for row, expression in enumerate(expressions):
        slopes = _slopes(expression, place)
        if any(isinstance(value, ParameterExpression) and value.parameters for _, value in slopes):
            curved.append((row, expression, slopes))
            continue
        for term, (i, value) in enumerate(slopes):
            column[term, row], slope[term, row] = i, float(value)
        offset[row] = float(expression.bind(dict.fromkeys(expression.parameters, 0.0)))
    return AngleMap(parameters, column, slope, offset, tuple(curved))


def _slopes(expression: ParameterExpression, place: dict[Parameter, int]) -> tuple[tuple[int, Any], ...]:
    """Column and derivative for every parameter of an expression; UsageError where there is no derivative."""
    try:
        return tuple((place[p], expression.gradient(p)) for p in sorted(expression.parameters, key=place.__getitem__))
    except RuntimeError:
        raise UsageError(f"angle '{expression}' has no derivative; give gates smooth functions of the parameters.") from None
