"""One row of the track record: an experiment predicted, and measured."""

from dataclasses import asdict, dataclass
from typing import Any, final

SHALLOW_GATES = 40
"""Circuits of at most so many two-qubit gates are shallow, the others deep."""
DIGITS = 5
"""Decimals that are kept: far below every error, and above what differs between machines."""


@final
@dataclass(frozen=True, kw_only=True)
class PredictedRow:
    """One experiment: predicted from published numbers, the interval `low` to `high` over machines, and measured.

    `guess` is what outcomes without information score. `chosen`: one of the twelve by which intervals are judged; `poor`: less
    than half of the signal was left in it. `scaled`: the interval follows from predicted losses and not from simulation.
    `inside_by_first_rule`: whether the measured value lay in the interval that was computed first (`first_rule.toml`).
    """

    id: str
    machine: str
    what: str
    qubits: int
    two_qubit_gates: int
    predicted: float
    low: float
    high: float
    measured: float
    error: float | None
    guess: float
    chosen: bool
    poor: bool
    scaled: bool
    inside_by_first_rule: bool
    date: str
    source: str
    mark: str

    @property
    def shallow(self) -> bool:
        """Whether the circuits have few two-qubit gates."""
        return self.two_qubit_gates <= SHALLOW_GATES

    @property
    def distance(self) -> float:
        """Between predicted and measured."""
        return abs(self.too_good)

    @property
    def too_good(self) -> float:
        """By how much the prediction is above the measured value."""
        return self.predicted - self.measured

    @property
    def inside(self) -> bool:
        """Whether the measured value lies in the interval."""
        return self.low <= self.measured <= self.high

    def to_json(self) -> dict[str, Any]:
        """The row as one JSON object."""
        return asdict(self) | {"shallow": self.shallow, "distance": round(self.distance, DIGITS), "inside": self.inside}
