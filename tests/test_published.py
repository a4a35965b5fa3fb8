"""Published numbers through the public API, each with its source; more of them beside the members that compute them."""

import math

import pytest

import hybrid

H2_FCI = -1.137306036  # Ha; STO-3G at 0.735 A, the value every VQE tutorial converges to; recomputed in tests/test_problems.py
TFIM10 = -12.3814899997  # 1 - csc(pi/42), Pfeuty, Ann. Phys. 57, 79 (1970)
PETERSEN, HEAWOOD = "maxcut:graph=petersen", "maxcut:graph=heawood"
FIXED_ANGLES = {  # Wurtz & Lykov, PRA 104, 052419 (arXiv:2107.00677); their gamma is twice ours
    1: ([1.2310672582], [0.3926720292]),
    2: ([0.9754194654, 1.7959753912], [0.5550603401, 0.2925078148]),
    3: ([0.8441681638, 1.5968255081, 1.8741775931], [0.60875726, 0.459275309, 0.2353956226]),
}


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


def test_qaoa_on_a_ring(tmp_path):
    """(2p+1)/(2p+2) on an even ring of n >= 2p+2: 3/4 at p = 1 (arXiv:1411.4028)."""
    result = hybrid.run(hybrid.Spec(algorithm="qaoa:p=1", problem="maxcut:graph=ring,n=6", optimizer="lbfgs"), tmp_path)
    assert result.ratio == pytest.approx(0.75, abs=1e-6)
