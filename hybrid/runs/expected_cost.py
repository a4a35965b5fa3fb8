"""What a run is expected to cost, without measuring: the evaluations of its budget, and the processor time of one.

Times come from gates, qubits and realizations by formulas whose constants were measured once, on one core of a cloud machine
(Xeon, 2026), over VQE circuits of 2 to 18 qubits on `ideal` and `meluxina-q`. No clock is read: what a run says and does must
not depend on how busy a machine is. They agree with what was measured within a factor of three (tests/test_look.py).
"""

from typing import NamedTuple

import numpy as np

from hybrid.base.types import (
    Estimates,
    Gradient,
    Losses,
    LossGradient,
    Metric,
    Optimization,
    Overlaps,
    Question,
    Tensor,
    Values,
)
from hybrid.runs.loop import Budget, Cost, Oracle, minimize

QUESTIONS = 32
"""So many questions of an optimiser say how many evaluations an iteration takes."""
SETUP_S = 2e-4
"""To describe and compile a gate with its noise."""
ENGINE_GATE_S, ENGINE_BYTE_S, ENGINE_CALL_S = 1e-6, 1.2e-11, 1.5e-4
"""The exact engine: for a gate that takes time, for it and every byte of the states, and for a setting."""
ENGINE_MULTIPLICATION_S = 1.5e-10
"""For a multiplication, calls included, where the states of wide circuits are known beforehand."""
OWN_GATES_PER_QUBIT = 10
"""Circuits of other settings share their first gates with the first one, all but about so many."""
GRADIENT = 3.0
"""An adjoint gradient takes so many values."""
AER_GATE_S, AER_AMPLITUDE_S, AER_CIRCUIT_S = 3e-6, 4.8e-9, 1.4e-3
"""Aer's state vectors: for a gate, for it and every amplitude, and for a circuit with its angles bound."""
DENSITY_GATE_S, DENSITY_ENTRY_S, DENSITY_CIRCUIT_S = 1.5e-5, 2.9e-9, 3e-4
"""Aer's density matrices, likewise."""


class Work(NamedTuple):
    """One evaluation: how many circuits, gates that take time and gates in all of one of them, realizations, shots, bytes of
    the exact engine's states for one circuit, and whether Aer takes density matrices. `multiplications` are those of one
    circuit and realization where the engine knows them, else 0."""

    n_qubits: int
    circuits: int
    gates: int
    all_gates: int
    realizations: int
    shots: int
    state_bytes: int
    density: bool
    multiplications: int = 0


def engine_s(work: Work) -> float:
    """Seconds of one evaluation by the exact engine."""
    if work.multiplications:
        return work.circuits * (ENGINE_CALL_S + work.realizations * work.multiplications * ENGINE_MULTIPLICATION_S)
    shared = work.gates + (work.circuits - 1) * min(work.gates, OWN_GATES_PER_QUBIT * work.n_qubits)
    row_s = shared * (ENGINE_GATE_S + ENGINE_BYTE_S * work.state_bytes)
    return work.circuits * ENGINE_CALL_S + work.realizations * row_s


def aer_s(work: Work, *, noisy: bool) -> float:
    """Seconds of one evaluation by Aer: a density matrix for every realization, or with noise a trajectory for every shot."""
    rows = work.circuits * work.realizations
    if work.density:
        return rows * (DENSITY_CIRCUIT_S + work.gates * (DENSITY_GATE_S + DENSITY_ENTRY_S * 4**work.n_qubits))
    gate_s = AER_GATE_S + AER_AMPLITUDE_S * 2**work.n_qubits
    return rows * AER_CIRCUIT_S + (work.shots if noisy and work.shots else work.circuits) * work.gates * gate_s


def setup_s(work: Work) -> float:
    """Seconds to compile all circuits."""
    return SETUP_S * work.circuits * work.all_gates


class Evaluations(NamedTuple):
    """Of a whole budget: parameter points, and gradients."""

    points: int
    gradients: int


def evaluations(optimization: Optimization, per_gradient: int, budget: Budget, point_s: float | None) -> Evaluations:
    """The evaluations that the optimiser spends on random answers, which let none converge, until its budget ends.

    After `QUESTIONS` questions the iterations that are left are taken to cost as much. `point_s`: machine time of a point.
    """

    def cost(question: Question) -> Cost:
        match question:
            case Values():
                nfev = len(question.points)
            case Overlaps():
                nfev = len(question.pairs)
            case Gradient():
                nfev = per_gradient
            case Metric():
                nfev = 1
        return Cost(nfev, int(isinstance(question, Gradient)), 0, None if point_s is None else nfev * point_s)

    limits = _Few(budget)
    spent, iterations = minimize(optimization, Oracle(cost, RandomAnswers().ask), limits)[1:3]
    factors = [] if budget.max_iterations is None else [budget.max_iterations / max(1, iterations)]
    if budget.max_evals is not None:
        factors.append(budget.max_evals / max(1, spent.nfev))
    if budget.max_qpu_s is not None and spent.qpu_seconds:
        factors.append(budget.max_qpu_s / spent.qpu_seconds)
    factor = max(1.0, min(factors)) if limits.left < 0 and factors else 1.0
    return Evaluations(int(factor * spent.nfev), int(factor * spent.njev))


class _Few:
    """A budget, and a number of questions that is left."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self.left = budget, QUESTIONS

    def refuses(self, question: Question, spent: Cost, cost: Cost) -> str | None:
        """See `hybrid.runs.loop.LoopLimits`."""
        reason = self._budget.refuses(question, spent, cost)
        if reason is None:
            self.left -= 1
        return reason or ("enough questions" if self.left < 0 else None)


class RandomAnswers:
    """Answers with random numbers whose mean falls by one each time, so that no optimiser converges."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(0)
        self._mean = 0.0

    def ask(self, question: Question) -> Losses | LossGradient | Tensor | Estimates:
        self._mean -= 1.0
        match question:
            case Values():
                values = self._rng.normal(self._mean, size=len(question.points))
                return Losses(values, np.ones(len(values)))
            case Gradient():
                gradient = self._rng.normal(size=len(question.x))
                return LossGradient(float(self._rng.normal(self._mean)), gradient, 1.0, np.ones(len(gradient)))
            case Overlaps():
                fidelities = self._rng.random(len(question.pairs))
                return Estimates(fidelities, np.ones(len(fidelities)))
            case Metric():
                return np.eye(len(question.x)) / 4
