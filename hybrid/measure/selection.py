"""Post-selection: which symmetries circuit and observable share, and which shots violate them.

A symmetry is a string of one Pauli letter on every qubit, or the number of qubits in |1>, that commutes with the observable and
has one value in the circuit's state whatever its angles (checked at random angles, without noise). A measured circuit shows it
where its basis has that letter on every qubit (Bonet-Monroig et al., PRA 98, 062339, 2018).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.errors import HybridError, UsageError
from hybrid.base.types import Counts
from hybrid.device.readout import parity_signs
from hybrid.measure.observables import Group, Outcomes

DEFINITE = 1e-9
"""A symmetry's variance in a state that has it is rounding."""


class Sector(NamedTuple):
    """Outcomes that keep every symmetry a basis shows: parity signs of the read qubits, or how many of them read 1."""

    mask: int
    parity: int | None
    number: int | None

    def keeps(self, outcomes: Outcomes) -> Bool[np.ndarray, " u"]:
        """Which outcomes do."""
        kept = np.ones(len(outcomes), dtype=bool)
        if self.parity is not None:
            kept &= parity_signs(self.mask, outcomes) == self.parity
        if self.number is not None:
            kept &= np.bitwise_count(outcomes & np.uint64(self.mask)) == self.number
        return kept


@final
class Selection:
    """The sector of each measured circuit; None where its basis shows no symmetry."""

    def __init__(self, sectors: Sequence[Sector | None]) -> None:
        self.sectors = list(sectors)

    def kept(self, counts: Counts, circuit: int) -> Counts:
        """The counts without the shots that violate a symmetry; HybridError where none are left."""
        sector = self.sectors[circuit]
        if sector is None:
            return counts
        keeps = sector.keeps(counts.outcomes)
        if not keeps.any():
            raise HybridError("symmetry: no shot is in the symmetry sector of the state; take more shots.")
        return Counts(counts.outcomes[keeps], counts.counts[keeps], counts.realizations[keeps])

    def renormalised(self, distributions: Float[np.ndarray, "*k s d"], variants: int) -> Float[np.ndarray, "*k s d"]:
        """Probabilities given the sector; each circuit has so many variants."""
        outcomes = np.arange(distributions.shape[-1], dtype=np.uint64)
        keeps = [np.ones(len(outcomes)) if s is None else s.keeps(outcomes).astype(float) for s in self.sectors]
        kept = distributions * np.repeat(np.array(keeps), variants, axis=0)
        return kept / kept.sum(axis=-1, keepdims=True)

    def weights(
        self, weights: Float[np.ndarray, "s d"], distributions: Float[np.ndarray, "s d"], variants: int
    ) -> Float[np.ndarray, "s d"]:
        """Weights with the derivative of sum_x w p / sum_x p over the sector, at these probabilities: (w - mean)/share."""
        outcomes, result = np.arange(weights.shape[-1], dtype=np.uint64), weights.copy()
        for row, sector in enumerate(self.sectors):
            for place in range(row * variants, (row + 1) * variants):
                if sector is not None:
                    keeps = sector.keeps(outcomes)
                    share = float(distributions[place] @ keeps)
                    mean = float(distributions[place] @ (keeps * weights[place])) / share
                    result[place] = keeps * (weights[place] - mean) / share
        return result


def selection(
    by: str, terms: SparsePauliOp, qubits: Sequence[int], groups: Sequence[Group], mean: Callable[[SparsePauliOp], list[float]]
) -> Selection:
    """The symmetries of `terms` that the groups' bases show; `mean` gives an observable's values in states of the circuit.

    `qubits` are those of the circuit that is asked for, others are ancillas in |0>. UsageError where there is none.
    """
    n, found, mask = terms.num_qubits, dict[str, float](), sum(1 << q for q in qubits)
    for letter in "XYZ" if by in ("auto", "parity") else "":
        string = SparsePauliOp.from_sparse_list([(letter * len(qubits), list(qubits), 1.0)], num_qubits=n)
        if _commute(string, terms) and (value := _definite(string, mean)) is not None:
            found[letter] = value
    number = None
    if by in ("auto", "number"):
        total = SparsePauliOp.from_sparse_list([("Z", [q], 1.0) for q in qubits], num_qubits=n)
        if _commute(total, terms) and (value := _definite(total, mean)) is not None:
            number = round((len(qubits) - value) / 2)
    sectors = [_sector(group, qubits, mask, found, number) for group in groups]
    if not any(sectors):
        known = [f"{letter * len(qubits)} = {value:+.0f}" for letter, value in found.items()]
        known += [] if number is None else [f"{number} qubits in |1>"]
        which = f"the basis of no measured circuit shows its {' and '.join(known)}" if known else "it has none"
        raise UsageError(
            f"symmetry: every circuit and observable of this query was searched for a symmetry by {by}, and {which}; leave "
            "symmetry out, or take an ansatz that keeps one, such as uccsd, givens or hamiltonian_variational."
        )
    return Selection(sectors)


def _sector(group: Group, qubits: Sequence[int], mask: int, found: dict[str, float], number: int | None) -> Sector | None:
    """What the group's basis shows; an unmeasured qubit is read in Z."""
    letters = {"Z" if group.basis[q] == "I" else group.basis[q] for q in qubits}
    if group.clifford is not None or len(letters) > 1:
        return None
    (letter,) = letters
    counted = number if letter == "Z" else None
    parity = None if counted is not None or letter not in found else round(found[letter])
    return None if parity is None and counted is None else Sector(mask, parity, counted)


def _commute(one: SparsePauliOp, other: SparsePauliOp) -> bool:
    left, right = one @ other, other @ one
    rest = (left - right).simplify(atol=1e-12)
    return bool(np.abs(rest.coeffs).max(initial=0.0) < 1e-9)


def _definite(observable: SparsePauliOp, mean: Callable[[SparsePauliOp], list[float]]) -> float | None:
    """The value that all states of the circuit have; None where they have several."""
    values, squares = mean(observable), mean((observable @ observable).simplify())
    spread = max(abs(square - value**2) for value, square in zip(values, squares, strict=True))
    return values[0] if spread < DEFINITE and max(values) - min(values) < DEFINITE else None
