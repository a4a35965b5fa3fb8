"""From an observable to groups of commuting Pauli terms; one measured circuit serves each group.

Commuting strings are turned into strings of Z by a Clifford circuit, one string after the other (van den Berg & Temme, Quantum
4, 322 (2020), sec. 4): the shortest one that is not yet Z only is made into X on one qubit by S, CX and CZ, then into Z by H.
All others commute with it, so they have only I or Z on that qubit, which needs no further gate. Qubits on which all strings
agree are rotated first, each alone.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool
from qiskit import QuantumCircuit
from qiskit.circuit import Gate
from qiskit.circuit.library import CXGate, CZGate, HGate, SGate
from qiskit.quantum_info import PauliList, SparsePauliOp

from hybrid.base.errors import UsageError
from hybrid.measure.observables import Group


def group_terms(observable: SparsePauliOp, grouping: str) -> tuple[float, list[Group]]:
    """The constant (identity) part and the groups: commuting (`general`), qubit-wise so (`qwc`), or single terms (`none`).

    UsageError for an observable that is not finite or not Hermitian.
    """
    constant, rest = identity_apart(observable)
    return constant, commuting_groups(rest, grouping)


def identity_apart(observable: SparsePauliOp) -> tuple[float, SparsePauliOp]:
    """The constant (identity) part and the other terms, of which there may be none; errors as `group_terms`."""
    if not np.isfinite(observable.coeffs).all():
        raise UsageError("the observable's coefficients must be finite numbers.")
    observable = observable.simplify(atol=0)
    if np.abs(observable.coeffs.imag).max() > 1e-12 * max(1.0, np.abs(observable.coeffs).max()):
        raise UsageError("the observable is not Hermitian: it has complex coefficients.")
    trivial = ~(observable.paulis.x.any(axis=1) | observable.paulis.z.any(axis=1))
    return float(observable.coeffs[trivial].real.sum()), observable[~trivial]


def commuting_groups(terms: SparsePauliOp, grouping: str) -> list[Group]:
    """See `group_terms`; takes long where terms are many."""
    if not terms.size:
        return []
    parts = list(terms) if grouping == "none" else terms.group_commuting(qubit_wise=grouping == "qwc")
    return [_group(part) if _qubit_wise(part) else _general_group(part) for part in parts]


def _qubit_wise(part: SparsePauliOp) -> bool:
    """Whether no two terms have different letters on one qubit."""
    letters = np.where(part.paulis.x, 1, 0) + np.where(part.paulis.z, 2, 0)
    return bool(np.all((letters == 0) | (letters == letters.max(axis=0))))


def _general_group(part: SparsePauliOp) -> Group:
    clifford, rotated = diagonalizing(part.paulis)
    signs = 1.0 - rotated.phase  # (-i)^phase is 1 or -1
    plain = PauliList.from_symplectic(rotated.z, rotated.x)
    return _group(SparsePauliOp(plain, part.coeffs * signs))._replace(clifford=clifford)


def _group(part: SparsePauliOp) -> Group:
    x, z = part.paulis.x, part.paulis.z
    touched = x | z
    basis = ["I"] * x.shape[1]
    for row in range(len(x)):
        for qubit in np.flatnonzero(touched[row]):
            basis[qubit] = "Y" if x[row, qubit] and z[row, qubit] else "X" if x[row, qubit] else "Z"
    powers = np.uint64(1) << np.arange(x.shape[1], dtype=np.uint64)
    return Group("".join(basis), (touched * powers).sum(axis=1, dtype=np.uint64), part.coeffs.real.copy())


def diagonalizing(paulis: PauliList) -> tuple[QuantumCircuit, PauliList]:
    """U, and U P U^dagger for every P of the commuting `paulis`: strings of Z with their signs in the phase."""
    sweep = _Sweep(paulis)
    sweep.rotate_alone()
    while (row := sweep.shortest()) is not None:
        sweep.clear(row)
    return sweep.circuit, sweep.paulis


class _Sweep:
    def __init__(self, paulis: PauliList) -> None:
        self.paulis = paulis
        self.circuit = QuantumCircuit(paulis.num_qubits)

    def rotate_alone(self) -> None:
        """Qubits on which no two strings differ: X and Y to Z."""
        for q in range(self.circuit.num_qubits):
            x, z = self.paulis.x[:, q], self.paulis.z[:, q]
            letters = {(bool(a), bool(b)) for a, b in zip(x, z, strict=True)} - {(False, False)}
            if len(letters) == 1 and x.any():
                if z.any():
                    self._apply(SGate(), q)
                self._apply(HGate(), q)

    def shortest(self) -> int | None:
        """The row with X or Y in it that acts on the fewest qubits where some string has X or Y; None when done."""
        active = self._active()
        rows = np.flatnonzero(self.paulis.x.any(axis=1))
        return int(min(rows, key=lambda t: (active[t].sum(), t))) if len(rows) else None

    def clear(self, row: int) -> None:
        """Make the row's part on qubits that are not yet done into Z on one of them."""
        for q in np.flatnonzero(self.paulis.x[row] & self.paulis.z[row]):
            self._apply(SGate(), q)
        flips = np.flatnonzero(self.paulis.x[row])
        pivot = flips[len(flips) // 2]
        for q in np.flatnonzero(self._active()[row] & self.paulis.z[row]):
            self._apply(CZGate(), pivot, q)
        for q in flips[flips != pivot]:
            self._apply(CXGate(), pivot, q)
        self._apply(HGate(), pivot)

    def _active(self) -> Bool[np.ndarray, "t n"]:
        """Where a string acts on a qubit on which some string still has X or Y."""
        return (self.paulis.x | self.paulis.z) & self.paulis.x.any(axis=0)

    def _apply(self, gate: Gate, *qubits: Any) -> None:
        self.circuit.append(gate, qubits)
        self.paulis = self.paulis.evolve(gate, list(qubits), frame="s")
