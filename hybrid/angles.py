"""One angle per parametrised gate: what parameter shift, adjoint gradients and batched binding all need.

A circuit's parameters x (p,) may occur several times or inside expressions. Every occurrence becomes an angle theta_j of one
rotation exp(-i theta_j G/2) whose generator has two eigenvalues one apart, so that dE/dtheta_j is exact by the two-term shift
rule (Mitarai et al., PRA 98, 032309, 2018, eq. 6), and dE/dx_i = sum_j (dtheta_j/dx_i) dE/dtheta_j (chain rule).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from qiskit.circuit import Gate, Parameter, ParameterExpression, ParameterVector, QuantumCircuit
from qiskit.circuit.library import PhaseGate, RYGate

from hybrid.errors import UsageError
from hybrid.types import Angles, Points

ROTATIONS = {"rx": 1, "ry": 1, "rz": 1, "p": 1, "u1": 1, "rxx": 2, "ryy": 2, "rzz": 2, "rzx": 2}
"""Gates of one angle with generator eigenvalues one apart -> their width."""


class AngleMap(NamedTuple):
    """theta(x): an affine map (m, p), (m,), and the rows that are other expressions, each with its derivatives."""

    parameters: tuple[Parameter, ...]
    slope: Float[np.ndarray, "m p"]
    offset: Float[np.ndarray, " m"]
    curved: tuple[tuple[int, ParameterExpression, tuple[tuple[int, Any], ...]], ...]

    def __call__(self, points: Points) -> Angles:
        """Angles (k, m) of points (k, p)."""
        angles = points @ self.slope.T + self.offset
        for row, expression, _ in self.curved:
            angles[:, row] = [self._evaluate(expression, x) for x in points]
        return angles

    def jacobian(self, x: Float[np.ndarray, " p"]) -> Float[np.ndarray, "m p"]:
        """dtheta/dx at x, (m, p)."""
        jacobian = self.slope.copy()
        for row, _, slopes in self.curved:
            for column, derivative in slopes:
                jacobian[row, column] = self._evaluate(derivative, x)
        return jacobian

    def _evaluate(self, expression: Any, x: Float[np.ndarray, " p"]) -> float:
        if not isinstance(expression, ParameterExpression):
            return float(expression)
        known = {p: float(v) for p, v in zip(self.parameters, x, strict=True) if p in expression.parameters}
        return float(expression.bind(known))


def split(circuit: QuantumCircuit, parameters: Sequence[Parameter]) -> tuple[QuantumCircuit, AngleMap]:
    """The circuit with one fresh angle per parametrised rotation, and the map from points over `parameters` to those angles.

    Gates of several angles or with other spectra are decomposed until only rotations carry parameters. UsageError names a
    gate that cannot be.
    """
    flat: list[tuple[Gate, list[Any]]] = []
    for instruction in circuit.data:
        if instruction.operation.name == "barrier":
            continue
        _flatten(instruction.operation, list(instruction.qubits), flat)
    expressions = [gate.params[0] for gate, _ in flat if _parametrised(gate)]
    angles = ParameterVector("angle", len(expressions))
    result = QuantumCircuit(*circuit.qregs) if circuit.qregs else QuantumCircuit(circuit.qubits)
    fresh = iter(angles)
    for gate, qubits in flat:
        if _parametrised(gate):
            gate = gate.to_mutable()
            gate.params = [next(fresh)]
        result.append(gate, qubits, copy=False)
    return result, _angle_map(tuple(parameters), expressions)


def _parametrised(gate: Any) -> bool:
    return any(isinstance(value, ParameterExpression) and value.parameters for value in gate.params)


def _flatten(gate: Any, qubits: list[Any], out: list[tuple[Gate, list[Any]]]) -> None:
    if not _parametrised(gate) or gate.name in ROTATIONS:
        out.append((gate, qubits))
        return
    if gate.name in ("u", "u3"):  # U(theta, phi, lambda) = P(phi) RY(theta) P(lambda)
        theta, phi, lam = gate.params
        out += [(PhaseGate(lam), qubits), (RYGate(theta), qubits), (PhaseGate(phi), qubits)]
        return
    if getattr(gate, "definition", None) is None:
        raise UsageError(f"gate '{gate.name}' carries a parameter and cannot be decomposed into rotations.")
    for inner in gate.definition.data:
        _flatten(inner.operation, [qubits[gate.definition.find_bit(bit).index] for bit in inner.qubits], out)


def _angle_map(parameters: tuple[Parameter, ...], expressions: list[ParameterExpression]) -> AngleMap:
    column = {parameter: i for i, parameter in enumerate(parameters)}
    slope, offset = np.zeros((len(expressions), len(parameters))), np.zeros(len(expressions))
    curved = []
    for row, expression in enumerate(expressions):
        slopes = tuple((column[p], expression.gradient(p)) for p in expression.parameters)
        if any(isinstance(value, ParameterExpression) and value.parameters for _, value in slopes):
            curved.append((row, expression, slopes))
            continue
        for i, value in slopes:
            slope[row, i] = float(value)
        offset[row] = float(expression.bind(dict.fromkeys(expression.parameters, 0.0)))
    return AngleMap(parameters, slope, offset, tuple(curved))
