"""The questions of an optimiser: how each is asked of the log, measured, and its answer read from a record."""

from collections.abc import Callable, Sequence

import numpy as np

from hybrid.base.randomness import Seed
from hybrid.base.types import (
    Estimates,
    Gradient,
    Losses,
    LossGradient,
    Metric,
    Overlaps,
    Question,
    Tensor,
    Values,
)
from hybrid.measure.calibration import Calibration
from hybrid.runs.answer_log import Body, gradient_body, losses_body, metric_body, metric_of, point_hash
from hybrid.runs.loss import Measurement

Answer = Losses | LossGradient | Tensor | Estimates


def asking(
    question: Question, measurement: Measurement, seed: np.random.SeedSequence, detunings: Seed
) -> tuple[Body, Callable[[], Body]]:
    """What the record says of the question, and the measurement that answers it."""
    match question:
        case Values():
            asked = {"question": "values", "points": point_hash(question.points)}
            return asked, lambda: losses_body(measurement.values(question.points, seed, detunings))
        case Gradient():
            return {"question": "gradient"}, lambda: gradient_body(measurement.gradient(question.x, seed, detunings))
        case Overlaps():
            asked = {"question": "overlaps", "points": point_hash(question.pairs)}
            return asked, lambda: losses_body(measurement.overlaps(question.pairs, seed, detunings))
        case Metric():
            return {"question": "metric"}, lambda: metric_body(measurement.metric(question.x))


def answer_of(question: Question, body: Body) -> Answer:
    """The answer that a record has."""
    match question:
        case Values():
            return Losses(np.array(body["values"]), np.array(body["stderr"]))
        case Gradient():
            slopes = np.array(body["gradient"]), np.array(body["gradient_stderr"])
            return LossGradient(body["loss"], slopes[0], body["loss_stderr"], slopes[1])
        case Overlaps():
            return Estimates(np.array(body["values"]), np.array(body["stderr"]))
        case Metric():
            return metric_of(body["metric"], len(question.x))


def calibrations_body(calibrations: Sequence[Calibration]) -> Body:
    """What the calibration of each query found, its numbers by name and query."""
    return {f"{name}_{i}": value for i, found in enumerate(calibrations) for name, value in found.to_json().items()}


def calibrations_of(body: Body, queries: int) -> list[Calibration]:
    """The calibrations that a record has."""
    own = [{key.removesuffix(f"_{i}"): value for key, value in body.items() if key.endswith(f"_{i}")} for i in range(queries)]
    return [Calibration.from_json(found) for found in own]
