"""VQD, variational quantum deflation: the lowest levels, one after the other."""

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.base.types import Ansatz, Expectation, Loss, Overlap, Problem, Quantity, Session, Solution

MOST_QUBITS = 10
"""Up to here the levels are also computed by diagonalisation, to compare with."""


def vqd(session: Session, problem: Problem, *, k: int = 2, beta: float | None = None) -> Solution:
    """Variational quantum deflation: the `k` lowest levels (Higgott, Wang & Brierley, Quantum 3, 156, 2019).

    Minimises <H> + beta sum_i |<psi(theta)|psi(theta_i)>|^2 over the states i found before (eq. 2). `beta` must exceed the
    distance of the levels; by default it is twice the sum of |c| over H's terms except the identity, an upper bound of it. The
    value is the level found first; the others, in order of energy, and beta are reported with it. Every level gets an equal
    part of the budget. The first minimisation starts at the ansatz's initial point, the others at random: near the states found
    before, the penalty is stationary. UsageError: k below 1 or above the number of states, beta not positive.
    """
    hamiltonian = problem.hamiltonian
    if not 1 <= k <= 2**hamiltonian.num_qubits:
        raise UsageError(f"algorithm 'vqd': k must lie between 1 and 2^{hamiltonian.num_qubits} states, not {k}.")
    if beta is not None and not beta > 0:
        raise UsageError(f"algorithm 'vqd': beta must be positive, not {beta:g}.")
    if beta is None:
        beta = 2 * sum(abs(c) for pauli, c in hamiltonian.to_list() if pauli.strip("I"))
    ansatz = session.ansatz(problem.ansatz)
    anywhere = Ansatz(ansatz.circuit, lambda rng: rng.uniform(-np.pi, np.pi, ansatz.circuit.num_parameters))
    energy = Expectation(ansatz.circuit, hamiltonian)
    exact = np.linalg.eigvalsh(hamiltonian.to_matrix())[:k] if hamiltonian.num_qubits <= MOST_QUBITS else None
    states: list[Solution] = []
    excited: list[tuple[float, float]] = []
    for level in range(k):
        lower = [Overlap(ansatz.circuit, ansatz.circuit.assign_parameters(state.x)) for state in states]
        weights = np.array([1.0, *(beta for _ in lower)])
        loss = Loss((energy, *lower), *_weighted(weights))
        states.append(session.minimize(loss, anywhere if level else ansatz, share=1 / (k - level)))
        if level:
            value, stderr = session.measure(energy, states[-1].x[None])
            excited.append((float(value[0]), float(stderr[0])))
    levels = [
        Quantity(f"level {level}", value, stderr, problem.unit, reference=None if exact is None else float(exact[level]))
        for level, (value, stderr) in enumerate(sorted(excited), start=1)
    ]
    ground = states[0]
    reason = next((state.reason for state in states if not state.converged), ground.reason)
    return ground._replace(
        converged=all(state.converged for state in states),
        reason=reason,
        quantities=(*levels, Quantity("penalty beta", float(beta), unit=problem.unit)),
    )


def _weighted(weights: np.ndarray):
    """The sum of the queries with these weights, and its slope."""
    return (lambda values: weights @ values, lambda values: np.broadcast_to(weights[:, None], values.shape))
