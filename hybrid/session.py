"""The session: what an algorithm may use. It asks through the gate, plays the loop and measures the end afresh."""

import hashlib
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np

from hybrid.errors import HybridError
from hybrid.gate import Gate, RecordingGate
from hybrid.loop import Cost, Ending, Limits, Oracle, minimize
from hybrid.measure import Measurement
from hybrid.outcomes import judged
from hybrid.prepare import ALGORITHM, ANSWER, DEVICE, FINAL, LANDSCAPE, Chosen, Prepared, prepare
from hybrid.randomness import child
from hybrid.record import SCHEMA, Record, read_finished
from hybrid.result import Result, from_record
from hybrid.sensitivity import Assumption, assumptions
from hybrid.spec import Spec
from hybrid.types import Ansatz, Gradient, Loss, Losses, LossGradient, Point, Question, Solution, Values


class Progress(NamedTuple):
    """What a watcher learns at every answer; `fraction` is how much of the budget is spent."""

    value: float
    stderr: float
    iteration: int
    nfev: int
    seconds: float
    fraction: float
    replayed: bool


class Watcher(NamedTuple):
    """`progress` is called at every answer; `interruption` returns the error to stop with, or None, between answers."""

    progress: Callable[[Progress], None] = lambda progress: None
    interruption: Callable[[], HybridError | None] = lambda: None
    note: Callable[[str], None] = lambda text: None


SILENT = Watcher()
ASSUMPTION_QUBITS = 10
"""Up to here a result says how much it depends on the device's assumed numbers; wider, that takes minutes."""


def run(spec: Spec, results: str | Path = "results", *, watcher: Watcher = SILENT) -> Result:
    """Run `spec`, continue it, or read its result: whatever its record in `results` calls for.

    Raises UsageError for bad input, RecordError when the record disagrees, Stopped or Interrupted with everything saved.
    """
    path = Path(results) / f"{spec.id}.jsonl"
    if finished := read_finished(path):
        return from_record(path, *finished, replayed=True)
    prepared = prepare(spec)
    record = Record(path)
    try:
        if record.stop is None:
            _work(prepared, record, watcher)
    finally:
        record.close()
    finished = read_finished(path)
    assert finished is not None
    return from_record(path, *finished, replayed=False)


def _work(prepared: Prepared, record: Record, watcher: Watcher) -> None:
    """Run the algorithm behind the gate and write the stop line."""
    begun = time.monotonic()
    if record.healed:
        watcher.note(f"{record.path}: the last line was torn and has been dropped; its answer is asked again.")
    session = GatedSession(prepared, RecordingGate(record, watcher.interruption), watcher.progress)
    solution = prepared.algorithm(session, prepared.problem)
    body = solution._asdict() | {"x": solution.x.tolist(), "value": prepared.problem.sign * solution.value}
    record.append(
        "stop",
        {"solution": body, "report": _report(prepared, session, body["value"]), "digest": record.digest(body)},
        {"seconds": round(time.monotonic() - begun, 3), "time": round(time.time(), 3)} | _classical(prepared),
    )


def _classical(prepared: Prepared) -> dict[str, float]:
    """What the classical answer took; a time, so no part of the line's body."""
    choices = prepared.problem.choices
    return {} if choices is None else {"classical_seconds": round(choices.seconds, 6)}


def _report(prepared: Prepared, session: "GatedSession", value: float) -> dict[str, Any]:
    problem, device = prepared.problem, prepared.device
    assumed = session.assumptions()
    known = problem.exact is not None
    maximize = problem.sign < 0
    penalised = problem.choices is not None and problem.choices.penalty != ""  # then a value has no natural zero
    gap = (abs(value - problem.exact) if maximize else value - problem.exact) if problem.exact is not None else None
    return {
        "quantity": problem.quantity,
        "unit": problem.unit,
        "exact": problem.exact,
        "gap": gap,
        "ratio": value / problem.exact if maximize and known and problem.exact and not penalised else None,
        "baseline": problem.baseline,
        "baseline_name": problem.baseline_name,
        "maximize": maximize,
        "physics": device.title,
        "simulator": session.simulator,
        "device_stderr": float(np.hypot.reduce([a.stderr for a in assumed])) if assumed else None,
        "device_most": assumed[0].key if assumed else None,
        "n_qubits": session.n_qubits,
        "caveat": device.caveat,
        "outcomes": session.outcomes(),
    }


@final
class GatedSession:
    """The session of a real run: every question goes through the gate.

    An audit may end the loop by other `limits` than the Spec's budget, and measure with other `randomness` than its seed's.
    """

    def __init__(
        self,
        prepared: Prepared,
        gate: Gate,
        progress: Callable[[Progress], None],
        *,
        limits: Limits | None = None,
        randomness: np.random.SeedSequence | None = None,
    ) -> None:
        self._prepared = prepared
        self._gate = gate
        self._progress = progress
        self._chosen = Chosen(prepared)
        root = np.random.SeedSequence(prepared.spec.seed)
        self._limits = limits or self._chosen.budget
        self._randomness = randomness or root
        self._read = False
        self._spent = Cost()
        self._begun = time.monotonic()
        self.rng = np.random.default_rng(child(root, ALGORITHM))
        self._ended: tuple[Measurement, Point, np.random.SeedSequence] | None = None
        self.simulator = ""
        self.n_qubits = 0

    def ansatz(self, default: str, *, fixed: bool = False) -> Ansatz:
        """See `hybrid.types.Session`."""
        return self._chosen.ansatz(default, fixed=fixed)

    def minimize(self, loss: Loss, ansatz: Ansatz) -> Solution:
        """Open the record, play the loop, and measure afresh at the optimiser's own x."""
        x = self._chosen.start(ansatz)
        measurement = self._chosen.compile(loss, ansatz)
        self.simulator = measurement.programs[0].resources.simulator
        self.n_qubits = ansatz.circuit.num_qubits
        self._gate.open(self._start_body(), self._about(measurement.cost(Gradient(x, 0)).nfev))
        oracle = Oracle(measurement.cost, partial(self._ask, measurement))
        ending = minimize(self._chosen.optimization(x), oracle, self._limits)
        return self._final(measurement, ending)

    def _start_body(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "id": self._prepared.spec.id,
            "resolved": self._chosen.resolved(),
            "device_sha256": self._prepared.device.sha256,
        }

    def _about(self, evaluations_per_gradient: int) -> dict[str, Any]:
        """What it takes to rerun this and to read an unfinished record; not part of the digest."""
        problem = self._prepared.problem
        return {
            "given": self._prepared.spec.given(),
            "folder": os.getcwd(),
            "quantity": problem.quantity,
            "unit": problem.unit,
            "maximize": problem.sign < 0,
            "caveat": self._prepared.device.caveat,
            "evaluations_per_gradient": evaluations_per_gradient,
        }

    def _ask(self, measurement: Measurement, question: Question) -> Losses | LossGradient:
        """The gate: the record's answer to this question if it holds one, else a measurement, appended before it is used."""
        seed, detunings = child(self._randomness, ANSWER, self._gate.n_answers), self._landscape()
        match question:
            case Values():
                asked = {"question": "values", "points": _hash(question.points)}
                body = self._pass(asked, question, lambda: _losses_body(measurement.values(question.points, seed, detunings)))
                answer = Losses(np.array(body["values"]), np.array(body["stderr"]))
                value, stderr = answer[0], float(answer.stderr[0])
            case Gradient():
                body = self._pass(
                    {"question": "gradient"},
                    question,
                    lambda: _gradient_body(measurement.gradient(question.x, seed, detunings)),
                )
                answer = LossGradient(
                    body["loss"], np.array(body["gradient"]), body["loss_stderr"], np.array(body["gradient_stderr"])
                )
                value, stderr = answer.loss, answer.loss_stderr
        self._spent = self._spent.plus(measurement.cost(question))
        self._tell(value, stderr, question.iteration)
        return answer

    def _landscape(self) -> np.random.SeedSequence | None:
        """Without shots the same detunings for every question of the loop: the optimiser walks on one smooth landscape."""
        return child(self._randomness, LANDSCAPE) if self._prepared.spec.shots == 0 else None

    def _pass(
        self, asked: dict[str, Any], question: Values | Gradient, measure: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        if not np.isfinite(question.x).all():
            raise HybridError(
                f"optimiser '{self._chosen.optimizer_text}' went to a point that is not finite; the record is kept."
            )
        asked = asked | {"n": self._gate.n_answers, "iteration": question.iteration, "x": question.x.tolist()}
        body, self._read = self._gate.answer(asked, measure)
        return body

    def assumptions(self) -> list[Assumption]:
        """What the assumed ranges of the device leave open of the last result; nothing for a circuit too wide for that."""
        device = self._prepared.device
        if self._ended is None or not device.noisy or self.n_qubits > ASSUMPTION_QUBITS:
            return []
        measurement, x, _ = self._ended
        return assumptions(measurement.sensitivities(x, child(self._randomness, DEVICE)), device)

    def outcomes(self) -> dict[str, Any] | None:
        """What the shots of the final measurement are worth, where the problem knows; see `hybrid.outcomes`."""
        if self._ended is None:
            return None
        measurement, x, seed = self._ended
        return judged(self._prepared.problem, measurement.programs[0], x, child(seed, 0))

    def _final(self, measurement: Measurement, ending: Ending) -> Solution:
        """A fresh measurement at the optimiser's own x; the least of many noisy values would be biased low."""
        seed = child(self._randomness, FINAL, self._gate.n_answers)
        question = Values(ending.x, ending.x[None], ending.iterations)
        body = self._pass({"question": "final"}, question, lambda: _losses_body(measurement.values(question.points, seed)))
        self._ended = measurement, ending.x, seed
        if ending.spent.njev and measurement.programs[0].borrows_gradients:
            self.simulator += "; gradients by the exact engine"
        total = ending.spent.plus(measurement.cost(question))
        return Solution(
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

    def _tell(self, value: float, stderr: float, iteration: int) -> None:
        budget, spent = self._chosen.budget, self._spent
        parts = [
            spent.nfev / budget.max_evals if budget.max_evals else 0.0,
            (iteration + 1) / budget.max_iterations if budget.max_iterations else 0.0,
            (spent.qpu_seconds or 0.0) / budget.max_qpu_s if budget.max_qpu_s else 0.0,
        ]
        seconds = time.monotonic() - self._begun
        loss = self._prepared.problem.sign * value
        self._progress(Progress(loss, stderr, iteration, spent.nfev, seconds, max(parts), self._read))


def _losses_body(losses: Losses) -> dict[str, Any]:
    return {"values": losses.values.tolist(), "stderr": losses.stderr.tolist()}


def _gradient_body(answer: LossGradient) -> dict[str, Any]:
    return {
        "loss": answer.loss,
        "loss_stderr": answer.loss_stderr,
        "gradient": answer.gradient.tolist(),
        "gradient_stderr": answer.gradient_stderr.tolist(),
    }


def _hash(points: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(points).tobytes()).hexdigest()[:16]
