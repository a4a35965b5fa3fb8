"""The second rule for intervals: whether a circuit's qubits were chosen is unknown where its machine has more than it needs.

The first rule (`spread`) draws a circuit's qubits at random. Compilers choose them: Qiskit's searches the whole chip for the
place where the calibration of the day promises the fewest errors of gates and readings [qiskit-vf2]. Whether the published runs
did so, and how well, is not said. So of the machines drawn

- the first half place the circuit at random, which is the first rule as it was;
- the other half take the best of K places, the one with the lowest expected number of errors

    E = sum over gates and readings of their errors, a reading's being (p01 + p10)/2                                        (1)

which is to first order -log of the product of fidelities that Qiskit compares. One half, because nothing speaks for either.
K = qubits of the machine // qubits of the circuit: so many places do not overlap, and (1) of the first rule draws their numbers
independently. A compiler sees more places, but they share qubits with these. T1 and T2 are not in Qiskit's score, nor here.
What is common to all places of a machine (the day, gates side by side) cannot be chosen.

There is no choice on spins, where the paper names the qubits; on the 11 ions, all of which are used; nor on H2-2, where ions
are alike and are carried to the same few zones. The sizes of the others stand in `spreads.toml`.

This rule was written after the outcomes of the first one were known, and before any interval by this one was computed. None of
its numbers was fitted to them. Experiments that come later are its test.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybrid.device.device import FIELDS, Device

Place = tuple[int, ...]
Uses = Mapping[tuple[str, Place], float]
"""Key of a profile and place -> how often a circuit suffers the error that stands there; a half for each error of a reading."""


class UnknownFactor(NamedTuple):
    """A factor exp(sigma z - bias) on the published numbers `key` at `places`, all with the same z.

    `of_place`: the number differs from place to place, so that it can be chosen.
    """

    key: str
    places: tuple[Place, ...]
    sigma: float
    bias: float = 0.0
    of_place: bool = False


class Choice(NamedTuple):
    """Where a circuit with these uses may run: the best of `places` places, their numbers drawn from `seed`."""

    uses: Uses
    places: int
    seed: np.random.SeedSequence

    def of(
        self, device: Device, factors: Sequence[UnknownFactor], scores: Float[np.ndarray, "d m"]
    ) -> Float[np.ndarray, "d m"]:
        """The scores z of machines with those of the second half replaced by those of their best place.

        The place that a machine has already is one of the K.
        """
        own = [index for index, factor in enumerate(factors) if factor.of_place]
        chosen, first = scores.copy(), len(scores) // 2
        if not own:
            return chosen
        drawn = np.random.default_rng(self.seed).standard_normal((len(scores) - first, self.places - 1, len(own)))
        places = np.concatenate([scores[first:, None, own], drawn], axis=1)
        sigma, bias = (np.array([getattr(factors[index], name) for index in own]) for name in ("sigma", "bias"))
        errors = np.array([_expected_errors(device, factors[index], self.uses) for index in own])
        expected = np.exp(sigma * places - bias) @ errors  # (1)
        chosen[first:, own] = places[np.arange(len(places)), expected.argmin(axis=1)]
        return chosen


def _expected_errors(device: Device, factor: UnknownFactor, uses: Uses) -> float:
    """The share of a factor's number in (1) where the factor is 1."""
    return sum(uses.get((factor.key, place), 0.0) * _number(device, factor.key, place) for place in factor.places)


def _number(device: Device, key: str, place: Place) -> float:
    if key.startswith("gates."):
        return device.gates[key.split(".")[1]].error[place]
    return getattr(device, FIELDS.get(key, key))[place[0]]
