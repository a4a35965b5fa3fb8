"""Number-preserving ansatz: Givens rotations and phases between neighbours."""

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import XXPlusYYGate

from hybrid.base.errors import UsageError
from hybrid.base.types import Ansatz, Problem
from hybrid.catalog.ansatze._shared import check_layers, prepare_bits

TAKES = "Hamiltonian"


def givens(problem: Problem, *, reps: int = 4) -> Ansatz:
    """Number-preserving: exp(-i theta/2 (X_q Y_p - Y_q X_p)/2) exp(-i phi/2 ZZ) on all pairs of neighbours, `reps` times.

    Acts on the problem's reference basis state and keeps its number of ones, so particles or magnetisation (the
    number-preserving gates of Gard et al., npj Quantum Inf. 6, 10, 2020). The rotations alone would be free fermions; the
    phases between them make them interact. Starts 0.1 rad (normal) around the reference state. UsageError: reps outside
    1..1000, fewer than two qubits, no reference state.
    """
    check_layers("givens", "reps", reps)
    n = problem.hamiltonian.num_qubits
    if problem.reference_bits is None or not 0 < problem.reference_bits < 2**n - 1:
        raise UsageError(
            "ansatz 'givens': it needs a reference state with ones and zeros, whose number it conserves; this problem has "
            "none. Take efficient_su2 or brick."
        )
    pairs = [*zip(range(0, n - 1, 2), range(1, n, 2), strict=False), *zip(range(1, n - 1, 2), range(2, n, 2), strict=False)]
    theta = ParameterVector("theta", 2 * reps * len(pairs))
    circuit, angles = QuantumCircuit(n), iter(theta)
    prepare_bits(circuit, problem.reference_bits)
    for _ in range(reps):
        for p, q in pairs:
            circuit.append(XXPlusYYGate(next(angles), np.pi / 2), [p, q])
            circuit.rzz(next(angles), p, q)
    return Ansatz(circuit, lambda rng: rng.normal(0.0, 0.1, len(theta)))
