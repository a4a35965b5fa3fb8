"""QAOA: quantum approximate optimisation algorithm."""

from typing import Literal

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.base.types import Expectation, Loss, OutcomeFunction, Probabilities, Problem, Quantity, Session, Solution

OPTIMIZERS = {"noise": "lbfgs:window=10", "shots": "spsa:first_step=0.1,c=0.1,window=20"}
"""Defaults for exact values with noise and for shots, by the tables of the guide's page `run`."""


def qaoa(
    session: Session,
    problem: Problem,
    *,
    p: int = 1,
    cvar: float = 1.0,
    start: Literal["ramp", "fixed"] = "ramp",
    warm_start: float | None = None,
) -> Solution:
    """QAOA: maximise <C> over gamma_1..gamma_p, beta_1..beta_p, phase and mixer angles (Farhi et al., arXiv:1411.4028).

    With `cvar` below 1 the loss is the mean over that best part of the shots only, the conditional value at risk (Barkoutsos et
    al., Quantum 4, 256, 2020); the value reported is still <C>, measured anew. `start` and `warm_start` are those of the
    ansatz `qaoa_layers`. UsageError: cvar outside (0, 1].
    """
    if not 0 < cvar <= 1:
        raise UsageError(f"algorithm 'qaoa': cvar must lie above 0 and not above 1, not {cvar:g}.")
    options = f"p={p},start={start}" + (f",warm_start={warm_start}" if warm_start is not None else "")
    ansatz = session.ansatz(f"qaoa_layers:{options}", fixed=True)
    cost = Expectation(ansatz.circuit, problem.hamiltonian)
    if cvar == 1:
        return session.minimize(Loss((cost,)), ansatz)
    tail = session.minimize(Loss((Probabilities(ansatz.circuit, value_at_risk(problem, cvar)),)), ansatz)
    value, stderr = session.measure(cost, tail.x[None])
    best_part = Quantity(f"CVaR {cvar:g}", problem.sign * tail.value, tail.stderr, problem.unit)
    return tail._replace(value=float(value[0]), stderr=float(stderr[0]), quantities=(best_part,))


def value_at_risk(problem: Problem, alpha: float):
    """CVaR = max_q q - <(q - e)_+>/alpha, q the alpha-quantile of the energies e (Rockafellar & Uryasev, J. Risk 2, 21, 2000).

    At that q it is linear in the probabilities: the worth of an outcome is q - (q - e)_+/alpha, also for derivatives.
    """
    masks = [sum(1 << int(q) for q in np.flatnonzero(row)) for row in problem.hamiltonian.paulis.z]
    coefficients = problem.hamiltonian.coeffs.real
    lowest = float(-np.abs(coefficients).sum())

    def energies(outcomes: np.ndarray) -> np.ndarray:
        total = np.zeros(len(outcomes))
        for mask, coefficient in zip(masks, coefficients, strict=True):
            total += coefficient * (1.0 - 2.0 * (np.bitwise_count(outcomes & np.uint64(mask)) & 1))
        return total

    def function_of(outcomes: np.ndarray, shares: np.ndarray) -> OutcomeFunction:
        energy = energies(outcomes)
        order = np.argsort(energy, kind="stable")
        reached = np.cumsum(shares[order])
        q = float(energy[order][np.searchsorted(reached, alpha * reached[-1] * (1 - 1e-12))])
        return OutcomeFunction(lambda seen: q - np.maximum(q - energies(seen), 0.0) / alpha, q - (q - lowest) / alpha, q)

    return function_of
