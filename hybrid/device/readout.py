"""Counts: drawn from distributions, added up, changed by assignment errors of the readout, and corrected for them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt64

from hybrid.base.errors import HybridError
from hybrid.base.types import Counts, DiagonalTerms, Shots


def draw_all(
    distributions: Float[np.ndarray, "k s d"], shots: Shots, seeds: Sequence[Sequence[np.random.SeedSequence]]
) -> list[list[Counts]]:
    """Independent outcomes per point and setting; a point's rows are its realizations; as `Runner.counts`."""
    blocks = distributions.reshape(len(seeds), len(shots), *distributions.shape[1:])
    return [
        [draw(block[:, s], shots[:, s], np.random.default_rng(seed)) for s, seed in enumerate(of_point)]
        for block, of_point in zip(blocks, seeds, strict=True)
    ]


def draw(probabilities: Float[np.ndarray, "r d"], shots: Int[np.ndarray, " r"], rng: np.random.Generator) -> Counts:
    """Independent outcomes of one distribution per realization; memory and time do not depend on the number of shots."""
    weights = np.clip(probabilities, 0.0, None)
    counts = rng.multinomial(shots, weights / weights.sum(axis=1, keepdims=True))
    entries = np.flatnonzero(counts)
    realizations, seen = np.divmod(entries, counts.shape[1])
    return Counts(seen.astype(np.uint64), counts.ravel()[entries], realizations)


def merge(counts: Counts) -> Counts:
    """Equal outcomes of one realization added up, ordered; outcomes that were never seen are left out."""
    order = _order(counts.outcomes, counts.realizations)
    order = order[counts.counts[order] > 0]
    outcomes, numbers, realizations = (column[order] for column in counts[:3])
    new = np.ones(len(order), dtype=bool)
    new[1:] = (outcomes[1:] != outcomes[:-1]) | (realizations[1:] != realizations[:-1])
    first = np.flatnonzero(new)
    total = np.add.reduceat(numbers, first) if len(first) else numbers
    return Counts(outcomes[first], total, realizations[first])


def _order(outcomes: UInt64[np.ndarray, " u"], realizations: Int[np.ndarray, " u"]) -> Int[np.ndarray, " u"]:
    """Places by realization, then by outcome; in one key of 64 bits where both fit, which is quicker than two."""
    if not len(outcomes) or int(outcomes.max()).bit_length() + int(realizations.max()).bit_length() > 64:
        return np.lexsort((outcomes, realizations))
    width = np.uint64(int(outcomes.max()).bit_length())
    return np.argsort((realizations.astype(np.uint64) << width) | outcomes, kind="stable")


def selected_bits(outcomes: UInt64[np.ndarray, " u"], places: Sequence[int]) -> UInt64[np.ndarray, " u"]:
    """Bit v of the result is bit places[v] of the outcome."""
    selected = np.zeros_like(outcomes)
    for v, place in enumerate(places):
        selected |= (outcomes >> np.uint64(place) & np.uint64(1)) << np.uint64(v)
    return selected


def on_each_bit(
    matrices: Sequence[Float[np.ndarray, "2 2"]], values: Float[np.ndarray, "*batch d"]
) -> Float[np.ndarray, "*batch d"]:
    """Values of outcomes (..., 2^bits) with one 2 x 2 matrix applied on every bit, the lowest first."""
    result = values
    for bit, matrix in enumerate(matrices):
        result = np.einsum("ab,xby->xay", matrix, result.reshape(-1, 2, 2**bit)).reshape(values.shape)
    return result


class Readout(NamedTuple):
    """Assignment errors per simulated qubit: `p01` reads 1 for 0, `p10` reads 0 for 1, both (n,)."""

    p01: Float[np.ndarray, " n"]
    p10: Float[np.ndarray, " n"]

    @property
    def confusion(self) -> list[Float[np.ndarray, "2 2"]]:
        """The confusion matrix of every qubit: entry (a, b) is the probability to read a for b."""
        return [np.array([[1 - p01, p10], [p01, 1 - p10]]) for p01, p10 in zip(self.p01, self.p10, strict=True)]

    def mix(self, distributions: Float[np.ndarray, "*batch d"]) -> Float[np.ndarray, "*batch d"]:
        """Outcome probabilities as the readout with its errors reports them: one 2x2 confusion matrix per qubit."""
        return on_each_bit(self.confusion, distributions)

    def pulled_back(self, weights: Float[np.ndarray, "s d"]) -> Float[np.ndarray, "s d"]:
        """Weights of true outcomes with the same mean as `weights` of reported ones: the transpose of `mix`."""
        return on_each_bit([matrix.T for matrix in self.confusion], weights)

    def folded(self, terms: DiagonalTerms) -> DiagonalTerms:
        """As `pulled_back`, factor by factor: a qubit that takes no part reads anything."""
        factors = [matrix.T @ of_qubit for matrix, of_qubit in zip(self.confusion, terms.factors, strict=True)]
        return terms._replace(factors=np.array(factors))

    def flip(self, counts: Counts, rng: np.random.Generator) -> Counts:
        """Counts with readout errors: qubit by qubit, a binomial part of every outcome's shots flips its bit."""
        for qubit, (p01, p10) in enumerate(zip(self.p01, self.p10, strict=True)):
            bit = np.uint64(1 << qubit)
            wrong = rng.binomial(counts.counts, np.where(counts.outcomes & bit, p10, p01))
            moved = np.flatnonzero(wrong)
            if qubit and not len(moved):
                continue  # in order, and nothing new
            outcomes = np.concatenate([counts.outcomes, counts.outcomes[moved] ^ bit])
            numbers = np.concatenate([counts.counts - wrong, wrong[moved]])
            realizations = np.concatenate([counts.realizations, counts.realizations[moved]])
            counts = merge(Counts(outcomes, numbers, realizations))
        return counts


class Correction(NamedTuple):
    """Assignment errors (n,) from a calibration, with their standard errors (n,).

    A qubit that reads 1 for 0 with f0 and 0 for 1 with f1 turns <Z> into g <Z> + o with g = 1 - f0 - f1 and o = f1 - f0 (its
    2 x 2 confusion matrix in Z). Inverted: an outcome z = +-1 counts as (z - o)/g, and a string of Z as the product over its
    qubits (Bravyi et al., PRA 103, 042605 (2021), tensored model).
    """

    f0: Float[np.ndarray, " n"]
    f1: Float[np.ndarray, " n"]
    f0_stderr: Float[np.ndarray, " n"]
    f1_stderr: Float[np.ndarray, " n"]

    def sign(self, qubit: int, outcomes: UInt64[np.ndarray, " u"]) -> Float[np.ndarray, " u"]:
        """The contribution of each outcome to <Z> of a qubit: +1 and -1 without errors, with them stretched and shifted."""
        plain = 1.0 - 2.0 * ((outcomes >> np.uint64(qubit)) & np.uint64(1))
        return (plain - (self.f1[qubit] - self.f0[qubit])) / (1 - self.f0[qubit] - self.f1[qubit])

    def stretch(self, qubit: int) -> float:
        """The largest absolute value of `sign`."""
        return float((1 + abs(self.f1[qubit] - self.f0[qubit])) / (1 - self.f0[qubit] - self.f1[qubit]))

    def string(self, mask: int, outcomes: UInt64[np.ndarray, " u"]) -> Float[np.ndarray, " u"]:
        """The contribution of each outcome to the mean of the string of Z on the qubits of `mask`."""
        return np.prod([self.sign(q, outcomes) for q in qubits_of_mask(mask)], axis=0)

    def largest(self, mask: int) -> float:
        """The largest absolute value of `string`."""
        return float(np.prod([self.stretch(q) for q in qubits_of_mask(mask)]))

    def redrawn(self, rng: np.random.Generator) -> "Correction":
        """Rates drawn from the errors of the calibration, clipped so that they stay invertible."""
        f0, f1 = (np.clip(rng.normal(f, s), 0.0, 0.49) for f, s in ((self.f0, self.f0_stderr), (self.f1, self.f1_stderr)))
        return self._replace(f0=f0, f1=f1)


class StringFactors(NamedTuple):
    """What a readout with random flips leaves of strings of Z, from a calibration: its outcomes (u,), their shares (u,), and
    how many shots it had (0: infinitely many).

    A string's mean is multiplied by f = sum_u p_u (-1)^(parity of u AND mask) (van den Berg, Minev and Temme, PRA 105, 032620,
    2022, equation 4), and an outcome counts as its sign over f.
    """

    outcomes: UInt64[np.ndarray, " u"]
    shares: Float[np.ndarray, " u"]
    shots: int

    def factor(self, mask: int) -> float:
        """f of a string; HybridError where nothing of it is left."""
        found = float(self.shares @ parity_signs(mask, self.outcomes))
        if found <= 0:
            raise HybridError(f"trex: nothing is left of a string of {mask.bit_count()} Z after the readout; take more shots.")
        return found

    def string(self, mask: int, outcomes: UInt64[np.ndarray, " u"]) -> Float[np.ndarray, " u"]:
        """The contribution of each outcome to the mean of the string of Z on the qubits of `mask`."""
        return parity_signs(mask, outcomes) / self.factor(mask)

    def largest(self, mask: int) -> float:
        """The largest absolute value of `string`."""
        return 1 / self.factor(mask)


def parity_signs(mask: int, outcomes: UInt64[np.ndarray, " u"]) -> Float[np.ndarray, " u"]:
    """The eigenvalues of the string of Z on the qubits of `mask`."""
    return 1.0 - 2.0 * (np.bitwise_count(outcomes & np.uint64(mask)) & 1)


def qubits_of_mask(mask: int) -> list[int]:
    """The qubits whose bits are set."""
    return [q for q in range(int(mask).bit_length()) if int(mask) >> q & 1]
