"""Excitations against matrix exponentials of ladder operators written out; what UCCSD and Givens circuits conserve."""

import itertools

import numpy as np
import pytest
from h2_four_qubits import write
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from scipy.linalg import expm

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.catalog.excitations import Excitation, commutator, excite, from_reference, generalized, generator, occupied_orbitals

N = 5


def lowering(p: int, n: int) -> np.ndarray:
    """a_p = Z_0 .. Z_(p-1) (X_p + i Y_p)/2."""
    places = list(range(p + 1))
    terms = [("Z" * p + "X", places, 0.5), ("Z" * p + "Y", places, 0.5j)]
    return SparsePauliOp.from_sparse_list(terms, num_qubits=n).to_matrix()


def fermionic(excitation: Excitation, n: int) -> np.ndarray:
    """T - T^dagger, T = a+_r a_p or a+_r a+_s a_q a_p."""
    product = np.eye(2**n)
    for p in excitation.annihilated:
        product = lowering(p, n) @ product
    for p in reversed(excitation.created):
        product = lowering(p, n).conj().T @ product
    return product - product.conj().T


EVERY = [
    Excitation(low, high)
    for size in (1, 2)
    for low, high in itertools.permutations(itertools.combinations(range(N), size), 2)
    if not set(low) & set(high)
]


def test_generators_are_those_of_ladder_operators():
    assert len(EVERY) == 20 + 30
    for excitation in EVERY:
        np.testing.assert_allclose(generator(excitation, N).to_matrix(), fermionic(excitation, N), atol=1e-15)


@pytest.mark.parametrize("fermion", [True, False])
@pytest.mark.parametrize("excitation", EVERY[::3], ids=str)
def test_circuits_are_exponentials(excitation, fermion):
    """exp(theta (T - T^dagger)) exactly, phase included; singles in 2 CX and doubles in 14, but for the parity between."""
    theta, circuit = Parameter("theta"), QuantumCircuit(N)
    excite(circuit, excitation, theta, fermionic=fermion)
    expected = expm(0.37 * generator(excitation, N, fermionic=fermion).to_matrix())
    np.testing.assert_allclose(Operator(circuit.assign_parameters([0.37])).data, expected, atol=1e-12)
    if not fermion:
        assert circuit.decompose("xx_plus_yy").count_ops()["cx"] == (2 if len(excitation.created) == 1 else 14)


def test_pools_are_counted():
    """LiH in 10 qubits, 2 electrons: 8 singles, 16 doubles; between any orbitals 20 singles, and no orbital on both sides."""
    assert [len(e.created) for e in from_reference([0, 5], 10)] == [1] * 8 + [2] * 16
    every = generalized(10)
    assert sum(len(e.created) == 1 for e in every) == 20
    assert all(not set(e.created) & set(e.annihilated) for e in every)
    assert len(set(every)) == len(every)


def molecule(tmp_path, options=""):
    return catalog.load(catalog.parse("problems", write(tmp_path) + options))()


@pytest.mark.parametrize("text", ["uccsd", "uccsd:generalised=true", "uccsd:reps=2", "givens"])
def test_particle_numbers_are_conserved(tmp_path, text):
    """At random angles both spins keep their electrons (Givens rotations their sum)."""
    problem = molecule(tmp_path)
    circuit, _ = catalog.load(catalog.parse("ansatze", text))(problem)
    x = np.random.default_rng(3).uniform(-3, 3, circuit.num_parameters)
    weights = Statevector(circuit.assign_parameters(x)).probabilities()
    halves = [range(0, 2), range(2, 4)] if text.startswith("uccsd") else [range(4)]
    for half in halves:
        ones = np.array([sum(outcome >> q & 1 for q in half) for outcome in range(16)])
        assert weights @ ones == pytest.approx(len(half) / 2, abs=1e-12)
        assert weights @ (ones - len(half) / 2) ** 2 == pytest.approx(0, abs=1e-12)
    assert np.count_nonzero(weights > 1e-3) >= 3  # it does move


def test_uccsd_starts_at_hartree_fock(tmp_path):
    problem = molecule(tmp_path)
    circuit, initial = catalog.load(catalog.parse("ansatze", "uccsd"))(problem)
    state = Statevector(circuit.assign_parameters(initial(np.random.default_rng(0))))
    assert state.expectation_value(problem.hamiltonian).real == pytest.approx(problem.baseline, abs=1e-12)
    assert problem.baseline == pytest.approx(-1.116998997, abs=5e-9)  # the published Hartree-Fock energy


@pytest.mark.parametrize("mapping", ["parity", "bravyi_kitaev"])
@pytest.mark.parametrize("ansatz", ["uccsd", "uccsd:generalised=true,reps=2"])
@pytest.mark.parametrize("text", ["lih:active=2e3o", "hubbard:n=3,electrons=2"])
def test_uccsd_is_the_same_state_in_every_mapping(text, ansatz, mapping):
    """Encoded excitations by other circuits: at random angles all expectation values of H's powers agree; two are looked at."""
    energies = []
    for code in ("jordan_wigner", mapping):
        problem = catalog.load(catalog.parse("problems", f"{text},mapping={code}"))()
        circuit, _ = catalog.load(catalog.parse("ansatze", ansatz))(problem)
        x = np.random.default_rng(3).normal(0, 0.7, circuit.num_parameters)
        state = Statevector(circuit.assign_parameters(x))
        squared = (problem.hamiltonian @ problem.hamiltonian).simplify()
        energies.append([state.expectation_value(operator).real for operator in (problem.hamiltonian, squared)])
    assert energies[0] == pytest.approx(energies[1], rel=1e-11)  # rounding: some hundred gates of 1e-16 each


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("h2", "Jordan-Wigner mapping"),  # parity, two qubits tapered off
        ("lih:mapping=parity", "Jordan-Wigner mapping"),
        ("lih:mapping=bravyi_kitaev", "Jordan-Wigner mapping"),
        ("tfim", "needs a molecule"),
        ("heisenberg", "needs a molecule"),
    ],
)
def test_other_mappings_are_refused(text, message):
    """Their excitations are other circuits; conserved spins are looked for in the Hamiltonian itself."""
    problem = catalog.load(catalog.parse("problems", text))()
    with pytest.raises(UsageError, match=message):
        occupied_orbitals("ansatz 'uccsd'", problem)


def test_commutators():
    x, z = SparsePauliOp("X"), SparsePauliOp("Z")
    assert commutator(x, z).equiv(SparsePauliOp("Y", -2j))
    assert not np.any(commutator(x, x).coeffs)
