"""Program: a compiled query, called many times with points; values and gradients with their standard errors."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from jaxtyping import Float

from hybrid.base.errors import UsageError
from hybrid.base.randomness import ProgramStream, Seed, child, sequence
from hybrid.base.types import (
    Angles,
    Backend,
    DifferentiableRunner,
    Estimates,
    GeometricRunner,
    LossGradient,
    Point,
    Points,
    Tensor,
    Weights,
)
from hybrid.measure import gradients
from hybrid.measure.angles import AngleMap
from hybrid.measure.compiled_query import CompiledQuery, MeasurementDraws, standard_errors, without_shots
from hybrid.measure.estimate import error_of_means
from hybrid.measure.execution import Execution
from hybrid.measure.gradients import MeasuredValues
from hybrid.measure.ideal_state import without_noise
from hybrid.measure.observables import AllZeros
from hybrid.measure.sensitivity import Sensitivities, sensitivities
from hybrid.measure.variants import combination


@final
@dataclass(frozen=True)
class Program(CompiledQuery):
    """A compiled query as a function of points (k, p), the circuit's parameters; see `hybrid.compile`.

    Calls are pure functions of their arguments. `method` is how gradients are made; `differentiable` gives the same circuits
    on a backend that differentiates them, `noiseless` gives them without noise, both compiled when first asked for.
    """

    angle_map: AngleMap
    method: str
    differentiable: Callable[[], Execution]
    noiseless: Callable[[], GeometricRunner]
    engine: Callable[[], Backend]

    @property
    def n_parameters(self) -> int:
        """p, the length of a point."""
        return len(self.angle_map.parameters)

    @property
    def evaluations_per_gradient(self) -> int:
        """Points that one gradient asks for: the point itself and, but by the adjoint method, two per direction."""
        directions = {"parameter-shift": len(self.angle_map.offset), "finite-difference": self.n_parameters, "spsa": 1}
        first = 2 if self.distribution_dependent is not None and self.method != "adjoint" else 1
        return first + 2 * directions.get(self.method, 0)

    @property
    def borrows_gradients(self) -> bool:
        """Whether gradients come from another backend than values."""
        return self.method == "adjoint" and self.differentiable() is not self.execution

    def values(self, points: Points, *, seed: Seed = None, detuning_seed: Seed = None) -> Estimates:
        """Values and standard errors (k,), (k,) of points (k, p); draws descend from `seed` and the row alone.

        Detunings descend from `detuning_seed`, or from `seed`; without shots all points share them. UsageError for points of
        the wrong shape or that are not finite.
        """
        measured = self.measured(self.angle_map(self._checked(points)), sequence(seed), detuning_seed)
        return Estimates(measured.values.mean(axis=1), standard_errors(measured))

    def means(self, points: Points, *, seed: Seed = None, detuning_seed: Seed = None) -> Float[np.ndarray, "k c"]:
        """The values of `values` before they are averaged over c independent sets of detunings, which all points share.

        c is 1 where no detunings are drawn, and with shots. The same detunings in another program make differences sharp.
        """
        return self.measured(self.angle_map(self._checked(points)), sequence(seed), detuning_seed).values

    def gradient(self, x: Point, *, seed: Seed = None, detuning_seed: Seed = None) -> LossGradient:
        """Value and gradient (p,) at x (p,) by the program's method, all its points in one batch.

        An observable that depends on the measured distribution is fixed at x first.
        """
        x, root = self._checked_point(x), sequence(seed)
        if self.distribution_dependent is not None:
            fixed = self._fixed_at(self.angle_map(x[None]), root, detuning_seed)
            return fixed.gradient(x, seed=root, detuning_seed=detuning_seed)
        step = gradients.STEP_WITH_SHOTS if self.execution.shots.size else gradients.STEP
        jacobian = self.angle_map.jacobian(x) if self.method in ("adjoint", "parameter-shift") else np.eye(len(x))

        def measure(points: Points) -> MeasuredValues:
            return self.measured(self.angle_map(points), root, detuning_seed)

        match self.method:
            case "adjoint":
                slopes = self._adjoint(x, root, detuning_seed)
            case "parameter-shift":
                theta = self.angle_map(x[None])[0]
                slopes = gradients.parameter_shift(lambda rows: self.measured(rows, root, detuning_seed), theta)
            case "finite-difference":
                slopes = gradients.finite_difference(measure, x, step)
            case _:
                slopes = gradients.spsa(measure, x, step, np.random.default_rng(child(root, ProgramStream.DIRECTION)))
        means, shifts = jacobian.T @ slopes.slopes, jacobian.T @ slopes.calibration_shifts
        return LossGradient(
            float(slopes.value.values.mean()),
            means.mean(axis=1),
            float(standard_errors(slopes.value)[0]),
            np.sqrt(slopes.variance @ jacobian**2 + np.sum(shifts**2, axis=1) + error_of_means(means) ** 2),
        )

    def gradient_at_each(self, points: Points, *, seed: Seed = None, detuning_seed: Seed = None) -> list[LossGradient]:
        """Value and gradient at every point (k, p); point i draws from the seed's child i.

        All points are done in one reverse pass where nothing is drawn.
        """
        points, root = self._checked(points), sequence(seed)
        if self.method != "adjoint" or not self.direct:
            return [self.gradient(x, seed=child(root, i), detuning_seed=detuning_seed) for i, x in enumerate(points)]
        execution, angles = self.differentiable(), self.angle_map(points)
        assert isinstance(execution.runner, DifferentiableRunner)
        values, slopes = execution.runner.differentiate(angles)
        values = values + self.constant if execution is self.execution else self.measured(angles, root, None).values[:, 0]
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
        x = self._checked_point(x)
        jacobian = self.angle_map.jacobian(x)
        if not jacobian.size:
            return np.zeros((len(x), len(x)))
        metric = jacobian.T @ self.noiseless().metric(self.angle_map(x[None])[0]) @ jacobian
        return (metric + metric.T) / 2

    def spreads(self, x: Point) -> Float[np.ndarray, " g"]:
        """Standard deviation of one shot of every group at x (p,), in the state without noise: shots are divided by it."""
        weights = self.outcome_weights(None)
        if not len(weights):
            return np.zeros(0)
        recipe, (theta,) = self.execution.recipe, self.angle_map(self._checked_point(x)[None])
        probabilities = without_noise(recipe.circuits, dict(zip(recipe.isa.circuit.parameters, theta, strict=True)))
        mean = np.sum(probabilities * weights, axis=1)
        return np.sqrt(np.maximum(np.sum(probabilities * weights**2, axis=1) - mean**2, 0.0))

    def sensitivities(self, x: Point, *, seed: Seed = 0) -> Sensitivities:
        """dE/d(number) at x (p,) for every number of the device, for infinitely many shots; see `hybrid.measure.sensitivity`.

        UsageError on a device without noise.
        """
        recipe, root = self.execution.recipe, sequence(seed)
        if not recipe.device.noisy:
            raise UsageError(f"device '{recipe.device.label}' has no numbers that a result could depend on.")
        theta = self.angle_map(self._checked_point(x)[None])
        if self.distribution_dependent is not None:
            return self._fixed_at(theta, root, None).sensitivities(x, seed=root)
        result = sensitivities(recipe, self.engine(), theta[0], self.outcome_weights(self.correction(root)), root)
        return result._replace(value=result.value + self.constant)

    def _adjoint(self, x: Point, root: np.random.SeedSequence, detuning_seed: Seed) -> gradients.Slopes:
        """One reverse pass per realization; the value is the backend's own."""
        execution, theta = self.differentiable(), self.angle_map(x[None])
        draws = self.draws(root, detuning_seed)
        noise = draws.calibration.noise
        weights, m = self._weights(execution, theta, draws), theta.shape[1]
        if execution.coarser:
            assert weights is not None and not isinstance(weights, np.ndarray)
            values, slopes, value_shifts, shifts = execution.slopes_by_nodes(theta, weights)
            value = gradients.MeasuredValues(values + self.constant, np.zeros(1), value_shifts)
        else:
            values, slopes = execution.slopes(theta, draws.detunings, weights)
            value, slopes, shifts = without_shots(values[None] + self.constant), slopes[:, :m].T, np.zeros((m, 0))
        if execution is not self.execution or not self._linear or noise is not None:
            value = self.measured(theta, root, detuning_seed)
        a = 1.0 if noise is None else noise.a
        return gradients.Slopes(value, slopes / a, np.zeros(m), shifts / a)

    @property
    def _linear(self) -> bool:
        """Whether the value is a fixed sum over the outcomes' probabilities."""
        return self.mitigation.extrapolation is None and self.selection is None

    def _weights(self, execution: Execution, theta: Angles, draws: MeasurementDraws) -> Weights | None:
        """The derivative of the value by the probabilities of what is read at these angles (1, m); of wide circuits by those of
        true outcomes; None for the observable itself."""
        if self.direct:
            return None
        if (terms := self.wide_terms(execution, draws.correction)) is not None:
            return execution.of_true_outcomes(terms)
        variants = self.mitigation.variants
        weights = np.repeat(self.outcome_weights(draws.correction), variants, axis=0)
        if self._linear:
            return weights
        distributions = execution.distributions(theta, draws.detunings)
        by_variant = [self._of_variant(distributions, which, draws.correction).mean() for which in range(variants)]
        _, slopes = combination(self.mitigation, np.array(by_variant), np.zeros(variants))
        if self.selection is not None:
            weights = self.selection.weights(weights, distributions[0].mean(axis=0), variants)
        return weights * np.tile(slopes, len(weights) // variants)[:, None]

    def _fixed_at(self, angles: Angles, root: np.random.SeedSequence, detuning_seed: Seed) -> "Program":
        observable = self.fixed_at(angles, root, detuning_seed)
        return replace(self, grouped=lambda: (observable,))

    def _checked_point(self, x: Point) -> Point:
        return self._checked(np.asarray(x, dtype=float)[None])[0]

    def _checked(self, points: Points) -> Points:
        points = np.asarray(points, dtype=float)
        if points.ndim != 2 or points.shape[1] != self.n_parameters:
            raise UsageError(f"points must have shape (k, {self.n_parameters}), not {points.shape}.")
        if not np.isfinite(points).all():
            raise UsageError("points must be finite numbers.")
        return points
