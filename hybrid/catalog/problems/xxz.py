"""The XXZ model: spins that couple differently along one axis."""

from qiskit.quantum_info import SparsePauliOp

from hybrid.base.types import Problem
from hybrid.catalog.problems._inputs import check_couplings
from hybrid.catalog.problems._lattice import lattice, two_colouring
from hybrid.catalog.problems._spectrum import ground_energy


def xxz(*, n: int = 4, j: float = 1.0, delta: float = 0.5, rows: int = 1, periodic: bool = False) -> Problem:
    """XXZ model: H = j sum (XX + YY + delta ZZ).

    Neighbours on `rows` rows of n spins, Pauli matrices; energies in the unit of j.

    Exact by sparse diagonalisation up to 16 spins. The baseline is the best product state, -|j| max(1, |delta|) per bond
    where the lattice has two sublattices: turning one by pi about z changes the sign of XX + YY. UsageError: n outside
    2..1000, more than 1000 spins, j zero, a periodic direction of two spins.
    """
    sites, bonds = lattice("xxz", n, rows, periodic)
    check_couplings("xxz", j=j)
    check_couplings("xxz", delta=delta, j=j)
    terms = [
        (pauli * 2, [a, b], j * scale) for a, b in bonds for pauli, scale in (("X", 1.0), ("Y", 1.0), ("Z", delta)) if scale
    ]
    hamiltonian = SparsePauliOp.from_sparse_list(terms, num_qubits=sites)
    colours = two_colouring(sites, bonds)
    along_z = abs(delta) >= 1
    return Problem(
        hamiltonian=hamiltonian,
        unit="",
        ansatz="hamiltonian_variational:reps=3",
        exact=ground_energy(hamiltonian),
        baseline=None if colours is None else -abs(j) * max(1.0, abs(delta)) * len(bonds),
        baseline_name="" if colours is None else "product state",
        reference_bits=(colours if j * delta > 0 else 0) if along_z and colours is not None else None,
    )
