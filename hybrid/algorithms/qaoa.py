"""Quantum approximate optimisation algorithm."""

from hybrid.types import Expectation, Loss, Problem, Session, Solution


def qaoa(session: Session, problem: Problem, *, p: int = 1) -> Solution:
    """Maximise <C> over p phase and p mixer angles, gamma_1..gamma_p, beta_1..beta_p (Farhi et al., arXiv:1411.4028)."""
    ansatz = session.ansatz(f"qaoa_layers:p={p}", fixed=True)
    return session.minimize(Loss((Expectation(ansatz.circuit, problem.hamiltonian),)), ansatz)
