"""The transverse-field Ising model: the open chain, solvable for any length; rings and rectangular patches."""

import numpy as np
from qiskit.quantum_info import SparsePauliOp
from scipy.linalg import eigvalsh_tridiagonal

from hybrid.base.types import Problem
from hybrid.catalog.problems._inputs import check_couplings
from hybrid.catalog.problems._lattice import lattice, two_colouring
from hybrid.catalog.problems._spectrum import ground_energy


def tfim(*, n: int = 4, j: float = 1.0, h: float = 1.0, rows: int = 1, periodic: bool = False) -> Problem:
    """Transverse-field Ising model: H = -j sum Z Z - h sum X.

    Neighbours on `rows` rows of n spins; energies in the unit of j and h.

    The open chain (one row) is exact by free fermions for any n (Pfeuty, Ann. Phys. 57, 79, 1970), rings and patches by
    sparse diagonalisation up to 16 spins. The mean field is left out where j < 0 meets an odd ring. UsageError: n outside
    2..1000, more than 1000 spins, couplings zero, a periodic direction of two spins.
    """
    sites, neighbours = lattice("tfim", n, rows, periodic)
    check_couplings("tfim", j=j, h=h)
    bonds = [("ZZ", [a, b], -j) for a, b in neighbours] if j else []
    field = [("X", [i], -h) for i in range(sites)] if h else []
    hamiltonian = SparsePauliOp.from_sparse_list(bonds + field, num_qubits=sites)
    frustrated = j < 0 and two_colouring(sites, neighbours) is None
    return Problem(
        hamiltonian=hamiltonian,
        unit="",
        ansatz="hamiltonian_variational:reps=3" if j and h else "efficient_su2:reps=1",  # the former needs two groups
        exact=_free_fermions(n, j, h) if rows == 1 and not periodic else ground_energy(hamiltonian),
        baseline=None if frustrated else _mean_field(sites, len(neighbours), j, h),
        baseline_name="" if frustrated else "mean field",
    )


def _free_fermions(n: int, j: float, h: float) -> float:
    """E0 = -sum of the modes' energies, the positive levels of 2n Majorana sites with hopping h, j, h, ..., h."""
    hopping = np.full(2 * n - 1, h)
    hopping[1::2] = j
    return float(-np.abs(eigvalsh_tridiagonal(np.zeros(2 * n), hopping)).sum() / 2)


def _mean_field(sites: int, bonds: int, j: float, h: float) -> float:
    """The best product of equal spins, alternating if j < 0: min over c = |<X>| of -|j| bonds (1 - c^2) - |h| sites c."""
    coupling, field = abs(j) * bonds, abs(h) * sites
    c = min(1.0, field / (2 * coupling)) if coupling else 1.0
    return -coupling * (1 - c * c) - field * c
