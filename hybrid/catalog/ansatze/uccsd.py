"""UCCSD: unitary coupled cluster with singles and doubles."""

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterExpression, ParameterVector
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.types import Ansatz, Problem
from hybrid.catalog.ansatze._shared import check_layers, prepare_bits
from hybrid.catalog.excitations import excite, from_reference, generalized, occupied_orbitals
from hybrid.catalog.problems._fermions import encoding, excitation

TAKES = "Hamiltonian"


def uccsd(problem: Problem, *, generalised: bool = False, reps: int = 1) -> Ansatz:
    """UCCSD: product of exp(theta (T - T^dagger)) over excitations T, on Hartree-Fock (Nat. Commun. 5, 4213, 2014).

    One Trotter step of exp(sum theta (T - T^dagger)), each factor exact: first all singles, then all doubles, in
    lexicographic order of the orbitals that electrons leave, then enter. Conserves the number of electrons of either spin.
    `generalised` excites between any orbitals (Lee et al., J. Chem. Theory Comput. 15, 311, 2019), `reps` repeats the product
    with parameters of its own. Starts at zero: the reference state. UsageError: reps outside 1..1000, no molecule.
    """
    check_layers("uccsd", "reps", reps)
    n, electrons = problem.hamiltonian.num_qubits, problem.electrons
    spins = (0, 0) if electrons is None else (electrons.n_alpha, electrons.n_beta)
    if electrons is None or electrons.mapping == "jordan_wigner":
        code, modes, occupied = None, n, occupied_orbitals("ansatz 'uccsd'", problem)
    else:
        code = encoding(electrons.mapping, 2 * electrons.n_orbitals)
        modes, occupied = code.n_modes, code.occupied(problem.reference_bits or 0, *spins)
    excitations = generalized(modes) if generalised else from_reference(occupied, modes)
    theta = ParameterVector("theta", reps * len(excitations))
    circuit = QuantumCircuit(n)
    prepare_bits(circuit, problem.reference_bits)
    for angle, each in zip(theta, excitations * reps, strict=True):
        if code is None:
            excite(circuit, each, angle)
        else:
            _turn(circuit, excitation(code, each.annihilated, each.created, *spins), angle)
    return Ansatz(circuit, lambda rng: np.zeros(len(theta)))


def _turn(circuit: QuantumCircuit, generator: SparsePauliOp, theta: ParameterExpression) -> None:
    """Append exp(theta (T - T^dagger)), exactly; its strings commute and flip the same qubits.

    CX from one of these to the others turn the strings into Y Z...Z with that Y: RY between CZ, which are shared by strings
    that follow one another.
    """
    pivot, *others = (int(q) for q in np.flatnonzero(generator.paulis.x[0]))
    spread = QuantumCircuit(circuit.num_qubits)
    for q in others:
        spread.cx(pivot, q)
    circuit.compose(spread, inplace=True)
    strings = generator.paulis.evolve(spread, frame="s")
    factors = (generator.coeffs * (-1j) ** strings.phase).imag  # of i times the string
    strings.z[:, pivot] = False
    left, before = list(range(len(factors))), np.zeros(circuit.num_qubits, dtype=bool)
    while left:
        k = min(left, key=lambda each: int((strings.z[each] ^ before).sum()))
        for q in np.flatnonzero(strings.z[k] ^ before):
            circuit.cz(pivot, int(q))
        circuit.ry(theta * (-2 * float(factors[k])), pivot)
        before = strings.z[k].copy()
        left.remove(k)
    for q in np.flatnonzero(before):
        circuit.cz(pivot, int(q))
    circuit.compose(spread.inverse(), inplace=True)
