"""The isotropic Heisenberg chain."""

from qiskit.quantum_info import SparsePauliOp

from hybrid.problems._inputs import check_couplings, check_size
from hybrid.problems._spectrum import ground_energy
from hybrid.types import Problem


def heisenberg(*, n: int = 4, j: float = 1.0) -> Problem:
    """Open chain of n spins, H = j sum (XX + YY + ZZ) over neighbours, Pauli matrices; energies in the unit of j.

    Exact by sparse diagonalisation up to 16 spins, None beyond (ferromagnets, j < 0: any length). The baseline is the
    best product state: up and down in turn (Néel) for j > 0, all up for j < 0. UsageError: n outside 2..1000, j zero.
    """
    check_size("heisenberg", n, least=2)
    check_couplings("heisenberg", j=j)
    terms = [(pauli * 2, [i, i + 1], j) for i in range(n - 1) for pauli in "XYZ"]
    hamiltonian = SparsePauliOp.from_sparse_list(terms, num_qubits=n)
    baseline = -abs(j) * (n - 1)
    return Problem(
        hamiltonian=hamiltonian,
        unit="",
        ansatz="hamiltonian_variational:reps=3",
        exact=ground_energy(hamiltonian) if j > 0 else baseline,
        baseline=baseline,
        baseline_name="Néel state" if j > 0 else "aligned state",
        reference_bits=sum(1 << i for i in range(0, n, 2)) if j > 0 else 0,
    )
