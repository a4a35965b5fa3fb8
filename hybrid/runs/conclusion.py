"""What a run says besides its solution, computed from the minimisation whose value it reports."""

from collections.abc import Sequence
from typing import Any, NamedTuple, final

import numpy as np

from hybrid.base.randomness import RunStream, child
from hybrid.base.types import Problem, Quantity, Solution
from hybrid.measure.shot_quality import shot_quality
from hybrid.runs.device_interval import left_out, sampled
from hybrid.runs.error_parts import MOST_QUBITS, error_parts
from hybrid.runs.loss import Measurement
from hybrid.runs.setup import Prepared

NO_LOSS = "the value is not that of a minimised loss"


class Stage(NamedTuple):
    """A minimisation that has ended: its compiled loss, number and seed of its final measurement, and its solution."""

    measurement: Measurement
    n: int
    seed: np.random.SeedSequence
    solution: Solution


@final
class Conclusion:
    """The further numbers of a run that ended with this solution; `minimises_first` if nothing was measured before the loop."""

    def __init__(
        self,
        prepared: Prepared,
        stages: Sequence[Stage],
        solution: Solution,
        randomness: np.random.SeedSequence,
        minimises_first: bool,
    ) -> None:
        self._prepared, self._solution, self._randomness = prepared, solution, randomness
        self._at_x = next((stage for stage in stages if stage.solution.x is solution.x), None)
        same = (stage for stage in stages if stage.solution.x is solution.x and stage.solution.value == solution.value)
        self._stage = next(same, None)
        self._explainable = minimises_first and bool(stages) and self._stage is stages[0]

    def device_interval(self, *, off: bool) -> dict[str, Any] | None:
        """The result on other devices within the profile's ranges; see `hybrid.runs.device_interval`. None without noise."""
        device = self._prepared.device
        if not device.noisy:
            return None
        if off:
            return left_out("switched off")
        if self._stage is None:
            return left_out(NO_LOSS)
        seed = child(self._randomness, RunStream.DEVICES)
        return sampled(self._stage.measurement, self._solution.x, device, seed, self._prepared.problem.sign)

    def error_parts(self) -> dict[str, Any]:
        """What the distance from the exact value is made of; see `hybrid.runs.error_parts`. `explainable`: by an error budget,
        which is that of a run's first question, where that is a minimisation."""
        if self._stage is None:
            return left_out(NO_LOSS)
        problem, device = self._prepared.problem, self._prepared.device
        parts = error_parts(self._stage.measurement, self._solution, problem, device, self._randomness)
        return parts | {"explainable": self._explainable}

    def observables(self) -> list[dict[str, Any]]:
        """The problem's further observables at the final point, exact, in the state without noise; none for wide circuits."""
        problem, stage = self._prepared.problem, self._at_x
        if stage is None or not isinstance(problem, Problem) or problem.observables is None or problem.n_qubits > MOST_QUBITS:
            return []
        listed = problem.observables()
        values = stage.measurement.observed_without_noise(self._solution.x, [each.operator for each in listed])
        return [
            Quantity(f"{each.name}, ideal", value, reference=each.reference, reference_name="reference state")._asdict()
            for each, value in zip(listed, values, strict=True)
        ]

    def outcomes(self) -> dict[str, Any] | None:
        """Quality of the final measurement's shots, where the problem defines it; see `hybrid.measure.shot_quality`."""
        stage = self._at_x
        if stage is None:
            return None
        program, seed = stage.measurement.programs[0], child(stage.seed, 0)
        return shot_quality(self._prepared.problem, program, self._solution.x, seed)
