"""From an observable to groups of commuting Pauli terms; one measured circuit serves each group."""

import numpy as np
from qiskit.quantum_info import PauliList, SparsePauliOp

from hybrid.base.errors import UsageError
from hybrid.measure.clifford_grouping import diagonalizing
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
