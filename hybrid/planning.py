"""What a run would take, found by compiling it and driving its optimiser with random numbers instead of measurements."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from hybrid.allocation import expected_stderr
from hybrid.errors import UsageError
from hybrid.loop import Budget, Cost, Oracle, minimize
from hybrid.prepare import Chosen, Prepared, prepare
from hybrid.program import Program
from hybrid.resources import Resources
from hybrid.spec import ALLOCATIONS, Spec
from hybrid.types import (
    Ansatz,
    Estimates,
    Gradient,
    Loss,
    Losses,
    LossGradient,
    Metric,
    Overlaps,
    Point,
    Question,
    Solution,
    Tensor,
    Values,
)

SPREAD_QUBITS = 12
"""Up to here a plan tells standard errors in the state at the start; wider, that takes seconds."""
REHEARSED_EVALUATIONS = 1_000_000
"""The rehearsal ends here even if the budget does not."""


class Sampling(NamedTuple):
    """How the shots of one query's value are divided, and by allocation the standard error that is to be expected `where`."""

    shots: list[int]
    pilot: list[int]
    stderr: dict[str, float]
    where: str


@final
@dataclass(frozen=True, kw_only=True)
class Plan:
    """A resolved Spec with the resources of one evaluation (per query) and, in all, what its budget allows.

    `sampling` is None per query without shots.
    """

    id: str
    resolved: dict[str, Any]
    n_parameters: int
    resources: tuple[Resources, ...]
    sampling: tuple[Sampling | None, ...]
    evaluations_per_gradient: int
    total: Cost
    physics: str
    caveat: str

    def to_json(self) -> dict[str, Any]:
        """The plan as one JSON object."""
        return {
            "id": self.id,
            "spec": self.resolved,
            "n_parameters": self.n_parameters,
            "per_evaluation": [resources._asdict() for resources in self.resources],
            "sampling": [sampling and sampling._asdict() for sampling in self.sampling],
            "evaluations_per_gradient": self.evaluations_per_gradient,
            "total": self.total._asdict(),
            "physics": self.physics,
            "caveat": self.caveat,
        }


def plan(spec: Spec) -> Plan:
    """The plan of `spec`: compiled, nothing measured, no record touched. Raises what the run itself would refuse."""
    prepared = prepare(spec)
    session = _PlanningSession(prepared)
    try:
        prepared.algorithm(session, prepared.problem)
    except _Planned as found:
        return found.plan
    raise AssertionError("the algorithm measured nothing")


class _Planned(Exception):
    def __init__(self, plan: Plan) -> None:
        self.plan = plan


@final
class _PlanningSession:
    """Stops the algorithm at its first minimisation, with the plan of it."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._chosen = Chosen(prepared)
        self.rng = np.random.default_rng(prepared.spec.seed)

    def ansatz(self, default: str, *, fixed: bool = False) -> Ansatz:
        """See `hybrid.types.Session`."""
        return self._chosen.ansatz(default, fixed=fixed)

    def minimize(self, loss: Loss, ansatz: Ansatz) -> Solution:
        """Compile, rehearse the loop, and leave with the plan."""
        x = self._chosen.start(ansatz)
        measurement = self._chosen.compile(loss, ansatz)
        ending = minimize(self._chosen.optimization(x), Oracle(measurement.cost, _Rehearsal().ask), self._limited())
        final = Cost(0, 0, *measurement.cost(Values(x, x[None], 0))[2:])
        raise _Planned(
            Plan(
                id=self._prepared.spec.id,
                resolved=self._chosen.resolved(),
                n_parameters=len(x),
                resources=tuple(program.resources for program in measurement.programs),
                sampling=tuple(_sampling(program, x) for program in measurement.programs),
                evaluations_per_gradient=max(program.evaluations_per_gradient for program in measurement.programs),
                total=ending.spent.plus(final),
                physics=self._prepared.device.title,
                caveat=self._prepared.device.caveat,
            )
        )

    def _limited(self) -> Budget:
        budget = self._chosen.budget
        return budget._replace(max_evals=REHEARSED_EVALUATIONS if budget.max_evals is None else budget.max_evals)


def _sampling(program: Program, x: Point) -> Sampling | None:
    """At x without noise; in the worst state where that is too wide to be computed in passing."""
    division = program.execution.division
    if division is None or not program.groups:
        return None
    bounds = np.array([group.extremes(None)[1] for group in program.groups])
    narrow = program.resources.n_qubits <= SPREAD_QUBITS
    sigma, where = (program.spreads(x), "at the start, without noise") if narrow else (bounds, "in the worst state")
    total, stderr = sum(division.shots) + sum(division.pilot), {}
    for allocation in ALLOCATIONS:
        with suppress(UsageError):  # too few shots for this one
            stderr[allocation] = expected_stderr(allocation, total, bounds.tolist(), sigma, division.least)
    return Sampling(division.shots, division.pilot, stderr, where)


class _Rehearsal:
    """Answers with random numbers, so that no optimiser converges."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(0)

    def ask(self, question: Question) -> Losses | LossGradient | Tensor | Estimates:
        """An answer of the right shape."""
        match question:
            case Values():
                values = self._rng.normal(size=len(question.points))
                return Losses(values, np.ones(len(values)))
            case Gradient():
                gradient = self._rng.normal(size=len(question.x))
                return LossGradient(float(self._rng.normal()), gradient, 1.0, np.ones(len(gradient)))
            case Overlaps():
                fidelities = self._rng.random(len(question.pairs))
                return Estimates(fidelities, np.ones(len(fidelities)))
            case Metric():
                return np.eye(len(question.x)) / 4
