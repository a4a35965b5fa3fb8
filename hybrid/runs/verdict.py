"""The verdict on a finished run: one sentence for somebody who knows no statistics, and what it rests on."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, final

from hybrid.base.own_physics import OWN_PHYSICS
from hybrid.base.uncertainty import amount, percent, time_text

CHEMICAL_ACCURACY_HA = 1.6e-3
"""1 kcal/mol, to which energies of reactions are wanted (Pople, Rev. Mod. Phys. 71, 1267, 1999)."""
CLEAR = 2.0
"""So many standard errors are a difference; below, two numbers are no different."""
ROUNDING = 1e-9
"""Relative: exact numbers that differ by less are equal."""
SHARE = 0.01
"""Where the unit has no accuracy of its own: within this share of the distance from the baseline to the exact value (or of the
exact value) nothing is said to limit a result."""
MOST_OF_IT = 0.5
"""Readout errors dominate where they make up more than this share of the noise."""
BETTER, SAME, WORSE, UNKNOWN = "better", "no different", "worse", "unknown"
_NAMES = {
    "noise": "noise",
    "shots": "the number of shots",
    "detunings": "the number of drawn detunings",
    "optimizer": "the optimiser",
    "ansatz": "the ansatz",
}
CAPITALS = {"vqe": "VQE", "vqd": "VQD", "qaoa": "QAOA", "vqc": "VQC", "adapt_vqe": "ADAPT-VQE", "varqite": "VarQITE"}


class ComparedResult(NamedTuple):
    """A result beside another one; a positive `difference` means that the run is better."""

    name: str
    value: float
    difference: float
    stderr: float

    @property
    def word(self) -> str:
        """Better, no different or worse: no different within twice the standard error."""
        if abs(self.difference) <= max(CLEAR * self.stderr, ROUNDING * max(1.0, abs(self.value))):
            return SAME
        return BETTER if self.difference > 0 else WORSE

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return self._asdict() | {"word": self.word}


@final
class RunVerdict(NamedTuple):
    """`word` compares the run with the classical `baseline`, or, where single outcomes are the answer, with `guessing`.

    `limited_by` is noise, shots, detunings (without shots, how few were drawn), optimizer (more is near), ansatz (or a local
    optimum), none or unknown. `readout` says whether readout errors make up most of what noise costs.
    """

    sentence: str
    word: str
    limited_by: str
    readout: bool
    baseline: ComparedResult | None
    guessing: ComparedResult | None

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        compared = {"baseline": self.baseline, "guessing": self.guessing}
        return self._asdict() | {key: one and one.to_json() for key, one in compared.items()}


def verdict(result: Any) -> RunVerdict:
    """The verdict on a `hybrid.Result`, from its own numbers."""
    limited_by, readout = _limit(result), _readout_dominates(result)
    baseline, guessing = _baseline(result), _guessing(result)
    judged = guessing or baseline
    limit = _limit_clause(result, limited_by, readout)
    clauses = (_choices if guessing else _accuracy if result.majority is not None else _value)(result, baseline, guessing)
    sentence = "; ".join(part for part in (f"{_where(result)} {clauses}", limit) if part) + "."
    return RunVerdict(sentence, judged.word if judged else UNKNOWN, limited_by, readout, baseline, guessing)


def planned(reason: str) -> str | None:
    """A run that used up the budget it was given did what was planned, in words; None where it ended otherwise."""
    return f"did its {reason.removeprefix('budget of ')} as planned" if reason.startswith("budget of ") else None


def of_repetitions(results: Sequence[Any]) -> str:
    """The verdict on runs that differ in their seed alone, in one sentence."""
    verdicts, first = [verdict(result) for result in results], results[0]
    against = verdicts[0].guessing or verdicts[0].baseline
    limits = Counter(one.limited_by for one in verdicts)
    limit, times = limits.most_common(1)[0]
    if against is None:
        text = f"{len(results)} runs, and nothing classical to compare them with"
    else:
        words = Counter(one.word for one in verdicts)
        counted = ", ".join(f"{words[word]} {word}" for word in (BETTER, SAME, WORSE) if words[word])
        what = "finding an optimum more often than" if verdicts[0].guessing else f"{first.quantity} against"
        text = f"Of {len(results)} runs, {what} {against.name}: {counted}"
    return text + ("." if limit in (UNKNOWN, "none") else f"; {_NAMES[limit]} limits {times} of them.")


def _better_by(result: Any, other: float) -> float:
    return result.value - other if result.maximize else other - result.value


def _baseline(result: Any) -> ComparedResult | None:
    """The best that is known without a quantum computer."""
    known = [] if result.baseline is None else [(result.baseline, result.baseline_name)]
    if result.majority is not None:
        known += [(q["reference"], q["reference_name"]) for q in result.quantities if q["reference"] is not None]
    if not known:
        return None
    value, name = (max if result.maximize else min)(known)
    return ComparedResult(name, value, _better_by(result, value), result.stderr)


def _guessing(result: Any) -> ComparedResult | None:
    """How often a shot is an optimum, beside how often a guess is."""
    outcomes = result.outcomes
    if outcomes is None or outcomes["optimal"] is None:
        return None
    (share, stderr), guess = outcomes["optimal"], outcomes["optimal_guessing"]
    return ComparedResult("guessing", guess, share - guess, stderr)


def _limit(result: Any) -> str:
    """The largest part of the distance from the exact value that makes the result worse; chance counts with either sign."""
    if result.majority is not None:
        return UNKNOWN
    if result.exact is not None and abs(result.value - result.exact) <= _goal(result):
        return "none"
    parts = result.parts
    if result.exact is None or parts is None or "left_out" in parts:
        return UNKNOWN
    worse = -1 if result.maximize else 1
    sizes = {name: worse * (parts[name] or 0.0) for name in ("ansatz", "optimizer", "noise")}
    sizes["shots" if result.shots else "detunings"] = max(abs(parts["shots"]), result.stderr)
    largest = max(sizes, key=lambda name: sizes[name])
    return largest if sizes[largest] > 0 else "none"


def _goal(result: Any) -> float:
    """The distance from the exact value below which nothing is said to limit a result."""
    if result.unit == "Ha":
        return CHEMICAL_ACCURACY_HA
    between = 0.0 if result.baseline is None else abs(result.baseline - result.exact)
    return SHARE * (between or abs(result.exact))


def _readout_dominates(result: Any) -> bool:
    parts = result.parts
    if not parts or parts.get("without_readout") is None:
        return False
    worse = -1 if result.maximize else 1
    noise, readout = worse * parts["noise"], worse * (parts["infinite_shots"] - parts["without_readout"])
    return noise > 0 and readout > MOST_OF_IT * noise


def _where(result: Any) -> str:
    name = CAPITALS.get(result.algorithm.partition(":")[0], result.algorithm.partition(":")[0].replace("_", " "))
    if result.physics.startswith(OWN_PHYSICS):
        return f"On {result.backend.partition(':')[0]} {name}"
    device = result.device.partition(":")[0].partition("#")[0]
    return f"Without noise {name}" if device == "ideal" else f"On {device} {name}"


def _value(result: Any, baseline: ComparedResult | None, guessing: ComparedResult | None) -> str:
    """An energy, or another mean value, beside the baseline and the exact value."""
    name, unit, exact = result.quantity, result.unit, result.exact
    if exact is None and baseline is None:
        return f"reaches {amount(result.value, unit)}, and neither the exact {name} nor a classical one is known"
    if baseline is None:
        return f"ends {_distance(result)}, and no classical {name} is known to compare with"
    if baseline.word == SAME:
        error = f" within the error bar of {amount(result.stderr, unit)}" if result.stderr > 0 else ""
        compared = f"is no different from {baseline.name}{error}"
    else:
        compared = f"is {baseline.word} than {baseline.name}"
    if exact is None:
        apart = "" if baseline.word == SAME else f" by {amount(abs(baseline.difference), unit)}"
        return f"{compared}{apart}, and the exact {name} is not known"
    theirs = abs(baseline.value - exact)
    against = f" against {amount(theirs, unit)}" if theirs > ROUNDING * max(1.0, abs(exact)) else ", which is exact"
    return f"{compared}: {_distance(result)}{against}{_others(result)}{_accuracy_wanted(result)}"


def _distance(result: Any) -> str:
    gap = result.value - result.exact
    if abs(gap) <= ROUNDING * max(1.0, abs(result.exact)):
        return f"at the exact {result.quantity}"
    return f"{amount(abs(gap), result.unit)} {'above' if gap > 0 else 'below'} the exact {result.quantity}"


def _others(result: Any) -> str:
    """The farthest of further levels."""
    levels = [q for q in result.quantities if q["reference"] is not None and q["reference_name"] == "exact"]
    if not levels:
        return ""
    farthest = max(abs(level["value"] - level["reference"]) for level in levels)
    which = "the farthest of its other levels" if len(levels) > 1 else "its other level"
    return f", and {which} {amount(farthest, levels[0]['unit'])} from its exact value"


def _accuracy_wanted(result: Any) -> str:
    if result.unit != "Ha":
        return ""
    wanted = f"chemical accuracy ({amount(CHEMICAL_ACCURACY_HA, 'Ha')})"
    reached = abs(result.value - result.exact) + CLEAR * result.stderr <= CHEMICAL_ACCURACY_HA
    return f", within {wanted}" if reached else f", where {wanted} is wanted"


def _choices(result: Any, baseline: ComparedResult | None, guessing: ComparedResult) -> str:
    """How often single shots are an optimum, and how fast a classical method finds one."""
    share, guess, outcomes = guessing.value + guessing.difference, guessing.value, result.outcomes
    if guessing.word == SAME:
        text = f"finds an optimum no more often than guessing ({percent(share)} of shots, {percent(guess)} of guesses)"
    else:
        times = f", {share / guess:.2g} times as often" if guess and guessing.word == BETTER else ""
        often = "more" if guessing.word == BETTER else "less"
        text = f"finds an optimum in {percent(share)} of shots, {often} than guessing ({percent(guess)}){times}"
    if result.classical_seconds is None:
        return text
    method = outcomes["method"]
    classical = f"trying {method.removesuffix(' tried')}" if method.endswith(" tried") else method
    return f"{text}; {classical} takes {time_text(result.classical_seconds)}"


def _accuracy(result: Any, baseline: ComparedResult | None, guessing: ComparedResult | None) -> str:
    """A classifier beside the most frequent class and the best classical classifier."""
    majority = ComparedResult(
        "always naming the most frequent class", result.majority, _better_by(result, result.majority), result.stderr
    )
    text = f"gets {percent(result.value)} of the test points right: {_points(majority)}"
    return text if baseline is None else f"{text}, {_points(baseline)}"


def _points(other: ComparedResult) -> str:
    if other.word == SAME:
        return f"no different from {other.name} ({percent(other.value)}) within the error bars"
    return f"{100 * abs(other.difference):.3g} points {other.word} than {other.name} ({percent(other.value)})"


def _limit_clause(result: Any, limited_by: str, readout: bool) -> str:
    parts, unit = result.parts, result.unit
    if limited_by == "noise":
        most = ", mostly by readout errors" if readout else ""
        return f"noise limits it, which costs {amount(abs(parts['noise']), unit)}{most}"
    if limited_by in ("shots", "detunings"):
        return f"{_NAMES[limited_by]} limits it: the error bar is {amount(result.stderr, unit)}"
    if limited_by == "optimizer":
        did = "" if result.converged else f", which {planned(result.reason) or f'ended by {result.reason}'}"
        return f"the optimiser limits it{did}: without noise and shots {amount(abs(parts['optimizer']), unit)} could be gained"
    if limited_by == "ansatz":
        away = f"even without noise and shots it stays {amount(abs(parts['ansatz']), unit)} away"
        return f"the ansatz limits it, or a local optimum: {away}"
    return "" if limited_by == "none" or result.majority is not None else f"what limits it is not known{_why(result)}"


def _why(result: Any) -> str:
    if result.exact is None:
        return ", as the exact value is not"
    left_out = (result.parts or {}).get("left_out")
    return f": {left_out}" if left_out else ""
