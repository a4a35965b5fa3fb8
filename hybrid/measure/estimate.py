"""From an observable to groups of commuting terms, and from counts to an expectation value with its standard error."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, UInt64
from qiskit import QuantumCircuit
from qiskit.quantum_info import PauliList, SparsePauliOp

from hybrid.base.errors import UsageError
from hybrid.base.types import Counts, Worth
from hybrid.device.readout import Correction
from hybrid.measure.clifford_grouping import diagonalizing

STEP = 1e-6
"""Of the central differences in an error rate; an estimate is a smooth product in each."""


class Group(NamedTuple):
    """Pauli terms measured by one circuit: the basis per qubit (index 0 = qubit 0, one of IXYZ) and Z-masks after rotation.

    With a `clifford` it is that circuit which turns them into strings of Z, and the basis only says which qubits they are on.
    """

    basis: str
    masks: UInt64[np.ndarray, " t"]
    coefficients: Float[np.ndarray, " t"]
    clifford: QuantumCircuit | None = None

    def moved(self, ends: Sequence[int]) -> "Group":
        """The group where routing left qubit q at `ends[q]`."""
        masks = np.array([sum(1 << ends[q] for q in _qubits(mask)) for mask in self.masks], dtype=np.uint64)
        return self._replace(masks=masks, basis="".join(self.basis[q] for q in np.argsort(ends)))

    def eigenvalues(self, outcomes: UInt64[np.ndarray, " u"], correction: Correction | None) -> Float[np.ndarray, " u"]:
        """What one shot with each outcome contributes: sum_t c_t (-1)^parity(outcome AND mask_t), signs corrected."""
        values = np.zeros(len(outcomes))
        for mask, coefficient in zip(self.masks, self.coefficients, strict=True):
            if correction is None:
                values += coefficient * (1.0 - 2.0 * (np.bitwise_count(outcomes & mask) & 1))
            else:
                values += coefficient * np.prod([correction.sign(q, outcomes) for q in _qubits(mask)], axis=0)
        return values

    def extremes(self, correction: Correction | None) -> tuple[float, float]:
        """Bounds of what one shot can contribute."""
        bounds = np.abs(self.coefficients)
        if correction is not None:
            bounds = bounds * [np.prod([correction.stretch(q) for q in _qubits(mask)]) for mask in self.masks]
        bound = float(bounds.sum())
        return -bound, bound


class AllZeros(NamedTuple):
    """The projector on the all-zero outcome of the qubits marked Z in `basis`: what an overlap measures."""

    basis: str

    def eigenvalues(self, outcomes: UInt64[np.ndarray, " u"], correction: Correction | None) -> Float[np.ndarray, " u"]:
        """1 where every marked qubit reads 0, else 0; corrected, the product of (1 + sign)/2."""
        marked = [q for q, letter in enumerate(self.basis) if letter == "Z"]
        if correction is None:
            mask = np.uint64(sum(1 << q for q in marked))
            return ((outcomes & mask) == 0).astype(float)
        return np.prod([(1 + correction.sign(q, outcomes)) / 2 for q in marked], axis=0)

    def extremes(self, correction: Correction | None) -> tuple[float, float]:
        """Bounds of what one shot can contribute."""
        if correction is None:
            return 0.0, 1.0
        stretches = [correction.stretch(q) for q, letter in enumerate(self.basis) if letter == "Z"]
        high = float(np.prod([(1 + stretch) / 2 for stretch in stretches]))
        return high - float(np.prod(stretches)), high


class Marked(NamedTuple):
    """The projector on the outcomes for which `marks` is true."""

    marks: Callable[[UInt64[np.ndarray, " u"]], Bool[np.ndarray, " u"]]

    def eigenvalues(self, outcomes: UInt64[np.ndarray, " u"], correction: Correction | None) -> Float[np.ndarray, " u"]:
        """1 for a marked outcome, else 0, as it was read: a correction of single qubits says nothing of a set."""
        assert correction is None
        return self.marks(outcomes).astype(float)

    def extremes(self, correction: Correction | None) -> tuple[float, float]:
        """Bounds of what one shot can contribute."""
        return 0.0, 1.0


class Settled(NamedTuple):
    """The worth of outcomes; bit v of an outcome of the circuit is bit `places[v]` of a measured one."""

    worth: Worth
    places: tuple[int, ...]
    basis: str

    def eigenvalues(self, outcomes: UInt64[np.ndarray, " u"], correction: Correction | None) -> Float[np.ndarray, " u"]:
        """What one shot with each outcome contributes, as it was read."""
        assert correction is None
        return self.worth.of(gathered(outcomes, self.places))

    def extremes(self, correction: Correction | None) -> tuple[float, float]:
        """Bounds of what one shot can contribute."""
        return self.worth.low, self.worth.high


class Open(NamedTuple):
    """A worth that follows from what is seen: see `hybrid.base.types.Probabilities`."""

    settle: Callable[[UInt64[np.ndarray, " u"], Float[np.ndarray, " u"]], Worth]
    places: tuple[int, ...]
    basis: str

    def settled(self, outcomes: UInt64[np.ndarray, " u"], shares: Float[np.ndarray, " u"]) -> Settled:
        """The worth for outcomes (u,) seen in these shares (u,)."""
        return Settled(self.settle(gathered(outcomes, self.places), shares), self.places, self.basis)


Observed: TypeAlias = Group | AllZeros | Settled
"""What one measured circuit is evaluated for."""


def gathered(outcomes: UInt64[np.ndarray, " u"], places: Sequence[int]) -> UInt64[np.ndarray, " u"]:
    """Bit v of the result is bit places[v] of the outcome."""
    found = np.zeros_like(outcomes)
    for v, place in enumerate(places):
        found |= (outcomes >> np.uint64(place) & np.uint64(1)) << np.uint64(v)
    return found


def _qubits(mask: np.uint64) -> list[int]:
    return [q for q in range(int(mask).bit_length()) if int(mask) >> q & 1]


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


class GroupEstimate(NamedTuple):
    """What one group adds to an estimate: its mean, the variance of that mean if all shots were independent, and by how much
    each realization pulls the mean (r,), which adds up to zero."""

    mean: float
    variance: float
    pulls: Float[np.ndarray, " r"]


def mixed(weights: Sequence[float], shares: Sequence[GroupEstimate], shots: Sequence[int]) -> GroupEstimate:
    """The weighted sum of independent estimates of one group from so many shots each.

    The variance of a shot is the last part's, the only one that had no say in how many shots it got.
    """
    if len(shares) == 1:
        return shares[0]
    of_a_shot = shares[-1].variance * shots[-1]
    return GroupEstimate(
        sum(w * part.mean for w, part in zip(weights, shares, strict=True)),
        of_a_shot * sum(w**2 / n for w, n in zip(weights, shots, strict=True)),
        np.sum([w * part.pulls for w, part in zip(weights, shares, strict=True)], axis=0),
    )


def share(group: Observed | Marked, counts: Counts, realizations: int, correction: Correction | None) -> GroupEstimate:
    """Estimate of the group's expectation value; its variance is never zero.

    The variance counts two imagined shots, one at each extreme (+-sum|c| for Pauli terms); for a single term that is
    (1 - m^2)/N with m = 2 (k+1)/(N+2) - 1, Laplace's rule of succession. With n_r shots in realization r, the mean is
    sum_r (n_r/N) m_r, and a pull is (n_r/N) (m_r - mean).
    """
    n = int(counts.counts.sum())
    values, extremes = group.eigenvalues(counts.outcomes, correction), np.array(group.extremes(correction))
    mean = float(counts.counts @ values) / n
    smoothed = (mean * n + extremes.sum()) / (n + 2)
    spread = (float(counts.counts @ values**2) + (extremes**2).sum()) / (n + 2) - smoothed**2
    pulls = np.bincount(counts.realizations, weights=counts.counts * (values - mean) / n, minlength=realizations)
    return GroupEstimate(mean, spread / n, pulls)


def variance(shares: Sequence[GroupEstimate], inflation: float) -> float:
    """Variance of the sum of the groups' means (k for clusters): shots of one realization are not independent.

    With R realizations, g times fewer of them independent: g R/(R - g) sum_r (sum_groups pull_r)^2, widened so that 1.96
    standard errors hold what Student's t with R/g - 1 degrees of freedom needs at 95 %. That cannot be less than if all shots
    were independent; where it is by chance, the latter counts.
    """
    independent = sum(part.variance for part in shares)
    count = len(shares[0].pulls)
    if count == 1:
        return independent
    squares = float(np.sum(np.sum([part.pulls for part in shares], axis=0) ** 2))
    between = inflation * count / (count - inflation) * squares
    return max(independent, between * widening(count / inflation - 1) ** 2)


def widening(degrees: float) -> float:
    """The 95 % quantile of Student's t over that of a Gaussian: what a standard error from few numbers is too small by."""
    from scipy.special import ndtri, stdtrit  # a tenth of a second that a start without shots need not wait

    return float(stdtrit(degrees, 0.975) / ndtri(0.975))


def exact_values(
    groups: Sequence[Observed], distributions: Float[np.ndarray, "k s d"], correction: Correction | None
) -> Float[np.ndarray, " k"]:
    """Sum over groups of the exact expectation values, (k,)."""
    outcomes = np.arange(distributions.shape[-1], dtype=np.uint64)
    return np.sum([distributions[:, i] @ group.eigenvalues(outcomes, correction) for i, group in enumerate(groups)], axis=0)


def calibration_pulls(
    groups: Sequence[Observed], counts: Sequence[Counts], correction: Correction | None
) -> Float[np.ndarray, " q"]:
    """By how much one standard error of each calibrated rate moves a corrected estimate, dE/df std(f) over all f0, then f1.

    All estimates with one calibration move together. None without a correction.
    """
    if correction is None:
        return np.zeros(0)

    def estimate(trial: Correction) -> float:
        pairs = zip(groups, counts, strict=True)
        return sum(float(c.counts @ g.eigenvalues(c.outcomes, trial)) / c.counts.sum() for g, c in pairs)

    pulls = []
    for name, stderr in (("f0", correction.f0_stderr), ("f1", correction.f1_stderr)):
        rate = getattr(correction, name)
        for step, error in zip(STEP * np.eye(len(rate)), stderr, strict=True):
            high, low = (estimate(correction._replace(**{name: rate + sign * step})) for sign in (1, -1))
            pulls.append((high - low) / (2 * STEP) * error)
    return np.array(pulls)
