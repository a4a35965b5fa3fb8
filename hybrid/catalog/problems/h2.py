"""The hydrogen molecule on two qubits."""

from qiskit.quantum_info import SparsePauliOp

from hybrid.base.types import Problem
from hybrid.catalog.problems._spectrum import diagonal, ground_energy

NUCLEAR_REPULSION_HA = 0.7199689944489797  # 1 / R at 0.735 angstrom, R in bohr
SEE_ALSO = ("molecule", "fcidump", "h2o")
"""Problems with options for what this one fixes: `hybrid show` names them."""
ELECTRONIC_HA = {
    "II": -1.052373245772859,
    "IZ": 0.39793742484318045,
    "ZI": -0.39793742484318045,
    "ZZ": -0.01128010425623538,
    "XX": 0.18093119978423156,
}


def h2() -> Problem:
    """H2 at 0.735 angstrom in STO-3G: total energy.

    Parity mapping without its two conserved qubits; energies in hartree.

    The total energy: nuclear repulsion is part of the identity term (O'Malley et al., Phys. Rev. X 6, 031007, 2016).
    """
    terms = ELECTRONIC_HA | {"II": ELECTRONIC_HA["II"] + NUCLEAR_REPULSION_HA}
    hamiltonian = SparsePauliOp.from_list(list(terms.items()))
    energies = diagonal(hamiltonian)
    assert energies is not None
    return Problem(
        hamiltonian=hamiltonian,
        unit="Ha",
        ansatz="efficient_su2:reps=1",
        exact=ground_energy(hamiltonian),
        baseline=float(energies.min()),
        baseline_name="Hartree-Fock",
        n_electrons=2,
        reference_bits=int(energies.argmin()),
    )
