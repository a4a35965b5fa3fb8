"""VQE: variational quantum eigensolver."""

from hybrid.base.types import Expectation, Loss, Problem, Session, Solution


def vqe(session: Session, problem: Problem) -> Solution:
    """VQE: minimise <H> over the ansatz's parameters (Peruzzo et al., Nat. Commun. 5, 4213, 2014)."""
    ansatz = session.ansatz(problem.ansatz)
    return session.minimize(Loss((Expectation(ansatz.circuit, problem.hamiltonian),)), ansatz)
