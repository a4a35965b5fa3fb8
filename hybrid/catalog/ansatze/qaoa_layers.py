"""The circuit of QAOA: alternating phase and mixer layers."""

from typing import Literal

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector

from hybrid.base.errors import UsageError
from hybrid.base.types import Ansatz, Problem
from hybrid.catalog.ansatze._shared import Term, check_layers, rotate, terms

FIXED_ANGLES = {  # Wurtz & Lykov, PRA 104, 052419 (arXiv:2107.00677), 3-regular graphs; their gamma is twice ours
    1: ([1.2310672582], [0.3926720292]),
    2: ([0.9754194654, 1.7959753912], [0.5550603401, 0.2925078148]),
    3: ([0.8441681638, 1.5968255081, 1.8741775931], [0.60875726, 0.459275309, 0.2353956226]),
}
TAKES = "Hamiltonian"


def qaoa_layers(
    problem: Problem, *, p: int = 1, start: Literal["ramp", "fixed"] = "ramp", warm_start: float | None = None
) -> Ansatz:
    """QAOA circuit: exp(-i beta_l sum X) exp(-i gamma_l C), l = 1..p, on |+...+>, C = -H (Farhi et al., arXiv:1411.4028).

    Parameters (2p,) in the order gamma_1..gamma_p, beta_1..beta_p. Starts at a fixed `ramp`: gamma rising from 1/2 to 3/2
    of 1/sqrt(sum of squared weights at a qubit), beta falling from pi/4 to 0, the shape of the best angles at any p
    (Zhou et al., Phys. Rev. X 10, 021067, 2020); or at the `fixed` angles that are good on every unweighted 3-regular graph
    (arXiv:2107.00677, p = 1..3).

    With `warm_start` = epsilon the qubits start at P(1) = 1 - epsilon or epsilon, by a greedy solution, and the mixer turns
    about that state: 0.25 in Egger et al., Quantum 5, 479, 2021; 0.5 is no warm start. UsageError: p outside 1..1000, a
    Hamiltonian with X or Y, fixed angles for other graphs or p, epsilon outside (0, 0.5].
    """
    check_layers("qaoa_layers", "p", p)
    costs = terms(problem.hamiltonian)
    if not costs or any(set(term.letters) != {"Z"} for term in costs):
        raise UsageError("ansatz 'qaoa_layers': the Hamiltonian must consist of Z terms; take another ansatz for this one.")
    n = problem.hamiltonian.num_qubits
    tilts = np.full(n, np.pi / 2)
    if warm_start is not None:
        if not 0 < warm_start <= 0.5:
            raise UsageError(f"ansatz 'qaoa_layers': warm_start must lie above 0 and not above 0.5, not {warm_start:g}.")
        likely = 2 * np.arcsin(np.sqrt(1 - warm_start))
        tilts = np.where(greedy(n, costs) > 0, likely, np.pi - likely)
    gammas, betas = ParameterVector("cost_gamma", p), ParameterVector("mixer_beta", p)  # circuits sort by name
    circuit = QuantumCircuit(n)
    for q, tilt in enumerate(tilts):
        circuit.h(q) if warm_start is None else circuit.ry(tilt, q)
    for gamma, beta in zip(gammas, betas, strict=True):
        for term in costs:
            rotate(circuit, term, -2 * term.coefficient * gamma)  # C = -H: exp(-i gamma C) = exp(+i gamma c P)
        for q, tilt in enumerate(tilts):
            if warm_start is None:
                circuit.rx(2 * beta, q)
                continue
            circuit.ry(-tilt, q)  # about the start state itself, Egger et al., eq. 7; at a tilt of pi/2 this is X
            circuit.rz(2 * beta, q)
            circuit.ry(tilt, q)
    first = _fixed(n, costs, p) if start == "fixed" else _ramp(n, costs, p)
    return Ansatz(circuit, lambda rng: first.copy())


def _ramp(n: int, costs: list[Term], p: int) -> np.ndarray:
    """Initial angles (2p,); at p = 1 on 3-regular graphs 0.04 rad from the best angles (arXiv:2107.00677)."""
    progress = (np.arange(p) + 0.5) / p
    squares = sum((2 * term.coefficient) ** 2 * len(term.qubits) for term in costs) / n  # an edge's w is 2c
    return np.concatenate([(0.5 + progress) / np.sqrt(squares), np.pi / 4 * (1 - progress)])


def _fixed(n: int, costs: list[Term], p: int) -> np.ndarray:
    """The published angles, (2p,); UsageError where they do not apply."""
    degrees = np.bincount([q for term in costs for q in term.qubits], minlength=n)
    edges = all(term.letters == "ZZ" and term.coefficient == 0.5 for term in costs)  # an edge of weight 1 is ZZ/2
    if not edges or not (degrees == 3).all() or p not in FIXED_ANGLES:
        raise UsageError(
            "ansatz 'qaoa_layers': start=fixed is for unweighted 3-regular graphs and p = 1, 2 or 3, as published; "
            "take start=ramp."
        )
    gammas, betas = FIXED_ANGLES[p]
    return np.array([*(gamma / 2 for gamma in gammas), *betas])


def greedy(n: int, costs: list[Term]) -> np.ndarray:
    """Bits (n,) of a local minimum: each qubit set in turn, then single bits flipped while that lowers H."""
    spins = np.zeros(n)  # +1 is bit 0, -1 is bit 1; 0 is not yet set

    def field(q: int) -> float:
        others = [(term.coefficient, [other for other in term.qubits if other != q]) for term in costs if q in term.qubits]
        return sum(c * float(np.prod(spins[rest])) for c, rest in others)

    for q in range(n):
        spins[q] = -1.0 if field(q) > 0 else 1.0
    slack = 1e-12 * sum(abs(term.coefficient) for term in costs)  # a rounding error is no improvement
    while (gains := np.array([field(q) * spins[q] for q in range(n)])).max() > slack:
        spins[gains.argmax()] *= -1
    return (1 - spins) / 2
