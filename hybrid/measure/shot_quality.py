"""How good the shots of an optimisation run are, compared with random guessing and with the best classical choice."""

from collections.abc import Callable
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float

from hybrid.base.randomness import ProgramStream, child
from hybrid.base.types import Choices, Counts, Dataset, OutcomeFunction, Point, Problem
from hybrid.device.readout import selected_bits
from hybrid.measure.estimate import error_of_means, group_estimate, variance
from hybrid.measure.observables import DiagonalObservable, Outcomes
from hybrid.measure.program import Program
from hybrid.measure.set_up import set_up

MOST_QUBITS = 20
"""Up to this many qubits all outcomes are examined, those of the run and those of guessing."""
SLACK = 1e-9
"""Relative to the best value: choices that differ by rounding are equally good."""
Marks = Callable[[Outcomes], Bool[np.ndarray, " u"]]


@final
class OutcomeShots(NamedTuple):
    """Outcomes of one circuit as they were read, bit i for qubit i: `counts`, or without shots probabilities.

    The probabilities (c, u) are those of c independent sets of detunings. `inflation` is the factor by which drifting detunings
    increase the variance.
    """

    outcomes: Outcomes
    probabilities: Float[np.ndarray, "c u"]
    counts: Counts | None
    realizations: int
    inflation: float

    def probability(self, marks: Marks) -> list[float]:
        """[probability of the marked outcomes, standard error]; the error is never zero with shots, zero where nothing is
        random."""
        if self.counts is not None:
            marked = OutcomeFunction(lambda outcomes: marks(outcomes).astype(float), 0.0, 1.0)
            every = DiagonalObservable(marked, tuple(range(MOST_QUBITS)), "")
            estimate = group_estimate(every, self.counts, self.realizations, None)
            return [estimate.mean, float(np.sqrt(variance([estimate], self.inflation)))]
        means = self.probabilities @ marks(self.outcomes)
        return [float(means.mean()), float(error_of_means(means[None])[0])]


def shots_at(program: Program, x: Point, seed: np.random.SeedSequence) -> OutcomeShots:
    """The outcomes that `program.values(x[None], seed=seed)` comes from, of its first circuit: the very same shots."""
    execution, angles = program.execution, program.angle_map(x[None])
    if program.direct:  # compiled for its observable alone
        isa, circuits, device, conditions = execution.recipe
        execution = set_up(isa, circuits, device, program.engine(), conditions)
    detunings, layout = child(seed, ProgramStream.DETUNINGS), execution.recipe.isa.layout
    if execution.shots.size:
        ((counts, *_),), inflation = execution.counts(angles, seed, detunings)
        counts = counts._replace(outcomes=selected_bits(counts.outcomes, layout))
        frequencies = counts.counts[None] / counts.counts.sum()
        return OutcomeShots(counts.outcomes, frequencies, counts, execution.realizations, inflation)
    probabilities = np.clip(execution.distributions(angles, detunings)[0, :, 0], 0.0, None)
    outcomes = selected_bits(np.arange(probabilities.shape[1], dtype=np.uint64), layout)
    return OutcomeShots(outcomes, probabilities, None, 1, 1.0)


def shot_quality(problem: Problem | Dataset, program: Program, x: Point, seed: np.random.SeedSequence) -> dict[str, Any] | None:
    """The outcomes of a final measurement at x; None where the problem does not rate outcomes, or has too many.

    Probabilities are per shot, with their standard errors; guessing sets every bit to 0 or 1 with equal chance. An optimum is
    a feasible choice as good as `choices.best`; without a known best it is None.
    """
    if not isinstance(problem, Problem):
        return None
    choices, decode = problem.choices, problem.decode
    if choices is None or decode is None or problem.hamiltonian.num_qubits > MOST_QUBITS:
        return None
    shots = shots_at(program, x, seed)
    guesses = np.arange(2**choices.n_variables, dtype=np.uint64)
    without_slack = shots.outcomes & np.uint64(2**choices.n_variables - 1)
    variables, place = np.unique(without_slack, return_inverse=True)
    weights = np.bincount(place, weights=shots.probabilities.mean(axis=0))
    quality: dict[str, Any] = {"optimal": None, "optimal_guessing": None, "best": None}
    if choices.best is not None:
        best = float(choices.objective(np.array([choices.best], dtype=np.uint64))[0])

        def optimal(outcomes: Outcomes) -> Bool[np.ndarray, " u"]:
            lost = problem.sign * (choices.objective(outcomes) - best)
            return choices.feasible(outcomes) & (lost <= SLACK * max(1.0, abs(best)))

        quality = {"optimal": shots.probability(optimal), "optimal_guessing": float(optimal(guesses).mean())}
        quality["best"] = decode(choices.best)
    return quality | {
        "infeasible": shots.probability(lambda outcomes: ~choices.feasible(outcomes)),
        "infeasible_guessing": float(1 - choices.feasible(guesses).mean()),
        "feasible_mean": _feasible_mean(choices, variables, weights),
        "feasible_mean_guessing": _feasible_mean(choices, guesses, np.ones(len(guesses))),
        "likeliest": decode(int(variables[weights.argmax()])),
        "likeliest_share": float(weights.max()),
        "method": choices.method,
        "penalty": choices.penalty,
    }


def _feasible_mean(choices: Choices, outcomes: Outcomes, weights: Float[np.ndarray, " u"]) -> float | None:
    """Mean objective of the feasible outcomes; None where there are none."""
    kept = weights * choices.feasible(outcomes)
    return float(kept @ choices.objective(outcomes) / kept.sum()) if kept.sum() > 0 else None
