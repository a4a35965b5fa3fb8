"""A loss compiled to programs: answers an optimiser's questions with values, gradients and standard errors."""

from collections.abc import Sequence
from typing import final

import numpy as np
from qiskit.circuit import Parameter

from hybrid.compilation import Measuring, compile_query
from hybrid.device import Device
from hybrid.loop import Cost
from hybrid.program import Program
from hybrid.randomness import Seed, child
from hybrid.sensitivity import Sensitivity
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
        measuring: Measuring,
    ) -> None:
        """Compile every query; UsageError as `hybrid.compile`."""
        self._loss = loss
        self.programs: list[Program] = [compile_query(query, parameters, device, backend, measuring) for query in loss.queries]
        self._measuring = measuring

    def values(self, points: Points, seed: np.random.SeedSequence, detuning_seed: Seed = None) -> Losses:
        """Losses (k,) at points (k, p); errors of the queries add in quadrature, weighted by d(loss)/d(query)."""
        answers = [
            program.values(points, seed=child(seed, i), detuning_seed=detuning_seed) for i, program in enumerate(self.programs)
        ]
        values = np.array([answer.values for answer in answers])
        slope = self._loss.slope(values)
        stderr = np.sqrt(np.sum((slope * np.array([answer.stderr for answer in answers])) ** 2, axis=0))
        return Losses(self._loss.combine(values), stderr)

    def gradient(self, x: Point, seed: np.random.SeedSequence, detuning_seed: Seed = None) -> LossGradient:
        """Loss and gradient (p,) at x by the chain rule over the queries."""
        answers = [
            program.gradient(x, seed=child(seed, i), detuning_seed=detuning_seed) for i, program in enumerate(self.programs)
        ]
        values = np.array([[answer.loss] for answer in answers])
        slope = self._loss.slope(values)[:, 0]
        return LossGradient(
            float(self._loss.combine(values)[0]),
            slope @ np.array([answer.gradient for answer in answers]),
            float(np.hypot.reduce(slope * [answer.loss_stderr for answer in answers])),
            np.sqrt(slope**2 @ np.array([answer.gradient_stderr for answer in answers]) ** 2),
        )

    def sensitivities(self, x: Point, seed: np.random.SeedSequence) -> list[Sensitivity]:
        """d(loss)/d(number) of every number of the device at x, by the chain rule over the queries."""
        answers = [program.sensitivities(x, seed=child(seed, i)) for i, program in enumerate(self.programs)]
        slope = self._loss.slope(np.array([[answer.value] for answer in answers]))[:, 0]
        total: dict[str, dict[tuple[int, ...], tuple[float, float]]] = {}
        for weight, answer in zip(slope, answers, strict=True):
            for key, *columns in answer.numbers:
                places = total.setdefault(key, {})
                for place, value, derivative in zip(*columns, strict=True):
                    places[place] = value, places.get(place, (value, 0.0))[1] + float(weight * derivative)
        return [
            Sensitivity(key, tuple(places), *(tuple(column) for column in zip(*places.values(), strict=True)))
            for key, places in total.items()
        ]

    def cost(self, question: Question) -> Cost:
        """What answering takes: every shifted point counts as an evaluation."""
        match question:
            case Values():
                return self._cost([len(question.points)] * len(self.programs), 0)
            case Gradient():
                return self._cost([program.evaluations_per_gradient for program in self.programs], 1)

    def _cost(self, evaluations: Sequence[int], njev: int) -> Cost:
        """Mitigation calibrates every answer afresh: two circuits with the shots of an evaluation each."""
        extra = 2 if self._measuring.mitigate == "readout" else 0
        runs = [n + extra for n in evaluations]
        known = [
            n * program.resources.qpu_seconds
            for n, program in zip(runs, self.programs, strict=True)
            if program.resources.qpu_seconds is not None
        ]
        return Cost(max(evaluations), njev, sum(runs) * self._measuring.conditions.shots, sum(known) if known else None)
