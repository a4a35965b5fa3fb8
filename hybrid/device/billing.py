"""How a site bills machine time: the `[billing]` table of a profile, and the bill of circuits by it. Standard library only.

A job takes at most `shots_per_job` shots, of at most `circuits_per_job` circuits, and costs
    max(shots x shot_time, job_floor)                                                                                     (1)
seconds of machine time (IT4Innovations' rule for VLQ; without a floor, plain machine time). Rule `qubit-seconds` bills
    t n T_ref / T                                                                                                         (2)
for t seconds on n qubits whose one-qubit gate takes T, and takes T_ref on a reference system (LRZ). Entries have ranges, so
every bill has a low end, a value and a high end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isinf
from typing import Any, NamedTuple, final

from hybrid.device.profile import Number, Profile, QuantityRule, to_si

RULES = ("machine-time", "qubit-seconds")
_TIME, _LIMIT = QuantityRule("time"), QuantityRule("plain number", low=1, endless=True, whole=True)
QUANTITIES = {
    "shot_time": _TIME._replace(about="Machine time of a shot."),
    "job_floor": _TIME._replace(about="Machine time that a job costs at least."),
    "shots_per_job": _LIMIT._replace(about="The most shots of one job, all its circuits together; inf: no limit is known."),
    "circuits_per_job": _LIMIT._replace(about="The most circuits of one job; inf: no limit is known."),
}
OPTIONAL = {
    "shot_overhead": _TIME._replace(about="What a shot costs besides its circuit's time, where a site bills that too."),
    "reference_gate": QuantityRule("time", above=True, about="Of rule qubit-seconds: the reference machine's one-qubit gate."),
}


class Spread(NamedTuple):
    """A number with the ends of its range."""

    low: float
    value: float
    high: float

    def plus(self, other: "Spread") -> "Spread":
        """The sum, both at the same end."""
        return Spread(*(a + b for a, b in zip(self, other, strict=True)))

    def times(self, factor: float) -> "Spread":
        """The multiple."""
        return Spread(*(end * factor for end in self))


class Bill(NamedTuple):
    """How many jobs, and seconds of machine time as billed."""

    jobs: Spread
    seconds: Spread

    def plus(self, other: "Bill") -> "Bill":
        """The bill of both."""
        return Bill(self.jobs.plus(other.jobs), self.seconds.plus(other.seconds))

    def times(self, factor: int) -> "Bill":
        """The bill of as many of the same."""
        return Bill(self.jobs.times(factor), self.seconds.times(factor))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """A site's rule in SI units. `weight` is qubit-seconds per second, None where seconds are billed.

    `shot_overhead_s` is what a shot costs besides its circuit's time, where a site bills that too; None elsewhere. `words` say
    the rule and its source, or that none is published and what is assumed.
    """

    words: str
    shot_time_s: Spread
    job_floor_s: Spread
    shots_per_job: Spread
    circuits_per_job: Spread
    shot_overhead_s: Spread | None
    weight: Spread | None

    def bill(self, shots: Sequence[int], duration_s: float | None = None) -> Bill:
        """The bill of circuits that are measured together, with so many `shots` each; `duration_s` is that of a circuit."""
        return _bill(self, tuple(shots), duration_s or 0.0)

    def numbers(self) -> dict[str, Any]:
        """What the rule counts with, each as [low, value, high]."""
        about = {name: getattr(self, name) for name in self.__slots__ if name != "words"}
        return {name: _plain(value) for name, value in about.items() if value is not None}

    def to_json(self, bill: Bill) -> dict[str, Any]:
        """A bill with the rule in words: jobs, seconds and, where they are billed, qubit-seconds as [low, value, high]."""
        about: dict[str, Any] = {"rule": self.words, "jobs": [round(end) for end in bill.jobs], "seconds": list(bill.seconds)}
        if self.weight is not None:
            about["qubit_seconds"] = [a * b for a, b in zip(bill.seconds, self.weight, strict=True)]
        return about


def _plain(value: Spread) -> list[Any]:
    """JSON has no infinity."""
    return [str(end) if isinf(end) else end for end in value]


@lru_cache(maxsize=64)
def _bill(billing: Billing, shots: tuple[int, ...], duration_s: float) -> Bill:
    """At the low end jobs are full and shots short, at the high end the other way round."""
    times_s, floor_s = billing.shot_time_s, billing.job_floor_s
    if billing.shot_overhead_s is not None:
        other_s = billing.shot_overhead_s.plus(Spread(duration_s, duration_s, duration_s))
        times_s = times_s._replace(low=min(times_s.low, other_s.low), high=max(times_s.high, other_s.high))
    most, together = reversed(billing.shots_per_job), reversed(billing.circuits_per_job)
    ends = [_at_one_end(shots, *end) for end in zip(times_s, floor_s, most, together, strict=True)]
    jobs, seconds = zip(*ends, strict=True)
    return Bill(Spread(*jobs), Spread(*seconds))


def _at_one_end(shots: tuple[int, ...], shot_s: float, floor_s: float, most: float, together: float) -> tuple[float, float]:
    """Jobs and seconds by (1), circuits taken in order."""
    jobs = seconds = 0.0
    size = max(1, int(min(together, len(shots))))
    for first in range(0, len(shots), size):
        full, rest = divmod(sum(shots[first : first + size]), most)
        jobs += full + (rest > 0)
        seconds += full * max(most * shot_s, floor_s) if full else 0.0
        seconds += max(rest * shot_s, floor_s) if rest else 0.0
    return jobs, seconds


def billing_of(profile: Profile, n_qubits: int, gate_s: float) -> Billing:
    """The `[billing]` table of a profile, whose one-qubit gate takes `gate_s`; UsageError names file, line and key."""
    at = ("billing",)
    table = profile.keys(at, ("rule", *QUANTITIES), OPTIONAL)
    rule = profile.word((*at, "rule"), "rule", RULES)
    if rule == "qubit-seconds" and "reference_gate" not in table:
        raise profile.error(at, "rule 'qubit-seconds' needs the key 'reference_gate'.")
    if rule == "machine-time" and "reference_gate" in table:
        raise profile.error((*at, "reference_gate"), "rule 'machine-time' has no use for it.")
    spreads = {key: _spread(profile, key, quantity) for key, quantity in (QUANTITIES | OPTIONAL).items() if key in table}
    numbers = {key: profile.numbers[f"billing.{key}"] for key in table}
    return Billing(
        words=_words(numbers, n_qubits, gate_s),
        shot_time_s=spreads["shot_time"],
        job_floor_s=spreads["job_floor"],
        shots_per_job=spreads["shots_per_job"],
        circuits_per_job=spreads["circuits_per_job"],
        shot_overhead_s=spreads.get("shot_overhead"),
        weight=spreads["reference_gate"].times(n_qubits / gate_s) if "reference_gate" in spreads else None,
    )


def _spread(profile: Profile, key: str, quantity: QuantityRule) -> Spread:
    """One entry in SI units."""
    at = ("billing", key)
    (value,) = profile.number(at, quantity)
    number = profile.numbers[".".join(at)]
    low, high = (value, value) if number.range is None else (to_si(end, number.unit) for end in number.range)
    return Spread(low, value, high)


def _words(numbers: Mapping[str, Number], n_qubits: int, gate_s: float) -> str:
    """The rule with its numbers, and its source."""
    text = f"shots x {_text(numbers['shot_time'])}"
    if "shot_overhead" in numbers:
        text += f" (or {_text(numbers['shot_overhead'])} and the circuit's time)"
    text = f"max({text}, {_text(numbers['job_floor'])}) a job" if numbers["job_floor"].si else text
    if "reference_gate" in numbers:
        text = f"t x {n_qubits} qubits x {_text(numbers['reference_gate'])} / {gate_s * 1e9:g} ns, t = {text}"
    rule = numbers["rule"]
    return f"no billing rule is published; assumed: {text}" if "A" in rule.mark else f"billed as {text} [{rule.source}]"


def _text(number: Number) -> str:
    return f"{number} ({number.range_text})" if number.range_text else str(number)
