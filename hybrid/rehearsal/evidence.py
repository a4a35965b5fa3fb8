"""What a rehearsal knows of an experiment on one device: its dry run, and its value at one x with and without noise."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, final

from hybrid.device.device import Device
from hybrid.rehearsal.question import CHOICES, Question
from hybrid.runs.dry_run import DryRun
from hybrid.runs.result import Result
from hybrid.runs.spec import Spec
from hybrid.runs.verdict import other_filling


class AtPoint(NamedTuple):
    """The experiment at one x: `value` and `stderr` as asked for, `limit` of infinitely many shots on the device, `ideal`
    without noise. For choices the same of the share of optimal shots, and that of guessing. `electrons` are those of the state
    without noise and those asked for, where these are not the same (`hybrid.runs.verdict.other_filling`)."""

    value: float
    stderr: float
    limit: float
    ideal: float
    share: float | None = None
    share_limit: float | None = None
    share_ideal: float | None = None
    share_guessing: float | None = None
    electrons: tuple[float, float] | None = None

    @property
    def bias(self) -> float:
        """What noise adds to the value of infinitely many shots."""
        return self.limit - self.ideal

    def signal(self, mixed: float | None) -> float | None:
        """The share of (value - that of the fully mixed state) that noise leaves; None where there is none to leave."""
        if mixed is None or abs(self.ideal - mixed) <= 1e-9 * max(1.0, abs(mixed)):
            return None
        return (self.limit - mixed) / (self.ideal - mixed)

    def elsewhere(self, shots: Result, limit: Result) -> "AtPoint":
        """The same x on another device."""
        return self._replace(
            value=shots.value, stderr=shots.stderr, limit=limit.value, share=_share(shots), share_limit=_share(limit)
        )


def at_point(shots: Result, limit: Result, ideal: Result, question: Question) -> AtPoint:
    """The three runs at one x."""
    guess = (shots.outcomes or {}).get("optimal_guessing") if question.kind == CHOICES else None
    count = other_filling(ideal)
    electrons = None if count is None else (count["value"], count["reference"])
    shares = _share(shots), _share(limit), _share(ideal), guess
    return AtPoint(shots.value, shots.stderr, limit.value, ideal.value, *shares, electrons)


def _share(result: Result) -> float | None:
    """The share of shots that are an optimum."""
    optimal = None if result.outcomes is None else result.outcomes["optimal"]
    return None if optimal is None else optimal[0]


@final
@dataclass(frozen=True, kw_only=True)
class Case:
    """One experiment on one device: `spec` as asked for there, its dry run or why there is none, and its value at one x (None
    where it was not played). `too_wide` says whether the device has too few qubits."""

    spec: Spec
    device: Device
    question: Question
    n_qubits: int
    dry_run: DryRun | None
    why_not: str
    too_wide: bool
    at: AtPoint | None
    hours_asked: float | None

    @property
    def with_ansatz(self) -> Spec:
        """The Spec with the ansatz named that the problem proposes for this device: elsewhere it may propose another one."""
        if self.dry_run is None or "ansatz" not in self.dry_run.reasons:
            return self.spec
        return replace(self.spec, ansatz=self.dry_run.resolved["ansatz"])

    @property
    def billed(self) -> dict[str, Any] | None:
        """The bill of the whole experiment."""
        return None if self.dry_run is None else self.dry_run.billed

    @property
    def hours(self) -> tuple[float, float, float] | None:
        """QPU hours of the whole experiment: low end, value, high end."""
        if self.billed is None:
            return None
        low, value, high = (seconds / 3600 for seconds in self.billed["seconds"])
        return low, value, high
