"""The loop asks within its budget; the final value is measured afresh and so is not biased."""

import numpy as np
import pytest

import hybrid
from hybrid import catalog
from hybrid.base.types import Gradient, Losses, LossGradient, Values
from hybrid.runs.loop import Budget, Cost, Oracle, minimize


def endless(x):
    k = 0
    while True:
        yield Values(x, np.stack([x, x + 1]), iteration=k)
        k += 1


def oracle(asked):
    def ask(question):
        asked.append(question)
        return Losses(np.zeros(len(question.points)), np.zeros(len(question.points)))

    return Oracle(lambda question: Cost(len(question.points), 0, 100 * len(question.points), 0.5), ask)


@pytest.mark.parametrize(
    ("budget", "questions", "reason"),
    [
        (Budget(7, None, None), 3, "7 evaluations"),
        (Budget(0, None, None), 0, "0 evaluations"),
        (Budget(None, 5, None), 5, "5 iterations"),
        (Budget(None, None, 2.1), 4, "2.1 s"),
        (Budget(100, 2, 50.0), 2, "2 iterations"),
    ],
)
def test_budget(budget, questions, reason):
    asked = []
    ending = minimize(endless(np.zeros(1)), oracle(asked), budget)
    assert len(asked) == questions
    assert ending.spent.nfev == 2 * questions
    assert not ending.converged
    assert reason in ending.reason


def test_optimizer_that_asks_nothing():
    def content(x):
        return x
        yield

    ending = minimize(content(np.ones(2)), oracle([]), Budget(5, 5, None))
    assert ending.converged
    assert ending.spent == Cost()


def test_gradient_costs_every_shifted_point(tmp_path):
    spec = {"problem": "h2", "ansatz": "real_amplitudes:reps=1", "gradient": "parameter-shift"}
    result = hybrid.run(hybrid.Spec(**spec, max_iterations=3), tmp_path)
    assert (result.nfev, result.njev) == (3 * (1 + 2 * 4), 3)
    result = hybrid.run(hybrid.Spec(**spec, max_evals=20), tmp_path)
    assert (result.nfev, result.njev) == (18, 2)


def test_an_adjoint_gradient_costs_one_evaluation(tmp_path):
    """The default of exact values: one njev and one evaluation each."""
    result = hybrid.run(hybrid.Spec(problem="h2", ansatz="real_amplitudes:reps=1", max_iterations=3), tmp_path)
    assert (result.nfev, result.njev) == (3, 3)


def test_machine_time_is_a_budget(tmp_path):
    """1,000 shots of 5.88 ms at most: 5.88 s a point, two points an SPSA question, the final one outside."""
    spec = hybrid.Spec(problem="h2", device="meluxina-q", shots=1000, max_qpu="98s")
    result = hybrid.run(spec, tmp_path)
    assert result.nfev == 16
    assert result.qpu_seconds == pytest.approx(17 * 0.6)
    assert result.billed["seconds"] == pytest.approx([17 * 3.45, 17 * 4.35, 17 * 5.88])
    assert result.shots == 17_000


@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_final_value_is_not_the_best_of_many(tmp_path):
    """At x fixed (gradient descent of step 0 is a walk on the spot) the final value scatters evenly about the exact one.

    30 seeds, 200 shots; the mean's z is below 3.3 but in one of a thousand such tests; the minimum of the 40 values that each
    run saw would be off by two of its standard deviations, 12 of the mean's.
    """
    spec = {"problem": "h2", "shots": 200, "optimizer": "spsa:a=0,c=1e-9", "max_evals": 40, "initial_point": [0.3] * 8}
    spec |= {"backend": "exact"}  # the fastest here
    exact = hybrid.run(hybrid.Spec(problem="h2", max_evals=0, initial_point=[0.3] * 8), tmp_path).value
    found = [hybrid.run(hybrid.Spec(**spec, seed=seed), tmp_path) for seed in range(30)]
    z = np.mean([r.value - exact for r in found]) / np.sqrt(np.mean([r.stderr**2 for r in found]) / 30)
    assert abs(z) < 3.3


def test_questions_hold_arrays():
    answer = LossGradient(1.0, np.zeros(2), 0.1, np.ones(2))
    loss, gradient = answer
    assert loss == 1.0
    assert gradient.shape == (2,)
    assert Gradient(np.zeros(2), 0).iteration == 0


@pytest.mark.parametrize("optimizer", ["gradient_descent", "momentum", "gradient_descent:learning_rate=1e100"])
def test_a_loop_that_diverges_stops_says_so_and_keeps_the_best_point(optimizer):
    """A parabola of curvature 200: every step at these learning rates goes further up than the one before."""
    asked = []

    def ask(question):
        assert isinstance(question, Gradient)
        asked.append(question.x)
        with np.errstate(over="ignore"):
            loss = float(100 * (question.x**2).sum())
        return LossGradient(loss, 200 * question.x, 0.0, np.zeros(2))

    optimize = catalog.load(catalog.parse("optimizers", optimizer))
    with np.errstate(over="ignore", invalid="ignore"):
        ending = minimize(
            optimize(np.ones(2), np.random.default_rng(0)), Oracle(lambda _: Cost(1), ask), Budget(None, 5000, None)
        )
    assert not ending.converged and "diverged after" in ending.reason
    assert (ending.x == np.ones(2)).all() and ending.spent.nfev == len(asked)
