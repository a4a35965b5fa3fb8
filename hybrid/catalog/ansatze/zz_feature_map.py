"""ZZ feature map: data encoding by Z and ZZ rotations."""

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector

from hybrid.base.types import Ansatz, ProblemBase
from hybrid.catalog.ansatze._shared import check_layers


def zz_feature_map(problem: ProblemBase, *, reps: int = 2) -> Ansatz:
    """ZZ feature map: features as angles of Z and ZZ rotations between H (Havlicek et al., Nature 567, 209, 2019, eq. 3).

    `reps` times H on all qubits and exp(i sum x_q Z_q + i sum (pi - x_p)(pi - x_q) Z_p Z_q), a feature x per qubit.
    Its parameters are the features of a sample, so it encodes data and has nothing to train: algorithms such as
    `quantum_kernel` give it their samples. Starts at zero features. UsageError: reps outside 1..1000.
    """
    check_layers("zz_feature_map", "reps", reps)
    n = problem.n_qubits
    x = ParameterVector("x", n)
    circuit = QuantumCircuit(n)
    for _ in range(reps):
        circuit.h(range(n))
        for q in range(n):
            circuit.rz(-2 * x[q], q)
        for q in range(n):
            for p in range(q):
                circuit.rzz(-2 * (np.pi - x[p]) * (np.pi - x[q]), p, q)
    return Ansatz(circuit, lambda rng: np.zeros(n))
