"""From an observable to groups of commuting terms, and from counts to an expectation value with its standard error."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt64
from qiskit.quantum_info import SparsePauliOp

from hybrid.errors import UsageError
from hybrid.types import Counts


class Group(NamedTuple):
    """Pauli terms measured by one circuit: the basis per qubit (index 0 = qubit 0, one of IXYZ) and Z-masks after rotation."""

    basis: str
    masks: UInt64[np.ndarray, " t"]
    coefficients: Float[np.ndarray, " t"]

    def eigenvalues(self, outcomes: UInt64[np.ndarray, " u"]) -> Float[np.ndarray, " u"]:
        """What one shot with each outcome contributes: sum_t c_t (-1)^parity(outcome AND mask_t)."""
        values = np.zeros(len(outcomes))
        for mask, coefficient in zip(self.masks, self.coefficients, strict=True):
            values += coefficient * (1.0 - 2.0 * (np.bitwise_count(outcomes & mask) & 1))
        return values

    @property
    def extremes(self) -> tuple[float, float]:
        """Bounds of what one shot can contribute."""
        bound = float(np.abs(self.coefficients).sum())
        return -bound, bound


class AllZeros(NamedTuple):
    """The projector on the all-zero outcome of the qubits marked Z in `basis`: what an overlap measures."""

    basis: str

    def eigenvalues(self, outcomes: UInt64[np.ndarray, " u"]) -> Float[np.ndarray, " u"]:
        """1 where every marked qubit reads 0, else 0."""
        mask = np.uint64(sum(1 << q for q, letter in enumerate(self.basis) if letter == "Z"))
        return ((outcomes & mask) == 0).astype(float)

    @property
    def extremes(self) -> tuple[float, float]:
        """Bounds of what one shot can contribute."""
        return 0.0, 1.0


def group_terms(observable: SparsePauliOp, grouping: str) -> tuple[float, list[Group]]:
    """The constant (identity) part and the measured groups: qubit-wise commuting (`qwc`) or one per term (`none`).

    UsageError for an observable that is not finite or not Hermitian.
    """
    if not np.isfinite(observable.coeffs).all():
        raise UsageError("the observable's coefficients must be finite numbers.")
    observable = observable.simplify(atol=0)
    if np.abs(observable.coeffs.imag).max() > 1e-12 * max(1.0, np.abs(observable.coeffs).max()):
        raise UsageError("the observable is not Hermitian: it has complex coefficients.")
    trivial = ~(observable.paulis.x.any(axis=1) | observable.paulis.z.any(axis=1))
    constant = float(observable.coeffs[trivial].real.sum())
    rest = observable[~trivial]
    if trivial.all():
        return constant, []
    parts = rest.group_commuting(qubit_wise=True) if grouping == "qwc" else list(rest)
    return constant, [_group(part) for part in parts]


def _group(part: SparsePauliOp) -> Group:
    x, z = part.paulis.x, part.paulis.z
    touched = x | z
    basis = ["I"] * x.shape[1]
    for row in range(len(x)):
        for qubit in np.flatnonzero(touched[row]):
            basis[qubit] = "Y" if x[row, qubit] and z[row, qubit] else "X" if x[row, qubit] else "Z"
    powers = np.uint64(1) << np.arange(x.shape[1], dtype=np.uint64)
    return Group("".join(basis), (touched * powers).sum(axis=1, dtype=np.uint64), part.coeffs.real.copy())


def divide_shots(shots: int, parts: int) -> list[int]:
    """Shots per group, remainders to the first; UsageError when there are fewer shots than groups."""
    if shots < 0:
        raise UsageError(f"shots: {shots} is not a number of shots; 0 is exact.")
    if shots < parts:
        raise UsageError(
            f"shots: {shots} cannot be divided over {parts} measured groups; give {parts} or more, or 0 for exact."
        )
    return [shots // parts + (i < shots % parts) for i in range(parts)]


def mean_and_variance(group: Group | AllZeros, counts: Counts) -> tuple[float, float]:
    """Estimate of the group's expectation value and the variance of that estimate, never zero.

    The variance counts two imagined shots, one at each extreme (+-sum|c| for Pauli terms); for a single term that is
    (1 - m^2)/N with m = 2 (k+1)/(N+2) - 1, Laplace's rule of succession.
    """
    n = int(counts.counts.sum())
    values, extremes = group.eigenvalues(counts.outcomes), np.array(group.extremes)
    total = float(counts.counts @ values)
    smoothed = (total + extremes.sum()) / (n + 2)
    spread = (float(counts.counts @ values**2) + (extremes**2).sum()) / (n + 2) - smoothed**2
    return total / n, spread / n


def draw(probabilities: Float[np.ndarray, " d"], shots: int, rng: np.random.Generator) -> Counts:
    """`shots` independent outcomes of a distribution; memory and time do not depend on how many."""
    weights = np.clip(probabilities, 0.0, None)
    counts = rng.multinomial(shots, weights / weights.sum())
    seen = np.flatnonzero(counts)
    return Counts(seen.astype(np.uint64), counts[seen])


def merge(outcomes: UInt64[np.ndarray, " n"], counts: Int[np.ndarray, " n"]) -> Counts:
    """Counts with equal outcomes added up, ordered by outcome; outcomes that were never seen are left out."""
    distinct, place = np.unique(outcomes[counts > 0], return_inverse=True)
    total = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(total, place, counts[counts > 0])
    return Counts(distinct, total)


class Readout(NamedTuple):
    """Assignment errors per simulated qubit: `p01` reads 1 for 0, `p10` reads 0 for 1, both (n,)."""

    p01: Float[np.ndarray, " n"]
    p10: Float[np.ndarray, " n"]

    def mix(self, distributions: Float[np.ndarray, "*batch d"]) -> Float[np.ndarray, "*batch d"]:
        """Outcome probabilities as the faulty readout reports them: one 2x2 confusion matrix per qubit."""
        mixed = distributions
        for qubit, (p01, p10) in enumerate(zip(self.p01, self.p10, strict=True)):
            confusion = np.array([[1 - p01, p10], [p01, 1 - p10]])
            pairs = mixed.reshape(-1, 2, 2**qubit)
            mixed = np.einsum("ab,xby->xay", confusion, pairs).reshape(distributions.shape)
        return mixed

    def flip(self, counts: Counts, rng: np.random.Generator) -> Counts:
        """Counts as the faulty readout reports them: qubit by qubit, a binomial part of every outcome's shots flips its bit."""
        for qubit, (p01, p10) in enumerate(zip(self.p01, self.p10, strict=True)):
            bit = np.uint64(1 << qubit)
            wrong = rng.binomial(counts.counts, np.where(counts.outcomes & bit, p10, p01))
            outcomes = np.concatenate([counts.outcomes, counts.outcomes ^ bit])
            counts = merge(outcomes, np.concatenate([counts.counts - wrong, wrong]))
        return counts


def exact_values(groups: Sequence[Group | AllZeros], distributions: Float[np.ndarray, "k s d"]) -> Float[np.ndarray, " k"]:
    """Sum over groups of the exact expectation values, (k,)."""
    outcomes = np.arange(distributions.shape[-1], dtype=np.uint64)
    return np.sum([distributions[:, i] @ group.eigenvalues(outcomes) for i, group in enumerate(groups)], axis=0)
