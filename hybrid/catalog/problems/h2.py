"""The hydrogen molecule on two qubits."""

from dataclasses import replace

from qiskit.quantum_info import SparsePauliOp

from hybrid.base.errors import UsageError
from hybrid.base.types import Electrons, Problem
from hybrid.catalog.problems._hydrogen import hydrogen
from hybrid.catalog.problems._molecule import electron_observables, molecular_problem
from hybrid.catalog.problems._spectrum import diagonal, ground_energy

ADDED = ("distance",)
"""Options that are newer than version 0.1."""
EQUILIBRIUM_ANGSTROM = 0.735
LEAST_ANGSTROM, MOST_ANGSTROM = 0.2, 5.0
ELECTRONS = Electrons(1, 1, 2, "parity")
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


def h2(*, distance: float = 0.735) -> Problem:
    """H2 in STO-3G, its atoms `distance` angstrom apart: total energy.

    Parity mapping without its two conserved qubits; energies in hartree.

    The total energy: nuclear repulsion is part of the identity term (O'Malley et al., Phys. Rev. X 6, 031007, 2016). At 0.735
    the published coefficients; elsewhere from the integrals in closed form, which give the same to 1e-8 there. UsageError: a
    distance outside 0.2..5.
    """
    if not LEAST_ANGSTROM <= distance <= MOST_ANGSTROM:
        raise UsageError(
            f"problem 'h2': distance must lie between {LEAST_ANGSTROM} and {MOST_ANGSTROM:g} angstrom, not {distance:g}."
        )
    if distance != EQUILIBRIUM_ANGSTROM:
        return replace(molecular_problem("h2", hydrogen(distance), ELECTRONS.mapping), ansatz="efficient_su2:reps=1")
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
        electrons=ELECTRONS,
        observables=lambda: electron_observables(ELECTRONS),
    )
