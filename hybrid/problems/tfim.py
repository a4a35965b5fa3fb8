"""The transverse-field Ising chain, solvable for any length."""

import numpy as np
from qiskit.quantum_info import SparsePauliOp
from scipy.linalg import eigvalsh_tridiagonal

from hybrid.problems._inputs import check_couplings, check_size
from hybrid.types import Problem


def tfim(*, n: int = 4, j: float = 1.0, h: float = 1.0) -> Problem:
    """Open chain of n spins, H = -j sum Z_i Z_i+1 - h sum X_i; energies in the unit of j and h.

    Exact by free fermions for any n (Pfeuty, Ann. Phys. 57, 79, 1970). UsageError: n outside 2..1000, couplings zero.
    """
    check_size("tfim", n, least=2)
    check_couplings("tfim", j=j, h=h)
    bonds = [("ZZ", [i, i + 1], -j) for i in range(n - 1)] if j else []
    field = [("X", [i], -h) for i in range(n)] if h else []
    return Problem(
        hamiltonian=SparsePauliOp.from_sparse_list(bonds + field, num_qubits=n),
        unit="",
        ansatz="hamiltonian_variational:reps=3" if j and h else "efficient_su2:reps=1",  # the former needs two groups
        exact=_free_fermions(n, j, h),
        baseline=_mean_field(n, j, h),
        baseline_name="mean field",
    )


def _free_fermions(n: int, j: float, h: float) -> float:
    """E0 = -sum of the modes' energies, the positive levels of 2n Majorana sites with hopping h, j, h, ..., h."""
    hopping = np.full(2 * n - 1, h)
    hopping[1::2] = j
    return float(-np.abs(eigvalsh_tridiagonal(np.zeros(2 * n), hopping)).sum() / 2)


def _mean_field(n: int, j: float, h: float) -> float:
    """The best product of equal spins, alternating if j < 0: min over c = |<X>| of -|j| (n-1) (1 - c^2) - |h| n c."""
    bonds, field = abs(j) * (n - 1), abs(h) * n
    c = min(1.0, field / (2 * bonds)) if bonds else 1.0
    return -bonds * (1 - c * c) - field * c
