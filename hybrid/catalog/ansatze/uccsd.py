"""UCCSD: unitary coupled cluster with singles and doubles."""

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector

from hybrid.base.types import Ansatz, Problem
from hybrid.catalog.ansatze._shared import check_layers, prepare_bits
from hybrid.catalog.excitations import excite, from_reference, generalized, occupied_orbitals

TAKES = "Hamiltonian"


def uccsd(problem: Problem, *, generalised: bool = False, reps: int = 1) -> Ansatz:
    """UCCSD: product of exp(theta (T - T^dagger)) over excitations T, on Hartree-Fock (Nat. Commun. 5, 4213, 2014).

    One Trotter step of exp(sum theta (T - T^dagger)), each factor exact: first all singles, then all doubles, in
    lexicographic order of the orbitals that electrons leave, then enter. Conserves the number of electrons of either spin.
    `generalised` excites between any orbitals (Lee et al., J. Chem. Theory Comput. 15, 311, 2019), `reps` repeats the product
    with parameters of its own. Starts at zero: the Hartree-Fock state. UsageError: reps outside 1..1000, no molecule in the
    Jordan-Wigner mapping.
    """
    check_layers("uccsd", "reps", reps)
    n, occupied = problem.hamiltonian.num_qubits, occupied_orbitals("ansatz 'uccsd'", problem)
    excitations = generalized(n) if generalised else from_reference(occupied, n)
    theta = ParameterVector("theta", reps * len(excitations))
    circuit = QuantumCircuit(n)
    prepare_bits(circuit, problem.reference_bits)
    for angle, excitation in zip(theta, excitations * reps, strict=True):
        excite(circuit, excitation, angle)
    return Ansatz(circuit, lambda rng: np.zeros(len(theta)))
