"""What a measuring process loads in place of an adapter: a run's questions, answered by one backend of `hybrid run`."""

from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np

from hybrid import catalog
from hybrid.base.randomness import RunStream, child
from hybrid.base.types import Backend
from hybrid.bench.job import Answer, Job
from hybrid.bench.mine.evidence import evidence
from hybrid.bench.mine.questions import FirstStage, StageSession, first_stage
from hybrid.runs.setup import prepare
from hybrid.runs.spec import Spec


def run_questions(*, spec: Mapping[str, Any]) -> "RunQuestions":
    """The questions of the run that was given as `Spec.given` writes it."""
    return RunQuestions(Spec.as_given(spec))


@final
class RunQuestions:
    """An adapter (`hybrid.bench.job.Adapter`): its job has points alone, the circuits are those of the run.

    Its values (k, 2) are losses and their standard errors. Every call draws what answer 0 of the run draws.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def load(self) -> dict[str, str]:
        """Versions; importing this file has imported everything but the simulator."""
        from hybrid.bench.adapters._shared import versions

        return versions("qiskit", "qiskit-aer")

    def _backend(self) -> Backend:
        return catalog.load(catalog.parse("backends", self._spec.backend))()

    def refusal(self, job: Job) -> str | None:
        """None: what a backend cannot do it says when it compiles."""
        return None

    def translate(self, job: Job) -> tuple[StageSession, FirstStage]:
        """Members loaded; loss and ansatz of the first minimisation."""
        session = first_stage(prepare(self._spec))
        return session, session.stage

    def compile(self, native: tuple[StageSession, FirstStage], job: Job) -> Callable[[], Answer]:
        """The loss, transpiled, scheduled and compiled once, as the run does it; UsageError for what the backend cannot do."""
        session, stage = native
        measurement = session.chosen.compile(stage.loss, stage.ansatz)
        seed = child(self._spec.seed, RunStream.ANSWER, 0)
        detunings = child(self._spec.seed, RunStream.LANDSCAPE) if self._spec.shots == 0 else None
        points = np.array(job.points)

        def values() -> Answer:
            losses = measurement.values(points, seed, detunings)
            return Answer(values=np.stack([losses.values, losses.stderr], axis=1))

        def gradient() -> Answer:
            answer = measurement.gradient(points[0], seed, detunings)
            return Answer(values=np.array([[answer.loss, answer.loss_stderr]]), gradient=answer.gradient)

        return gradient if job.task == "gradient" else values

    def evidence(self, job: Job) -> dict[str, Any]:
        """What the backend is judged by; see `hybrid.bench.mine.evidence`."""
        session = first_stage(prepare(self._spec))
        return evidence(session, self._backend(), child(self._spec.seed, RunStream.EVIDENCE))
