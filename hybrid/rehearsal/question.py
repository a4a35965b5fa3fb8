"""What an experiment asks, whatever the device: its known values, the value of guessing, and the scale that matters."""

from dataclasses import dataclass
from typing import final

import numpy as np

from hybrid.base.types import Dataset, Problem
from hybrid.base.uncertainty import amount
from hybrid.runs.verdict import CHEMICAL_ACCURACY_HA

ENERGY, CHOICES, LABELS = "energy", "choices", "labels"


@final
@dataclass(frozen=True, kw_only=True)
class Question:
    """`kind`: an ENERGY (or another mean value), single outcomes that are CHOICES, or LABELS of points.

    `mixed` is the value of the fully mixed state, None where the value is no mean of an observable; `guessing` that of chance
    in `unit`: the mean over all states, or the most frequent class. `scale` is the distance that matters, None for choices,
    where the share of optimal shots is judged. `classical` is the method that finds the best choice classically.
    """

    kind: str
    quantity: str
    unit: str
    maximize: bool
    exact: float | None
    baseline: float | None
    baseline_name: str
    mixed: float | None
    guessing: float | None
    scale: float | None
    scale_words: str
    classical: str

    def better_by(self, value: float, other: float) -> float:
        """By how much a value is better than another one."""
        return value - other if self.maximize else other - value

    def amount(self, value: float) -> str:
        """A distance in words."""
        return amount(abs(value), self.unit)


def question_of(problem: Problem | Dataset, algorithm: str, noiseless: float | None) -> Question:
    """The question of a problem; `noiseless`, where the run without noise ended, stands in for an unknown exact value."""
    mixed = _mixed(problem) if isinstance(problem, Problem) and "cvar" not in _options(algorithm) else None
    guessing = problem.majority if isinstance(problem, Dataset) else mixed
    kind = LABELS if isinstance(problem, Dataset) else CHOICES if _rates_outcomes(problem) else ENERGY
    scale, words = _scale(problem, kind, guessing, noiseless)
    return Question(
        kind=kind,
        quantity="accuracy" if kind == LABELS else problem.quantity,
        unit=problem.unit,
        maximize=problem.maximize,
        exact=problem.exact,
        baseline=problem.baseline,
        baseline_name=problem.baseline_name,
        mixed=mixed,
        guessing=guessing,
        scale=scale,
        scale_words=words,
        classical=problem.choices.method if isinstance(problem, Problem) and problem.choices is not None else "",
    )


def _mixed(problem: Problem) -> float:
    """The identity's coefficient: every other Pauli string has mean zero in the fully mixed state."""
    paulis = problem.hamiltonian.paulis
    identity = ~(paulis.x | paulis.z).any(axis=1)
    return problem.sign * float(np.sum(problem.hamiltonian.coeffs[identity].real))


def _options(algorithm: str) -> str:
    return algorithm.partition(":")[2]


def _rates_outcomes(problem: Problem) -> bool:
    return problem.choices is not None and problem.choices.best is not None


def _scale(problem: Problem | Dataset, kind: str, guessing: float | None, noiseless: float | None) -> tuple[float | None, str]:
    """The first distance that is known and not zero."""
    if kind == CHOICES:
        return None, "how much more often a shot is an optimum than a guess is"
    best = problem.exact if problem.exact is not None else noiseless
    name = "the exact value" if problem.exact is not None else "the value without noise"
    pairs = [] if kind == LABELS else [(problem.baseline, problem.baseline_name)]
    pairs.append((guessing, "always naming the most frequent class" if kind == LABELS else "the mean over all states"))
    if kind == LABELS:
        best, name = noiseless, "the accuracy without noise"
    for other, other_name in pairs:
        if best is not None and other is not None and abs(best - other) > 1e-9 * max(1.0, abs(best)):
            return abs(best - other), f"the distance from {other_name} to {name}"
    return (CHEMICAL_ACCURACY_HA, "chemical accuracy") if problem.unit == "Ha" else (None, "no distance is known")
