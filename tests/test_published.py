"""Published numbers through the public API, each with its source; more of them beside the members that compute them."""

import math

import numpy as np
import pytest
from h2_four_qubits import write

import hybrid
from hybrid import catalog

H2_FCI = -1.137306036  # Ha; STO-3G at 0.735 A, the value every VQE tutorial converges to; recomputed in tests/test_problems.py
TFIM10 = -12.3814899997  # 1 - csc(pi/42), Pfeuty, Ann. Phys. 57, 79 (1970)
PETERSEN, HEAWOOD = "maxcut:graph=petersen", "maxcut:graph=heawood"
FIXED_ANGLES = {  # Wurtz & Lykov, PRA 104, 052419 (arXiv:2107.00677); their gamma is twice ours
    1: ([1.2310672582], [0.3926720292]),
    2: ([0.9754194654, 1.7959753912], [0.5550603401, 0.2925078148]),
    3: ([0.8441681638, 1.5968255081, 1.8741775931], [0.60875726, 0.459275309, 0.2353956226]),
}


STO3G = "full CI in STO-3G at 0.735 A; recomputed from the basis set in tests/h2_four_qubits.py"
PFEUTY = "1 - csc(pi/(2(2n+1))), Pfeuty, Ann. Phys. 57, 79 (1970)"
BETHE = "exact diagonalisation, Pauli convention; n=4: -3-2 sqrt(3)"
PYSCF = "PySCF, STO-3G, 1.6 A, lowest orbital frozen"
EXACT = [
    ("h2", "exact", -1.137306036, 5e-10, STO3G),
    ("h2", "baseline", -1.116998997, 5e-10, "Hartree-Fock in STO-3G at 0.735 A"),
    ("lih", "exact", -7.882096600, 5e-10, f"full CI, {PYSCF}"),
    ("lih", "baseline", -7.861864770, 5e-10, f"Hartree-Fock, {PYSCF}"),
    ("tfim:n=2", "exact", -2.2360679775, 5e-11, PFEUTY),
    ("tfim:n=4", "exact", -4.7587704831, 5e-11, PFEUTY),
    ("tfim:n=10", "exact", -12.3814899997, 5e-11, PFEUTY),
    ("heisenberg:n=2", "exact", -3, 1e-12, BETHE),
    ("heisenberg:n=4", "exact", -6.4641016151, 5e-11, BETHE),
    ("heisenberg:n=10", "exact", -17.0321408291, 5e-11, BETHE),
]


@pytest.mark.parametrize(("problem", "name", "published", "tolerance", "source"), EXACT)
def test_what_problems_know(problem, name, published, tolerance, source):
    """To all published digits."""
    found = catalog.load(catalog.parse("problems", problem))()
    assert getattr(found, name) == pytest.approx(published, abs=tolerance), source


@pytest.mark.parametrize(("angstrom", "energy"), [(0.735, -1.137306036), (0.7414, -1.137270175)])
def test_h2_on_four_qubits(tmp_path, angstrom, energy):
    """Full CI by UCCSD, two electrons: integrals from the basis set alone, file to Hamiltonian to minimum."""
    spec = hybrid.Spec(problem=write(tmp_path, angstrom), optimizer="lbfgs", backend="exact")
    result = hybrid.run(spec, tmp_path)
    assert result.ansatz.startswith("uccsd")
    assert result.exact == pytest.approx(energy, abs=1e-9)
    assert result.value == pytest.approx(energy, abs=1e-8)


def test_h2_is_the_published_hamiltonian():
    """Two qubits, parity mapping; the identity holds the nuclear repulsion 0.719968994 besides."""
    terms = {"IZ": 0.39793742484318045, "ZI": -0.39793742484318045, "ZZ": -0.01128010425623538, "XX": 0.18093119978423156}
    hamiltonian = catalog.load(catalog.parse("problems", "h2"))().hamiltonian
    found = {label: c.real for label, c in hamiltonian.to_list()}
    assert found.pop("II") == pytest.approx(-1.052373245772859 + 0.719968994, abs=1e-9)
    assert found == pytest.approx(terms, abs=1e-15)
    assert np.linalg.eigvalsh(hamiltonian.to_matrix())[0] - 0.719968994 == pytest.approx(-1.857275030, abs=1e-9)


def test_lih_by_uccsd(tmp_path):
    """Within chemical accuracy, 1.6 mHa, of full CI on ten qubits; two electrons: singles and doubles are everything."""
    result = hybrid.run(hybrid.Spec(problem="lih", optimizer="lbfgs", backend="exact"), tmp_path)
    assert abs(result.value - -7.882096600) < 1e-6
    assert result.value > -7.882096600 - 5e-9  # variational


@pytest.mark.slow
@pytest.mark.parametrize("pool", ["fermionic", "qubit"])
def test_lih_by_adapt_vqe(tmp_path, pool):
    """The same with about ten operators of the 24."""
    spec = hybrid.Spec(algorithm=f"adapt_vqe:pool={pool}", problem="lih", optimizer="lbfgs", backend="exact")
    result = hybrid.run(spec, tmp_path)
    assert abs(result.value - -7.882096600) < 1.6e-3
    assert len(result.x) < 24


@pytest.mark.slow
def test_five_lowest_levels_of_h2_on_four_qubits(tmp_path):
    """Whatever the number of electrons, against exact diagonalisation, to 1 mHa."""
    spec = hybrid.Spec(
        algorithm="vqd:k=5", problem=write(tmp_path), ansatz="efficient_su2:reps=4", optimizer="lbfgs", backend="exact"
    )
    result = hybrid.run(spec, tmp_path)
    levels = [result.value, *(found["value"] for found in result.quantities if found["name"].startswith("level"))]
    matrix = catalog.load(catalog.parse("problems", write(tmp_path)))().hamiltonian.to_matrix()
    assert levels == pytest.approx(np.linalg.eigvalsh(matrix)[:5].tolist(), abs=1e-3)


def test_h2_by_default(tmp_path):
    result = hybrid.run(hybrid.Spec(problem="h2"), tmp_path)
    assert abs(result.value - H2_FCI) < 1e-6  # the issue's own tolerance
    assert result.exact == pytest.approx(H2_FCI, abs=5e-10)  # all published digits
    assert result.baseline == pytest.approx(-1.116998997, abs=5e-10)
    assert result.converged
    assert not result.worse_than_baseline


@pytest.mark.slow
def test_tfim_of_ten_spins(tmp_path):
    spec = hybrid.Spec(
        problem="tfim:n=10", ansatz="hamiltonian_variational:reps=10,parameters=term", optimizer="adam", max_iterations=300
    )
    result = hybrid.run(spec, tmp_path)
    assert abs(result.value / TFIM10 - 1) < 1e-3


def test_tfim_of_six_spins(tmp_path):
    """The same with fewer spins, layers and iterations, to the same relative 1e-3."""
    spec = hybrid.Spec(problem="tfim:n=6", ansatz="hamiltonian_variational:reps=4,parameters=term", max_iterations=150)
    result = hybrid.run(spec, tmp_path)
    exact = 1 - 1 / math.sin(math.pi / (2 * (2 * 6 + 1)))
    assert result.exact == pytest.approx(exact, abs=1e-12)
    assert abs(result.value / exact - 1) < 1e-3


def test_qaoa_on_petersen_by_default(tmp_path):
    result = hybrid.run(hybrid.Spec(algorithm="qaoa:p=1", problem=PETERSEN), tmp_path)
    assert result.ratio is not None
    assert result.ratio >= 0.8655
    assert result.value == pytest.approx(12 * result.ratio)


@pytest.mark.parametrize(
    ("problem", "p", "ratio"),
    [(PETERSEN, 1, 0.865563), (PETERSEN, 2, 0.915840), (PETERSEN, 3, 0.919021), (HEAWOOD, 2, 0.755906)],
)
@pytest.mark.parametrize("backend", ["aer", "reference"])
def test_qaoa_at_the_published_angles(tmp_path, problem, p, ratio, backend):
    gammas, betas = FIXED_ANGLES[p]
    point = [gamma / 2 for gamma in gammas] + betas
    spec = hybrid.Spec(algorithm=f"qaoa:p={p}", problem=problem, max_evals=0, initial_point=point, backend=backend)
    result = hybrid.run(spec, tmp_path)
    assert result.ratio == pytest.approx(ratio, abs=1e-5)  # six digits are published
    assert result.nfev == 0
    assert result.x == tuple(point)


@pytest.mark.parametrize(("p", "n"), [(1, 6), (2, 6), (3, 8)])
def test_qaoa_on_a_ring(tmp_path, p, n):
    """(2p+1)/(2p+2) on an even ring of n >= 2p+2 (arXiv:1411.4028)."""
    spec = hybrid.Spec(algorithm=f"qaoa:p={p}", problem=f"maxcut:graph=ring,n={n}", optimizer="lbfgs", backend="exact")
    assert hybrid.run(spec, tmp_path).ratio == pytest.approx((2 * p + 1) / (2 * p + 2), abs=1e-6)


@pytest.mark.parametrize(("graph", "degree"), [("ring,n=8", 2), ("heawood", 3)])
def test_qaoa_on_regular_graphs_without_triangles(tmp_path, graph, degree):
    """p = 1: 1/2 + (1/(2 sqrt d)) (1 - 1/d)^((d-1)/2) of the edges, 0.75 and 0.6924500897 (PRA 97, 022304, 2018)."""
    spec = hybrid.Spec(algorithm="qaoa:p=1", problem=f"maxcut:graph={graph}", optimizer="lbfgs", backend="exact")
    result = hybrid.run(spec, tmp_path)
    edges = {"ring,n=8": 8, "heawood": 21}[graph]
    expected = {2: 0.75, 3: 0.6924500897}[degree]
    assert 0.5 + (1 - 1 / degree) ** ((degree - 1) / 2) / (2 * math.sqrt(degree)) == pytest.approx(expected, abs=1e-10)
    assert result.value / edges == pytest.approx(expected, abs=1e-8)
