"""The engine's calls: values, distributions, counts, gradients, channel slopes and the metric of a compiled task."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from typing import final

import numpy as np
from jaxtyping import Float, Int
from threadpoolctl import LibController, ThreadpoolController

from hybrid.base.errors import UsageError
from hybrid.base.types import Angles, Counts, DiagonalTerms, Scalars, Shots, Task, Weights
from hybrid.device.readout import draw_all
from hybrid.simulators.engine.maps import PURE
from hybrid.simulators.engine.observable import Hamiltonian, probabilities
from hybrid.simulators.engine.outcome_weights import WeightedPlan
from hybrid.simulators.engine.sampling import sample
from hybrid.simulators.engine.sites import FusionPlan
from hybrid.simulators.engine.workspace import PORTION_STEPS, Circuits, Workspace, picture, portions, sampled


@final
class Engine:
    """A compiled task; see `hybrid.base.types.Runner`. Calls may overlap in time: each takes a workspace of its own.

    `memory_bytes` bounds the states that a backward pass keeps; UsageError from the first gradient if that is too little.
    """

    def __init__(self, task: Task, *, single: bool, memory_bytes: int) -> None:
        real = np.float32 if single else np.float64
        self._task = task
        self._dtype = np.result_type(real, np.complex64) if picture(task) == PURE else np.dtype(real)
        self._portions = portions(task)
        self._keeps_all = len(self._portions) == 1 or sum(len(setting.steps) for setting in task.settings) <= PORTION_STEPS
        self._memory_bytes = memory_bytes // (len(self._portions) if self._keeps_all else 1)  # each keeps its own states
        self._kept: dict[tuple[int, bool, bool], Circuits] = {}
        self._spare: dict[tuple[Circuits, FusionPlan, str, int], list[Workspace]] = {}
        observable, orders = task.observable, self._circuits(self._portions[0]).plan.orders
        self._hamiltonian = None if observable is None else Hamiltonian(observable, orders[0], self._dtype)
        self._blas = _blas()

    @property
    def dtype(self) -> np.dtype:
        """The type of a state's numbers."""
        return self._dtype

    def expectations(self, angles: Angles) -> Scalars:
        """Exact <observable> of the first setting's circuit, (k,)."""
        self._check(angles, None)
        circuits, values = self._circuits(self._portions[0]), np.empty(len(angles))
        for rows in circuits.chunks(circuits.plan, len(angles), backward=False):
            with self._run(circuits, "energy", circuits.of_rotations(angles[rows])) as workspace:
                values[rows] = workspace.values[0]
        return values

    def distributions(self, angles: Angles) -> Float[np.ndarray, "k s d"]:
        """Exact outcome probabilities of every setting, d = 2^n."""
        result = np.empty((len(angles), len(self._task.settings), 2**self._task.n_qubits))
        for portion in self._portions:
            self._write_distributions(self._circuits(portion), angles, result[:, portion])
        return result

    def _write_distributions(self, circuits: Circuits, angles: Angles, result: Float[np.ndarray, "k s d"]) -> None:
        for rows in circuits.chunks(circuits.plan, len(angles), backward=False):
            with self._run(circuits, "outcomes", circuits.of_rotations(angles[rows])) as workspace:
                result[rows] = probabilities(workspace.outcomes)

    def counts(self, angles: Angles, shots: Shots, seeds: Sequence[Sequence[np.random.SeedSequence]]) -> list[list[Counts]]:
        """Counts drawn from the exact probabilities; on more than `SAMPLED_QUBITS`, qubit by qubit as they are read."""
        if not sampled(self._task):
            return draw_all(self.distributions(angles), shots, seeds)
        rows = angles.reshape(len(seeds), len(shots), -1)
        by_setting = [
            [self._sampled(self._circuits(portion), row, shots[:, s], seeds[i][s]) for i, row in enumerate(rows)]
            for s, portion in enumerate(self._portions)
        ]
        return [list(of_point) for of_point in zip(*by_setting, strict=True)]

    def _sampled(
        self, circuits: Circuits, angles: Angles, shots: Int[np.ndarray, " r"], seed: np.random.SeedSequence
    ) -> Counts:
        """Of one setting at one point, realization by realization: what is drawn does not depend on other rows."""
        rng, parts = np.random.default_rng(seed), []
        for row in np.flatnonzero(shots):
            with self._run(circuits, "matrices", circuits.of_rotations(angles[row : row + 1])) as workspace:
                found = sample(circuits.plan, workspace.matrix, int(shots[row]), rng)
            parts.append(Counts(found.outcomes, found.shots, np.full(len(found.shots), row)))
        columns = zip(*(part[:3] for part in parts), strict=True)
        outcomes, numbers, realizations = (np.concatenate(column) for column in columns)
        return Counts(outcomes, numbers, realizations)

    def weighted(self, angles: Angles, weights: Sequence[DiagonalTerms]) -> Scalars:
        """f of `differentiate`, (k,), from states as short as sums over outcomes leave them; UsageError as there."""
        return self.weighted_by_setting(angles, weights).sum(axis=0)

    def weighted_by_setting(self, angles: Angles, weights: Sequence[DiagonalTerms]) -> Float[np.ndarray, "s k"]:
        """What each setting adds to f of `weighted`."""
        self._check(angles, weights)
        values = np.empty((len(self._task.settings), len(angles)))
        for portion in self._portions:
            circuits = self._circuits(portion)
            weighed = circuits.weighted_plan(weights[portion])
            for rows in circuits.chunks(weighed.plan, len(angles), backward=False):
                with self._run(circuits, "weighted", circuits.of_rotations(angles[rows]), weighed) as workspace:
                    values[portion, rows] = workspace.values
        return values

    def slopes_by_setting(
        self, angles: Angles, weights: Sequence[DiagonalTerms]
    ) -> tuple[Float[np.ndarray, "s k"], Float[np.ndarray, "s k m"]]:
        """What each setting adds to f and df/dangle of `differentiate`, where each is alone."""
        self._check(angles, weights)
        circuits = (self._circuits(portion, slopes=True) for portion in self._portions)
        parts = [self._differentiated(c, angles, weights[p]) for c, p in zip(circuits, self._portions, strict=True)]
        values, slopes = zip(*parts, strict=True)
        return np.array(values), np.array(slopes)

    def differentiate(self, angles: Angles, weights: Weights | None = None) -> tuple[Scalars, Float[np.ndarray, "k m"]]:
        """f (k,) and df/dangle (k, m) with f = sum_s sum_x weights[s, x] p_s(x), or the task's observable without weights.

        UsageError for weights of the wrong shape, none where the task has no observable, and too little memory.
        """
        self._check(angles, weights)
        parts = (
            self._differentiated(self._circuits(portion, slopes=True), angles, None if weights is None else weights[portion])
            for portion in self._portions
        )
        values, gradients = next(parts)
        for more_values, more_gradients in parts:
            values, gradients = values + more_values, gradients + more_gradients
        return values, gradients

    def _differentiated(
        self, circuits: Circuits, angles: Angles, weights: Weights | None
    ) -> tuple[Scalars, Float[np.ndarray, "k m"]]:
        values, gradients = np.empty(len(angles)), np.empty(angles.shape)
        answer = "energy slopes" if weights is None else "weighted slopes"
        weighed = None if weights is None else circuits.weighted_plan(weights)
        plan = circuits.plan if weighed is None else weighed.plan
        for rows in circuits.chunks(plan, len(angles), backward=True, memory_bytes=self._memory_bytes):
            with self._run(circuits, answer, circuits.of_rotations(angles[rows]), weighed) as workspace:
                values[rows] = workspace.values.sum(axis=0)
                gradients[rows] = workspace.gradients()
        return values, gradients

    def channel_slopes(
        self, angles: Float[np.ndarray, " m"], weights: Float[np.ndarray, "s d"]
    ) -> list[list[dict[str, float] | None]]:
        """Per setting and step df/d(physical number) of a channel, by the number's name; None for a gate (equation 10)."""
        self._check(angles[None], weights)
        result: list[list[dict[str, float] | None]] = []
        for s, (setting, weight) in enumerate(zip(self._task.settings, weights, strict=True)):
            circuits = self._circuits(slice(s, s + 1), channels=True)
            slopes: list[dict[str, float] | None] = [None] * len(setting.steps)
            weighed = circuits.weighted_plan(weight[None])
            with self._run(circuits, "weighted slopes", circuits.of_rotations(angles[None]), weighed) as workspace:
                for factor, outer in workspace.sensitivities():
                    if factor.changes:
                        slopes[factor.step] = {name: float(np.sum(outer * m)) for name, m in factor.changes.items()}
            result.append(slopes)
        return result

    def metric(self, angles: Float[np.ndarray, " m"]) -> Float[np.ndarray, "m m"]:
        """Quantum geometric tensor of the first setting's state (equation 12); UsageError with error channels.

        Takes memory for m states.
        """
        if self._task.noisy:
            raise UsageError("exact: the metric is that of a pure state; this task has error channels.")
        circuits = self._first
        theta = circuits.of_rotations(angles[None])
        shifted = theta + np.pi * np.eye(len(theta), len(theta) + 1)  # the last column is the state itself
        states = np.empty((len(theta) + 1, 2**self._task.n_qubits), self._dtype)
        for rows in circuits.chunks(circuits.plan, len(states), backward=False):
            with self._run(circuits, "outcomes", shifted[:, rows]) as workspace:
                states[rows] = workspace.outcomes[:, 0]
        tangents = np.zeros((len(angles), states.shape[1]), self._dtype)
        np.add.at(tangents, circuits.angles, states[circuits.rotations] / 2)
        along = tangents.conj() @ states[-1]
        return np.real(tangents.conj() @ tangents.T - np.outer(along, along.conj()))

    @cached_property
    def _first(self) -> Circuits:
        """The first setting alone."""
        return Circuits(self._task._replace(settings=self._task.settings[:1]), self._dtype)

    def _circuits(self, portion: slice, *, slopes: bool = False, channels: bool = False) -> Circuits:
        """These settings with their matrices, each channel a factor for its slope; of several portions the last one is kept.

        Of a task with shots equal blocks are computed once, but for slopes, which it is seldom asked for.
        """
        merged = self._task.shots > 0 and not (slopes or channels)
        key = portion.start, channels, merged
        if key not in self._kept:
            if not self._keeps_all:
                self._kept.clear()
                self._spare.clear()
                gc.collect()  # a workspace and its statements refer to each other
            alone = portion.stop - portion.start < len(self._task.settings)
            terms = None if self._task.terms is None else self._task.terms[portion]
            task = self._task._replace(settings=self._task.settings[portion], terms=terms) if alone else self._task
            self._kept[key] = Circuits(task, self._dtype, channels=channels, merged=merged)
        return self._kept[key]

    @contextmanager
    def _run(
        self, circuits: Circuits, answer: str, angles: Float[np.ndarray, "r k"], weighed: WeightedPlan | None = None
    ) -> Iterator[Workspace]:
        """A workspace after its pass, on the task's threads; it is kept for the next call."""
        k, plan = angles.shape[1], circuits.plan if weighed is None else weighed.plan
        spare = self._spare.setdefault((circuits, plan, answer, k), [])
        workspace = spare.pop() if spare else Workspace(circuits, k, answer, self._hamiltonian, weighed, self._memory_bytes)
        with self._threads():
            workspace.run(angles, weighed)
            yield workspace
        spare.append(workspace)

    @contextmanager
    def _threads(self) -> Iterator[None]:
        """The task's threads for every BLAS; those that have so many are left alone, which is quicker than `limit`."""
        others = [(blas, blas.num_threads) for blas in self._blas if blas.num_threads != self._task.threads]
        for blas, _ in others:
            blas.set_num_threads(self._task.threads)
        try:
            yield
        finally:
            for blas, threads in others:
                blas.set_num_threads(threads)

    def _check(self, angles: Angles, weights: Weights | None) -> None:
        if angles.ndim != 2 or angles.shape[1] != len(self._task.angles):
            raise UsageError(f"angles must have shape (k, {len(self._task.angles)}), not {angles.shape}.")
        if weights is None and self._hamiltonian is None:
            raise UsageError("exact: the task has no observable; give weights.")
        shape = len(self._task.settings), 2**self._task.n_qubits
        if isinstance(weights, np.ndarray) and weights.shape != shape:
            raise UsageError(f"weights must have shape {shape}, not {weights.shape}.")
        if weights is not None and len(weights) != shape[0]:
            raise UsageError(f"weights must be terms for {shape[0]} settings, not {len(weights)}.")


@cache
def _blas() -> list[LibController]:
    """The BLAS of NumPy and SciPy, found once: to look for them takes as long as to compile a small circuit."""
    return ThreadpoolController().select(user_api="blas").lib_controllers
