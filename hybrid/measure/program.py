"""Program: a compiled query, called many times with points; values and gradients with their standard errors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from jaxtyping import Float

from hybrid.base.errors import UsageError
from hybrid.base.randomness import ProgramStream, Seed, child, sequence
from hybrid.base.types import (
    Angles,
    Backend,
    Counts,
    DifferentiableRunner,
    Estimates,
    GeometricRunner,
    LossGradient,
    Point,
    Points,
    Scalars,
    Tensor,
)
from hybrid.compilation.resources import Resources
from hybrid.device.readout import Correction
from hybrid.measure import gradients
from hybrid.measure.allocation import proportional
from hybrid.measure.angles import AngleMap
from hybrid.measure.estimate import (
    AllZeros,
    GroupEstimate,
    Observed,
    Open,
    Settled,
    calibration_pulls,
    exact_values,
    mixed,
    share,
    variance,
    widening,
)
from hybrid.measure.execution import Execution, over_realizations
from hybrid.measure.gradients import MeasuredValues
from hybrid.measure.sensitivity import Sensitivities, sensitivities

PORTION_BYTES, PORTION_ROWS, PORTION_WORK = 2**28, 2048, 10**9
"""Points are sent on in portions of at most so many bytes of probabilities, rows, and bytes of state times gates (about a
second): a simulator at work hears no Ctrl-C, between portions one is heard."""


@final
@dataclass(frozen=True)
class Program:
    """A compiled query. Calls are pure functions of their arguments; see `hybrid.compile`.

    `method` is how gradients are made; `differentiable` gives the same circuits where they can be
    differentiated and `noiseless` without noise, both compiled when first asked for.
    """

    angle_map: AngleMap
    execution: Execution
    constant: float
    grouped: Callable[[], tuple[Observed | Open, ...]]
    direct: bool
    calibrate: Callable[[np.random.SeedSequence], Correction] | None
    method: str
    differentiable: Callable[[], Execution]
    noiseless: Callable[[], GeometricRunner]
    engine: Callable[[], Backend]

    @property
    def groups(self) -> tuple[Observed | Open, ...]:
        """What the measured circuits are evaluated for. A `direct` program measures its observable whole, so that terms are
        grouped for whoever asks: that takes long where they are many."""
        return self.grouped()

    @property
    def n_parameters(self) -> int:
        """p, the length of a point."""
        return len(self.angle_map.parameters)

    @property
    def evaluations_per_gradient(self) -> int:
        """Points that one gradient asks for: the point itself and, but by the adjoint method, two per direction."""
        directions = {"parameter-shift": len(self.angle_map.offset), "finite-difference": self.n_parameters, "spsa": 1}
        first = 2 if self._open is not None and self.method != "adjoint" else 1
        return first + 2 * directions.get(self.method, 0)

    @property
    def borrows_gradients(self) -> bool:
        """Whether another than the backend that gives the values is differentiated."""
        return self.method == "adjoint" and self.differentiable() is not self.execution

    @property
    def resources(self) -> Resources:
        """What one evaluation takes."""
        return self.execution.resources

    def values(self, points: Points, *, seed: Seed = None, detuning_seed: Seed = None) -> Estimates:
        """Values and standard errors (k,), (k,) of points (k, p); draws descend from `seed` and the row alone.

        Detunings descend from `detuning_seed`, or from `seed`; without shots all points see the same ones. UsageError for
        points of the wrong shape or that are not finite.
        """
        answers = self._measure(self.angle_map(self._checked(points)), sequence(seed), detuning_seed)
        return Estimates(answers.values.mean(axis=1), _stderr(answers))

    def means(self, points: Points, *, seed: Seed = None, detuning_seed: Seed = None) -> Float[np.ndarray, "k c"]:
        """The values of `values` before they are averaged over c independent sets of detunings, which all points share.

        c is 1 where no detunings are drawn, and with shots. The same detunings in another program make differences sharp.
        """
        return self._measure(self.angle_map(self._checked(points)), sequence(seed), detuning_seed).values

    def gradient(self, x: Point, *, seed: Seed = None, detuning_seed: Seed = None) -> LossGradient:
        """Value and gradient (p,) at x (p,) by the program's method, all its points in one batch.

        What outcomes are worth is settled at x first, where it follows from what is seen there.
        """
        x = self._checked(np.asarray(x, dtype=float)[None])[0]
        root = sequence(seed)
        if self._open is not None:
            return self._settled(self._open, x, root, detuning_seed).gradient(x, seed=root, detuning_seed=detuning_seed)
        step = gradients.STEP_WITH_SHOTS if self.execution.shots.size else gradients.STEP
        jacobian = self.angle_map.jacobian(x) if self.method in ("adjoint", "parameter-shift") else np.eye(len(x))

        def measure(points: Points) -> MeasuredValues:
            return self._measure(self.angle_map(points), root, detuning_seed)

        match self.method:
            case "adjoint":
                found = self._adjoint(x, root, detuning_seed)
            case "parameter-shift":
                theta = self.angle_map(x[None])[0]
                found = gradients.parameter_shift(lambda rows: self._measure(rows, root, detuning_seed), theta)
            case "finite-difference":
                found = gradients.finite_difference(measure, x, step)
            case _:
                found = gradients.spsa(measure, x, step, np.random.default_rng(child(root, ProgramStream.DIRECTION)))
        slopes, pulls = jacobian.T @ found.slopes, jacobian.T @ found.pulls
        return LossGradient(
            float(found.value.values.mean()),
            slopes.mean(axis=1),
            float(_stderr(found.value)[0]),
            np.sqrt(found.variance @ jacobian**2 + np.sum(pulls**2, axis=1) + _spread(slopes) ** 2),
        )

    def gradient_at_each(self, points: Points, *, seed: Seed = None, detuning_seed: Seed = None) -> list[LossGradient]:
        """Value and gradient at every point (k, p), in one reverse pass of all where nothing is drawn; point i draws from the
        seed's child i."""
        points, root = self._checked(points), sequence(seed)
        if self.method != "adjoint" or not self.direct:
            return [self.gradient(x, seed=child(root, i), detuning_seed=detuning_seed) for i, x in enumerate(points)]
        execution, angles = self.differentiable(), self.angle_map(points)
        assert isinstance(execution.runner, DifferentiableRunner)
        values, slopes = execution.runner.differentiate(angles)
        values = values + self.constant if execution is self.execution else self._measure(angles, root, None).values[:, 0]
        zeros = np.zeros(self.n_parameters)
        rows = zip(points, values, slopes, strict=True)
        return [LossGradient(float(v), self.angle_map.jacobian(x).T @ slope, 0.0, zeros) for x, v, slope in rows]

    def metric(self, x: Point) -> Tensor:
        """Quantum geometric tensor (p, p) at x of the circuit's state before it is measured: exact and always without noise.

        g_ij = Re(<d_i psi|d_j psi> - <d_i psi|psi><psi|d_j psi>) (Provost & Vallee 1980), a quarter of the quantum Fisher
        information. UsageError for an overlap, and, before anything is allocated, for more angles than memory holds.
        """
        if not self.direct and any(isinstance(group, AllZeros) for group in self.groups):
            raise UsageError("the metric is that of one circuit's state; an overlap has two.")
        x = self._checked(np.asarray(x, dtype=float)[None])[0]
        jacobian = self.angle_map.jacobian(x)
        if not jacobian.size:
            return np.zeros((len(x), len(x)))
        metric = jacobian.T @ self.noiseless().metric(self.angle_map(x[None])[0]) @ jacobian
        return (metric + metric.T) / 2

    def spreads(self, x: Point) -> Float[np.ndarray, " g"]:
        """Standard deviation of one shot of every group at x (p,), in the state without noise: what allocation goes by."""
        outcomes = np.arange(2**self.resources.n_qubits, dtype=np.uint64)
        weights = np.array([group.eigenvalues(outcomes, None) for group in self._known]).reshape(len(self._known), -1)
        if not len(weights):
            return np.zeros(0)
        (shares,) = self.noiseless().distributions(self.angle_map(self._checked(np.asarray(x, dtype=float)[None])))
        mean = np.sum(shares * weights, axis=1)
        return np.sqrt(np.maximum(np.sum(shares * weights**2, axis=1) - mean**2, 0.0))

    def _adjoint(self, x: Point, root: np.random.SeedSequence, detuning_seed: Seed) -> gradients.Slopes:
        """One reverse pass per realization; the value is the backend's own."""
        execution = self.differentiable()
        theta = self.angle_map(x[None])
        detunings = child(root, ProgramStream.DETUNINGS) if detuning_seed is None else sequence(detuning_seed)
        correction = None if self.calibrate is None else self.calibrate(child(root, ProgramStream.CALIBRATION))
        weights = None if self.direct else self._outcome_weights(correction)
        if weights is not None and execution.readout is not None:
            weights = execution.readout.pulled_back(weights)
        values, slopes = execution.slopes(theta, detunings, weights)
        value = _without_shots(values[None] + self.constant)
        if execution is not self.execution:
            value = self._measure(theta, root, detuning_seed)
        m = theta.shape[1]
        return gradients.Slopes(value, slopes[:, :m].T, np.zeros(m), np.zeros((m, 0)))

    def _outcome_weights(self, correction: Correction | None) -> Float[np.ndarray, "s d"]:
        """What every reported outcome of every setting counts for."""
        outcomes = np.arange(2**self.resources.n_qubits, dtype=np.uint64)
        return np.array([group.eigenvalues(outcomes, correction) for group in self._known])

    @property
    def _open(self) -> Open | None:
        """The one group whose worth follows from what is seen, where there is one."""
        return None if self.direct else next((group for group in self.groups if isinstance(group, Open)), None)

    @property
    def _known(self) -> list[Observed]:
        """The groups, the worth of all outcomes settled."""
        known = [group for group in self.groups if not isinstance(group, Open)]
        assert len(known) == len(self.groups)
        return known

    def _settled(self, group: Open, x: Point, root: np.random.SeedSequence, detuning_seed: Seed) -> "Program":
        """The program with the worth of outcomes as it is at x, found with the draws of x itself."""
        angles = self.angle_map(x[None])
        detunings = child(root, ProgramStream.DETUNINGS) if detuning_seed is None else sequence(detuning_seed)
        if self.execution.shots.size:
            worth = _seen(group, self.execution.counts(angles, root, detunings)[0][0][0])
        else:
            worth = _expected(group, self.execution.distributions(angles, detunings)[0])
        return replace(self, grouped=lambda: (worth,))

    def sensitivities(self, x: Point, *, seed: Seed = 0) -> Sensitivities:
        """dE/d(number) at x (p,) for every number of the device, for infinitely many shots; see `hybrid.measure.sensitivity`.

        UsageError on a device without noise.
        """
        recipe, root = self.execution.recipe, sequence(seed)
        if not recipe.device.noisy:
            raise UsageError(f"device '{recipe.device.label}' has no numbers that a result could depend on.")
        if self._open is not None:
            return self._settled(self._open, np.asarray(x, dtype=float), root, None).sensitivities(x, seed=root)
        theta = self.angle_map(self._checked(np.asarray(x, dtype=float)[None]))[0]
        correction = None if self.calibrate is None else self.calibrate(child(root, ProgramStream.CALIBRATION))
        found = sensitivities(recipe, self.engine(), theta, self._outcome_weights(correction), root)
        return found._replace(value=found.value + self.constant)

    def _checked(self, points: Points) -> Points:
        points = np.asarray(points, dtype=float)
        if points.ndim != 2 or points.shape[1] != self.n_parameters:
            raise UsageError(f"points must have shape (k, {self.n_parameters}), not {points.shape}.")
        if not np.isfinite(points).all():
            raise UsageError("points must be finite numbers.")
        return points

    def _measure(self, angles: Angles, root: np.random.SeedSequence, detuning_seed: Seed) -> MeasuredValues:
        """Values at angles (k, m), in portions that bound memory; row i draws from the seed's child i."""
        if not len(angles) or not (self.direct or self.groups):
            return _without_shots(np.full((len(angles), 1), self.constant))
        detunings = child(root, ProgramStream.DETUNINGS) if detuning_seed is None else sequence(detuning_seed)
        correction = None if self.calibrate is None else self.calibrate(child(root, ProgramStream.CALIBRATION))
        size = self._portion()
        parts = []
        for first in range(0, len(angles), size):
            rows = angles[first : first + size]
            if self.execution.shots.size:
                parts.append(self._sampled(rows, first, root, detunings, correction))
            else:
                parts.append(self._exact(rows, detunings, correction))
        found = MeasuredValues(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
        return found._replace(values=found.values + self.constant)

    def _portion(self) -> int:
        """Points that are sent on together."""
        circuits = len(self.execution.recipe.circuits)
        row_bytes = 1 if self.direct else 8 * 2**self.resources.n_qubits * circuits
        work = self.resources.memory_bytes * sum(self.resources.gates.values()) * circuits
        rows = min(PORTION_ROWS, PORTION_BYTES // row_bytes, PORTION_WORK // max(1, work))
        return max(1, rows // self.execution.realizations)

    def _exact(self, angles: Angles, detunings: np.random.SeedSequence, correction: Correction | None) -> MeasuredValues:
        """Infinitely many shots."""
        if self.direct:
            return _without_shots(self.execution.expectations(angles)[:, None])
        found = self.execution.distributions(angles, detunings)
        if self._open is not None:
            return _without_shots(np.array([exact_values([_expected(self._open, row)], row, None) for row in found]))
        values = exact_values(self._known, found.reshape(-1, *found.shape[2:]), correction)
        return _without_shots(values.reshape(found.shape[:2]))

    def _sampled(
        self,
        angles: Angles,
        first: int,
        root: np.random.SeedSequence,
        detunings: np.random.SeedSequence,
        correction: Correction | None,
    ) -> MeasuredValues:
        """Estimates from counts; with a pilot, of two parts whose weights are fixed beforehand (see `allocation`)."""
        values, stderr, pulls = np.zeros((len(angles), 1)), np.zeros(len(angles)), []
        stages, inflation = self._stages(angles, first, root, detunings, correction)
        for row, parts in enumerate(stages):
            groups = self._known if self._open is None else [_seen(self._open, parts[0][1][0])]
            weights = [weight for weight, _ in parts]
            columns = zip(*(self._shares(groups, seen, correction) for _, seen in parts), strict=True)
            numbers = zip(*([int(c.counts.sum()) for c in seen] for _, seen in parts), strict=True)
            shares = [mixed(weights, column, shots) for column, shots in zip(columns, numbers, strict=True)]
            values[row, 0] = sum(part.mean for part in shares)
            stderr[row] = np.sqrt(variance(shares, inflation))
            pulls.append(sum(weight * calibration_pulls(groups, seen, correction) for weight, seen in parts))
        return MeasuredValues(values, stderr, np.array(pulls))

    def _stages(
        self,
        angles: Angles,
        first: int,
        root: np.random.SeedSequence,
        detunings: np.random.SeedSequence,
        correction: Correction | None,
    ) -> tuple[list[list[tuple[float, list[Counts]]]], float]:
        """Per point its counts with the weight of each part, and the inflation by drift."""
        execution, division = self.execution, self.execution.division
        if execution.pilot is None or division is None:
            counts, inflation = execution.counts(angles, root, detunings, first)
            return [[(1.0, seen)] for seen in counts], inflation
        pilots, inflation = execution.counts(angles, root, detunings, first, shots=execution.pilot, pilot=True)
        stages = []
        for row, pilot in enumerate(pilots):
            found = self._shares(self._known, pilot, correction)
            sigma = np.sqrt([part.variance * n for part, n in zip(found, division.pilot, strict=True)])
            per_group = proportional(sum(division.shots), sigma, division.least)
            shots = over_realizations(per_group, execution.realizations)
            (rest,), _ = execution.counts(angles[row : row + 1], root, detunings, first + row, shots=shots)
            stages.append([(division.fraction, pilot), (1 - division.fraction, rest)])
        return stages, inflation

    def _shares(self, groups: Sequence[Observed], seen: Sequence[Counts], correction: Correction | None) -> list[GroupEstimate]:
        realizations = self.execution.realizations
        return [share(group, c, realizations, correction) for group, c in zip(groups, seen, strict=True)]


def _seen(group: Open, counts: Counts) -> Settled:
    return group.settled(counts.outcomes, counts.counts / counts.counts.sum())


def _expected(group: Open, distributions: Float[np.ndarray, "c s d"]) -> Settled:
    """By the mean over independent sets of detunings."""
    return group.settled(np.arange(distributions.shape[-1], dtype=np.uint64), distributions[:, 0].mean(axis=0))


def _without_shots(values: Float[np.ndarray, "k c"]) -> MeasuredValues:
    return MeasuredValues(values, np.zeros(len(values)), np.zeros((len(values), 0)))


def _stderr(found: MeasuredValues) -> Scalars:
    """Of every value (k,): shots, calibration and detunings."""
    return np.sqrt(found.stderr**2 + np.sum(found.pulls**2, axis=1) + _spread(found.values) ** 2)


def _spread(means: Float[np.ndarray, "k c"]) -> Scalars:
    """Standard error (k,) of the mean of c independent means, widened for there being few; 0 for a single exact one."""
    count = means.shape[1]
    if count == 1:
        return np.zeros(len(means))
    return means.std(axis=1, ddof=1) / np.sqrt(count) * widening(count - 1.0)
