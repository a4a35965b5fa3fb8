"""A dry run: the resources of a run, found by compiling it and giving its optimiser random numbers for answers."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.base.types import (
    Ansatz,
    Estimates,
    Loss,
    Optimizer,
    Point,
    Points,
    Query,
    Solution,
    Values,
)
from hybrid.compilation.resources import Resources, certificate_body
from hybrid.measure.allocation import expected_stderr
from hybrid.measure.calibration import NOTHING
from hybrid.measure.choices import ALLOCATIONS
from hybrid.measure.observables import DistributionDependent
from hybrid.measure.program import Program
from hybrid.runs.expected_cost import RandomAnswers
from hybrid.runs.look import Prospect, look
from hybrid.runs.loop import Budget, Cost, Oracle, minimize
from hybrid.runs.loss import Measurement
from hybrid.runs.setup import Prepared, PreparedSession, billed, prepare
from hybrid.runs.spec import Spec
from hybrid.runs.way_out import WayOut, command, ways_out

SPREAD_QUBITS = 12
"""Up to so many qubits standard errors are those of the initial state; wider, computing them takes seconds."""
DRY_RUN_EVALUATIONS = 1_000_000
"""The dry run ends here even if the budget does not."""


class Sampling(NamedTuple):
    """How the shots of one query are divided, and for each allocation the expected standard error; `where`: in which state."""

    shots: list[int]
    pilot: list[int]
    stderr: dict[str, float]
    where: str


@final
@dataclass(frozen=True, kw_only=True)
class DryRun:
    """A resolved Spec with the resources of one evaluation (per query) and the total cost that its budget allows.

    `reasons` says of a default, by field, why it was chosen. `sampling` is None per query without shots; `billed` is as in
    `hybrid.Result`. `look` says whether the run could show anything, `ways` what would work where it could not.
    """

    id: str
    resolved: dict[str, Any]
    reasons: dict[str, str]
    n_parameters: int
    resources: tuple[Resources, ...]
    sampling: tuple[Sampling | None, ...]
    evaluations_per_gradient: int
    total: Cost
    billed: dict[str, Any] | None
    physics: str
    caveat: str
    look: Prospect | None
    ways: tuple[WayOut, ...]
    mitigated: str

    def to_json(self) -> dict[str, Any]:
        """The plan as one JSON object."""
        return {
            "id": self.id,
            "spec": self.resolved,
            "reasons": self.reasons,
            "n_parameters": self.n_parameters,
            "gradient": self.resolved["gradient"] if self.total.njev else None,
            "per_evaluation": [_plain(resources) for resources in self.resources],
            "sampling": [sampling and sampling._asdict() for sampling in self.sampling],
            "evaluations_per_gradient": self.evaluations_per_gradient,
            "total": {key: value for key, value in self.total._asdict().items() if key != "bill"},
            "billed": self.billed,
            "physics": self.physics,
            "caveat": self.caveat,
            "look": self.look and self.look.to_json(),
            "mitigated": self.mitigated or None,
            "would_work": [{"change": way.change, "command": command(way.spec), **way.look.to_json()} for way in self.ways],
        }


def _plain(resources: Resources) -> dict[str, Any]:
    certificate = resources.certificate
    return resources._asdict() | {"certificate": certificate and certificate_body(certificate, resources.realizations)}


def plan(spec: Spec) -> DryRun:
    """The plan of `spec`: compiled, nothing measured, no record touched. Raises what the run itself would refuse."""
    prepared = prepare(spec)
    session = _DryRunSession(prepared)
    prepared.algorithm(session, prepared.problem)
    return session.plan()


@final
class _DryRunSession(PreparedSession):
    """Runs the algorithm with random answers and adds up their cost; reports the resources of the first circuits."""

    def __init__(self, prepared: Prepared) -> None:
        super().__init__(prepared)
        self._answers = RandomAnswers()
        self._first: tuple[Measurement, Point] | None = None
        self._stage = 0
        self._look: Prospect | None = None
        self._total = Cost()
        self._read: set[tuple[int, ...]] = set()

    def minimize(self, loss: Loss, ansatz: Ansatz, *, share: float = 1.0, optimizer: Optimizer | None = None) -> Solution:
        x = self._chosen.start(ansatz, self._stage)
        if not self._stage:
            self._look = look(self._prepared, self._chosen, loss, ansatz, optimizer)
        measurement = self._chosen.compile(loss, ansatz)
        if self._stage == 0:
            self._first = measurement, x
        measurement = self._calibrated(measurement)
        oracle = Oracle(measurement.cost, self._answers.ask)
        ending = minimize(self._chosen.optimization(x, self._stage, optimizer), oracle, self._limited(share))
        self._stage += 1
        final = measurement.cost(Values(x, x[None], 0))._replace(nfev=0)
        self._total = self._total.plus(ending.spent).plus(final)
        nfev, njev, shots, qpu_seconds, _ = ending.spent
        return Solution(ending.x, 0.0, 1.0, nfev, njev, ending.iterations, shots, qpu_seconds, True, ending.reason)

    def measure(self, query: Query, points: Points | None = None) -> Estimates:
        measurement = self._calibrated(self._chosen.compile_query(query))
        rows = np.zeros((1, 0)) if points is None else points
        self._first = self._first or (measurement, rows[0])
        question = Values(rows[0], rows, 0)
        self._total = self._total.plus(measurement.cost(question))
        answer = self._answers.ask(question)
        return Estimates(np.array(list(answer)), np.ones(len(rows)))

    def _calibrated(self, measurement: Measurement) -> Measurement:
        """The measurement with its calibrations, which are paid once."""
        self._total = self._total.plus(measurement.calibration_cost(self._read))
        self._read |= {program.execution.recipe.isa.physical for program in measurement.programs}
        return measurement.with_calibrations([NOTHING] * len(measurement.programs))

    def plan(self) -> DryRun:
        assert self._first is not None, "the algorithm measured nothing"
        measurement, x = self._first
        return DryRun(
            id=self._prepared.spec.id,
            resolved=self._chosen.resolved(),
            reasons=self._chosen.reasons,
            n_parameters=len(x),
            resources=tuple(program.resources for program in measurement.programs),
            sampling=tuple(_sampling(program, measurement.at_first_sample(x)) for program in measurement.programs),
            evaluations_per_gradient=max(program.evaluations_per_gradient for program in measurement.programs),
            total=self._total,
            billed=billed(self._prepared.device, self._total),
            physics=measurement.programs[0].resources.physics,
            caveat=measurement.programs[0].resources.caveat,
            look=self._look,
            mitigated=measurement.programs[0].mitigation_words,
            ways=tuple(ways_out(self._prepared, self._look)) if self._look is not None and self._look.hopeless else (),
        )

    def _limited(self, share: float) -> Budget:
        budget = self._chosen.budget.left(self._total, share)
        return budget._replace(max_evals=DRY_RUN_EVALUATIONS if budget.max_evals is None else budget.max_evals)


def _sampling(program: Program, x: Point) -> Sampling | None:
    """Expected standard errors in the noise-free state at x, or for the worst state where the circuit is wide."""
    division = program.execution.division
    groups = [] if division is None else [group for group in program.groups if not isinstance(group, DistributionDependent)]
    if division is None or not groups:
        return None
    bounds = np.array([group.extremes(None)[1] for group in groups])
    narrow = program.resources.n_qubits <= SPREAD_QUBITS
    sigma, where = (program.spreads(x), "at the start, without noise") if narrow else (bounds, "in the worst state")
    total, stderr = sum(division.shots) + sum(division.pilot), {}
    for allocation in ALLOCATIONS:
        with suppress(UsageError):  # too few shots for this one
            stderr[allocation] = expected_stderr(allocation, total, bounds.tolist(), sigma, division.least)
    return Sampling(division.shots, division.pilot, stderr, where)
