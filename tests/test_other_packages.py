"""Other people's packages as they are written for other backends: qiskit-experiments, -algorithms, -machine-learning, Mitiq,
PennyLane. Only constructors name this package; each part is skipped where its package is not installed."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import real_amplitudes, zz_feature_map
from qiskit.quantum_info import SparsePauliOp, Statevector
from scipy.optimize import curve_fit

import hybrid

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # their warnings are theirs


# --- qiskit-experiments on the stand-in, beside what `characterize` measures --------------------------------------------


@pytest.fixture(scope="module")
def library():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("qiskit_experiments.library", reason="pip install qiskit-experiments")


@pytest.fixture(scope="module")
def vendor():
    return hybrid.Device.load("meluxina-q").backend(seed_simulator=3, shots=1000)


@pytest.fixture(scope="module")
def characterized():
    found = hybrid.characterize("meluxina-q", only=["t1", "echo", "rb1"], seed=0)
    return {(row.experiment, row.qubits): row for row in found.rows}


def fitted(experiment, vendor) -> dict[str, tuple[float, float]]:
    """Value and standard error of every result."""
    data = experiment.run(vendor).block_for_results()
    assert not data.errors()
    rows = data.analysis_results(dataframe=True).itertuples()
    return {row.name: (row.value.nominal_value, row.value.std_dev) for row in rows if hasattr(row.value, "std_dev")}


def agree(found: tuple[float, float], row, model: float = 0.0) -> None:
    """Within four standard errors of both, and a share `model` where the two fit different models."""
    assert abs(found[0] - row.value) < 4 * np.hypot(found[1], row.stderr) + model * row.value


@pytest.mark.parametrize("qubit", [0, 3])
def test_t1(library, vendor, characterized, qubit):
    found = fitted(library.T1((qubit,), delays=np.linspace(1e-6, 66e-3, 20)), vendor)
    agree(found["T1"], characterized["t1", (qubit,)])


@pytest.mark.parametrize("qubit", [0, 3])
def test_t2_hahn(library, vendor, characterized, qubit):
    """Both fit exponentials; theirs with a free floor and amplitude."""
    t2 = characterized["echo", (qubit,)].value
    found = fitted(library.T2Hahn((qubit,), delays=np.linspace(1e-6, 5 * t2, 20)), vendor)
    agree(found["T2"], characterized["echo", (qubit,)], model=0.1)


@pytest.mark.parametrize("qubit", [0, 2])
def test_t2_ramsey(library, vendor, qubit):
    """It fits an exponential to a Gaussian decay: so the expected value is that of the same fit to the exact signal."""
    t2_star = vendor.device.t2_star_s[qubit]
    delays = np.linspace(1e-7, 2.7 * t2_star, 60)

    def signal(t, tau, f, amplitude, phase, floor):
        return floor + amplitude * np.exp(-t / tau) * np.cos(2 * np.pi * f * t + phase)

    exact = 0.5 + 0.5 * np.exp(-((delays / t2_star) ** 2)) * np.cos(2e6 * np.pi * delays)
    expected = curve_fit(signal, delays, exact, [t2_star, 1e6, 0.5, 0, 0.5])[0][0]
    found = fitted(library.T2Ramsey((qubit,), delays=delays, osc_freq=1e6), vendor)
    assert found["T2star"][0] == pytest.approx(expected, rel=0.15)  # 100 realizations of the detuning, amplitude and floor free
    assert found["Frequency"][0] == pytest.approx(1e6, rel=0.03)


@pytest.mark.parametrize("qubit", [0, 2])
def test_standard_rb(library, vendor, characterized, qubit):
    """More than the 0.1 % of a pulse in the profile, as `characterize` finds too: both see what accumulates in a sequence."""
    found = fitted(library.StandardRB((qubit,), lengths=[1, 30, 80, 160, 300], num_samples=8, seed=1), vendor)
    agree(found["EPC"], characterized["rb1", (qubit,)], model=0.2)  # a free floor where ours is 1/2


def test_local_readout_error(library, vendor):
    """Assignment errors with those of preparation: p01 + (1 - p01 - p10) e, and half of that for the pulse in between."""
    device = vendor.device
    data = library.LocalReadoutError((0, 1)).run(vendor, shots=8000).block_for_results()
    mitigator = data.analysis_results(dataframe=True).iloc[0].value
    for qubit in (0, 1):
        p01, p10, e = device.readout_p01[qubit], device.readout_p10[qubit], device.init_error[qubit]
        matrix = mitigator.assignment_matrix(qubit)
        sigma = np.sqrt(0.03 / 8000)
        assert abs(matrix[1, 0] - (p01 + (1 - p01 - p10) * e)) < 5 * sigma
        assert 0 < matrix[0, 1] - (p10 + (1 - p01 - p10) * e) + 5 * sigma < 10 * sigma + 0.005  # two pulses of 0.1 %


# --- qiskit-algorithms: what tests/test_qiskit_algorithms.py does not have ---------------------------------------------

RING = SparsePauliOp(["IIZZ", "IZZI", "ZZII", "ZIIZ"], np.ones(4))


@pytest.mark.parametrize("device", ["ideal", "meluxina-q"])
@pytest.mark.parametrize("name", ["QAOA", "SamplingVQE"])
def test_combinatorial_optimisation(name, device):
    """The maximum cut of a ring of four has energy -4; guessing has 0. They read every qubit twice."""
    algorithms = pytest.importorskip("qiskit_algorithms", reason="pip install qiskit-algorithms")
    from qiskit_algorithms.optimizers import COBYLA  # pyright: ignore[reportMissingImports]

    algorithms.utils.algorithm_globals.random_seed = 1
    sampler, optimizer = hybrid.Sampler(device=device, seed=1, default_shots=500), COBYLA(maxiter=30)
    if name == "QAOA":
        solver = algorithms.QAOA(sampler, optimizer, reps=1, initial_point=[0.4, 0.4])
    else:
        solver = algorithms.SamplingVQE(sampler, real_amplitudes(4, reps=1), optimizer, initial_point=np.full(8, 0.4))
    found = solver.compute_minimum_eigenvalue(RING)
    assert found.eigenvalue < -1
    if device == "ideal":
        assert found.best_measurement["value"] == -4


# --- qiskit-machine-learning -------------------------------------------------------------------------------------------


def encoded():
    features, weights = zz_feature_map(2, reps=1), real_amplitudes(2, reps=1)
    return features.compose(weights), features.parameters, weights.parameters


X, W = [0.1, 0.2], [0.1, 0.2, 0.3, 0.4]


def state() -> Statevector:
    circuit, inputs, weights = encoded()
    return Statevector(circuit.assign_parameters(dict(zip([*inputs, *weights], [*X, *W], strict=True))))


def test_estimator_qnn():
    networks = pytest.importorskip("qiskit_machine_learning.neural_networks", reason="pip install qiskit-machine-learning")
    circuit, inputs, weights = encoded()
    network = networks.EstimatorQNN(
        circuit=circuit, estimator=hybrid.Estimator(), input_params=inputs, weight_params=weights, default_precision=0.0
    )
    expected = state().expectation_value(SparsePauliOp("ZZ")).real
    assert network.forward(X, W)[0, 0] == pytest.approx(expected, abs=1e-9)
    assert network.backward(X, W)[1].shape == (1, 1, 4)


def test_sampler_qnn():
    networks = pytest.importorskip("qiskit_machine_learning.neural_networks", reason="pip install qiskit-machine-learning")
    circuit, inputs, weights = encoded()
    network = networks.SamplerQNN(
        circuit=circuit, sampler=hybrid.Sampler(seed=1, default_shots=4000), input_params=inputs, weight_params=weights
    )
    assert np.abs(network.forward(X, W)[0] - state().probabilities()).max() < 5 * 0.5 / np.sqrt(4000)
    assert network.backward(X, W)[1].shape == (1, 4, 4)


def test_fidelity_quantum_kernel():
    kernels = pytest.importorskip("qiskit_machine_learning.kernels", reason="pip install qiskit-machine-learning")
    from qiskit_machine_learning.state_fidelities import ComputeUncompute  # pyright: ignore[reportMissingImports]

    rows = np.array([[0.1, 0.2], [1.0, 0.5], [2.0, 1.5]])
    feature_map = zz_feature_map(2, reps=1)
    fidelity = ComputeUncompute(hybrid.Sampler(seed=1, default_shots=4000))
    found = kernels.FidelityQuantumKernel(feature_map=feature_map, fidelity=fidelity, enforce_psd=False).evaluate(rows)
    states = [Statevector(feature_map.assign_parameters(row)) for row in rows]
    expected = np.array([[abs(a.inner(b)) ** 2 for b in states] for a in states])
    assert np.abs(found - expected).max() < 5 * 0.5 / np.sqrt(4000)


# --- Mitiq and PennyLane -----------------------------------------------------------------------------------------------


def test_mitiqs_zero_noise_extrapolation():
    """Folded by Mitiq, which wants a transpiler that leaves its folds alone: nearer to the truth than without."""
    zne = pytest.importorskip("mitiq", reason="pip install mitiq").zne
    device = replace(hybrid.Device.load("meluxina-q:dephasing=markov"), init_error=(0.0,) * 10)  # no fold amplifies it
    backend = device.backend()
    circuit = real_amplitudes(2, reps=2).assign_parameters(np.linspace(0.3, 1.2, 6)).decompose()
    estimator = hybrid.Estimator(device=device, backend="exact", mitigate="readout")

    def executor(one: QuantumCircuit) -> float:
        isa = transpile(one, backend, optimization_level=0, seed_transpiler=1)
        (found,) = estimator.run([(isa, SparsePauliOp("ZZ").apply_layout(isa.layout))]).result()
        return float(found.data.evs)

    truth = Statevector(circuit).expectation_value(SparsePauliOp("ZZ")).real
    mitigated = zne.execute_with_zne(circuit, executor, factory=zne.inference.RichardsonFactory([1.0, 3.0, 5.0]))
    assert abs(mitigated - truth) < 0.5 * abs(executor(circuit) - truth)


@pytest.mark.parametrize("device", ["ideal", "meluxina-q"])
def test_pennylanes_remote_device(device):
    pennylane = pytest.importorskip("pennylane", reason="pip install pennylane pennylane-qiskit")
    pytest.importorskip("pennylane_qiskit", reason="pip install pennylane-qiskit")
    backend = hybrid.Device.load(device).backend(seed_simulator=1)
    remote = pennylane.device("qiskit.remote", wires=2, backend=backend, shots=2000)

    @pennylane.qnode(remote)
    def cosine(x):
        pennylane.RY(x, 0)
        pennylane.CNOT([0, 1])
        return pennylane.expval(pennylane.PauliZ(1))

    assert abs(float(cosine(0.5)) - np.cos(0.5)) < (0.1 if device == "ideal" else 0.2)  # five sigma; the device loses a tenth
