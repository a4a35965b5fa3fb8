"""Other people's algorithms, unchanged, on `hybrid.Estimator` and `Sampler` and on a device's `BackendV2`.

H2 in the parity mapping, whose four eigenvalues come from its matrix.
"""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import real_amplitudes
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2
from qiskit.quantum_info import SparsePauliOp
from qiskit.transpiler import generate_preset_pass_manager

import hybrid

pytest.importorskip("qiskit_algorithms", reason="qiskit-algorithms is not installed: pip install qiskit-algorithms")
from qiskit_algorithms import VQD, VQE, AdaptVQE  # noqa: E402
from qiskit_algorithms.optimizers import COBYLA, SLSQP, SPSA  # noqa: E402
from qiskit_algorithms.state_fidelities import ComputeUncompute  # noqa: E402
from qiskit_algorithms.utils import algorithm_globals  # noqa: E402

H2 = SparsePauliOp(["IZ", "ZI", "ZZ", "XX", "II"], [0.397937, -0.397937, -0.011280, 0.180931, -1.052373])
LEVELS = np.linalg.eigvalsh(H2.to_matrix())
NEAR = np.array([-0.1, 3.0, 0.1, 0.1])  # where real_amplitudes(2, reps=1) is close to Hartree-Fock


@pytest.fixture(autouse=True)
def seeded():
    algorithm_globals.random_seed = 5


def test_vqe_on_exact_values():
    solver = VQE(hybrid.Estimator(), real_amplitudes(2, reps=1), SLSQP(), initial_point=NEAR)
    found = solver.compute_minimum_eigenvalue(H2)
    assert found.eigenvalue == pytest.approx(LEVELS[0], abs=1e-6)  # SLSQP stops at changes of 1e-6


def test_vqe_with_our_gradients():
    """SciPy's optimiser gets value and adjoint gradient from one call of `Estimator.gradient`."""
    from scipy.optimize import minimize

    estimator, ansatz = hybrid.Estimator(), real_amplitudes(2, reps=1)

    def loss(x):
        (found,) = estimator.gradient([(ansatz, H2, x)])
        return float(found.data.evs), found.data.gradients

    found = minimize(loss, NEAR, jac=True, method="BFGS", options={"gtol": 1e-6})
    assert found.fun == pytest.approx(LEVELS[0], abs=1e-9)
    assert found.nfev < 40


def test_vqe_with_shots():
    estimator = hybrid.Estimator(default_precision=0.02, seed=3, backend="exact")
    solver = VQE(estimator, real_amplitudes(2, reps=1), SPSA(maxiter=40), initial_point=NEAR)
    found = solver.compute_minimum_eigenvalue(H2)
    (end,) = hybrid.Estimator().run([(real_amplitudes(2, reps=1), H2, found.optimal_point)]).result()
    assert LEVELS[0] <= end.data.evs < LEVELS[0] + 0.1  # no better than the ground state, and near it


def test_vqe_on_the_stand_in():
    """Noise lifts the minimum: above the ground state, below what a random state has."""
    estimator = hybrid.Estimator(device="meluxina-q:dephasing=markov", backend="exact")
    found = VQE(estimator, real_amplitudes(2, reps=1), COBYLA(maxiter=40), initial_point=NEAR).compute_minimum_eigenvalue(H2)
    assert LEVELS[0] + 0.01 < found.eigenvalue < LEVELS[0] + 0.3


def test_vqd():
    fidelity = ComputeUncompute(hybrid.Sampler(seed=1, default_shots=4000, backend="exact"))
    start = [np.full(6, 0.1), np.full(6, 0.7)]
    solver = VQD(
        hybrid.Estimator(backend="exact"),
        fidelity,
        real_amplitudes(2, reps=2),
        COBYLA(maxiter=120),
        k=2,
        betas=[3, 3],
        initial_point=start,
    )
    found = solver.compute_eigenvalues(H2)
    # the overlap is a share of 4000 shots: it is known to 0.01 or better, and counts three times
    np.testing.assert_allclose(found.eigenvalues.real, LEVELS[:2], rtol=0, atol=0.03)


def test_adapt_vqe():
    """The pool's YX rotation takes Hartree-Fock to the ground state; the others' gradients vanish."""
    start = QuantumCircuit(2)
    start.x(0)
    pool = [SparsePauliOp(word) for word in ("YI", "IY", "YX", "XY")]
    solver = AdaptVQE(VQE(hybrid.Estimator(), QuantumCircuit(2), SLSQP()), operators=pool, initial_state=start)
    found = solver.compute_minimum_eigenvalue(H2)
    assert found.eigenvalue == pytest.approx(LEVELS[0], abs=1e-6)
    assert found.num_iterations <= 3


@pytest.mark.parametrize("device", ["ideal", "meluxina-q:dephasing=markov"])
def test_vqe_on_the_backend(device):
    """By Qiskit's `BackendEstimatorV2`, translated by its own pass manager as for any vendor's machine."""
    backend = hybrid.Device.load(device).backend(seed_simulator=4)
    passes = generate_preset_pass_manager(1, backend=backend, seed_transpiler=1)
    estimator = BackendEstimatorV2(backend=backend, options={"default_precision": 0.03, "seed_simulator": 4})
    solver = VQE(estimator, real_amplitudes(2, reps=1), COBYLA(maxiter=30), initial_point=NEAR, transpiler=passes)
    found = solver.compute_minimum_eigenvalue(H2)
    (end,) = hybrid.Estimator().run([(real_amplitudes(2, reps=1), H2, found.optimal_point)]).result()
    assert LEVELS[0] <= end.data.evs < LEVELS[0] + 0.2
    assert abs(found.eigenvalue - LEVELS[0]) < 0.3


def test_adapt_vqe_on_the_backend():
    """Gradients are 0.36 or vanish, at precision 0.005; the exact energy where it ends is nearer than half of Hartree-Fock's
    0.0203 Ha.
    """
    start = QuantumCircuit(2)
    start.x(0)
    pool = [SparsePauliOp(word) for word in ("YI", "IY", "YX", "XY")]
    estimator = BackendEstimatorV2(
        backend=hybrid.Device.load("ideal").backend(), options={"default_precision": 0.005, "seed_simulator": 4}
    )
    inner = VQE(estimator, QuantumCircuit(2), COBYLA(maxiter=25))
    solver = AdaptVQE(inner, operators=pool, initial_state=start, gradient_threshold=0.1, max_iterations=2)
    found = solver.compute_minimum_eigenvalue(H2)
    (end,) = hybrid.Estimator().run([(found.optimal_circuit, H2, found.optimal_point)]).result()
    print(found.eigenvalue, end.data.evs)
    assert LEVELS[0] <= end.data.evs < LEVELS[0] + 0.01


@pytest.mark.slow
def test_vqd_on_the_backend():
    backend = hybrid.Device.load("ideal").backend()
    estimator = BackendEstimatorV2(backend=backend, options={"default_precision": 0.03, "seed_simulator": 4})
    fidelity = ComputeUncompute(BackendSamplerV2(backend=backend, options={"default_shots": 1000, "seed_simulator": 5}))
    start = [np.array([-0.1, 3.0, 0.1, 0.1]), np.array([0.1, 0.1, 0.1, 0.1])]
    solver = VQD(estimator, fidelity, real_amplitudes(2, reps=1), COBYLA(maxiter=30), k=2, betas=[3, 3], initial_point=start)
    found = solver.compute_eigenvalues(H2)
    assert abs(found.eigenvalues[0] - LEVELS[0]) < 0.2 and abs(found.eigenvalues[1] - LEVELS[1]) < 0.3


@pytest.mark.parametrize("door", ["sampler", pytest.param("backend", marks=pytest.mark.slow)])
def test_vqc(door):
    """A classifier of two clouds of points, by qiskit-machine-learning."""
    pytest.importorskip("qiskit_machine_learning", reason="not installed: pip install qiskit-machine-learning")
    from qiskit.circuit.library import z_feature_map
    from qiskit_machine_learning.algorithms import VQC
    from qiskit_machine_learning.optimizers import COBYLA as COBYLA_ML

    rng = np.random.default_rng(2)
    features = np.concatenate([rng.normal(0.4, 0.15, (10, 2)), rng.normal(1.3, 0.15, (10, 2))])
    labels = np.repeat([0, 1], 10)
    passes = None
    if door == "sampler":
        sampler = hybrid.Sampler(seed=1, default_shots=300, backend="exact")
    else:
        backend = hybrid.Device.load("ideal").backend()
        sampler = BackendSamplerV2(backend=backend, options={"default_shots": 300, "seed_simulator": 1})
        passes = generate_preset_pass_manager(1, backend=backend)
    classifier = VQC(
        feature_map=z_feature_map(2, reps=1),
        ansatz=real_amplitudes(2, reps=1),
        optimizer=COBYLA_ML(maxiter=30),
        sampler=sampler,
        pass_manager=passes,
        initial_point=np.array([0.3, 0.3, 0.3, 0.3]),
    )
    classifier.fit(features, labels)
    assert classifier.score(features, labels) >= 0.85
