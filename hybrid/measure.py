"""A loss compiled to programs: answers an optimiser's questions with values, gradients and standard errors."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float
from qiskit.circuit import Parameter

from hybrid.compilation import Measuring, compile_query
from hybrid.device import Device
from hybrid.loop import Cost
from hybrid.program import Program
from hybrid.randomness import Seed, child
from hybrid.sensitivity import Sensitivity
from hybrid.types import Backend, Gradient, Loss, Losses, LossGradient, Point, Points, Question, Values


class Answers(NamedTuple):
    """Values of the queries with their standard errors, (q, k)."""

    values: Float[np.ndarray, "q k"]
    stderr: Float[np.ndarray, "q k"]


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
        every = (*parameters, *loss.features)
        self.programs: list[Program] = [compile_query(query, every, device, backend, measuring) for query in loss.queries]
        self._samples = np.zeros((1, 0)) if loss.samples is None else loss.samples
        self._measuring = measuring

    def values(self, points: Points, seed: np.random.SeedSequence, detuning_seed: Seed = None) -> Losses:
        """Losses (k,) at points (k, p); errors of the queries add in quadrature, weighted by d(loss)/d(query)."""
        return self.combined(self.answers(points, seed, detuning_seed))

    def combined(self, answers: Answers) -> Losses:
        """The losses that follow from the queries' values."""
        slope = self._loss.slope(answers.values)
        return Losses(self._loss.combine(answers.values), np.sqrt(np.sum((slope * answers.stderr) ** 2, axis=0)))

    def answers(self, points: Points, seed: np.random.SeedSequence, detuning_seed: Seed = None) -> Answers:
        """Values of every query at every sample, (q, k), at points (k, p); all samples of a query in one batch."""
        k, m = len(points), len(self._samples)
        rows = np.concatenate([np.tile(points, (m, 1)), np.repeat(self._samples, k, axis=0)], axis=1)
        found = [
            program.values(rows, seed=child(seed, i), detuning_seed=detuning_seed) for i, program in enumerate(self.programs)
        ]
        values, stderr = (np.array(column).reshape(-1, k) for column in zip(*found, strict=True))
        return Answers(values, stderr)

    def gradient(self, x: Point, seed: np.random.SeedSequence, detuning_seed: Seed = None) -> LossGradient:
        """Loss and gradient (p,) at x by the chain rule over the queries and samples."""
        answers = [
            program.gradient(row, seed=each, detuning_seed=detuning_seed) for program, row, each in self._at_samples(x, seed)
        ]
        values = np.array([[answer.loss] for answer in answers])
        slope = self._loss.slope(values)[:, 0]
        return LossGradient(
            float(self._loss.combine(values)[0]),
            slope @ np.array([answer.gradient[: len(x)] for answer in answers]),
            float(np.hypot.reduce(slope * [answer.loss_stderr for answer in answers])),
            np.sqrt(slope**2 @ np.array([answer.gradient_stderr[: len(x)] for answer in answers]) ** 2),
        )

    def _at_samples(self, x: Point, seed: np.random.SeedSequence) -> Iterator[tuple[Program, Point, np.random.SeedSequence]]:
        """Query by query and sample by sample: the program, its point, and a seed of its own."""
        for i, program in enumerate(self.programs):
            for j, sample in enumerate(self._samples):
                yield program, np.concatenate([x, sample]), child(seed, i) if len(self._samples) == 1 else child(seed, i, j)

    def sensitivities(self, x: Point, seed: np.random.SeedSequence) -> list[Sensitivity]:
        """d(loss)/d(number) of every number of the device at x, by the chain rule over the queries and samples."""
        answers = [program.sensitivities(row, seed=each) for program, row, each in self._at_samples(x, seed)]
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
        runs = [n * len(self._samples) + extra for n in evaluations]
        known = [
            n * program.resources.qpu_seconds
            for n, program in zip(runs, self.programs, strict=True)
            if program.resources.qpu_seconds is not None
        ]
        return Cost(max(evaluations), njev, sum(runs) * self._measuring.conditions.shots, sum(known) if known else None)
