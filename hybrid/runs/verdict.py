"""The verdict on a finished run: how it compares with classical methods and with guessing, and what limits it. Standard library
only."""

from typing import Any, NamedTuple, final

from hybrid.base.display import html_of

CHEMICAL_ACCURACY_HA = 1.6e-3
"""1 kcal/mol, to which energies of reactions are wanted (Pople, Rev. Mod. Phys. 71, 1267, 1999)."""
CLEAR = 2.0
"""So many standard errors are a difference; below, two numbers are no different."""
BEYOND = 3.0
"""A value so many standard errors beyond the exact one is no state's: errors of the reading moved it."""
ROUNDING = 1e-9
"""Relative: exact numbers that differ by less are equal."""
SHARE = 0.01
"""Where the unit has no accuracy of its own: within this share of the distance from the baseline to the exact value (or of the
exact value) nothing is said to limit a result."""
ELECTRONS = "electrons, ideal"
"""The quantity that counts them in the state without noise."""
HALF_AN_ELECTRON = 0.5
MOST_OF_IT = 0.5
"""Readout errors dominate where they make up more than this share of the noise."""
BETTER, SAME, WORSE, UNKNOWN = "better", "no different", "worse", "unknown"


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

    _repr_html_ = html_of

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        compared = {"baseline": self.baseline, "guessing": self.guessing}
        return self._asdict() | {key: one and one.to_json() for key, one in compared.items()}


def judged(result: Any) -> RunVerdict:
    """The verdict on a `hybrid.Result` but for its sentence."""
    baseline, guessing = _baseline(result), _guessing(result)
    compared = guessing or baseline
    word = compared.word if compared and (guessing or not (beyond(result) or other_filling(result))) else UNKNOWN
    return RunVerdict("", word, _limit(result), _readout_dominates(result), baseline, guessing)


def better_by(result: Any, other: float) -> float:
    """By how much the run is better than another value."""
    return result.value - other if result.maximize else other - result.value


def beyond(result: Any) -> bool:
    """Whether the value lies beyond the exact one, the extreme of all states, by more than its error.

    Settings are read one by one, so that errors that favour some outcomes (T1 while a qubit waits, assignment, what mitigation
    adds) move their sum to where no single state is.
    """
    if result.exact is None or result.majority is not None:
        return False
    return better_by(result, result.exact) > max(BEYOND * result.stderr, ROUNDING * max(1.0, abs(result.exact)))


def other_filling(result: Any) -> dict[str, Any] | None:
    """The number of electrons without noise beside the one that was asked for, where the run ended at another filling.

    Circuits that do not conserve it can: the exact value is that of the filling asked for, and others may lie lower. Nearer to
    another whole number, or without noise and shots lower than the exact value by what matters, as no state of that filling is.
    """
    count = next((q for q in result.quantities if q["name"] == ELECTRONS and q["reference"] is not None), None)
    if count is None:
        return None
    parts = result.parts or {}
    without_noise = (parts.get("ansatz") or 0.0) + (parts.get("optimizer") or 0.0)
    lower = result.exact is not None and without_noise < -_goal(result)
    return count if lower or abs(count["value"] - count["reference"]) > HALF_AN_ELECTRON else None


def _baseline(result: Any) -> ComparedResult | None:
    """The best that is known without a quantum computer."""
    known = [] if result.baseline is None else [(result.baseline, result.baseline_name)]
    if result.majority is not None:
        known += [(q["reference"], q["reference_name"]) for q in result.quantities if q["reference"] is not None]
    if not known:
        return None
    value, name = (max if result.maximize else min)(known)
    return ComparedResult(name, value, better_by(result, value), result.stderr)


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
    if other_filling(result):
        return "ansatz"
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
