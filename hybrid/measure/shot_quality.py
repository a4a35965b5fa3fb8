"""What the shots of an optimisation run are worth: beside guessing, and beside the best classical choice."""

from collections.abc import Callable
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float, UInt64

from hybrid.base.randomness import ProgramStream, child
from hybrid.base.types import Choices, Counts, Dataset, Point, Problem
from hybrid.measure.estimate import Marked, gathered, share, variance, widening
from hybrid.measure.execution import set_up
from hybrid.measure.program import Program

MOST_QUBITS = 20
"""Up to here all outcomes are looked at, those of the run and those of guessing."""
SLACK = 1e-9
"""Relative to the best value: choices that differ by rounding are equally good."""
Outcomes = UInt64[np.ndarray, " u"]
Marks = Callable[[Outcomes], Bool[np.ndarray, " u"]]


@final
class OutcomeShots(NamedTuple):
    """Outcomes of one circuit, bit i for qubit i of the circuit, as they were read: `counts`, or without shots the
    probabilities (c, u) by c independent sets of detunings. `inflation` is that of drifting detunings."""

    outcomes: Outcomes
    shares: Float[np.ndarray, "c u"]
    counts: Counts | None
    realizations: int
    inflation: float

    def share(self, marks: Marks) -> list[float]:
        """[share of the marked outcomes, standard error]; never zero with shots, zero where nothing is random."""
        if self.counts is not None:
            found = share(Marked(marks), self.counts, self.realizations, None)
            return [found.mean, float(np.sqrt(variance([found], self.inflation)))]
        means = self.shares @ marks(self.outcomes)
        c = len(means)
        stderr = 0.0 if c == 1 else means.std(ddof=1) / np.sqrt(c) * widening(c - 1.0)
        return [float(means.mean()), float(stderr)]


def shots_at(program: Program, x: Point, seed: np.random.SeedSequence) -> OutcomeShots:
    """The outcomes behind `program.values(x[None], seed=seed)`, of its first circuit: the very same shots."""
    execution, angles = program.execution, program.angle_map(x[None])
    if program.direct:  # compiled for its observable alone
        isa, circuits, device, conditions = execution.recipe
        execution = set_up(isa, circuits, device, program.engine(), conditions)
    detunings, layout = child(seed, ProgramStream.DETUNINGS), execution.recipe.isa.layout
    if execution.shots.size:
        ((counts, *_),), inflation = execution.counts(angles, seed, detunings)
        counts = counts._replace(outcomes=gathered(counts.outcomes, layout))
        shares = counts.counts[None] / counts.counts.sum()
        return OutcomeShots(counts.outcomes, shares, counts, execution.realizations, inflation)
    found = np.clip(execution.distributions(angles, detunings)[0, :, 0], 0.0, None)
    return OutcomeShots(gathered(np.arange(found.shape[1], dtype=np.uint64), layout), found, None, 1, 1.0)


def judged(problem: Problem | Dataset, program: Program, x: Point, seed: np.random.SeedSequence) -> dict[str, Any] | None:
    """The outcomes of a final measurement at x; None where the problem knows nothing of outcomes, or has too many.

    Shares are per shot with their standard errors; guessing sets every bit to 0 or 1 with equal chance. An optimum is a
    feasible choice as good as `choices.best`, unknown where that is.
    """
    if not isinstance(problem, Problem):
        return None
    choices, decode = problem.choices, problem.decode
    if choices is None or decode is None or problem.hamiltonian.num_qubits > MOST_QUBITS:
        return None
    shots = shots_at(program, x, seed)
    guesses = np.arange(2**choices.n_variables, dtype=np.uint64)
    variables, weights = _merged(shots, choices)
    told: dict[str, Any] = {"optimal": None, "optimal_guessing": None, "best": None}
    if choices.best is not None:
        best = float(choices.objective(np.array([choices.best], dtype=np.uint64))[0])

        def optimal(outcomes: Outcomes) -> Bool[np.ndarray, " u"]:
            lost = problem.sign * (choices.objective(outcomes) - best)
            return choices.feasible(outcomes) & (lost <= SLACK * max(1.0, abs(best)))

        told = {"optimal": shots.share(optimal), "optimal_guessing": float(optimal(guesses).mean())}
        told["best"] = decode(choices.best)
    return told | {
        "infeasible": shots.share(lambda outcomes: ~choices.feasible(outcomes)),
        "infeasible_guessing": float(1 - choices.feasible(guesses).mean()),
        "feasible_mean": _feasible_mean(choices, variables, weights),
        "feasible_mean_guessing": _feasible_mean(choices, guesses, np.ones(len(guesses))),
        "likeliest": decode(int(variables[weights.argmax()])),
        "likeliest_share": float(weights.max()),
        "method": choices.method,
        "penalty": choices.penalty,
    }


def _merged(shots: OutcomeShots, choices: Choices) -> tuple[Outcomes, Float[np.ndarray, " u"]]:
    """Distinct settings of the variables, slack left out, and their shares."""
    mask = np.uint64(2**choices.n_variables - 1)
    variables, place = np.unique(shots.outcomes & mask, return_inverse=True)
    return variables, np.bincount(place, weights=shots.shares.mean(axis=0))


def _feasible_mean(choices: Choices, outcomes: Outcomes, weights: Float[np.ndarray, " u"]) -> float | None:
    """Mean objective of the feasible outcomes; None where there are none."""
    kept = weights * choices.feasible(outcomes)
    return float(kept @ choices.objective(outcomes) / kept.sum()) if kept.sum() > 0 else None
