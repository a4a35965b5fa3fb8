"""The dense reference: every amplitude, in NumPy, from the definitions; independent of every simulator that it checks."""

from collections.abc import Iterable, Iterator, Sequence
from typing import final

import numpy as np
from jaxtyping import Complex, Float

from hybrid.bench.job import NOISE, RELAX, Job, Step

MAX_QUBITS, MAX_MIXED_QUBITS, MAX_GRADIENT_QUBITS = 20, 12, 9
"""A state vector of 16 MiB, a density matrix of 64 MiB: seconds per check. Gradients with noise keep one for each angle."""

Matrix = Complex[np.ndarray, "m m"]
State = Complex[np.ndarray, " d"]
Terms = Sequence[tuple[str, float]]

_PAULIS = {
    "x": np.array([[0, 1], [1, 0]], dtype=complex),
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.array([[1, 0], [0, -1]], dtype=complex),
}
_FIXED = {
    **_PAULIS,
    "h": np.array([[1, 1], [1, -1]], dtype=complex) / np.sqrt(2),
    "s": np.diag([1, 1j]),
    "sdg": np.diag([1, -1j]),
    "t": np.diag([1, np.exp(1j * np.pi / 4)]),
    "tdg": np.diag([1, np.exp(-1j * np.pi / 4)]),
    "cx": np.array([[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]], dtype=complex),
    "cz": np.diag([1, 1, 1, -1]).astype(complex),
}
"""Matrices in the basis of the step's qubits, the first of them the lowest bit: CX flips the second where the first is 1."""


def matrix(step: Step, point: Sequence[float]) -> Matrix:
    """The gate's unitary; a rotation is exp(-i theta P / 2) = cos(theta/2) - i sin(theta/2) P."""
    if step.name in _FIXED:
        return _FIXED[step.name]
    half = step.at(tuple(point)) / 2
    return np.cos(half) * np.eye(2) - 1j * np.sin(half) * _PAULIS[step.name[1:]]


def apply(state: Complex[np.ndarray, " d"], gate: Matrix, qubits: Sequence[int]) -> Complex[np.ndarray, " d"]:
    """The gate on one or two qubits of a state (2^n,)."""
    n = len(state).bit_length() - 1
    axes = [n - 1 - qubit for qubit in reversed(qubits)]
    tensor = np.tensordot(
        gate.reshape((2,) * (2 * len(qubits))), state.reshape((2,) * n), (range(len(qubits), 2 * len(qubits)), axes)
    )
    return np.ascontiguousarray(np.moveaxis(tensor, range(len(qubits)), axes)).reshape(-1)


@final
class _Block:
    """The product of gates, or channels, on one pair of qubits or on one qubit."""

    def __init__(self, qubits: tuple[int, ...], gate: Matrix) -> None:
        self.qubits, self.gate = qubits, gate

    def take(self, qubits: tuple[int, ...], gate: Matrix) -> None:
        """Multiply another gate onto it, on some of its qubits."""
        columns = [apply(column, gate, [self.qubits.index(q) for q in qubits]) for column in self.gate.T]
        self.gate = np.array(columns).T


def _blocks(parts: Iterable[tuple[tuple[int, ...], Matrix]]) -> Iterator[_Block]:
    """Matrices on qubits, each multiplied into the last block on its qubits, where that holds them all."""
    blocks: list[_Block] = []
    last: dict[int, _Block] = {}
    for qubits, gate in parts:
        owners = [last.get(qubit) for qubit in qubits]
        owner = owners[0]
        if owner is None or any(other is not owner for other in owners):
            owner = _Block(qubits, np.eye(2 ** len(qubits), dtype=complex))
            blocks.append(owner)
            last |= dict.fromkeys(qubits, owner)
        owner.take(qubits, gate)
    return iter(blocks)


def state(job: Job, point: Sequence[float]) -> State:
    """Amplitudes (2^n,) after the circuit; no step may be noise."""
    psi = np.zeros(2**job.n_qubits, dtype=complex)
    psi[0] = 1
    for block in _blocks((step.qubits, matrix(step, point)) for step in job.steps):
        psi = apply(psi, block.gate, block.qubits)
    return psi


def times(terms: Terms, psi: State) -> State:
    """sum_t weight_t P_t |psi>: P = i^(number of Y) X^x Z^z, with masks of bits x and z."""
    index = np.arange(len(psi))
    result = np.zeros_like(psi)
    for pauli, weight in terms:
        x, z, ys = masks(pauli)
        signs = 1 - 2 * (np.bitwise_count(index & z) & 1).astype(float)
        result += weight * 1j**ys * (signs * psi)[index ^ x]
    return result


def masks(pauli: str) -> tuple[int, int, int]:
    """Bits where the string flips, bits where it has a phase, and how many of its letters are Y."""
    flips = int("".join("1" if letter in "XY" else "0" for letter in pauli), 2)
    phases = int("".join("1" if letter in "YZ" else "0" for letter in pauli), 2)
    return flips, phases, pauli.count("Y")


def values(job: Job) -> Float[np.ndarray, "k o"]:
    """<observable> at every point, with noise from the density matrix."""
    if noisy(job):
        mixed = [density(job, point) for point in job.points]
        return np.array([[_mean(terms, rho) for terms in job.observables] for rho in mixed])
    states = [state(job, point) for point in job.points]
    return np.array([[np.vdot(psi, times(terms, psi)).real for terms in job.observables] for psi in states])


def _mean(terms: Terms, rho: Matrix) -> float:
    """tr(H rho), column by column."""
    return float(sum(times(terms, column)[i].real for i, column in enumerate(rho.T)))


def gradient(job: Job) -> Float[np.ndarray, " p"]:
    """d<observables[0]>/dparameter at the one point by the adjoint method (Jones and Gacon, arXiv:2009.02823).

    With noise the same on density matrices, whose channels have adjoints.
    """
    (point,) = job.points
    if noisy(job):
        return _mixed_gradient(job, point)
    psi = state(job, point)
    after = times(job.observables[0], psi)
    slopes = np.zeros(len(point))
    for step in reversed(job.steps):
        if step.parameter >= 0:
            turned = apply(psi, -0.5j * _PAULIS[step.name[1:]], step.qubits)
            slopes[step.parameter] += step.scale * 2 * np.vdot(after, turned).real
        back = matrix(step, point).conj().T
        psi, after = apply(psi, back, step.qubits), apply(after, back, step.qubits)
    return slopes


def noisy(job: Job) -> bool:
    """Whether any step is an error channel."""
    return any(step.name in NOISE for step in job.steps)


def _mixed_gradient(job: Job, point: Sequence[float]) -> Float[np.ndarray, " p"]:
    """The observable is carried back through the channels' adjoints; at a rotation dE = tr(O (-i/2) [P, rho])."""
    n, rho, after = job.n_qubits, np.zeros(4**job.n_qubits, dtype=complex), []
    rho[0] = 1
    for step in job.steps:
        rho = apply(rho, channel(step, point), _both(step, n))
        after.append(rho if step.parameter >= 0 else None)
    columns = [times(job.observables[0], column) for column in np.eye(2**n, dtype=complex)]
    observable, slopes = np.array(columns).T.reshape(-1), np.zeros(len(point))
    for step, state_after in zip(reversed(job.steps), reversed(after), strict=True):
        if state_after is not None:
            pauli = _PAULIS[step.name[1:]]
            turned = -0.5j * (np.kron(pauli, np.eye(2)) - np.kron(np.eye(2), pauli.conj()))
            slopes[step.parameter] += step.scale * np.vdot(observable, apply(state_after, turned, _both(step, n))).real
        observable = apply(observable, channel(step, point).conj().T, _both(step, n))
    return slopes


def _both(step: Step, n: int) -> tuple[int, ...]:
    """The step's qubits among the column's bits and among the row's."""
    return (*step.qubits, *(q + n for q in step.qubits))


def density(job: Job, point: Sequence[float]) -> Matrix:
    """rho (2^n, 2^n): kept as a state of 2n qubits, row index high, on which channels act as matrices."""
    n = job.n_qubits
    rho = np.zeros(4**n, dtype=complex)
    rho[0] = 1
    for block in _blocks((_both(step, n), channel(step, point)) for step in job.steps):
        rho = apply(rho, block.gate, block.qubits)
    return rho.reshape(2**n, 2**n)


def channel(step: Step, point: Sequence[float]) -> Matrix:
    """On rho's entries, row index high: U rho U^dagger; with probability p tr(rho) I/d instead of rho; or relaxation."""
    if step.name == RELAX:
        left, kept = np.exp(-step.angle), np.exp(-step.scale)
        relaxed = np.diag([1.0, kept, kept, left]).astype(complex)
        relaxed[0, 3] = 1 - left
        return relaxed
    if step.name != "depolarize":
        unitary = matrix(step, point)
        return np.kron(unitary, unitary.conj())
    d = 2 ** len(step.qubits)
    identity = np.eye(d).reshape(-1)
    return (1 - step.angle) * np.eye(d * d) + step.angle * np.outer(identity, identity) / d


def distribution(job: Job) -> Float[np.ndarray, " d"]:
    """Probability of every outcome at the one point."""
    (point,) = job.points
    if noisy(job):
        return np.clip(np.real(np.diag(density(job, point))), 0.0, None)
    return np.abs(state(job, point)) ** 2
