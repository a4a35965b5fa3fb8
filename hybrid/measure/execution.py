"""Execution: circuits with their noise, compiled by a backend and run at points and realizations of the detunings."""

from collections.abc import Sequence, Set
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float, Int
from qiskit import QuantumCircuit

from hybrid.base.randomness import DetuningStream, SettingStream, child
from hybrid.base.types import (
    NO_MITIGATION,
    Angles,
    Counts,
    DiagonalTerms,
    DifferentiableRunner,
    Mitigation,
    Recomputation,
    Runner,
    Shots,
    Weights,
    WideRunner,
)
from hybrid.compilation.frames import Frame, Frames
from hybrid.compilation.resources import Resources
from hybrid.compilation.slots import Slots
from hybrid.compilation.transpile import IsaCircuit
from hybrid.device.detuning import SCRAMBLES, DetunedAngles, Draws
from hybrid.device.device import Device
from hybrid.device.nodes import COARSER
from hybrid.device.readout import Readout
from hybrid.measure.allocation import Division


class Conditions(NamedTuple):
    """How circuits are run: shots in all (0: infinitely many), detunings (None: the default), threads, dynamical decoupling,
    how shots are divided over groups; `without` names `noise.PARTS` to leave out; error mitigation."""

    shots: int = 0
    realizations: int | None = None
    threads: int = 1
    dd: str = "none"
    without: Set[str] = frozenset()
    allocation: str = "uniform"
    mitigation: Mitigation = NO_MITIGATION


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

    Circuits that error mitigation changed take their angles from `slots`, in random `frames` of their realizations. Where the
    runner averages over detunings by axes of nodes, the `coarser` ones do so by fewer: what they differ by is the error.
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
    slots: Slots | None = None
    frames: Frames | None = None
    coarser: tuple[Runner, ...] = ()

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
        inflation, points, settings = 1.0, range(len(angles)), range(self.shots.shape[1])
        shots, detuned = self.shots if shots is None else shots, None
        own = [child(detunings, first + i) for i in points]
        if self.detuned is not None:
            total = int(self.shots.sum()) + (0 if self.pilot is None else int(self.pilot.sum()))
            drawn = [self.detuned.draws.independent(self.realizations, total, seed) for seed in own]
            inflation = drawn[0][1] if drawn else 1.0
            detuned = [detuning for detuning, _ in drawn]
        frames = self._frames(own)
        draw, flip = SettingStream.SHOTS, SettingStream.FLIPS
        if pilot:
            draw, flip = SettingStream.PILOT_SHOTS, SettingStream.PILOT_FLIPS
        seeds = [[child(root, first + i, s, draw) for s in settings] for i in points]
        counts = self.runner.counts(self._rows(angles, detuned, frames), shots, seeds)
        if self.readout is not None:
            generators = [[np.random.default_rng(child(root, first + i, s, flip)) for s in settings] for i in points]
            counts = [
                [self.readout.flip(c, rng) for c, rng in zip(of_point, of_rows, strict=True)]
                for of_point, of_rows in zip(counts, generators, strict=True)
            ]
        if frames is not None:
            counts = [[self._back(c, f, s) for s, c in enumerate(of_point)] for of_point, f in zip(counts, frames, strict=True)]
        return counts, max(1.0, inflation * self.clusters / self.realizations)

    def distributions(self, angles: Angles, detunings: np.random.SeedSequence) -> Float[np.ndarray, "k c s d"]:
        """Outcome probabilities as read, averaged over each of c independent sets of detunings that all points share."""
        detuned, frames = self._shared(angles, detunings)
        probabilities = self.runner.distributions(self._rows(angles, detuned, frames))
        shape = (len(angles), self.sets, -1, *probabilities.shape[1:])
        if frames is None:
            means = probabilities.reshape(shape).mean(axis=2)
            return means if self.readout is None else self.readout.mix(means)
        if self.readout is not None:
            probabilities = self.readout.mix(probabilities)
        flips, weights = (np.concatenate([getattr(f, name) for f in frames]) for name in ("flips", "weights"))
        outcomes = np.arange(probabilities.shape[-1], dtype=np.uint64)
        places = (outcomes ^ flips[..., None]).astype(np.int64)
        return (np.take_along_axis(probabilities, places, axis=2) * weights[..., None]).reshape(shape).mean(axis=2)

    @property
    def sets(self) -> int:
        """c, how many independent sets of detunings and frames a mean without shots has."""
        return 1 if self.detuned is None and self.frames is None else SCRAMBLES

    def weighted(
        self, angles: Angles, detunings: np.random.SeedSequence, terms: Sequence[DiagonalTerms]
    ) -> Float[np.ndarray, "k c"]:
        """Sums of terms over outcomes as read, otherwise as `distributions`."""
        assert isinstance(self.runner, WideRunner)
        values = self.runner.weighted(self._rows(angles, *self._shared(angles, detunings)), self.of_true_outcomes(terms))
        return values.reshape(len(angles), self.sets, -1).mean(axis=2)

    def by_nodes(
        self, angles: Angles, terms: Sequence[DiagonalTerms]
    ) -> tuple[Float[np.ndarray, "k 1"], Float[np.ndarray, "k q"]]:
        """`weighted` by nodes, and its shifts by fewer of them, for every circuit."""
        fine, *others = (_wide(each).weighted_by_setting(angles, self.of_true_outcomes(terms)) for each in self._by_nodes)
        return fine.sum(axis=0)[:, None], self._shifts(fine, others)

    def slopes_by_nodes(
        self, angles: Angles, terms: Sequence[DiagonalTerms]
    ) -> tuple[Float[np.ndarray, "1 1"], Float[np.ndarray, "a 1"], Float[np.ndarray, "1 q"], Float[np.ndarray, "a q"]]:
        """Value and slopes of one point by nodes, and the shifts of both; terms of true outcomes."""
        (values, slopes), *others = (_wide(each).slopes_by_setting(angles, terms) for each in self._by_nodes)
        shifts = self._shifts(values, [value for value, _ in others])
        slope_shifts = self._shifts(slopes[:, 0], [slope[:, 0] for _, slope in others])
        return values.sum(axis=0)[:, None], slopes.sum(axis=0).T, shifts, slope_shifts

    @property
    def _by_nodes(self) -> tuple[Runner, ...]:
        return (self.runner, *self.coarser)

    def _shifts(self, fine: Float[np.ndarray, "s k"], coarser: Sequence[Float[np.ndarray, "s k"]]) -> Float[np.ndarray, "k q"]:
        parts = [(fine - other) / divisor for other, (_, divisor) in zip(coarser, COARSER, strict=True)]
        return np.concatenate(parts).T

    def of_true_outcomes(self, terms: Sequence[DiagonalTerms]) -> list[DiagonalTerms]:
        """The terms with readout errors in their factors."""
        return [part if self.readout is None else self.readout.folded(part) for part in terms]

    def slopes(
        self, angles: Angles, detunings: np.random.SeedSequence, weights: Weights | None
    ) -> tuple[Float[np.ndarray, " c"], Float[np.ndarray, "c a"]]:
        """Value and slopes of one point by every angle, a mean for each of c independent sets of detunings.

        `weights` are those of outcomes before readout errors; None is the task's observable.
        """
        detuned, frames = self._shared(angles, detunings)
        rows, m = self._rows(angles, detuned, frames), angles.shape[1]
        values, slopes = self._differentiated(rows, weights, frames)
        if self.slots is not None:
            a = len(self.slots.column)
            signed = slopes[:, :a] if frames is None else slopes[:, :a] * np.concatenate([f.signs for f in frames])
            slopes = self.slots.pulled_back(signed, m)
        sets = self.sets
        return values.reshape(sets, -1).mean(axis=1), slopes.reshape(sets, len(slopes) // sets, slopes.shape[1]).mean(axis=1)

    def _differentiated(
        self, rows: Float[np.ndarray, "rows a"], weights: Weights | None, frames: list[Frame] | None
    ) -> tuple[Float[np.ndarray, " rows"], Float[np.ndarray, "rows a"]]:
        """Values and slopes of all rows at once; row by row where each flips other outcomes."""
        assert isinstance(self.runner, DifferentiableRunner)
        if not isinstance(weights, np.ndarray):
            return self.runner.differentiate(rows, weights)
        if frames is None or not any(f.flips.any() or (f.weights != 1).any() for f in frames):
            return self.runner.differentiate(rows, self._before_readout(weights))
        flips, factors = (np.concatenate([getattr(f, name) for f in frames]) for name in ("flips", "weights"))
        outcomes, answers = np.arange(weights.shape[1], dtype=np.uint64), []
        for row, flip, factor in zip(rows, flips, factors, strict=True):
            own = factor[:, None] * np.take_along_axis(weights, (outcomes ^ flip[:, None]).astype(np.int64), axis=1)
            answers.append(self.runner.differentiate(row[None], self._before_readout(own)))
        return np.concatenate([value for value, _ in answers]), np.concatenate([slope for _, slope in answers])

    def _before_readout(self, weights: Float[np.ndarray, "s d"]) -> Float[np.ndarray, "s d"]:
        return weights if self.readout is None else self.readout.pulled_back(weights)

    def _shared(self, angles: Angles, detunings: np.random.SeedSequence) -> tuple[list[Any] | None, list[Frame] | None]:
        """The detunings and the frames that all points share, without shots."""
        detuned = None
        if self.detuned is not None:
            detuned = [self.detuned.draws.quadrature(self.realizations // SCRAMBLES, detunings)] * len(angles)
        frames = self._frames([detunings])
        return detuned, None if frames is None else frames * len(angles)

    def _frames(self, seeds: Sequence[np.random.SeedSequence]) -> list[Frame] | None:
        """The frames of every realization, for each seed; an instance is a run of realizations, without shots one of them."""
        if self.frames is None:
            return None
        rows = self.clusters if self.shots.size else self.realizations
        drawn = [self.frames.draw(rows, child(seed, DetuningStream.FRAMES)) for seed in seeds]
        return [Frame(*(column[self._which(rows)] for column in frame)) for frame in drawn]

    @property
    def clusters(self) -> int:
        """How many groups the shots of a circuit are in whose means are independent: realizations, or instances of a twirled
        circuit, each a run of realizations."""
        return self.realizations if self.frames is None else min(self.frames.twirl.instances, self.realizations)

    def by_instance(self, shots: Sequence[int]) -> list[int]:
        """Shots per circuit that a machine is sent: every instance of a twirled circuit is one."""
        parts = 1 if self.frames is None else self.clusters
        return [n // parts + (i < n % parts) for n in shots for i in range(parts)]

    def _which(self, clusters: int) -> Int[np.ndarray, " r"]:
        return np.arange(self.realizations) * clusters // self.realizations

    def _back(self, counts: Counts, frame: Frame, setting: int) -> Counts:
        """Outcomes with the frame's flips undone, by instance, each shot with its weight."""
        which = self._which(self.clusters)
        first = np.searchsorted(which, np.arange(self.clusters))
        outcomes = counts.outcomes ^ frame.flips[counts.realizations, setting]
        weights = frame.weights[first, setting]
        return Counts(outcomes, counts.counts, which[counts.realizations], None if (weights == 1).all() else weights)

    def _rows(
        self, angles: Angles, detuned: Sequence[Any] | None, frames: Sequence[Frame] | None
    ) -> Float[np.ndarray, "rows a"]:
        """A row for every point and realization: the circuit's angles, or those of its slots, then those of the detunings."""
        if self.slots is not None:
            angles = self.slots(angles)
        if detuned is None and frames is None:
            return angles
        rows = np.repeat(angles, self.realizations, axis=0)
        if frames is not None:
            rows = rows * np.concatenate([f.signs for f in frames]) + np.concatenate([f.turns for f in frames])
        if detuned is None:
            return rows
        assert self.detuned is not None
        return np.concatenate([rows, np.concatenate([self.detuned.angles(each) for each in detuned])], axis=1)


def _wide(runner: Runner) -> WideRunner:
    assert isinstance(runner, WideRunner)
    return runner


def over_realizations(per_setting: Sequence[int], realizations: int) -> Shots:
    """Shots (r, s): those of each setting divided over the realizations, remainders to the first."""
    rows = [[n // realizations + (r < n % realizations) for n in per_setting] for r in range(realizations)]
    return np.array(rows, dtype=np.int64)
