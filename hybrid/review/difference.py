"""Two records compared: inputs, versions and hosts, results, and the first answer that differs. Standard library only."""

import math
from itertools import zip_longest
from typing import Any, NamedTuple

from hybrid.runs.results_folder import AT_HOME, Run


class Change(NamedTuple):
    """A value that differs between two runs."""

    what: str
    a: Any
    b: Any


class Parting(NamedTuple):
    """The first answer that differs between two runs; a value is None for a run that has no such answer."""

    n: int
    question: str
    change: Change


class Compared(NamedTuple):
    """A further number that both runs report; `sigmas` is None where both are exact."""

    name: str
    unit: str
    a: float
    a_stderr: float
    b: float
    b_stderr: float
    sigmas: float | None


class Difference(NamedTuple):
    """What differs between two runs; `difference` is a - b of the values, None where they measure different quantities."""

    inputs: list[Change]
    circumstances: list[Change]
    a: float | None
    a_stderr: float | None
    b: float | None
    b_stderr: float | None
    difference: float | None
    stderr: float | None
    sigmas: float | None
    p: float | None
    same_digest: bool
    parting: Parting | None
    quantities: list[Compared]

    def to_json(self) -> dict[str, Any]:
        """The comparison as one JSON object."""
        pairs = {key: [change._asdict() for change in getattr(self, key)] for key in ("inputs", "circumstances")}
        parting = None
        if self.parting is not None:
            parting = self.parting._asdict() | {"change": self.parting.change._asdict()}
        return self._asdict() | pairs | {"parting": parting, "quantities": [one._asdict() for one in self.quantities]}


def compare(a: Run, b: Run) -> Difference:
    """Differences in inputs, in versions and hosts, and in results; of sampled values in standard errors."""
    inputs = changes(a.resolved, b.resolved) + changes(_file(a), _file(b))
    circumstances = changes(a.about.get("versions", {}), b.about.get("versions", {}))
    circumstances += changes(*({key: run.about.get(key) for key in AT_HOME} for run in (a, b)))
    (va, sa), (vb, sb) = a.last_value or (None, None), b.last_value or (None, None)
    difference = stderr = sigmas = p = None
    same = all(a.about[key] == b.about[key] for key in ("quantity", "unit"))
    if va is not None and vb is not None and sa is not None and sb is not None and same:
        difference, stderr = va - vb, math.hypot(sa, sb)
        if stderr > 0:
            sigmas = difference / stderr
            p = two_sided(sigmas)
    same_digest = a.stop is not None and b.stop is not None and a.stop["digest"] == b.stop["digest"]
    parting, more = _parting(a, b), _compared(a, b) if same else []
    return Difference(inputs, circumstances, va, sa, vb, sb, difference, stderr, sigmas, p, same_digest, parting, more)


def _compared(a: Run, b: Run) -> list[Compared]:
    """The further numbers that both runs report, in the order of the first."""
    of_a, of_b = _quantities(a), _quantities(b)
    compared = []
    for name in (name for name in of_a if name in of_b):
        one, other = of_a[name], of_b[name]
        error = math.hypot(one["stderr"], other["stderr"])
        sigmas = (one["value"] - other["value"]) / error if error > 0 else None
        compared.append(Compared(name, one["unit"], one["value"], one["stderr"], other["value"], other["stderr"], sigmas))
    return compared


def _quantities(run: Run) -> dict[str, dict[str, Any]]:
    """The further numbers of a finished run by name."""
    return {} if run.result is None else {one["name"]: one for one in run.result.quantities}


def two_sided(z: float) -> float:
    """The two-sided p-value of z: the probability that a standard normal number is farther from zero."""
    return math.erfc(abs(z) / math.sqrt(2))


def _file(run: Run) -> dict[str, Any]:
    sha256 = run.start.get("device_sha256")
    counted = "as the site bills" if "billing" in run.start else None
    return {"device file (sha256)": sha256[:16] if isinstance(sha256, str) else sha256, "machine time": counted}


def changes(a: dict[str, Any], b: dict[str, Any]) -> list[Change]:
    """The keys at which two dictionaries differ; None stands for a key that one of them lacks."""
    return [Change(key, a.get(key), b.get(key)) for key in {**a, **b} if a.get(key) != b.get(key)]


def _parting(a: Run, b: Run) -> Parting | None:
    for n, (one, other) in enumerate(zip_longest(a.answers, b.answers)):
        if one is None or other is None:
            questions = [None if answer is None else answer["question"] for answer in (one, other)]
            return Parting(n, next(filter(None, questions)), Change("answer", *questions))
        if one != other:
            key = next(key for key in sorted({**one, **other}, key=_rank) if one.get(key) != other.get(key))
            return Parting(n, one["question"], _first_change(key, one.get(key), other.get(key)))
    return None


def _rank(key: str) -> tuple[int, str]:
    first = ("question", "iteration", "x", "points")
    return (first.index(key) if key in first else len(first), key)


def _first_change(key: str, a: Any, b: Any) -> Change:
    if isinstance(a, list) and isinstance(b, list):
        for i, (one, other) in enumerate(zip_longest(a, b)):
            if one != other:
                return Change(f"{key}[{i}]", one, other)
    return Change(key, a, b)
