"""Execution: circuits with their noise, compiled by a backend and run at points and realizations of the detunings."""

from collections.abc import Sequence, Set
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit

from hybrid.base.randomness import SettingStream, child
from hybrid.base.types import (
    Angles,
    Counts,
    DiagonalTerms,
    DifferentiableRunner,
    Recomputation,
    Runner,
    Shots,
    Weights,
    WideRunner,
)
from hybrid.compilation.resources import Resources
from hybrid.compilation.transpile import IsaCircuit
from hybrid.device.detuning import SCRAMBLES, DetunedAngles, Draws
from hybrid.device.device import Device
from hybrid.device.readout import Readout
from hybrid.measure.allocation import Division


class Conditions(NamedTuple):
    """How circuits are run: shots in all (0: infinitely many), detunings (None: the default), threads, dynamical decoupling,
    how shots are divided over groups; `without` names `noise.PARTS` to leave out."""

    shots: int = 0
    realizations: int | None = None
    threads: int = 1
    dd: str = "none"
    without: Set[str] = frozenset()
    allocation: str = "uniform"


class Detuned(NamedTuple):
    """Quasi-static dephasing of compiled circuits: the angles that depend on the detunings, and the detunings' distribution."""

    angles: DetunedAngles
    draws: Draws


class Recipe(NamedTuple):
    """The inputs of an execution, to make another one with other device parameters."""

    isa: IsaCircuit
    circuits: tuple[QuantumCircuit, ...]
    device: Device
    conditions: Conditions


@final
class Execution(NamedTuple):
    """Compiled settings; calls are pure functions of their arguments.

    `shots` is (r, s), or (1, 0) without shots. With a `pilot`, each point's shots are divided by its own pilot; `shots` is then
    the division for a pilot that finds exactly the bounds. `recomputation` is the part of a second simulator.
    """

    runner: Runner
    shots: Shots
    pilot: Shots | None
    division: Division | None
    realizations: int
    readout: Readout | None
    detuned: Detuned | None
    resources: Resources
    recipe: "Recipe"
    recomputation: Recomputation | None = None

    def counts(
        self,
        angles: Angles,
        root: np.random.SeedSequence,
        detunings: np.random.SeedSequence,
        first: int = 0,
        *,
        shots: Shots | None = None,
        pilot: bool = False,
    ) -> tuple[list[list[Counts]], float]:
        """Counts as read per point and setting, and the inflation of their realizations' variance by drift.

        Point i draws from the `first + i`-th children, a pilot from other children than the rest; every point has its own
        detunings, and its pilot the same ones. `shots` (r, s) replace those of the execution.
        """
        inflation, rows, settings = 1.0, range(len(angles)), range(self.shots.shape[1])
        shots = self.shots if shots is None else shots
        if self.detuned is not None:
            total = int(self.shots.sum()) + (0 if self.pilot is None else int(self.pilot.sum()))
            drawn = [self.detuned.draws.independent(self.realizations, total, child(detunings, first + i)) for i in rows]
            inflation = drawn[0][1] if drawn else 1.0
            angles = self._with_detunings(angles, [detuning for detuning, _ in drawn])
        draw, flip = SettingStream.SHOTS, SettingStream.FLIPS
        if pilot:
            draw, flip = SettingStream.PILOT_SHOTS, SettingStream.PILOT_FLIPS
        seeds = [[child(root, first + i, s, draw) for s in settings] for i in rows]
        counts = self.runner.counts(angles, shots, seeds)
        if self.readout is not None:
            generators = [[np.random.default_rng(child(root, first + i, s, flip)) for s in settings] for i in rows]
            counts = [
                [self.readout.flip(c, rng) for c, rng in zip(of_point, of_rows, strict=True)]
                for of_point, of_rows in zip(counts, generators, strict=True)
            ]
        return counts, inflation

    def distributions(self, angles: Angles, detunings: np.random.SeedSequence) -> Float[np.ndarray, "k c s d"]:
        """Outcome probabilities as read, averaged over each of c independent sets of detunings that all points share."""
        sets = 1 if self.detuned is None else SCRAMBLES
        rows = self._at_shared_detunings(angles, detunings)
        probabilities = self.runner.distributions(rows)
        means = probabilities.reshape(len(angles), sets, -1, *probabilities.shape[1:]).mean(axis=2)
        return means if self.readout is None else self.readout.mix(means)

    def weighted(
        self, angles: Angles, detunings: np.random.SeedSequence, terms: Sequence[DiagonalTerms]
    ) -> Float[np.ndarray, "k c"]:
        """Sums of terms over outcomes as read, otherwise as `distributions`."""
        assert isinstance(self.runner, WideRunner)
        values = self.runner.weighted(self._at_shared_detunings(angles, detunings), self.of_true_outcomes(terms))
        return values.reshape(len(angles), 1 if self.detuned is None else SCRAMBLES, -1).mean(axis=2)

    def of_true_outcomes(self, terms: Sequence[DiagonalTerms]) -> list[DiagonalTerms]:
        """The terms with readout errors in their factors."""
        return [part if self.readout is None else self.readout.folded(part) for part in terms]

    def slopes(
        self, angles: Angles, detunings: np.random.SeedSequence, weights: Weights | None
    ) -> tuple[Float[np.ndarray, " c"], Float[np.ndarray, "c a"]]:
        """Value and slopes of one point by every angle, a mean for each of c independent sets of detunings.

        `weights` are those of outcomes before readout errors; None is the task's observable.
        """
        assert isinstance(self.runner, DifferentiableRunner)
        sets = 1 if self.detuned is None else SCRAMBLES
        values, slopes = self.runner.differentiate(self._at_shared_detunings(angles, detunings), weights)
        return values.reshape(sets, -1).mean(axis=1), slopes.reshape(sets, len(slopes) // sets, slopes.shape[1]).mean(axis=1)

    def _at_shared_detunings(self, angles: Angles, detunings: np.random.SeedSequence) -> Float[np.ndarray, "rows a"]:
        if self.detuned is None:
            return angles
        drawn = self.detuned.draws.quadrature(self.realizations // SCRAMBLES, detunings)
        return self._with_detunings(angles, [drawn] * len(angles))

    def _with_detunings(self, angles: Angles, detunings: Sequence[Float[np.ndarray, "r n"]]) -> Float[np.ndarray, "rows a"]:
        """A row for every point and realization: the circuit's angles, then those of the detunings."""
        assert self.detuned is not None
        per_point = [self.detuned.angles(rows) for rows in detunings]
        return np.concatenate([np.repeat(angles, self.realizations, axis=0), np.concatenate(per_point)], axis=1)


def over_realizations(per_setting: Sequence[int], realizations: int) -> Shots:
    """Shots (r, s): those of each setting divided over the realizations, remainders to the first."""
    rows = [[n // realizations + (r < n % realizations) for n in per_setting] for r in range(realizations)]
    return np.array(rows, dtype=np.int64)
