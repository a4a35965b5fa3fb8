"""Observables that are diagonal in the measured basis: what one outcome of a circuit contributes to an expectation value.

An outcome is a number whose bit q is what qubit q read. u outcomes at once are an array (u,).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float, UInt64
from qiskit import QuantumCircuit

from hybrid.base.types import DiagonalTerms, OutcomeFunction
from hybrid.device.readout import Correction, StringFactors, parity_signs, qubits_of_mask, selected_bits

Outcomes: TypeAlias = UInt64[np.ndarray, " u"]
ReadoutFit: TypeAlias = Correction | StringFactors
"""What a calibration of the readout found."""


class Group(NamedTuple):
    """Pauli terms measured by one circuit: the basis per qubit (index 0 = qubit 0, one of IXYZ) and Z-masks after rotation.

    With a `clifford`, that circuit turns the terms into strings of Z, and the basis only says which qubits they act on.
    """

    basis: str
    masks: UInt64[np.ndarray, " t"]
    coefficients: Float[np.ndarray, " t"]
    clifford: QuantumCircuit | None = None

    def moved(self, ends: Sequence[int]) -> "Group":
        """The group after routing moved qubit q to `ends[q]`."""
        masks = np.array([sum(1 << ends[q] for q in qubits_of_mask(mask)) for mask in self.masks.tolist()], dtype=np.uint64)
        return self._replace(masks=masks, basis="".join(self.basis[q] for q in np.argsort(ends)))

    def eigenvalues(self, outcomes: Outcomes, correction: ReadoutFit | None) -> Float[np.ndarray, " u"]:
        """Contribution of one shot with each outcome: sum_t c_t (-1)^parity(outcome AND mask_t), signs corrected."""
        values = np.zeros(len(outcomes))
        for mask, coefficient in zip(self.masks.tolist(), self.coefficients, strict=True):
            signs = parity_signs(mask, outcomes) if correction is None else correction.string(mask, outcomes)
            values += coefficient * signs
        return values

    def terms(self, correction: Correction | None) -> DiagonalTerms:
        """`eigenvalues` as terms."""
        n, both = len(self.basis), np.array([0, 1], dtype=np.uint64)
        signs = [[1.0, -1.0] if correction is None else correction.sign(q, both << np.uint64(q)) for q in range(n)]
        return DiagonalTerms(self.masks, self.coefficients, np.array(signs))

    def extremes(self, correction: ReadoutFit | None) -> tuple[float, float]:
        """Bounds of the contribution of one shot."""
        bounds = np.abs(self.coefficients)
        if correction is not None:
            bounds = bounds * [correction.largest(mask) for mask in self.masks.tolist()]
        bound = float(bounds.sum())
        return -bound, bound


class AllZeros(NamedTuple):
    """The projector on the all-zero outcome of the qubits marked Z in `basis`: what an overlap measures."""

    basis: str

    def eigenvalues(self, outcomes: Outcomes, correction: ReadoutFit | None) -> Float[np.ndarray, " u"]:
        """1 where every marked qubit reads 0, else 0; corrected, the product of (1 + sign)/2."""
        marked = [q for q, letter in enumerate(self.basis) if letter == "Z"]
        if correction is None:
            mask = np.uint64(sum(1 << q for q in marked))
            return ((outcomes & mask) == 0).astype(float)
        assert isinstance(correction, Correction)
        return np.prod([(1 + correction.sign(q, outcomes)) / 2 for q in marked], axis=0)

    def extremes(self, correction: ReadoutFit | None) -> tuple[float, float]:
        """Bounds of the contribution of one shot."""
        if correction is None:
            return 0.0, 1.0
        assert isinstance(correction, Correction)
        stretches = [correction.stretch(q) for q, letter in enumerate(self.basis) if letter == "Z"]
        high = float(np.prod([(1 + stretch) / 2 for stretch in stretches]))
        return high - float(np.prod(stretches)), high


class DiagonalObservable(NamedTuple):
    """A function of the outcomes; bit v of its argument is bit `places[v]` of a measured outcome."""

    function: OutcomeFunction
    places: tuple[int, ...]
    basis: str

    def eigenvalues(self, outcomes: Outcomes, correction: ReadoutFit | None) -> Float[np.ndarray, " u"]:
        """Contribution of one shot with each outcome, without readout correction."""
        assert correction is None
        return self.function.values(selected_bits(outcomes, self.places))

    def extremes(self, correction: ReadoutFit | None) -> tuple[float, float]:
        """Bounds of the contribution of one shot."""
        return self.function.low, self.function.high


class DistributionDependent(NamedTuple):
    """A diagonal observable that depends on the measured distribution, as the conditional value at risk does.

    See `hybrid.base.types.Probabilities`.
    """

    function_of: Callable[[Outcomes, Float[np.ndarray, " u"]], OutcomeFunction]
    places: tuple[int, ...]
    basis: str

    def at(self, outcomes: Outcomes, probabilities: Float[np.ndarray, " u"]) -> DiagonalObservable:
        """The observable for outcomes (u,) with these probabilities (u,)."""
        function = self.function_of(selected_bits(outcomes, self.places), probabilities)
        return DiagonalObservable(function, self.places, self.basis)


FixedObservable: TypeAlias = Group | AllZeros | DiagonalObservable
"""The observable of one measured circuit, independent of what is measured."""


def terms_of(
    groups: Sequence[FixedObservable | DistributionDependent], correction: Correction | None
) -> list[DiagonalTerms] | None:
    """The terms of every group; None where some group is no sum of Pauli terms."""
    sums = [group for group in groups if isinstance(group, Group)]
    return [group.terms(correction) for group in sums] if groups and len(sums) == len(groups) else None
