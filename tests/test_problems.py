"""Problems: published energies and cuts, brute force on small instances, and what their files must be refused for."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import SparsePauliOp

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import Problem
from hybrid.catalog.problems._spectrum import diagonal, ground_energy

SEEDS = Path(__file__).parent.parent / "seeds"


def problem(text: str) -> Problem:
    """The problem that `text` names on the command line."""
    return catalog.load(catalog.parse("problems", text))()


def lowest(of: Problem) -> float:
    """The reported value's exact counterpart by dense diagonalisation."""
    return of.sign * float(np.linalg.eigvalsh(of.hamiltonian.to_matrix())[0])


# --- Published numbers -----------------------------------------------------------------------------------------------

PFEUTY = "1 - csc(pi / (2 (2n + 1))): Pfeuty, Ann. Phys. 57, 79 (1970)"
BETHE = "open Heisenberg chain, Pauli matrices, by full diagonalisation"
PUBLISHED = [
    ("h2", -1.137306036, "full configuration interaction, STO-3G, 0.735 angstrom"),
    ("tfim:n=2", -2.2360679775, PFEUTY),
    ("tfim:n=4", -4.7587704831, PFEUTY),
    ("tfim:n=10", -12.3814899997, PFEUTY),
    ("heisenberg:n=2", -3.0, "one singlet"),
    ("heisenberg:n=4", -6.4641016151, BETHE),
    ("heisenberg:n=10", -17.0321408291, BETHE),
    ("maxcut:graph=petersen", 12.0, "maximum cut of the Petersen graph"),
    ("maxcut:graph=heawood", 21.0, "bipartite: every edge"),
    ("maxcut:graph=ring,n=8", 8.0, "bipartite: every edge"),
    ("maxcut:graph=ring,n=7", 6.0, "an odd ring keeps one edge"),
    ("maxcut:graph=complete,n=9", 20.0, "floor(n^2 / 4)"),
    (f"{SEEDS / 'h2_sto3g_0.735.pauli'}", -1.137306036, "the same molecule from a file"),
    (f"{SEEDS / 'petersen.edges'}", 12.0, "the same graph from a file"),
]


@pytest.mark.parametrize(("text", "value", "source"), PUBLISHED)
def test_published(text: str, value: float, source: str) -> None:
    """The exact value is the published one to the digits that are given."""
    assert problem(text).exact == pytest.approx(value, abs=6e-10), source


BASELINES = [
    ("h2", -1.116998997, "Hartree-Fock"),
    ("tfim:n=4", -13 / 3, "mean field"),  # -3 - 16 / (4 * 3)
    ("tfim:n=4,h=3", -12.0, "mean field"),  # polarised: h n > 2 j (n - 1)
    ("tfim:n=4,j=-1", -13 / 3, "mean field"),
    ("heisenberg:n=4", -3.0, "Néel state"),
    ("heisenberg:n=4,j=-2", -6.0, "aligned state"),
    ("maxcut", 12.0, "local search"),
]


@pytest.mark.parametrize(("text", "value", "name"), BASELINES)
def test_baselines(text: str, value: float, name: str) -> None:
    """What a method without entanglement reaches, in closed form."""
    found = problem(text)
    assert (found.baseline, found.baseline_name) == (pytest.approx(value, abs=6e-10), name)


EVERY = [text for text, _, _ in PUBLISHED] + [
    "tfim:n=3,j=-0.3,h=2",
    "tfim:n=3,h=0",
    "tfim:n=3,j=0",
    "heisenberg:n=5,j=-1",
]


@pytest.mark.parametrize("text", EVERY)
def test_every_problem_keeps_its_word(text: str) -> None:
    """Exact is the least eigenvalue, no baseline beats it, the reference state reaches it, the ansatz exists."""
    found = problem(text)
    assert found.exact is not None
    assert found.baseline is not None
    assert found.sign * found.exact <= found.sign * found.baseline + 1e-12
    assert found.baseline_name
    assert found.hamiltonian.coeffs.imag.max() == 0
    if found.hamiltonian.num_qubits <= 8:
        assert found.exact == pytest.approx(lowest(found), abs=1e-10)
    if found.reference_bits is not None:
        energies = diagonal(found.hamiltonian)
        assert energies is not None
        assert energies[found.reference_bits] == pytest.approx(found.baseline, abs=1e-12)
    assert catalog.parse("ansatze", found.ansatz)
    assert found.quantity == ("cut" if "edges" in text or "maxcut" in text else "energy")


def test_catalogue_lists_the_problems() -> None:
    """Helper files are no members, and an algorithm is implied where the problem has one."""
    assert set(catalog.names("problems")) >= {"h2", "heisenberg", "maxcut", "pauli", "tfim"}
    assert catalog.parse("problems", "maxcut").signature.constants["ALGORITHM"] == "qaoa"
    assert catalog.parse("problems", "./a.edges").name == "maxcut"
    assert catalog.parse("problems", "./a.pauli").options == {"file": "./a.pauli"}


# --- Against slower ways ---------------------------------------------------------------------------------------------

COUPLINGS = st.floats(-3, 3).filter(lambda value: abs(value) > 1e-3)


@settings(max_examples=40)
@given(n=st.integers(2, 7), j=COUPLINGS, h=COUPLINGS)
def test_free_fermions_against_diagonalisation(n: int, j: float, h: float) -> None:
    """The free-fermion energy is the chain's, whatever the signs; the mean field stays above it."""
    chain = problem(f"tfim:n={n},j={j!r},h={h!r}")
    assert chain.exact == pytest.approx(lowest(chain), abs=1e-11)
    assert chain.baseline is not None
    assert chain.baseline >= chain.exact - 1e-12


@pytest.mark.parametrize("j", [1.0, -1.0])
def test_mean_field_is_the_best_uniform_product_state(j: float) -> None:
    """A scan over product states with one angle, every second spin flipped for j < 0."""
    chain, best = problem(f"tfim:n=4,j={j},h=0.7"), np.inf
    for theta in np.linspace(0, np.pi, 2001):
        spins = [np.array([np.cos(theta / 2), np.sin(theta / 2)])[:: -1 if j < 0 and q % 2 else 1] for q in range(4)]
        state = np.kron(np.kron(spins[3], spins[2]), np.kron(spins[1], spins[0]))
        best = min(best, float(state @ chain.hamiltonian.to_matrix().real @ state))
    assert best == pytest.approx(chain.baseline, abs=1e-5)


@settings(max_examples=40)
@given(st.integers(1, 7), st.integers(1, 12), st.integers(0, 2**32))
def test_spectrum_against_dense_matrices(n: int, terms: int, seed: int) -> None:
    """Lowest energy and diagonal of random Pauli sums, the letter Y included."""
    rng = np.random.default_rng(seed)
    strings = ["".join(rng.choice(list("IXYZ"), n)) for _ in range(terms)]
    hamiltonian = SparsePauliOp(strings, rng.normal(size=terms))
    matrix = hamiltonian.to_matrix()
    assert ground_energy(hamiltonian) == pytest.approx(np.linalg.eigvalsh(matrix)[0], abs=1e-10)
    np.testing.assert_allclose(diagonal(hamiltonian), matrix.diagonal().real, atol=1e-12)


def test_spectrum_knows_its_limits() -> None:
    """Beyond what is quick there is no exact value, rather than a long wait."""
    assert problem("heisenberg:n=17").exact is None
    assert problem("heisenberg:n=40,j=-1").exact == -39
    assert problem("tfim:n=1000").exact == pytest.approx(1 - 1 / np.sin(np.pi / 4002), rel=1e-13)
    big = problem("maxcut:graph=complete,n=21")
    assert (big.exact, big.baseline) == (None, 110)


def weighted_graph(path: Path, rng: np.random.Generator, n: int) -> dict[tuple[int, int], float]:
    """A random weighted graph on n vertices without isolated ones, written to `path`."""
    pairs = [(u, v) for u, v in itertools.combinations(range(n), 2) if v == u + 1 or rng.random() < 0.5]
    edges = {pair: float(rng.normal()) for pair in pairs}
    path.write_text("".join(f"{u} {v} {w!r}\n" for (u, v), w in edges.items()))
    return edges


@pytest.mark.parametrize("seed", range(8))
def test_cuts_of_every_bitstring(tmp_path: Path, seed: int) -> None:
    """-<b|H|b> is the weight of the cut b for all b, negative weights included; exact is the largest."""
    rng, path = np.random.default_rng(seed), tmp_path / "random.edges"
    n = int(rng.integers(2, 7))
    edges = weighted_graph(path, rng, n)
    cuts = [sum(w for (u, v), w in edges.items() if (b >> u ^ b >> v) & 1) for b in range(2**n)]
    found = problem(str(path))
    np.testing.assert_allclose(-found.hamiltonian.to_matrix().diagonal().real, cuts, atol=1e-12)
    assert found.exact == pytest.approx(max(cuts), abs=1e-12)
    assert found.baseline is not None
    assert min(abs(np.array(cuts) - found.baseline)) < 1e-12
    assert found.decode is not None
    assert found.decode(int(np.argmax(cuts))).startswith(f"cut {max(cuts):g}: {{0")


def test_vertices_become_qubits_in_sorted_order(tmp_path: Path) -> None:
    """Numbers by value, words by letter; the decoded partition speaks the file's names, the first vertex first."""
    path = tmp_path / "graph.edges"
    path.write_text("# a triangle with a tail\n10 2 1 # comment\n\n2 -1 2.5\r\n10 -1 1\n10 007 1\n", newline="")
    found = problem(str(path))
    assert found.hamiltonian.num_qubits == 4
    assert found.decode is not None
    assert found.decode(0b0001) == found.decode(0b1110) == "cut 3.5: {-1} | {2 7 10}"
    path.write_text("\ufeffberlin paris\nparis 3\n")
    assert (decode := problem(str(path)).decode) is not None
    assert decode(0b100) == "cut 2: {3 berlin} | {paris}"


def test_pauli_strings_read_qiskits_way(tmp_path: Path) -> None:
    """The rightmost letter is qubit 0; equal strings add up."""
    path = tmp_path / "sum.pauli"
    path.write_text("0.5 IZ # qubit 0\n-1e-1 XI\n.5 IZ\n2. YY\n1 ZZ\n-1 ZZ\n")
    expected = SparsePauliOp(["IZ", "XI", "YY"], [1.0, -0.1, 2.0])
    found = problem(str(path))
    assert found.hamiltonian.equiv(expected)
    assert (found.reference_bits, found.baseline) == (1, -1.0)


# --- Refusals --------------------------------------------------------------------------------------------------------

BAD_EDGES = [
    ("0 1\n1 1\n", ":2: the edge joins '1' to itself"),
    ("0 1 1\n2 3 1\n1 0 2\n", ":3: the edge '1 0' was given before, at "),
    ("0 1 1\n2 3 1\n01 2 2\n", ":3: '01' and '1' are one number; write a vertex always the same way."),
    ("0 1 nan\n", ":1: the weight must be a finite number, not 'nan'"),
    ("0 1 1e999\n", ":1: the weight must be a finite number"),
    ("0 1 1_0\n", ":1: the weight must be a finite number, not '1_0'"),
    ("# c\n\n0 1 heavy\n", ":3: the weight must be a finite number, not 'heavy'"),
    ("0\n", ":1: write 'u v' or 'u v weight', not '0'"),
    ("0 1 2 3\n", ":1: write 'u v' or 'u v weight'"),
    ("0 1 0\n", ": holds no edge with a weight"),
    ("# nothing\n", ": holds no edge"),
    ("0 1 1e308\n1 2 1e308\n", ": the weights are too large"),
    ("\n".join(f"0 {i}" for i in range(1, 1002)), ":1000: too large; at most 1000 vertices"),
]


@pytest.mark.parametrize(("text", "message"), BAD_EDGES)
def test_bad_edge_lists(tmp_path: Path, text: str, message: str) -> None:
    """Every complaint names the file, and the line where there is one."""
    path = tmp_path / "bad.edges"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        problem(str(path))
    assert f"{path}{message}" in str(error.value)


BAD_PAULIS = [
    ("0.5 XX\nXX 0.5\n", ":2: the coefficient must be a finite number, not 'XX'"),
    ("0.5 XX\n0.5 XYZ\n", ":2: 'XYZ' has 3 letters; the first has 2"),
    ("0.5 xz\n", ":1: a Pauli string has the letters I, X, Y and Z only, not 'xz'"),
    ("0.5j XX\n", ":1: the coefficient must be a finite number, not '0.5j'"),
    ("inf XX\n", ":1: the coefficient must be a finite number"),
    ("0.5 X X\n", ":1: write 'coefficient STRING'"),
    ("0.5 II\n0 XX\n", ": nothing to minimise"),
    ("# only words\n", ": nothing to minimise"),
    ("1e308 XX\n1e308 ZZ\n", ": the coefficients are too large"),
    (f"1 {'X' * 1001}\n", ":1: 1001 qubits; at most 1000"),
]


@pytest.mark.parametrize(("text", "message"), BAD_PAULIS)
def test_bad_pauli_lists(tmp_path: Path, text: str, message: str) -> None:
    """Every complaint names the file, and the line where there is one."""
    path = tmp_path / "bad.pauli"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        problem(str(path))
    assert f"{path}{message}" in str(error.value)


BAD_OPTIONS = [
    ("tfim:n=1", "n must lie between 2 and 1000, not 1"),
    ("tfim:n=1001", "n must lie between 2 and 1000"),
    ("tfim:j=0,h=0", "j and h may not be zero"),
    ("heisenberg:n=0", "n must lie between 2 and 1000"),
    ("heisenberg:j=0", "j may not be zero"),
    ("heisenberg:j=nan", "finite"),
    ("maxcut:n=8", "n=8 is for ring and complete; 'petersen' has its own size"),
    ("maxcut:graph=./some.edges,n=4", "has its own size"),
    ("maxcut:graph=peterson", "Did you mean 'petersen'?"),
    ("maxcut:graph=ring,n=2", "n must lie between 3 and 1000"),
    ("maxcut:graph=complete,n=201", "more than 20000 edges"),
    ("maxcut:graph=./missing.edges", "missing.edges: no such file"),
    ("pauli", "needs file"),
    ("./missing.pauli", "missing.pauli: no such file"),
    ("h2:bond=1", "unknown option of problem 'h2': 'bond'. Allowed: distance"),
    ("h2:distance=0.1", "distance must lie between 0.2 and 5 angstrom, not 0.1"),
]


@pytest.mark.parametrize(("text", "message"), BAD_OPTIONS)
def test_bad_options(text: str, message: str) -> None:
    """What cannot be meant is refused with what is allowed."""
    with pytest.raises(UsageError, match=r".*") as error:
        problem(text)
    assert message in str(error.value)


def test_couplings_from_python_are_checked_too() -> None:
    """The catalogue refuses infinities on the command line, the function those from Python."""
    from hybrid.catalog.problems.tfim import tfim

    with pytest.raises(UsageError, match="h must be a finite number"):
        tfim(h=float("inf"))
