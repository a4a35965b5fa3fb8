"""Alternating phase and mixer layers: the circuit of the quantum approximate optimisation algorithm."""

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector

from hybrid.ansatze._shared import Term, check_layers, rotate, terms
from hybrid.errors import UsageError
from hybrid.types import Ansatz, Problem


def qaoa_layers(problem: Problem, *, p: int = 1) -> Ansatz:
    """exp(-i beta_l sum X) exp(-i gamma_l C), l = 1..p, on |+...+>, C = -H (Farhi et al., arXiv:1411.4028).

    Parameters (2p,) in the order gamma_1..gamma_p, beta_1..beta_p. Starts at a fixed ramp: gamma rising from 1/2 to 3/2
    of 1/sqrt(sum of squared weights at a qubit), beta falling from pi/4 to 0, the shape of the best angles at any p
    (Zhou et al., Phys. Rev. X 10, 021067, 2020). UsageError: p outside 1..1000, a Hamiltonian with X or Y.
    """
    check_layers("qaoa_layers", "p", p)
    costs = terms(problem.hamiltonian)
    if not costs or any(set(term.letters) != {"Z"} for term in costs):
        raise UsageError("ansatz 'qaoa_layers': the Hamiltonian must consist of Z terms; take another ansatz for this one.")
    n = problem.hamiltonian.num_qubits
    gammas, betas = ParameterVector("cost_gamma", p), ParameterVector("mixer_beta", p)  # circuits sort by name
    circuit = QuantumCircuit(n)
    circuit.h(range(n))
    for gamma, beta in zip(gammas, betas, strict=True):
        for term in costs:
            rotate(circuit, term, -2 * term.coefficient * gamma)  # C = -H: exp(-i gamma C) = exp(+i gamma c P)
        circuit.rx(2 * beta, range(n))
    start = _ramp(n, costs, p)
    return Ansatz(circuit, lambda rng: start.copy())


def _ramp(n: int, costs: list[Term], p: int) -> np.ndarray:
    """Where to start, (2p,); at p = 1 on 3-regular graphs 0.04 rad from the best angles (arXiv:2107.00677)."""
    progress = (np.arange(p) + 0.5) / p
    squares = sum((2 * term.coefficient) ** 2 * len(term.qubits) for term in costs) / n  # an edge's w is 2c
    return np.concatenate([(0.5 + progress) / np.sqrt(squares), np.pi / 4 * (1 - progress)])
