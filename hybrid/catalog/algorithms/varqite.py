"""Variational imaginary-time evolution."""

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.base.types import Expectation, Gradient, Loss, Metric, Optimization, Point, Problem, Session, Solution

WITHOUT = ("optimizer",)


def varqite(
    session: Session,
    problem: Problem,
    *,
    step: float = 0.1,
    regularization: float = 1e-6,
    gtol: float = 1e-5,
) -> Solution:
    """Variational imaginary-time evolution: exp(-H tau) within the ansatz (McArdle et al., npj Quantum Inf. 5, 75, 2019).

    Euler steps of `step` in tau, whose unit is the inverse of H's. McLachlan's principle gives sum_j A_ij dtheta_j/dtau = -C_i
    with A the quantum geometric tensor and C half the gradient of the energy; A + `regularization` is inverted, as A may be
    singular. Converges when every derivative, with its standard error, is within `gtol`. The tensor is that of the state
    without noise. UsageError: a step or a regularisation that is not positive.
    """
    if not step > 0 or not regularization > 0:
        raise UsageError("algorithm 'varqite': step and regularization must be positive.")

    def evolution(x: Point, rng: np.random.Generator) -> Optimization:
        k = 0
        while True:
            answer = yield Gradient(x, iteration=k)
            if np.all(np.abs(answer.gradient) + answer.gradient_stderr <= gtol):
                return x
            metric = yield Metric(x, iteration=k)
            velocity = -np.linalg.solve(metric + regularization * np.eye(len(x)), answer.gradient / 2)  # C = gradient/2
            x = x + step * velocity
            k += 1

    ansatz = session.ansatz(problem.ansatz)
    return session.minimize(Loss((Expectation(ansatz.circuit, problem.hamiltonian),)), ansatz, optimizer=evolution)
