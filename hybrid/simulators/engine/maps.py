"""One element as a matrix: qubits prepared and read, gates, rotations and channels (equations 1 to 4 and 10)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, reduce
from itertools import takewhile
from math import exp, pi
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float, Inexact
from qiskit.circuit import ControlledGate, Gate, Parameter, ParameterExpression
from qiskit.circuit.library import PhaseGate, RYGate, RZGate, U1Gate, UGate
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Operator

from hybrid.base.errors import UsageError
from hybrid.base.gates import ROTATIONS, STANDARD
from hybrid.base.types import BitFlip, Channel, Depolarizing, NodeAxes, Operation, Relaxation, Setting
from hybrid.device.channels import PAULIS, kraus, qubits_of

INVOLUTIONS = {gate: RZGate if gate in (PhaseGate, U1Gate) else gate for gate in ROTATIONS}
"""Gate -> exp(-i theta G/2) with G^2 = 1 that equals it up to a global phase, which changes no probability."""
PURE, PAULI = 2, 4
"""d, the length of one qubit's axis: amplitudes of a pure state, or Pauli coefficients."""
STRINGS = PAULIS[[0, 3, 1, 2]]
"""I, Z, X, Y: a classical qubit needs the first two only (equation 4)."""


class Prepare(NamedTuple):
    """A qubit enters in |0>."""


class QubitRead(NamedTuple):
    """A qubit leaves as the probabilities of its two outcomes."""


class Rotation(NamedTuple):
    """A gate of `INVOLUTIONS` whose angle is number `angle` of the task."""

    gate: type[Gate]
    angle: int


class NodeGate(NamedTuple):
    """A gate that differs between the nodes of a qubit's detuning."""

    gates: tuple[Gate, ...]


class Element(NamedTuple):
    """One element of the circuit on `qubits`; `step` is its place in the setting, -1 for preparing and reading.

    A gate is `diagonal` on qubits that it leaves in |0> or |1>; on these it commutes with all others that are diagonal there.
    """

    qubits: tuple[int, ...]
    what: Prepare | QubitRead | Rotation | Gate | NodeGate | Channel
    step: int = -1
    diagonal: frozenset[int] = frozenset()

    @property
    def moved(self) -> frozenset[int]:
        """The qubits that it may bring into a superposition, or out of one; no channel does."""
        return frozenset(self.qubits) - self.diagonal if isinstance(self.what, Rotation | Gate | NodeGate) else frozenset()


def elements(setting: Setting, angles: Mapping[Parameter, int], d: int) -> list[Element]:
    """The setting from preparation to reading, every parametrised gate as rotations.

    UsageError names a step that is no unitary gate or channel, and a gate whose parameters are not the task's angles.
    """
    (found,) = elements_of_all([setting], angles, d)
    return found


def elements_of_all(
    settings: Sequence[Setting], angles: Mapping[Parameter, int], d: int, axes: NodeAxes | None = None
) -> list[list[Element]]:
    """`elements` of several settings; first steps that are the same objects are the same elements."""
    n, shared = settings[0].n_qubits, alike(settings)
    prepared = [Element((qubit,), Prepare()) for qubit in range(n)]
    read = [Element((qubit,), QubitRead()) for qubit in range(n) if d == PAULI]
    beginning = prepared + _of_steps(settings[0].steps[:shared], 0, angles, axes)
    return [[*beginning, *_of_steps(setting.steps[shared:], shared, angles, axes), *read] for setting in settings]


def alike(settings: Sequence[Setting]) -> int:
    """Number of first steps that are the same objects in all settings."""
    together = zip(*(setting.steps for setting in settings), strict=False)
    return sum(1 for _ in takewhile(lambda at: all(step is at[0] for step in at), together))


def _of_steps(steps: Sequence[Any], first: int, angles: Mapping[Parameter, int], axes: NodeAxes | None) -> list[Element]:
    result: list[Element] = []
    for place, step in enumerate(steps, first):
        if isinstance(step, Operation):
            of_nodes = None if axes is None else _at_nodes(step.gate, axes)
            factors = _rotations(step.gate, angles) if of_nodes is None else [of_nodes]
            result += [Element(step.qubits, what, place, diagonal_on(what, step.qubits)) for what in factors]
        else:
            result.append(Element(qubits_of(step), step, place))
    return result


def _at_nodes(gate: Any, axes: NodeAxes) -> Gate | NodeGate | None:
    """A gate whose angles are those of nodes; None for any other."""
    columns = [axes.angles[value][1] for value in gate.params if isinstance(value, Parameter) and value in axes.angles]
    if not columns:
        return None
    gates = tuple(gate.base_class(*map(float, row)) for row in np.stack(columns, axis=1))
    return gates[0] if len(gates) == 1 else NodeGate(gates)


def _rotations(gate: Any, angles: Mapping[Parameter, int]) -> Sequence[Rotation | Gate]:
    """The gate itself, or the rotations it consists of: U(theta, phi, lambda) = RZ(phi) RY(theta) RZ(lambda) up to a phase."""
    if not isinstance(gate, Gate):
        raise UsageError(f"exact: '{gate.name}' is not a unitary gate; the exact engine takes gates and error channels only.")
    if not any(isinstance(value, ParameterExpression) and value.parameters for value in gate.params):
        return [gate]
    kinds = [RYGate, RZGate, RZGate] if gate.base_class is UGate else [INVOLUTIONS.get(gate.base_class)]
    rotations: list[Rotation | Gate] = []
    for kind, value in zip(kinds, gate.params, strict=False):
        if kind is None or (isinstance(value, ParameterExpression) and value.parameters and value not in angles):
            raise UsageError(f"exact: gate '{gate.name}' carries '{value}'; only rotations and U by one of the task's angles.")
        rotations.append(Rotation(kind, angles[value]) if value in angles else kind(float(value)))
    return rotations if len(rotations) == 1 else [rotations[2], rotations[0], rotations[1]]


def diagonal_on(what: Rotation | Gate | NodeGate, qubits: Sequence[int]) -> frozenset[int]:
    """The qubits between whose |0> and |1> the gate has no entry."""
    if isinstance(what, NodeGate):
        return frozenset.intersection(*(diagonal_on(gate, qubits) for gate in what.gates))
    key = (what.gate, (1.0,)) if isinstance(what, Rotation) else _standard_key(what)
    moved = _moved_bits(_unitary(what)) if key is None else _standard_moved_bits(*key)
    return frozenset(q for place, q in enumerate(qubits) if not (moved >> place) & 1)


def _moved_bits(unitary: Complex[np.ndarray, "D D"]) -> int:
    """The bits in which row and column of any entry differ."""
    rows, columns = np.nonzero(unitary)
    return int(np.bitwise_or.reduce(rows ^ columns))


def matrix(what: Any, d: int) -> Inexact[np.ndarray, "D D"]:
    """Any element but a rotation as a square matrix, the first qubit lowest (equations 2 and 4); UsageError for no matrix."""
    match what:
        case Prepare():  # equation 4: only column 0 is used
            return np.diag([1.0 + 0j, 0]) if d == PURE else np.outer([1.0, 1, 0, 0], [1.0, 0, 0, 0])
        case QubitRead():  # equation 4: only rows 0 and 1 are used
            return np.array([[1, 1, 0, 0], [1, -1, 0, 0], [0] * 4, [0] * 4]) / 2
        case Gate():
            key = _standard_key(what)
            return transfer(_unitary(what)[None], d) if key is None else _standard(*key, d)
        case _:
            return _channel(what)


def _unitary(gate: Gate) -> Complex[np.ndarray, "D D"]:
    try:
        return Operator(gate).data
    except QiskitError as error:
        raise UsageError(f"exact: gate '{gate.name}' has no matrix: {error.message}") from None


def _standard_key(gate: Gate) -> tuple[type[Gate], tuple[float, ...]] | None:
    """What tells a standard gate from all others."""
    usual = not isinstance(gate, ControlledGate) or gate.ctrl_state == 2**gate.num_ctrl_qubits - 1
    return (gate.base_class, tuple(map(float, gate.params))) if usual and gate.base_class in STANDARD else None


@lru_cache(maxsize=4096)
def _standard(gate: type[Gate], params: tuple[float, ...], d: int) -> Inexact[np.ndarray, "D D"]:
    return transfer(_unitary(gate(*params))[None], d)


@lru_cache(maxsize=4096)
def _standard_moved_bits(gate: type[Gate], params: tuple[float, ...]) -> int:
    return _moved_bits(_unitary(gate(*params)))


@lru_cache(maxsize=4096)
def _channel(channel: Channel) -> Float[np.ndarray, "D D"]:
    return transfer(kraus(channel), PAULI)


@lru_cache(maxsize=64)
def harmonics(gate: type[Gate], d: int) -> Inexact[np.ndarray, "3 D D"]:
    """E0, E1, E2 of equation 3, solved from the rotation by 0, pi/2 and pi."""
    start, quarter, half = (transfer(Operator(gate(angle)).data[None], d) for angle in (0.0, pi / 2, pi))
    if d == PURE:
        return np.stack([np.zeros_like(start), start, half])
    mean = (start + half) / 2
    return np.stack([mean, (start - half) / 2, quarter - mean])


def transfer(operators: Complex[np.ndarray, "r D D"], d: int) -> Inexact[np.ndarray, "T T"]:
    """Equation 2: the one unitary itself, or R_PQ = sum_r tr(P K_r Q K_r^dagger) / 2^w of Kraus operators."""
    if d == PURE:
        return operators[0]
    width = operators.shape[-1].bit_length() - 1
    strings = reduce(lambda high, low: np.einsum("aij,bkl->abikjl", high, low).reshape(
        4 * len(high), 2 * high.shape[1], -1), [STRINGS] * (width - 1), STRINGS)  # fmt: skip
    images = sum(k @ strings @ k.conj().T for k in operators)
    return np.einsum("pij,qji->pq", strings, images, optimize=True).real / 2**width


def channel_slopes(channel: Channel) -> dict[str, Float[np.ndarray, "D D"]]:
    """Derivative of the channel's transfer matrix with respect to each of its physical numbers (equation 10)."""
    match channel:
        case Depolarizing(qubits):  # affine in its probability
            return {"probability": _channel(Depolarizing(qubits, 1.0)) - _channel(Depolarizing(qubits, 0.0))}
        case BitFlip(qubit):
            return {"probability": _channel(BitFlip(qubit, 1.0)) - _channel(BitFlip(qubit, 0.0))}
        case Relaxation(_, t, t1, t2):  # Z -> 1 - a + a Z, X -> b X, Y -> b Y
            by_a, by_b = np.zeros((4, 4)), np.diag([0.0, 0, 1, 1])
            by_a[1] = [-1, 1, 0, 0]
            a, b = exp(-t / t1), exp(-t / t2)
            return {"duration_s": -a / t1 * by_a - b / t2 * by_b, "t1_s": a * t / t1**2 * by_a, "t2_s": b * t / t2**2 * by_b}
        case _:
            raise UsageError(f"exact: no derivative of {type(channel).__name__} is known.")


def embed(small: Inexact[np.ndarray, "D D"], qubits: Sequence[int], axes: Sequence[int], d: int) -> Inexact[np.ndarray, "T T"]:
    """The matrix on `qubits` (first lowest) as one on `axes` (first highest), the identity on the others."""
    if len(axes) == 1:
        return small
    rest = [q for q in axes if q not in qubits]
    whole = small[:, None, :, None] * np.eye(d ** len(rest))[:, None]
    place = [[*reversed(qubits), *rest].index(q) for q in axes]
    n = len(axes)
    return whole.reshape((d,) * (2 * n)).transpose(*place, *(n + p for p in place)).reshape(d**n, d**n)
