"""A loss compiled to programs: answers an optimiser's questions with values, gradients and standard errors."""

from collections.abc import Sequence
from typing import final

import numpy as np
from qiskit.circuit import Parameter

from hybrid.device import Device
from hybrid.loop import Cost
from hybrid.program import Program, child, compile_query
from hybrid.types import Backend, Gradient, Loss, Losses, LossGradient, Point, Points, Question, Values


@final
class Measurement:
    """The programs of one loss, one per query, and the chain rule over them."""

    def __init__(
        self,
        loss: Loss,
        parameters: Sequence[Parameter],
        device: Device,
        backend: Backend,
        *,
        shots: int,
        grouping: str,
        threads: int,
    ) -> None:
        """Compile every query; UsageError as `hybrid.program.compile`."""
        self._loss = loss
        self.programs: list[Program] = [
            compile_query(query, parameters, device, backend, shots=shots, grouping=grouping, threads=threads)
            for query in loss.queries
        ]
        self._shots = shots

    def values(self, points: Points, seed: np.random.SeedSequence) -> Losses:
        """Losses (k,) at points (k, p); errors of the queries add in quadrature, weighted by d(loss)/d(query)."""
        answers = [program.values(points, seed=child(seed, i)) for i, program in enumerate(self.programs)]
        values = np.array([answer.values for answer in answers])
        slope = self._loss.slope(values)
        stderr = np.sqrt(np.sum((slope * np.array([answer.stderr for answer in answers])) ** 2, axis=0))
        return Losses(self._loss.combine(values), stderr)

    def gradient(self, x: Point, seed: np.random.SeedSequence) -> LossGradient:
        """Loss and gradient (p,) at x by the chain rule over the queries."""
        answers = [program.gradient(x, seed=child(seed, i)) for i, program in enumerate(self.programs)]
        values = np.array([[answer.loss] for answer in answers])
        slope = self._loss.slope(values)[:, 0]
        return LossGradient(
            float(self._loss.combine(values)[0]),
            slope @ np.array([answer.gradient for answer in answers]),
            float(np.hypot.reduce(slope * [answer.loss_stderr for answer in answers])),
            np.sqrt(slope**2 @ np.array([answer.gradient_stderr for answer in answers]) ** 2),
        )

    def cost(self, question: Question) -> Cost:
        """What answering takes: every shifted point counts as an evaluation."""
        match question:
            case Values():
                return self._cost([len(question.points)] * len(self.programs), 0)
            case Gradient():
                return self._cost([program.n_shifts for program in self.programs], 1)

    def _cost(self, evaluations: Sequence[int], njev: int) -> Cost:
        known = [
            n * program.resources.qpu_seconds
            for n, program in zip(evaluations, self.programs, strict=True)
            if program.resources.qpu_seconds is not None
        ]
        return Cost(max(evaluations), njev, sum(evaluations) * self._shots, sum(known) if known else None)
