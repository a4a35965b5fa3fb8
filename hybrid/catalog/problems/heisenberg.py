"""The isotropic Heisenberg model: chains, rings and rectangular patches."""

from qiskit.quantum_info import SparsePauliOp

from hybrid.base.types import Problem
from hybrid.catalog.problems._inputs import check_couplings
from hybrid.catalog.problems._lattice import lattice, two_colouring
from hybrid.catalog.problems._spectrum import ground_energy


def heisenberg(*, n: int = 4, j: float = 1.0, rows: int = 1, periodic: bool = False) -> Problem:
    """Heisenberg model: H = j sum (XX + YY + ZZ).

    Neighbours on `rows` rows of n spins, Pauli matrices; energies in the unit of j.

    Exact by sparse diagonalisation up to 16 spins, None beyond (ferromagnets, j < 0: any size). The baseline is the best
    product state: up and down alternating (Néel) for j > 0, none on an odd ring, all up for j < 0.
    UsageError: n outside 2..1000, more than 1000 spins, j zero, a periodic direction of two spins.
    """
    sites, bonds = lattice("heisenberg", n, rows, periodic)
    check_couplings("heisenberg", j=j)
    terms = [(pauli * 2, [a, b], j) for a, b in bonds for pauli in "XYZ"]
    hamiltonian = SparsePauliOp.from_sparse_list(terms, num_qubits=sites)
    baseline, reference = -abs(j) * len(bonds), 0 if j < 0 else two_colouring(sites, bonds)
    frustrated = reference is None
    return Problem(
        hamiltonian=hamiltonian,
        unit="",
        ansatz="hamiltonian_variational:reps=3",
        exact=ground_energy(hamiltonian) if j > 0 else baseline,
        baseline=None if frustrated else baseline,
        baseline_name="" if frustrated else "Néel state" if j > 0 else "aligned state",
        reference_bits=reference,
    )
