"""A compiled query measured at angles: from exact probabilities or from counts, with calibration and standard errors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybrid.base.randomness import ProgramStream, Seed, TrainingStream, child, sequence
from hybrid.base.types import DENSE_QUBITS, Angles, Counts, DiagonalTerms, Mitigation, Scalars, WideRunner
from hybrid.compilation.resources import Resources
from hybrid.device.readout import StringFactors
from hybrid.measure.allocation import proportional
from hybrid.measure.calibration import NOTHING, Calibration, NoiseFit, Training, trained
from hybrid.measure.estimate import (
    GroupEstimate,
    calibration_shifts,
    combined,
    error_of_means,
    exact_values,
    group_estimate,
    variance,
)
from hybrid.measure.execution import Execution, over_realizations
from hybrid.measure.gradients import MeasuredValues
from hybrid.measure.observables import DiagonalObservable, DistributionDependent, FixedObservable, ReadoutFit, terms_of
from hybrid.measure.selection import Selection
from hybrid.measure.variants import combination

PORTION_BYTES, PORTION_ROWS, PORTION_WORK = 2**28, 2048, 10**9
"""Points are sent to the backend in portions of at most this many bytes of probabilities, rows, and bytes of state times gates
(about a second): Ctrl-C takes effect between portions, not while a simulator is at work."""
STATE_NUMBER_BYTES = 24
"""A density matrix has 4^n numbers of 16 bytes, two Pauli vectors of 8; what a backend needs beyond that are circuits."""


class MeasurementDraws(NamedTuple):
    """What one measurement draws from: its seed, that of the detunings, and what a calibration found before."""

    root: np.random.SeedSequence
    detunings: np.random.SeedSequence
    calibration: Calibration

    @property
    def correction(self) -> ReadoutFit | None:
        """The readout errors to invert."""
        return self.calibration.readout


@dataclass(frozen=True)
class CompiledQuery:
    """A compiled query as a function of its angles (k, m).

    A `direct` one gets its observable's value from the backend; otherwise circuit s is measured for group s of `grouped()`.
    `constant` is the observable's identity part. Error mitigation: `calibrate` measures the readout's errors, `training` has
    circuits of known value, `selection` leaves shots out; with a `calibration` nothing is calibrated again.
    """

    execution: Execution
    constant: float
    grouped: Callable[[], tuple[FixedObservable | DistributionDependent, ...]]
    direct: bool
    calibrate: Callable[[np.random.SeedSequence], ReadoutFit] | None
    training: Training | None
    selection: Selection | None
    calibration: Calibration | None

    @property
    def groups(self) -> tuple[FixedObservable | DistributionDependent, ...]:
        """The observables of the measured circuits. Those of a `direct` query are made when first asked for, which takes long
        where there are many terms."""
        return self.grouped()

    @property
    def mitigation(self) -> Mitigation:
        """What error mitigation changes."""
        return self.execution.recipe.conditions.mitigation

    @property
    def resources(self) -> Resources:
        """What one evaluation takes."""
        return self.execution.resources

    def draws(self, root: np.random.SeedSequence, detuning_seed: Seed) -> MeasurementDraws:
        """The seeds of a measurement, and the calibration, made now where there is none."""
        detunings = child(root, ProgramStream.DETUNINGS) if detuning_seed is None else sequence(detuning_seed)
        return MeasurementDraws(root, detunings, self.calibrated(root))

    def calibrated(self, root: np.random.SeedSequence, readout: ReadoutFit | None = None) -> Calibration:
        """What the query's calibration found, or finds now; `readout` is what is known of these qubits already."""
        if self.calibration is not None:
            return self.calibration
        if readout is None and self.calibrate is not None:
            readout = self.calibrate(child(root, ProgramStream.CALIBRATION))
        first = NOTHING._replace(readout=readout)
        if self.training is None:
            return first
        seed = child(root, ProgramStream.TRAINING, TrainingStream.MEASUREMENT)
        measured = replace(self, calibration=first, constant=0.0).measured(self.training.angles, seed, None)
        return first._replace(noise=trained(self.training.exact, measured))

    def correction(self, root: np.random.SeedSequence) -> ReadoutFit | None:
        """The calibrated readout errors; None without readout mitigation."""
        return self.calibrated(root).readout

    @property
    def calibration_circuits(self) -> int:
        """How many circuits, each with the shots of one value, a calibration measures."""
        return self.readout_circuits + (0 if self.training is None else len(self.training.exact))

    @property
    def readout_circuits(self) -> int:
        """Those of them that calibrate the readout."""
        return {"": 0, "bits": 2, "strings": 1}[self.mitigation.readout]

    @property
    def mitigation_words(self) -> str:
        """What error mitigation does with this query, in words; empty without."""
        how, execution, words = self.mitigation, self.execution, []
        if circuits := self.calibration_circuits:
            words.append(f"{circuits} calibration circuit{'s' if circuits > 1 else ''}, measured once")
        if how.extrapolation is not None:
            words.append(how.extrapolation.about or f"{how.variants} variants of each circuit")
        if execution.frames is not None:
            words.append(f"{execution.clusters} random instances of each circuit")
            if execution.frames.twirl.inverse:
                words.append(f"{execution.frames.overhead:.2g} times the shots for the same error, detunings and exchange stay")
        if self.selection is not None:
            words.append("shots outside the symmetry sector are left out")
        return "; ".join(words)

    def measured(self, angles: Angles, root: np.random.SeedSequence, detuning_seed: Seed) -> MeasuredValues:
        """Values at angles (k, m), in portions that bound memory; row i draws from the seed's child i."""
        if not len(angles) or not (self.direct or self.groups):
            return without_shots(np.full((len(angles), 1), self.constant))
        draws, size = self.draws(root, detuning_seed), self._portion()
        parts = []
        for first in range(0, len(angles), size):
            rows = angles[first : first + size]
            parts.append(self._sampled(rows, first, draws) if self.execution.shots.size else self._exact(rows, draws))
        measured = MeasuredValues(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
        measured = _without_noise(measured, draws.calibration.noise)
        return measured._replace(values=measured.values + self.constant)

    @property
    def distribution_dependent(self) -> DistributionDependent | None:
        """The one observable that depends on the measured distribution, where there is one."""
        return None if self.direct else next((group for group in self.groups if isinstance(group, DistributionDependent)), None)

    @property
    def fixed_groups(self) -> list[FixedObservable]:
        """The groups, none of which depends on the measured distribution."""
        fixed = [group for group in self.groups if not isinstance(group, DistributionDependent)]
        assert len(fixed) == len(self.groups)
        return fixed

    def fixed_at(self, angles: Angles, root: np.random.SeedSequence, detuning_seed: Seed) -> DiagonalObservable:
        """The distribution-dependent observable, fixed at angles (1, m) by the draws of that very point."""
        group = self.distribution_dependent
        assert group is not None
        detunings = child(root, ProgramStream.DETUNINGS) if detuning_seed is None else sequence(detuning_seed)
        if self.execution.shots.size:
            return _at_counts(group, self.execution.counts(angles, root, detunings)[0][0][0])
        return _at_distributions(group, self.execution.distributions(angles, detunings)[0])

    def outcome_weights(self, correction: ReadoutFit | None) -> Float[np.ndarray, "s d"]:
        """The contribution of every reported outcome of every circuit."""
        outcomes = np.arange(2**self.resources.n_qubits, dtype=np.uint64)
        return np.array([group.eigenvalues(outcomes, correction) for group in self.fixed_groups])

    def wide_terms(self, execution: Execution, correction: ReadoutFit | None) -> list[DiagonalTerms] | None:
        """Of every circuit, where only their sums are computed: on more qubits than distributions are made of, and by nodes."""
        narrow = self.resources.n_qubits <= DENSE_QUBITS and not execution.coarser
        if self.direct or narrow or not isinstance(execution.runner, WideRunner):
            return None
        if isinstance(correction, StringFactors) or execution.slots is not None or self.selection is not None:
            return None
        return terms_of(self.groups, correction)

    def _portion(self) -> int:
        circuits = len(self.execution.recipe.circuits) * self.mitigation.variants
        sums = self.direct or (not self.execution.shots.size and self.wide_terms(self.execution, None) is not None)
        row_bytes = 1 if sums else 8 * 2**self.resources.n_qubits * circuits
        state_bytes = min(self.resources.memory_bytes, STATE_NUMBER_BYTES * 4**self.resources.n_qubits)
        work = state_bytes * sum(self.resources.gates.values()) * circuits
        rows = min(PORTION_ROWS, PORTION_BYTES // row_bytes, PORTION_WORK // max(1, work))
        return max(1, rows // self.execution.realizations)

    def _exact(self, angles: Angles, draws: MeasurementDraws) -> MeasuredValues:
        if self.direct:
            return without_shots(self.execution.runner.expectations(angles)[:, None])
        if (terms := self.wide_terms(self.execution, draws.correction)) is not None:
            if self.execution.coarser:
                values, shifts = self.execution.by_nodes(angles, terms)
                return MeasuredValues(values, np.zeros(len(angles)), shifts)
            return without_shots(self.execution.weighted(angles, draws.detunings, terms))
        distributions = self.execution.distributions(angles, draws.detunings)
        if (group := self.distribution_dependent) is not None:
            rows = [exact_values([_at_distributions(group, row)], row, None) for row in distributions]
            return without_shots(np.array(rows))
        if self.mitigation.extrapolation is None:
            return without_shots(self._of_variant(distributions, 0, draws.correction))
        f = range(self.mitigation.variants)
        by_variant = np.stack([self._of_variant(distributions, which, draws.correction) for which in f], axis=-1)
        return without_shots(np.array([self._combined(rows) for rows in by_variant]))

    def _of_variant(
        self, distributions: Float[np.ndarray, "k c s d"], which: int, correction: ReadoutFit | None
    ) -> Float[np.ndarray, "k c"]:
        """Values of the circuits of one variant."""
        if self.selection is not None:
            distributions = self.selection.renormalised(distributions, self.mitigation.variants)
        own = distributions[:, :, which :: self.mitigation.variants]
        values = exact_values(self.fixed_groups, own.reshape(-1, *own.shape[2:]), correction)
        return values.reshape(own.shape[:2])

    def _combined(self, rows: Float[np.ndarray, "c f"]) -> Float[np.ndarray, " c"]:
        """The value that the means of the variants give, with the deviation of each of c sets of detunings from it."""
        means = rows.mean(axis=0)
        value, weights = combination(self.mitigation, means, error_of_means(rows.T))
        return value + (rows - means) @ weights

    def _sampled(self, angles: Angles, first: int, draws: MeasurementDraws) -> MeasuredValues:
        """Estimates from counts; with a pilot, of two parts whose weights are fixed beforehand (see `allocation`)."""
        values, stderr, shifts = np.zeros((len(angles), 1)), np.zeros(len(angles)), []
        stages, inflation = self._stages(angles, first, draws)
        for row, parts in enumerate(stages):
            values[row, 0], stderr[row], shift = self._of_point(parts, inflation, draws.correction)
            shifts.append(shift)
        return MeasuredValues(values, stderr, np.array(shifts))

    def _of_point(
        self, parts: list[tuple[float, list[Counts]]], inflation: float, correction: ReadoutFit | None
    ) -> tuple[float, float, Float[np.ndarray, " q"]]:
        """Value, standard error and calibration shifts of one point from the counts of its parts."""
        dependent, f = self.distribution_dependent, self.mitigation.variants
        groups = self.fixed_groups if dependent is None else [_at_counts(dependent, parts[0][1][0])]
        groups = [group for group in groups for _ in range(f)]
        weights = [weight for weight, _ in parts]
        by_group = zip(*(self._estimates(groups, counts, correction) for _, counts in parts), strict=True)
        shots_by_group = zip(*([int(c.counts.sum()) for c in counts] for _, counts in parts), strict=True)
        estimates = [combined(weights, part, shots) for part, shots in zip(by_group, shots_by_group, strict=True)]
        means = np.array([sum(estimate.mean for estimate in estimates[which::f]) for which in range(f)])
        twirled = self.execution.frames is not None
        errors = np.sqrt([variance(estimates[which::f], inflation, twirled=twirled) for which in range(f)])
        value, slopes = combination(self.mitigation, means, errors)
        scaled = (
            [estimate.scaled(slopes[i % f]) for i, estimate in enumerate(estimates)]
            if self.mitigation.extrapolation is not None
            else estimates
        )
        shifts = sum(
            slopes[which] * weight * calibration_shifts(groups[which::f], counts[which::f], correction)
            for weight, counts in parts
            for which in range(f)
        )
        return value, float(np.sqrt(variance(scaled, inflation, twirled=twirled))), np.asarray(shifts)

    def _stages(
        self, angles: Angles, first: int, draws: MeasurementDraws
    ) -> tuple[list[list[tuple[float, list[Counts]]]], float]:
        """Per point its counts with the weight of each part, and the inflation of the variance by drift."""
        execution, division = self.execution, self.execution.division
        root, detunings = draws.root, draws.detunings
        if execution.pilot is None or division is None:
            counts, inflation = execution.counts(angles, root, detunings, first)
            return [[(1.0, of_point)] for of_point in counts], inflation
        pilots, inflation = execution.counts(angles, root, detunings, first, shots=execution.pilot, pilot=True)
        stages = []
        for row, pilot in enumerate(pilots):
            estimates = self._estimates(self.fixed_groups, pilot, draws.correction)
            sigma = np.sqrt([part.variance * n for part, n in zip(estimates, division.pilot, strict=True)])
            per_group = proportional(sum(division.shots), sigma, division.least)
            shots = over_realizations(per_group, execution.realizations)
            (rest,), _ = execution.counts(angles[row : row + 1], root, detunings, first + row, shots=shots)
            stages.append([(division.fraction, pilot), (1 - division.fraction, rest)])
        return stages, inflation

    def _estimates(
        self, groups: Sequence[FixedObservable], counts: Sequence[Counts], correction: ReadoutFit | None
    ) -> list[GroupEstimate]:
        realizations = self.execution.clusters
        if self.selection is not None:
            counts = [self.selection.kept(c, place // self.mitigation.variants) for place, c in enumerate(counts)]
        return [group_estimate(group, c, realizations, correction) for group, c in zip(groups, counts, strict=True)]


def _at_counts(group: DistributionDependent, counts: Counts) -> DiagonalObservable:
    return group.at(counts.outcomes, counts.counts / counts.counts.sum())


def _at_distributions(group: DistributionDependent, distributions: Float[np.ndarray, "c s d"]) -> DiagonalObservable:
    """At the mean over c independent sets of detunings."""
    return group.at(np.arange(distributions.shape[-1], dtype=np.uint64), distributions[:, 0].mean(axis=0))


def _without_noise(measured: MeasuredValues, noise: NoiseFit | None) -> MeasuredValues:
    """(noisy - b)/a, with the shifts by the errors of a and b."""
    if noise is None:
        return measured
    shifts = np.concatenate([measured.calibration_shifts / noise.a, noise.shifts(measured.values.mean(axis=1))], axis=1)
    return MeasuredValues((measured.values - noise.b) / noise.a, measured.stderr / noise.a, shifts)


def without_shots(values: Float[np.ndarray, "k c"]) -> MeasuredValues:
    """Values that no shots and no calibration have a part in."""
    return MeasuredValues(values, np.zeros(len(values)), np.zeros((len(values), 0)))


def standard_errors(measured: MeasuredValues) -> Scalars:
    """Standard error of every value (k,): shots, calibration and detunings."""
    calibration = np.sum(measured.calibration_shifts**2, axis=1)
    return np.sqrt(measured.stderr**2 + calibration + error_of_means(measured.values) ** 2)
