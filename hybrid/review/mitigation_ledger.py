"""What each method of error mitigation buys, as data: its bias, its standard error, what it takes, and whether it pays.

Of N shots per value,
    rms = sqrt(bias^2 + stderr^2)                                                                                         (1)
where bias is the value of infinitely many shots minus that without noise. It is known up to the error of a drawn average, which
makes (1) rather too large. Methods take different machine time, and a standard error falls as its square root: in the time T of
a value without mitigation
    rms at equal time = sqrt(bias^2 + stderr^2 t/T)                                                                       (2)
with t the time of a value and of its share of the calibration. Methods are ordered by (2).
"""

from dataclasses import dataclass, fields
from math import sqrt
from typing import Any, NamedTuple, final

from hybrid.base.display import html_of, plot_of
from hybrid.review.error_budget import Amount

NONE = "none"
CLEAR = 1.1
"""Standard errors of a few draws are uncertain by several percent: a smaller factor is no difference."""


class MethodRow(NamedTuple):
    """One method. `value` is one value as measured; `stderr` that of such values; `bias` has the error of its own average.

    `circuits` and `shots` are those of one value, `calibration_shots` come once; `seconds` (or shots, without a shot cycle) are
    those of a value with its share of the calibration.
    """

    mitigate: str
    dd: str
    value: Amount
    stderr: float
    limit: float
    bias: Amount
    circuits: int
    shots: int
    calibration_shots: int
    seconds: float

    def rms(self, times: float = 1.0) -> float:
        """Equation 1; equation 2 where a value takes so many `times` the time."""
        return sqrt(self.bias.value**2 + self.stderr**2 * times)


class Refusal(NamedTuple):
    """A method that does not apply, and why."""

    mitigate: str
    dd: str
    why: str


@final
@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Methods by the error that they leave in the machine time of a value without any, the smallest first.

    `shots` are those of a value, with everything that a method asks for; a calibration comes once, and each of `evaluations`
    values bears its share. `ideal` is the value at this x without noise, `exact` and `baseline` are the problem's.
    `id` is the run's; `seconds_known`: whether rows have seconds, or shots.
    """

    title: str
    id: str | None
    device: str
    physics: str
    shots: int
    seed: int
    evaluations: int
    quantity: str
    unit: str
    maximize: bool
    ideal: float
    exact: float | None
    baseline: float | None
    baseline_name: str
    seconds_known: bool
    dd: str
    rows: tuple[MethodRow, ...]
    refused: tuple[Refusal, ...]
    caveat: str

    _repr_html_ = html_of
    plot = plot_of

    @property
    def plain(self) -> MethodRow:
        """Without mitigation."""
        return next(row for row in self.rows if (row.mitigate, row.dd) == (NONE, self.dd))

    @property
    def best(self) -> MethodRow:
        """The smallest error at equal time."""
        return self.rows[0]

    def label(self, row: MethodRow | Refusal) -> str:
        """The methods, and the decoupling sequence where it is another one than the run's."""
        return row.mitigate if row.dd == self.dd else f"{row.mitigate} --dd {row.dd}"

    def rms_at_equal_time(self, row: MethodRow) -> float:
        """Equation 2."""
        return row.rms(row.seconds / self.plain.seconds)

    def gain(self, row: MethodRow) -> float:
        """How many times closer than without mitigation, at equal time."""
        return self.plain.rms() / self.rms_at_equal_time(row)

    def worth(self, row: MethodRow) -> str:
        """ "closer", "worse" or "no gain"."""
        gain = self.gain(row)
        return "closer" if gain > CLEAR else "worse" if gain < 1 / CLEAR else "no gain"

    def beats_baseline(self, row: MethodRow) -> bool:
        """Whether infinitely many shots end on the better side of the baseline."""
        return self.baseline is not None and (row.limit - self.baseline) * (-1 if self.maximize else 1) < 0

    def to_json(self) -> dict[str, Any]:
        """The ledger as one JSON object."""

        def plain(row: MethodRow) -> dict[str, Any]:
            more = {"label": self.label(row), "rms": row.rms(), "rms_at_equal_time": self.rms_at_equal_time(row)}
            more |= {"gain": self.gain(row), "worth": self.worth(row), "beats_baseline": self.beats_baseline(row)}
            return row._asdict() | {"value": row.value._asdict(), "bias": row.bias._asdict()} | more

        own = {field.name: getattr(self, field.name) for field in fields(self)}
        lists = {"rows": [plain(row) for row in self.rows], "refused": [one._asdict() for one in self.refused]}
        return own | lists | {"best": self.label(self.best)}
