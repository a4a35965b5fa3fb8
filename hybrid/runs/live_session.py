"""The session of a real run: measures through the answer log, runs the optimisation loop, and measures its end afresh."""

import math
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any, final

import numpy as np

from hybrid.base.errors import HybridError
from hybrid.base.randomness import RunStream, child
from hybrid.base.types import (
    Ansatz,
    Dataset,
    Estimates,
    ForeignBackend,
    Gradient,
    Loss,
    Metric,
    Optimizer,
    Point,
    Points,
    Query,
    Question,
    Solution,
    Values,
)
from hybrid.base.uncertainty import duration
from hybrid.compilation import COMPILER
from hybrid.compilation.resources import certificate_body
from hybrid.measure.observables import ReadoutFit
from hybrid.runs.answer_log import STOP, AnswerLog, losses_body, point_hash
from hybrid.runs.conclusion import Conclusion, Stage
from hybrid.runs.loop import Cost, Ending, LoopLimits, Oracle, OrTime, minimize
from hybrid.runs.loss import Measurement
from hybrid.runs.questions import Answer, answer_of, asking, calibrations_body, calibrations_of
from hybrid.runs.recomputation import Agreement, Measured, agreement_of, recomputation_body, said
from hybrid.runs.record import SCHEMA
from hybrid.runs.setup import Prepared, PreparedSession
from hybrid.runs.spec import FIRST_RULES
from hybrid.runs.watching import Before, RunProgress


@final
class LiveSession(PreparedSession):
    """The session of a real run: every answer comes from the answer log.

    A replay may end the loop by other `limits` than the Spec's budget, and measure with other `randomness` than its seed's.
    Once the recorded answers have taken `max_time_s`, a loop ends: that is an answer of the record too.
    """

    def __init__(
        self,
        prepared: Prepared,
        log: AnswerLog,
        progress: Callable[[RunProgress], None],
        *,
        limits: LoopLimits | None = None,
        randomness: np.random.SeedSequence | None = None,
        before: Before | None = None,
        max_time_s: float = math.inf,
    ) -> None:
        super().__init__(prepared)
        self._log = log
        self._progress = progress
        if isinstance(self._chosen.backend, ForeignBackend):
            self._chosen.backend = self._chosen.backend.through(log)
        self._limits = limits
        self._before, self._max_time_s = before or Before(), max_time_s
        self._independent = randomness is not None
        self._randomness = randomness or np.random.SeedSequence(prepared.spec.seed)
        self._read = False
        self._spent = Cost()
        self._begun = time.monotonic()
        self._stages: list[Stage] = []
        self._minimises_first = True
        self._single: tuple[Query, Measurement] | None = None
        self._last_single: Measured | None = None
        self.agreement: Agreement | None = None
        self._outside = Cost()
        self._readouts: dict[tuple[int, ...], ReadoutFit] = {}
        self._iterations = 0
        self._x: Point = np.zeros(0)
        self._newest = math.nan, 0.0
        self._notes: dict[str, None] = {}
        self._evaluations_per_gradient: int | None = None
        self._simulator = self.physics = self.caveat = self.mitigated = ""
        self.n_qubits, self.certificate = 0, dict[str, Any]()

    def minimize(self, loss: Loss, ansatz: Ansatz, *, share: float = 1.0, optimizer: Optimizer | None = None) -> Solution:
        """Open the record, run the loop, and measure afresh at the optimiser's own x."""
        stage = len(self._stages)
        x = self._chosen.start(ansatz, stage)
        if not stage and self._before.leap is not None:
            self._before.work("looking at what the run would take")
            self._before.leap(self._chosen, loss, ansatz, optimizer)
        self._before.work(f"compiling the circuits of {ansatz.circuit.num_qubits} qubits")
        measurement = self._chosen.compile(loss, ansatz)
        self._before.work("")
        self._open(measurement, ansatz.circuit.num_qubits, measurement.cost(Gradient(x, 0)).nfev)
        measurement = self._calibrated(measurement, x)
        oracle = Oracle(measurement.cost, partial(self._ask, measurement))
        limits = OrTime(self._limits or self._chosen.budget.left(self.spent, share), self._time_is_up)
        ending = minimize(self._chosen.optimization(x, stage, optimizer), oracle, limits)
        return self._final(measurement, ending)

    def measure(self, query: Query, points: Points | None = None) -> Estimates:
        """See `hybrid.base.types.Session`; recorded, with draws of its own."""
        if self._single is None or self._single[0] is not query:
            self._before.work("compiling a circuit")
            self._single = query, self._chosen.compile_query(query)
            self._before.work("")
            self._open(self._single[1], query.circuit.num_qubits, 0)
            self._single = query, self._calibrated(self._single[1], self._x)
        measurement = self._single[1]
        self._minimises_first = bool(self._stages) and self._minimises_first
        rows = np.zeros((1, 0)) if points is None else points
        n = self._log.n_answers
        seed = child(self._randomness, RunStream.ANSWER, n)
        asked = {"question": "measure", "points": point_hash(rows)}
        body = self._answer(asked, self._x, 0, lambda: losses_body(measurement.values(rows, seed)))
        self._outside = self._outside.plus(measurement.cost(Values(self._x, rows, 0)))
        self._last_single = Measured(measurement, n, seed, rows[:1])
        self._report(*self._newest, 0)
        return Estimates(np.array(body["values"]), np.array(body["stderr"]))

    def _open(self, measurement: Measurement, n_qubits: int, evaluations_per_gradient: int) -> None:
        resources = measurement.programs[0].resources
        self._simulator, self.physics, self.caveat = resources.simulator, resources.physics, resources.caveat
        self.certificate = (
            {} if resources.certificate is None else certificate_body(resources.certificate, resources.realizations)
        )
        self.n_qubits, self.mitigated = max(self.n_qubits, n_qubits), measurement.programs[0].mitigation_words
        if self._evaluations_per_gradient is None:
            self._evaluations_per_gradient = evaluations_per_gradient
            start = {"schema": SCHEMA, "id": self._prepared.spec.id, "resolved": self._chosen.resolved()}
            if (rules := self._prepared.spec.newest_rules) != FIRST_RULES:
                start["rules"] = rules
            if self._prepared.device.noisy:
                start["compiler"] = COMPILER
            if measurement.calibrates and not self._prepared.calibrates_each_answer:
                start["calibration"] = "once"
            start["device_sha256"] = self._prepared.device.sha256
            if (billing := self._prepared.device.billing) is not None and self._chosen.budget.max_qpu_s is not None:
                start["billing"] = billing.numbers()
            self._log.open(start, self._about(evaluations_per_gradient))

    def _calibrated(self, measurement: Measurement, x: Point) -> Measurement:
        """The measurement with what error mitigation calibrates, measured once: an answer of its own in the record."""
        if not measurement.calibrates or self._prepared.calibrates_each_answer:
            return measurement
        seed, known = child(self._randomness, RunStream.ANSWER, self._log.n_answers), self._readouts
        found = measurement.calibrations(seed, known) if not any(measurement.to_calibrate(known)) else None
        if found is None:
            asked = {"question": "calibrate"}
            body = self._answer(asked, x, 0, lambda: calibrations_body(measurement.calibrations(seed, known)))
            self._outside = self._outside.plus(measurement.calibration_cost(known))
            found = calibrations_of(body, len(measurement.programs))
            if self._independent:  # another device, shots or backend has its own
                found = measurement.calibrations(seed, known)
        for program, calibration in zip(measurement.programs, found, strict=True):
            if calibration.readout is not None:
                self._readouts[program.execution.recipe.isa.physical] = calibration.readout
        return measurement.with_calibrations(found)

    def _about(self, evaluations_per_gradient: int) -> dict[str, Any]:
        """What is needed to run this again and to read an unfinished record; not part of the digest."""
        problem = self._prepared.problem
        return {
            "given": self._prepared.spec.given(),
            "folder": os.getcwd(),
            "quantity": problem.quantity,
            "loss": "loss" if isinstance(problem, Dataset) else problem.quantity,
            "unit": problem.unit,
            "maximize": problem.sign < 0,
            "physics": self.physics,
            "caveat": self.caveat,
            "evaluations_per_gradient": evaluations_per_gradient,
            "reasons": self._chosen.reasons,
        }

    def _ask(self, measurement: Measurement, question: Question) -> Answer:
        """The recorded answer to this question if there is one, else a measurement, appended before it is used."""
        seed, detunings = child(self._randomness, RunStream.ANSWER, self._log.n_answers), self._landscape()

        asked, measure = asking(question, measurement, seed, detunings)
        evaluations = measurement.cost(question).nfev
        counted = isinstance(question, Gradient) and evaluations != self._evaluations_per_gradient
        more = {"evaluations": evaluations} if counted else {}
        body = self._answer(asked, question.x, question.iteration, lambda: measure() | more)
        if isinstance(question, Values):
            self._newest = body["values"][0], body["stderr"][0]
        elif isinstance(question, Gradient):
            self._newest = body["loss"], body["loss_stderr"]
        elif isinstance(question, Metric):
            ideal = ", of the state without noise" if self._prepared.device.noisy else ""
            self._notes[f"; metric by the exact engine{ideal}"] = None
        self._spent = self._spent.plus(measurement.cost(question))
        self._report(*self._newest, question.iteration)
        return answer_of(question, body)

    def _time_is_up(self, question: Question) -> str | None:
        """Why the loop ends at a question whatever its budget: the record says so, or the answers have taken the time given."""
        asked, next_one = {"question": STOP}, self._log.next_question
        if next_one != STOP and (next_one is not None or self._log.seconds < self._max_time_s):
            return None
        body = self._answer(asked, question.x, question.iteration, lambda: {"seconds": self._max_time_s})
        return f"budget of {duration(body['seconds'])} of computing"

    def _landscape(self) -> np.random.SeedSequence | None:
        """Without shots the same detunings for every answer of the loop: the optimiser sees one smooth landscape."""
        return child(self._randomness, RunStream.LANDSCAPE) if self._prepared.spec.shots == 0 else None

    def _answer(self, asked: dict[str, Any], x: Point, iteration: int, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if not np.isfinite(x).all():
            raise HybridError(
                f"optimiser '{self._chosen.optimizer_text}' went to a point that is not finite; the record is kept."
            )
        stage = {"stage": len(self._stages)} if self._stages else {}
        asked = asked | {"n": self._log.n_answers, "iteration": iteration, "x": x.tolist()} | stage
        body, self._read = self._log.answer(asked, measure)
        self._x = x
        return body

    def checked(self, solution: Solution) -> Solution:
        """What the result rests on, computed again by the second simulator; it takes no machine time.

        That is the minimisation that is reported, and the first point of the last single measurement. Where the second
        simulator computed everything, the reported value is its own.
        """
        reported = next((i for i, stage in enumerate(self._stages) if stage.solution.x is solution.x), None)
        bodies = []
        if reported is not None:
            stage = self._stages[reported]
            bodies = self._recomputed(Measured(stage.measurement, stage.n, stage.seed, solution.x[None]))
            if bodies and agreement_of(bodies).complete and stage.solution.value == solution.value:
                again = {"value": bodies[0]["values"][0], "stderr": bodies[0]["stderr"][0]}
                solution = solution._replace(**again)
                self._stages[reported] = stage._replace(solution=stage.solution._replace(**again))
        if self._last_single is not None:
            bodies += self._recomputed(self._last_single)
        if bodies:
            self.agreement = agreement_of(bodies)
            self._notes[f"; {said(self.agreement)}"] = None
        return solution

    def _recomputed(self, answer: Measured) -> list[dict[str, Any]]:
        """The recorded answer, or none where there is no second simulator."""
        if not answer.measurement.has_second:
            return []
        asked = {"question": "check", "answer": answer.n}
        return [self._answer(asked, self._x, self._iterations, lambda: recomputation_body(answer))]

    @property
    def spent(self) -> Cost:
        """The cost of everything that was measured."""
        return self._spent.plus(self._outside)

    @property
    def simulator(self) -> str:
        """Which simulator answered, and which parts another one did."""
        return self._simulator + "".join(self._notes)

    def solution_body(self, solution: Solution) -> dict[str, Any]:
        """The solution as it is recorded: its own numbers in the reported sign, and the costs of the whole run."""
        sign, total = self._prepared.problem.sign, self.spent
        numbers = {"x": solution.x.tolist(), "value": sign * solution.value}
        costs = {"nfev": total.nfev, "njev": total.njev, "iterations": self._iterations, "shots": total.shots}
        more = {"quantities": [quantity._asdict() for quantity in solution.quantities]} if solution.quantities else {}
        plain = {key: value for key, value in solution._asdict().items() if key != "quantities"}
        return plain | numbers | costs | {"qpu_seconds": total.qpu_seconds} | more

    def conclusion(self, solution: Solution) -> Conclusion:
        """What the run says besides its solution."""
        return Conclusion(self._prepared, self._stages, solution, self._randomness, self._minimises_first)

    def _final(self, measurement: Measurement, ending: Ending) -> Solution:
        """A fresh measurement at the optimiser's own x; the least of many noisy values would be biased low."""
        n = self._log.n_answers
        seed = child(self._randomness, RunStream.FINAL, n)
        question = Values(ending.x, ending.x[None], ending.iterations)
        asked = {"question": "final"}
        body = self._answer(asked, ending.x, ending.iterations, lambda: losses_body(measurement.values(question.points, seed)))
        if ending.spent.njev and measurement.programs[0].borrows_gradients:
            self._notes = {"; gradients by the exact engine": None} | self._notes
        self._iterations += ending.iterations
        after = measurement.cost(question)._replace(nfev=0)
        self._outside, total = self._outside.plus(after), ending.spent.plus(after)
        solution = Solution(
            x=ending.x,
            value=body["values"][0],
            stderr=body["stderr"][0],
            nfev=ending.spent.nfev,
            njev=ending.spent.njev,
            iterations=ending.iterations,
            shots=total.shots,
            qpu_seconds=total.qpu_seconds,
            converged=ending.converged,
            reason=ending.reason,
        )
        self._stages.append(Stage(measurement, n, seed, solution))
        return solution

    def _report(self, value: float, stderr: float, iteration: int) -> None:
        budget, spent = self._chosen.budget, self.spent
        parts = [
            spent.nfev / budget.max_evals if budget.max_evals else 0.0,
            (iteration + 1) / budget.max_iterations if budget.max_iterations else 0.0,
            (spent.machine_s or 0.0) / budget.max_qpu_s if budget.max_qpu_s else 0.0,
            self._log.seconds / self._max_time_s,
        ]
        seconds = time.monotonic() - self._begun
        loss = self._prepared.problem.sign * value
        machine_s = spent.qpu_seconds if spent.bill is None else spent.bill.seconds.value
        at = RunProgress(loss, stderr, iteration, spent.nfev, seconds, max(parts), self._read, spent.shots, machine_s)
        self._progress(at)
