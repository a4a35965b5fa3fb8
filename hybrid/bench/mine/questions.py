"""The questions that a run asks its backend: one value, and the first question of its optimiser."""

from dataclasses import replace
from typing import NamedTuple, final

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.base.types import Ansatz, Estimates, Gradient, Loss, Optimizer, Point, Points, Query, Solution, Values
from hybrid.bench.job import Task
from hybrid.device.device import Device
from hybrid.device.options import MOST_QUBITS
from hybrid.measure.choices import gradient_method
from hybrid.runs.expected_cost import Evaluations, RandomAnswers, evaluations
from hybrid.runs.setup import Prepared, PreparedSession, prepare
from hybrid.runs.sketch import sketch, work_of
from hybrid.runs.spec import Spec

ENERGY, STEP, GRADIENT = "energy", "step", "gradient"
"""One value; the values of an optimiser's step; a gradient."""


class FirstStage(NamedTuple):
    """The first minimisation of a run: what is minimised, and its start (p,)."""

    loss: Loss
    ansatz: Ansatz
    optimizer: Optimizer | None
    start: Point


class RunQuestion(NamedTuple):
    """One call: `points` (k, p) to evaluate, or one to differentiate at; `name` is ENERGY, STEP or GRADIENT."""

    name: str
    points: tuple[tuple[float, ...], ...]

    @property
    def task(self) -> Task:
        """As in rows."""
        return "gradient" if self.name == GRADIENT else "expectations"


class OwnRun(NamedTuple):
    """A run's questions; the points and gradients of its whole budget, and how many qubits its circuits have."""

    spec: Spec
    questions: tuple[RunQuestion, ...]
    whole: Evaluations
    n_qubits: int

    @property
    def step_question(self) -> RunQuestion:
        """The question that the loop repeats."""
        return self.questions[-1]

    def calls(self) -> float:
        """How often the loop asks its question in the whole budget."""
        step = self.step_question
        return self.whole.gradients if step.name == GRADIENT else self.whole.points / len(step.points)


def asked(spec: Spec) -> OwnRun:
    """What `spec` asks. UsageError as `hybrid.run`, and for a run that minimises nothing or asks for something else first."""
    prepared = prepare(spec)
    session = first_stage(prepared)
    stage, chosen = session.stage, session.chosen
    first = next(chosen.optimization(stage.start, optimizer=stage.optimizer), None)
    energy = RunQuestion(ENERGY, (tuple(stage.start.tolist()),))
    questions = [energy]
    match first:
        case Values() if len(first.points) > 1:
            questions.append(RunQuestion(STEP, tuple(map(tuple, first.points.tolist()))))
        case Gradient():
            questions.append(RunQuestion(GRADIENT, (tuple(first.x.tolist()),)))
    if not isinstance(first, Values | Gradient):
        raise UsageError(f"optimizer '{chosen.optimizer_text}' asks for neither values nor gradients first; take spsa or adam.")
    parts = [sketch(query, (*stage.ansatz.circuit.parameters, *stage.loss.features), prepared) for query in stage.loss.queries]
    method = gradient_method(spec.gradient, spec.shots)
    shifted = {"adjoint": 1, "parameter-shift": 1 + 2 * max(len(part.angle_map.offset) for part in parts), "spsa": 3}
    per_gradient = shifted.get(method, 1 + 2 * len(stage.start))
    point_s = None if prepared.device.shot_cycle_s is None else prepared.device.shot_cycle_s * spec.shots * len(parts)
    again = chosen.optimization(stage.start, optimizer=stage.optimizer)
    whole = evaluations(again, per_gradient, chosen.budget, point_s)
    return OwnRun(spec, tuple(questions), whole, stage.ansatz.circuit.num_qubits)


def at_width(spec: Spec, n: int) -> Spec:
    """The same run on n qubits: `n` of its problem, and of its device where that is a chain of fewer.

    UsageError for a problem that has no option `n`, and for a width it does not take.
    """
    problem = spec.member("problem")
    assert problem is not None
    if "n" not in problem.signature.options:
        raise UsageError(f"problem '{problem.name}' has one width only")
    wider = replace(spec, problem=_with_option(spec.problem, "n", n), initial_point=None)
    most = Device.load(spec.device, dephasing=spec.dephasing).n_qubits
    if most is not None and most < n <= MOST_QUBITS:
        wider = replace(wider, device=_with_option(spec.device, "n", n))
    return wider


def memory_bytes(spec: Spec) -> int:
    """The memory of one point by the backend's own formula; UsageError where this machine has less."""
    prepared = prepare(spec)
    session = first_stage(prepared)
    stage = session.stage
    parts = [sketch(query, (*stage.ansatz.circuit.parameters, *stage.loss.features), prepared) for query in stage.loss.queries]
    return max(work_of(part, prepared, session.chosen)[1] for part in parts)


def _with_option(text: str, key: str, value: int) -> str:
    """`name:a=1,n=4` with the option set."""
    name, _, rest = text.partition(":")
    kept = [item for item in rest.split(",") if item and not item.startswith(f"{key}=")]
    return f"{name}:{','.join([*kept, f'{key}={value}'])}"


def first_stage(prepared: Prepared) -> "StageSession":
    """The algorithm run on answers of no meaning; UsageError where it minimises nothing."""
    session = StageSession(prepared)
    prepared.algorithm(session, prepared.problem)
    return session


@final
class StageSession(PreparedSession):
    """Keeps the first minimisation that an algorithm asks for, and answers with numbers of no meaning."""

    def __init__(self, prepared: Prepared) -> None:
        super().__init__(prepared)
        self._stage: FirstStage | None = None
        self._answers = RandomAnswers()
        self.chosen, self.spec, self.device = self._chosen, prepared.spec, prepared.device

    @property
    def stage(self) -> FirstStage:
        """UsageError where nothing was minimised."""
        if self._stage is None:
            raise UsageError(f"algorithm '{self._prepared.spec.algorithm}' minimises nothing, so no step of it can be timed.")
        return self._stage

    def minimize(self, loss: Loss, ansatz: Ansatz, *, share: float = 1.0, optimizer: Optimizer | None = None) -> Solution:
        """See `hybrid.base.types.Session`; nothing is measured."""
        x = self._chosen.start(ansatz, 0 if self._stage is None else 1)
        self._stage = self._stage or FirstStage(loss, ansatz, optimizer, x)
        return Solution(x, 0.0, 1.0, 0, 0, 0, 0, None, True, "")

    def measure(self, query: Query, points: Points | None = None) -> Estimates:
        """See `hybrid.base.types.Session`; nothing is measured."""
        rows = np.zeros((1, 0)) if points is None else points
        values = self._answers.ask(Values(rows[0], rows, 0))
        return Estimates(np.array(list(values)), np.ones(len(rows)))
