"""An error budget as data: the contribution of each part of the noise, of shots and of the optimiser to a value; remedies."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, final

from hybrid.base.display import html_of, plot_of
from hybrid.base.uncertainty import with_uncertainty

INTERACTION, OPTIMISER = "interaction", "optimiser"
SHOTS, DETUNINGS = "shot noise", "drawn detunings"
REMEDIES = {
    "dephasing while idle": ({"dd": "echo"}, {"dd": "xy4"}),
    "readout": ({"mitigate": "readout"},),
    "initialisation": ({"mitigate": "readout"},),
}
"""Fields of a Spec that may reduce a part of the noise; whether they do depends on the circuit, so they are tried."""
CLEAR = 2.0
"""A remedy helps when it moves the value by so many standard errors."""


class Amount(NamedTuple):
    """A number in the reported unit and sign, and its standard error."""

    value: float
    stderr: float


class Contribution(NamedTuple):
    """A row of the budget: its part of the value; `alone` is the effect of a part of the noise without all others."""

    name: str
    value: float
    stderr: float
    alone: Amount | None = None

    @property
    def size(self) -> float:
        """Its absolute value, but at least its standard error: a random contribution may be small by luck."""
        return max(abs(self.value), self.stderr)

    @property
    def sigmas(self) -> float | None:
        """The value in standard errors; None where it is exact."""
        return self.value / self.stderr if self.stderr > 0 else None


def largest(contributions: Sequence[Contribution], *, maximize: bool) -> Contribution:
    """The largest contribution that makes the value worse; random ones count with either sign, interaction does not count."""
    parts = [row for row in contributions if row.name != INTERACTION]
    harmful = [row for row in parts if (row.value < 0) == maximize or row.name in (SHOTS, DETUNINGS)]
    return max(harmful or parts, key=lambda row: row.size)


class Remedy(NamedTuple):
    """A flag against the largest contribution, and by how much it moves the value of infinitely many shots."""

    flag: str
    change: Amount


class Timing(NamedTuple):
    """A circuit's duration, and the shortest and longest T2* (`markov`: T2) of its qubits, isolated and within the circuit."""

    duration_s: float
    coherence: str
    isolated_s: tuple[float, float]
    in_circuit_s: tuple[float, float]


@final
@dataclass(frozen=True, kw_only=True)
class ErrorBudget:
    """The error of a run's value at its last x: reported - exact = sum of the contributions, largest first.

    A part of the noise contributes the loss with all noise minus the loss without this part; `interaction` is the rest, by
    which these differences do not add up. Where no `exact` value is known, the sum is reported - ideal. An unfinished run has
    no reported value; `infinite_shots` then takes its place.
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

    _repr_html_ = html_of
    plot = plot_of

    @property
    def end(self) -> Amount:
        """The value that is explained."""
        return self.reported or self.infinite_shots

    @property
    def origin(self) -> float:
        """The value that the contributions are added to."""
        return self.ideal if self.exact is None else self.exact

    @property
    def gap(self) -> Amount:
        """The effect of all noise: infinite shots minus ideal."""
        return Amount(self.infinite_shots.value - self.ideal, self.infinite_shots.stderr)

    @property
    def largest(self) -> Contribution:
        """The largest contribution that makes the value worse."""
        return largest(self.contributions, maximize=self.maximize)

    @property
    def advice(self) -> str:
        """What to do about the largest contribution: the flag that helps most here, or other advice."""
        better = 1 if self.maximize else -1
        helping = [one for one in self.remedies if better * one.change.value > CLEAR * one.change.stderr]
        if helping:
            best = max(helping, key=lambda one: better * one.change.value)
            moved = f"{with_uncertainty(*best.change, digits=6)} {self.unit}".rstrip()
            return f"{best.flag} moves the value by {moved}."
        tried = " and ".join(one.flag for one in self.remedies)
        prefix = f"{tried} would not help here; " if tried else ""
        return prefix + {
            "two-qubit control": "fewer two-qubit gates: an --ansatz with fewer layers, or one that fits the coupling.",
            "single-qubit control": "fewer pulses: an --ansatz with fewer layers.",
            "dephasing during pulses": "fewer pulses: an --ansatz with fewer layers.",
            SHOTS: f"--shots {4 * self.shots} would halve its standard error.",
            DETUNINGS: "more --realizations.",
            OPTIMISER: f"more --max-iterations from --initial-point {self.id}, or an --ansatz that reaches further.",
        }.get(self.largest.name, "a shorter circuit: an --ansatz with fewer layers.")

    def to_json(self) -> dict[str, Any]:
        """The budget as one JSON object."""

        def plain(amount: Amount | None) -> dict[str, float] | None:
            return None if amount is None else amount._asdict()

        return asdict(self) | {
            "reported": plain(self.reported),
            "infinite_shots": plain(self.infinite_shots),
            "gap": plain(self.gap),
            "largest": self.largest.name,
            "advice": self.advice,
            "contributions": [row._asdict() | {"alone": plain(row.alone), "sigmas": row.sigmas} for row in self.contributions],
            "remedies": [{"flag": one.flag, "change": plain(one.change)} for one in self.remedies],
            "timing": self.timing._asdict(),
        }
