"""An error budget as data: what each part of the noise, shots and optimiser contribute to a value, and what to do about it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, final

from hybrid.base.uncertainty import with_uncertainty

INTERACTION, OPTIMISER = "interaction", "optimiser"
SHOTS, DETUNINGS = "shot noise", "drawn detunings"
REMEDIES = {
    "dephasing while idle": ({"dd": "echo"}, {"dd": "xy4"}),
    "readout": ({"mitigate": "readout"},),
    "initialisation": ({"mitigate": "readout"},),
}
"""Fields of a Spec that may reduce a part; whether they do depends on the circuit, so they are tried."""
CLEAR = 2.0
"""A remedy helps when it moves the value by so many standard errors."""


class Amount(NamedTuple):
    """A number in the reported unit and sign, and its standard error."""

    value: float
    stderr: float


class Contribution(NamedTuple):
    """What one row of the budget adds to the value; `alone` is what a part of the noise does without all others."""

    name: str
    value: float
    stderr: float
    alone: Amount | None = None

    @property
    def size(self) -> float:
        """How much of the value it may be: chance that was lucky counts with its standard error."""
        return max(abs(self.value), self.stderr)

    @property
    def sigmas(self) -> float | None:
        """The value in standard errors; None where it is exact."""
        return self.value / self.stderr if self.stderr > 0 else None


def largest(contributions: Sequence[Contribution], *, maximize: bool) -> Contribution:
    """The largest contribution that makes the value worse; chance counts in both directions, interaction not at all."""
    parts = [found for found in contributions if found.name != INTERACTION]
    harmful = [found for found in parts if (found.value < 0) == maximize or found.name in (SHOTS, DETUNINGS)]
    return max(harmful or parts, key=lambda found: found.size)


class Remedy(NamedTuple):
    """A flag against the largest contribution, and by how much it moves the value of infinitely many shots."""

    flag: str
    change: Amount


class Timing(NamedTuple):
    """A circuit's duration beside what its qubits have, shortest and longest: T2* (`markov`: T2), isolated and in it."""

    duration_s: float
    coherence: str
    isolated_s: tuple[float, float]
    in_circuit_s: tuple[float, float]


@final
@dataclass(frozen=True, kw_only=True)
class ErrorBudget:
    """Where the value of a run at its last x comes from: reported - exact = sum of the contributions, largest first.

    A part of the noise contributes the loss with all noise less that with all but this part; `interaction` is what these
    do not add up to. Where no `exact` value is known, the sum is reported - ideal. An unfinished run has no reported value;
    `infinite_shots` then takes its place.
    """

    id: str
    state: str
    title: str
    device: str
    physics: str
    simulator: str
    realizations: int
    shots: int
    dd: str
    mitigate: str
    quantity: str
    unit: str
    maximize: bool
    reported: Amount | None
    infinite_shots: Amount
    ideal: float
    exact: float | None
    contributions: tuple[Contribution, ...]
    remedies: tuple[Remedy, ...]
    timing: Timing
    notes: tuple[str, ...]
    caveat: str

    @property
    def end(self) -> Amount:
        """The value that is explained."""
        return self.reported or self.infinite_shots

    @property
    def origin(self) -> float:
        """The value from which the contributions are counted."""
        return self.ideal if self.exact is None else self.exact

    @property
    def gap(self) -> Amount:
        """What noise does in all: infinite shots less ideal."""
        return Amount(self.infinite_shots.value - self.ideal, self.infinite_shots.stderr)

    @property
    def largest(self) -> Contribution:
        """The largest contribution that makes the value worse."""
        return largest(self.contributions, maximize=self.maximize)

    @property
    def advice(self) -> str:
        """What to do about the largest contribution: the flag that helps most here, or what is left without one."""
        better = 1 if self.maximize else -1
        helping = [found for found in self.remedies if better * found.change.value > CLEAR * found.change.stderr]
        if helping:
            best = max(helping, key=lambda found: better * found.change.value)
            moved = f"{with_uncertainty(*best.change, digits=6)} {self.unit}".rstrip()
            return f"{best.flag} moves the value by {moved}."
        tried = " and ".join(found.flag for found in self.remedies)
        return (f"{tried} would not help here; " if tried else "") + {
            "two-qubit control": "fewer two-qubit gates: an --ansatz with fewer layers, or one that fits the coupling.",
            "single-qubit control": "fewer pulses: an --ansatz with fewer layers.",
            "dephasing during pulses": "fewer pulses: an --ansatz with fewer layers.",
            SHOTS: f"--shots {4 * self.shots} would halve its standard error.",
            DETUNINGS: "more --realizations.",
            OPTIMISER: f"more --max-iterations from --initial-point {self.id}, or an --ansatz that reaches further.",
        }.get(self.largest.name, "a shorter circuit: an --ansatz with fewer layers.")

    def to_json(self) -> dict[str, Any]:
        """The budget as one JSON object."""
        rows = [
            found._asdict() | {"alone": found.alone and found.alone._asdict(), "sigmas": found.sigmas}
            for found in self.contributions
        ]
        amounts = {"reported": self.reported and self.reported._asdict(), "infinite_shots": self.infinite_shots._asdict()}
        told = {"gap": self.gap._asdict(), "largest": self.largest.name, "advice": self.advice}
        remedies = [{"flag": found.flag, "change": found.change._asdict()} for found in self.remedies]
        told |= {"contributions": rows, "remedies": remedies, "timing": self.timing._asdict()}
        return asdict(self) | amounts | told
