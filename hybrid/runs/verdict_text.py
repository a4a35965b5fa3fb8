"""A verdict in words: one sentence for somebody who knows no statistics. Standard library only."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hybrid.base.own_physics import OWN_PHYSICS
from hybrid.base.uncertainty import amount, percent, time_text
from hybrid.runs.verdict import (
    BETTER,
    CHEMICAL_ACCURACY_HA,
    CLEAR,
    ROUNDING,
    SAME,
    UNKNOWN,
    WORSE,
    ComparedResult,
    RunVerdict,
    better_by,
    beyond,
    judged,
    other_filling,
)

NAMES = {
    "vqe": "VQE",
    "vqd": "VQD",
    "qaoa": "QAOA",
    "vqc": "VQC",
    "adapt_vqe": "ADAPT-VQE",
    "varqite": "VarQITE",
    "quantum_kernel": "the quantum kernel",
}
"""Algorithms as they are called in a sentence."""
LIMITS = {
    "noise": "noise",
    "shots": "the number of shots",
    "detunings": "the number of drawn detunings",
    "optimizer": "the optimiser",
    "ansatz": "the ansatz",
}
"""What limits a run, in words."""
FAR = 10
"""So many times the accuracy that is wanted is far from it."""


def verdict(result: Any) -> RunVerdict:
    """The verdict on a `hybrid.Result`, from its own numbers."""
    found = judged(result)
    if found.guessing:
        clause = _choices(result, found.guessing)
    else:
        clause = _value(result, found.baseline) if result.majority is None else _accuracy(result, found.baseline)
    limit, head = _limit_clause(result, found), f"{_where(result)} {clause}"
    return found._replace(sentence=f"{head}; {limit}." if limit else f"{head}.")


def planned(result: Any) -> str | None:
    """A run that used up the budget it was given did what was planned, in words; None where it ended otherwise."""
    if not result.reason.startswith("budget of "):
        return None
    for key, what in (("max_evals", "evaluations"), ("max_iterations", "iterations")):  # a minimisation's may be a share of it
        if result.reason.endswith(what) and result.spec[key] is not None:
            return f"did its {result.spec[key]} {what} as planned"
    return f"used its {result.reason.removeprefix('budget of ')} as planned"


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
    return text + ("." if limit in (UNKNOWN, "none") else f"; {LIMITS[limit]} limits {times} of them.")


def _where(result: Any) -> str:
    algorithm = result.algorithm.partition(":")[0].partition("@")[0]
    name = NAMES.get(algorithm, algorithm.replace("_", " "))
    if result.physics.startswith(OWN_PHYSICS):
        return f"On {result.backend.partition(':')[0]} {name}"
    device = result.device.partition(":")[0].partition("#")[0].partition("@")[0]
    return f"Without noise {name}" if device == "ideal" else f"On {device} {name}"


def _value(result: Any, baseline: ComparedResult | None) -> str:
    """An energy, or another mean value, beside the baseline and the exact value."""
    name, unit, exact = result.quantity, result.unit, result.exact
    if beyond(result):
        return (
            f"ends {_distance(result, name)}, where no state is: errors of the reading moved it there, and it says nothing "
            f"about {baseline.name if baseline else 'the state'}"
        )
    if count := other_filling(result):
        found, asked_for = f"{count['value']:.3g}", f"{count['reference']:.3g}"
        its_value = f"its {name}, {_distance(result, f'one of {asked_for} electrons')}"
        ends = f"ends with {found} electron{'' if found == '1' else 's'} where {asked_for} are asked for"
        return f"{ends}: {its_value}, does not answer the question"
    if baseline is None and exact is None:
        return f"reaches {amount(result.value, unit)}, and neither the exact {name} nor a classical one is known"
    if baseline is None:
        return f"ends {_distance(result, name)}, and no classical {name} is known to compare with"
    same = baseline.word == SAME
    compared = f"is {baseline.word} {'from' if same else 'than'} {baseline.name}"
    if same and result.stderr > 0:
        compared += f" within the error bar of {amount(result.stderr, unit)}"
    if exact is None:
        apart = "" if same else f" by {amount(abs(baseline.difference), unit)}"
        return f"{compared}{apart}, and the exact {name} is not known"
    if same and abs(result.value - exact) <= CLEAR * result.stderr:
        return f"{compared}, nor from the exact {name}"
    theirs = abs(baseline.value - exact)
    their_distance = "exact" if _is_rounding(theirs, exact) else amount(theirs, unit)
    distance = f"its {name} is {_distance(result)} ({baseline.name}: {their_distance})"
    return f"{compared}: {distance}{_others(result)}{_accuracy_wanted(result)}"


def _distance(result: Any, noun: str = "one") -> str:
    gap = result.value - result.exact
    if _is_rounding(gap, result.exact):
        return f"the exact {noun}"
    return f"{amount(abs(gap), result.unit)} {'above' if gap > 0 else 'below'} the exact {noun}"


def _is_rounding(difference: float, exact: float) -> bool:
    return abs(difference) <= ROUNDING * max(1.0, abs(exact))


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
    far = abs(result.value - result.exact) > FAR * CHEMICAL_ACCURACY_HA
    reached = abs(result.value - result.exact) + CLEAR * result.stderr <= CHEMICAL_ACCURACY_HA
    return f", within {wanted}" if reached else f", far from {wanted}" if far else f", not within {wanted}"


def _choices(result: Any, guessing: ComparedResult) -> str:
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


def _accuracy(result: Any, baseline: ComparedResult | None) -> str:
    """A classifier beside the most frequent class and the best classical classifier."""
    majority = ComparedResult(
        "always naming the most frequent class", result.majority, better_by(result, result.majority), result.stderr
    )
    text = f"gets {percent(result.value)} of the test points right: {_points(majority)}"
    return text if baseline is None else f"{text}, {_points(baseline)}"


def _points(other: ComparedResult) -> str:
    if other.word == SAME:
        return f"no different from {other.name} ({percent(other.value)}) within the error bars"
    return f"{100 * abs(other.difference):.3g} points {other.word} than {other.name} ({percent(other.value)})"


def _limit_clause(result: Any, found: RunVerdict) -> str:
    parts, unit, limited_by = result.parts, result.unit, found.limited_by
    if limited_by == "noise":
        most = ", mostly by readout errors" if found.readout else ""
        return f"noise limits it, which costs {amount(abs(parts['noise']), unit)}{most}"
    if limited_by in ("shots", "detunings"):
        return f"{LIMITS[limited_by]} limits it: the error bar is {amount(result.stderr, unit)}"
    if limited_by == "optimizer":
        did = "" if result.converged else f", which {planned(result) or f'ended by {result.reason}'}"
        return f"the optimiser limits it{did}: without noise and shots {amount(abs(parts['optimizer']), unit)} could be gained"
    if other_filling(result):
        return "its ansatz does not conserve their number"
    if limited_by == "ansatz":
        away = f"even without noise and shots it stays {amount(abs(parts['ansatz']), unit)} from the exact {result.quantity}"
        return f"the ansatz limits it, or a local optimum: {away}"
    return "" if limited_by == "none" or result.majority is not None else f"what limits it is not known{_why(result)}"


def _why(result: Any) -> str:
    if result.exact is None:
        return ", as the exact value is not"
    left_out = (result.parts or {}).get("left_out")
    return f": {left_out}" if left_out else ""
