"""A value measured again with another simulator's probabilities in place of the first one's, and how far the two differ."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float

from hybrid.base.types import Angles, Counts, Recomputation, Runner, Scalars, Shots
from hybrid.device.readout import draw_all
from hybrid.measure.program import Program

TOLERANCE = 1e-8
"""Probabilities of two exact simulators in double precision may differ by so much; they differ by 1e-15 to 1e-13."""


class Agreement(NamedTuple):
    """How far two simulators differ in the probability of any outcome (1 where one gives nan): on so many `rows` of angles (a
    point at a realization of the detunings) `of` those measured, in so many `circuits` of each row."""

    largest: float
    rows: int
    of: int
    circuits: tuple[int, int]
    simulator: str

    @property
    def agrees(self) -> bool:
        """Whether all probabilities are equal within `TOLERANCE`."""
        return self.largest <= TOLERANCE

    @property
    def complete(self) -> bool:
        """Whether the second simulator computed everything, so that the value is its own."""
        return self.rows == self.of and self.circuits[0] == self.circuits[1]

    def plus(self, other: "Agreement") -> "Agreement":
        """Of the same simulator in two queries: the larger difference."""
        circuits = self.circuits[0] + other.circuits[0], self.circuits[1] + other.circuits[1]
        return Agreement(max(self.largest, other.largest), self.rows + other.rows, self.of + other.of, circuits, self.simulator)


def has_second(program: Program) -> bool:
    """Whether a second simulator computes any of the program's circuits."""
    return program.execution.recomputation is not None and bool(program.groups)


def recomputed(program: Program) -> "tuple[Program, TwoRunners]":
    """The program with the second simulator's probabilities where it computes them, and what compares them."""
    second = program.execution.recomputation
    assert second is not None
    both = TwoRunners(program.execution.runner, second, program.resources.circuits)
    return replace(program, execution=program.execution._replace(runner=both)), both


@final
class TwoRunners:
    """A runner that computes probabilities twice, as far as the second one's rows go, and answers with the second one's."""

    def __init__(self, first: Runner, second: Recomputation, n_circuits: int) -> None:
        self._first, self._second, self._n_circuits = first, second, n_circuits
        self._again = second.backend.compile(second.task)
        self._left, self._largest, self._rows, self._of = second.rows, 0.0, 0, 0

    @property
    def agreement(self) -> Agreement:
        """Of all calls until now."""
        circuits = len(self._second.settings), self._n_circuits
        simulator = self._second.backend.describe(self._second.task)
        return Agreement(self._largest, self._rows, self._of, circuits, simulator)

    def expectations(self, angles: Angles) -> Scalars:
        """As the first one: observables without noise are not computed twice."""
        return self._first.expectations(angles)

    def distributions(self, angles: Angles) -> Float[np.ndarray, "k s d"]:
        """The first rows by both simulators."""
        probabilities = self._first.distributions(angles)
        count, settings = min(self._left, len(angles)), list(self._second.settings)
        self._of += len(angles)
        if count:
            again = self._again.distributions(angles[:count])
            differences = np.nan_to_num(np.abs(probabilities[:count, settings] - again), nan=1.0, posinf=1.0)
            self._largest = max(self._largest, float(differences.max()))
            probabilities[:count, settings] = again
            self._left, self._rows = self._left - count, self._rows + count
        return probabilities

    def counts(self, angles: Angles, shots: Shots, seeds: Sequence[Sequence[np.random.SeedSequence]]) -> list[list[Counts]]:
        """Drawn from these probabilities with the same draws as the first one's."""
        return draw_all(self.distributions(angles), shots, seeds)
