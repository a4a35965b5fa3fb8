"""Shots over groups: exact bookkeeping, unbiased values, honest errors, and the fewer shots that theory promises."""

import json
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp, Statevector

from hybrid import catalog, compile
from hybrid.base.errors import UsageError
from hybrid.measure.allocation import PILOT, divide, expected_stderr, proportional
from hybrid.measure.choices import ALLOCATIONS
from hybrid.review.replay import repeat
from hybrid.runs.dry_run import plan
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

H2 = SparsePauliOp(
    ["II", "IZ", "ZI", "ZZ", "XX"],
    [-1.052373245772859, 0.39793742484318045, -0.39793742484318045, -0.01128010425623538, 0.18093119978423156],
)
HEISENBERG = SparsePauliOp.from_sparse_list([(p * 2, [i, i + 1], 1.0) for i in range(3) for p in "XYZ"], num_qubits=4)
FIELD = SparsePauliOp(["XXII", "IIZZ", "YIYI", "ZIII", "IXII"], [1.0, 0.3, 0.05, 0.02, 0.5])
TFIM = SparsePauliOp.from_sparse_list(
    [("ZZ", [i, i + 1], -1.0) for i in range(3)] + [("X", [i], -0.4) for i in range(4)], num_qubits=4
)
POINTS = 800
"""Repetitions: a variance of as many is known to sqrt(2/800) = 5 %."""


# --- Dividing ----------------------------------------------------------------------------------------------------------


@given(
    weights=st.lists(st.floats(0, 1e3), min_size=1, max_size=12),
    least=st.integers(1, 5),
    extra=st.integers(0, 10_000),
)
def test_proportional_loses_no_shot_and_starves_nobody(weights, least, extra):
    total = least * len(weights) + extra
    found = np.array(proportional(total, weights, least))
    assert found.sum() == total
    assert found.min() >= least
    heavy = [(w, n) for w, n in zip(weights, found, strict=True) if n > least + 1]
    for w, n in heavy:
        for v, m in heavy:
            assert n * v <= (m + 1) * w + 1e-6 * (1 + v) * n or n <= m + 1  # in proportion, to one shot


@given(
    allocation=st.sampled_from(ALLOCATIONS),
    shots=st.integers(40, 5000),
    bounds=st.lists(st.floats(1e-3, 10), min_size=1, max_size=20),
)
def test_no_allocation_loses_a_shot(allocation, shots, bounds):
    division = divide(allocation, shots, bounds)
    assert sum(division.shots) + sum(division.pilot) == shots
    assert min(division.shots + (division.pilot or [1])) >= 1
    assert bool(division.pilot) == (allocation == "adaptive" and len(bounds) > 1)


def test_too_few_shots():
    with pytest.raises(UsageError, match="shots: 5 are too few for allocation=adaptive, which measures 3 groups twice; give 6"):
        divide("adaptive", 5, [1.0, 1.0, 1.0])
    with pytest.raises(UsageError, match="2 cannot be divided over 3 measured groups"):
        divide("weighted", 2, [1.0, 1.0, 1.0])
    with pytest.raises(UsageError, match="unknown allocation 'wieghted'. Did you mean 'weighted'?"):
        compile(QuantumCircuit(1), SparsePauliOp("Z"), allocation="wieghted")


def test_theory_by_hand():
    """Groups of sigma 3 and 1 with bounds 3 and 2, 1,000 shots: 2 (9 + 1)/1000, 5 (9/3 + 1/2)/1000, and (3 + 1)^2/1000."""
    sigma, bounds = np.array([3.0, 1.0]), [3.0, 2.0]
    assert expected_stderr("uniform", 1000, bounds, sigma) ** 2 == pytest.approx(20e-3)
    assert expected_stderr("weighted", 1000, bounds, sigma) ** 2 == pytest.approx(17.5e-3)
    pilot = 9 / 550 + 1 / 450  # half even, half weighted: 0.55 and 0.45 of the shots
    assert expected_stderr("adaptive", 1000, bounds, sigma) ** 2 == pytest.approx(PILOT * pilot + (1 - PILOT) * 16e-3)


# --- Measured ----------------------------------------------------------------------------------------------------------


class Case(NamedTuple):
    """What is measured where, with how many shots under uniform allocation, how often; by how much the pilot's own errors
    raise the variance of adaptive allocation at most, and imagined shots the estimated one."""

    circuit: QuantumCircuit
    observable: SparsePauliOp
    x: np.ndarray
    shots: int
    repetitions: int
    pilot: float
    imagined: float


def near_ground(observable: SparsePauliOp) -> Case:
    """A bound circuit whose state is 98 % the ground state, as at the end of an optimisation."""
    values, vectors = np.linalg.eigh(observable.to_matrix())
    rng = np.random.default_rng(1)
    other = rng.normal(size=len(values)) + 1j * rng.normal(size=len(values))
    state = np.sqrt(0.98) * vectors[:, 0] + np.sqrt(0.02) * other / np.linalg.norm(other)
    circuit = QuantumCircuit(observable.num_qubits)
    circuit.prepare_state(Statevector(state / np.linalg.norm(state)))
    return Case(circuit.decompose(reps=6), observable, np.zeros(0), 2000, POINTS, 0.05, 0.25)


def lih(folder) -> Case:
    """276 terms on ten qubits, after a few steps of an optimisation."""
    spec = Spec(problem="lih", optimizer="lbfgs", backend="exact", max_iterations=4)
    problem = catalog.load(catalog.parse("problems", "lih"))()
    circuit = catalog.load(catalog.parse("ansatze", problem.ansatz))(problem).circuit
    return Case(circuit, problem.hamiltonian, np.array(run(spec, folder).x), 100_000, 300, 0.1, 0.4)


@pytest.mark.parametrize(
    ("name", "grouping"),
    [
        ("H2", "qwc"),
        ("field", "qwc"),
        pytest.param("TFIM", "qwc", marks=pytest.mark.slow),
        *(pytest.param("Heisenberg", grouping, marks=pytest.mark.slow) for grouping in ("qwc", "general")),
        *(pytest.param("LiH", grouping, marks=pytest.mark.slow) for grouping in ("qwc", "general")),
    ],
)
@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_fewer_shots_for_one_standard_error_as_theory_promises(name, grouping, tmp_path):
    """One standard error, by as many shots as eps^2 = sum sigma^2/n_g says that each allocation needs for it.

    What values scatter by, measured, is that error: a variance of k values is known to sqrt(2/k), and four of these are
    allowed (false alarms: 6e-5 each); the pilot's own errors cost adaptive allocation at most `pilot` besides.
    """
    case = (
        lih(tmp_path)
        if name == "LiH"
        else near_ground({"H2": H2, "field": FIELD, "TFIM": TFIM, "Heisenberg": HEISENBERG}[name])
    )
    points, alarm = np.repeat(case.x[None], case.repetitions, axis=0), 4 * np.sqrt(2 / case.repetitions)
    exact = compile(case.circuit, case.observable, backend="exact").values(points[:1]).values[0]

    def sampled(allocation: str, shots: int):
        return compile(case.circuit, case.observable, shots=shots, allocation=allocation, grouping=grouping, backend="exact")

    uniform = sampled("uniform", case.shots)
    sigma, bounds = uniform.spreads(case.x), [group.extremes(None)[1] for group in uniform.groups]
    target = expected_stderr("uniform", case.shots, bounds, sigma)
    needed = {}
    for allocation in ALLOCATIONS:
        needed[allocation] = round(case.shots * (expected_stderr(allocation, case.shots, bounds, sigma) / target) ** 2)
        found = sampled(allocation, needed[allocation]).values(points, seed=2)
        ratio, extra = found.values.var() / target**2, case.pilot if allocation == "adaptive" else 0.0
        print(f"{name} {grouping}, {len(sigma)} groups, {allocation}: {needed[allocation]} shots, variance x {ratio:.2f}")
        assert found.values.mean() == pytest.approx(exact, abs=4 * target / np.sqrt(case.repetitions))
        assert 1 - alarm < ratio < 1 + alarm + extra
        assert 0.95 < np.mean(found.stderr**2) / target**2 < 1 + case.imagined  # never too small
    assert needed["adaptive"] <= PROMISED[name, grouping] * case.shots


PROMISED = {
    ("H2", "qwc"): 1.1,
    ("field", "qwc"): 0.7,
    ("TFIM", "qwc"): 1.1,
    ("Heisenberg", "qwc"): 1.05,
    ("Heisenberg", "general"): 1.05,
    ("LiH", "qwc"): 0.55,
    ("LiH", "general"): 0.4,
}
"""The share of uniform allocation's shots that adaptive allocation takes at most."""


@pytest.mark.usefixtures("repeats")
@pytest.mark.statistics
def test_skewed_terms_stay_unbiased_and_covered(monkeypatch):
    """Seven terms of mean 0.8, 0.64 and 0.512: the variance that a pilot finds hangs together with its mean, which biases an
    estimate that pools them. With half of the shots as pilot that bias is five standard errors of the mean of 1,500 values.

    Four are allowed (false alarm 6e-5); 95 % intervals cover at least 93 %.
    """
    monkeypatch.setattr("hybrid.measure.allocation.PILOT", 0.5)
    circuit = QuantumCircuit(3)
    for q in range(3):
        circuit.ry(np.arccos(0.8), q)
    observable = SparsePauliOp(["IIZ", "IZI", "ZII", "IZZ", "ZIZ", "ZZI", "ZZZ"])
    program = compile(circuit, observable, shots=280, allocation="adaptive", grouping="none", backend="exact")
    exact = compile(circuit, observable).values(np.zeros((1, 0))).values[0]
    found = program.values(np.zeros((1_500, 0)), seed=5)
    assert abs(found.values.mean() - exact) < 4 * found.values.std() / np.sqrt(1_500)
    assert np.mean(np.abs(found.values - exact) < 1.96 * found.stderr) > 0.93


@pytest.mark.parametrize("allocation", ["weighted", "adaptive"])
@pytest.mark.parametrize("backend", ["aer", "exact"])
@pytest.mark.usefixtures("repeats")
def test_with_detunings_readout_and_mitigation(allocation, backend):
    """On the stand-in values agree with the limit of many shots, errors are honest, and rows draw on their own."""
    circuit = efficient_su2(2, reps=1)
    x = np.random.default_rng(4).uniform(-1, 1, circuit.num_parameters)
    device = "meluxina-q"
    asked = {"shots": 600, "realizations": 40 if backend == "aer" else None}  # Aer takes its time for each realization
    program = compile(circuit, H2, device=device, **asked, allocation=allocation, backend=backend, mitigate="readout")
    assert program.execution.shots.sum() + (0 if program.execution.pilot is None else program.execution.pilot.sum()) == 600
    assert program.execution.realizations == (40 if backend == "aer" else 100)
    count = 12 if backend == "aer" else 60
    found = program.values(np.repeat(x[None], count, axis=0), seed=7)
    limit = compile(circuit, H2, device=device, backend="exact", mitigate="readout").values(x[None], seed=8)
    one = [program.values(x[None], seed=np.random.SeedSequence(7, spawn_key=(i,))) for i in range(2)]
    assert len({answer.values[0] for answer in one}) == 2
    assert np.array_equal(program.values(np.repeat(x[None], 3, axis=0), seed=7).values, found.values[:3])
    z = (found.values - limit.values[0]) / np.hypot(found.stderr, limit.stderr[0])
    # One calibration serves all rows of a call, so that they move together: single values within 4.5, not their mean.
    assert np.abs(z).max() < 4.5
    spread = found.values.std() / found.stderr.mean()
    assert abs(spread - 1) < 3.5 / np.sqrt(2 * count)  # the relative error of a standard deviation is 1/sqrt(2 count)


def test_aer_draws_a_pilot_in_few_realizations():
    """Trajectories: a pilot of fewer shots than realizations leaves some without any."""
    circuit = efficient_su2(2, reps=1)
    x = np.full((2, circuit.num_parameters), 0.3)
    profile = {"device": "meluxina-q", "shots": 300, "allocation": "adaptive"}
    sampled = compile(circuit, H2, backend="aer:method=statevector", **profile)
    assert sampled.execution.pilot is not None
    assert (sampled.execution.pilot == 0).any()
    drawn = compile(circuit, H2, backend="exact", **profile).values(x, seed=1)
    found = sampled.values(x, seed=1)
    assert np.all(np.abs(found.values - drawn.values) < 4.5 * np.hypot(found.stderr, drawn.stderr))


# --- Through a run -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("allocation", ["weighted", "adaptive"])
def test_a_run_counts_its_shots_and_repeats(tmp_path, allocation):
    spec = Spec(problem="h2", device="meluxina-q", shots=200, max_evals=4, allocation=allocation, backend="exact")
    result = run(spec, tmp_path)
    assert result.shots == 5 * 200
    assert result.spec["allocation"] == allocation
    assert repeat(tmp_path / f"{spec.id}.jsonl").verdict == "identical"
    assert spec.id != Spec(**{**spec.given(), "allocation": "uniform"}).id


def test_a_gradient_by_parameter_shift_is_divided_too():
    circuit = efficient_su2(2, reps=1)
    x = np.full(circuit.num_parameters, 0.3)
    exact = compile(circuit, H2).gradient(x).gradient
    found = compile(circuit, H2, shots=500, allocation="adaptive", backend="exact").gradient(x, seed=3)
    assert np.all(np.abs(found.gradient - exact) < 4.5 * found.gradient_stderr)


def test_the_plan_tells_what_each_allocation_buys():
    """A chain of spins up: only the X are noisy, so that adaptive allocation comes near to half of uniform's variance."""
    start = {"ansatz": "real_amplitudes:reps=1", "initial_point": [0.0] * 8}
    found = plan(Spec(problem="tfim:n=4,h=0.5", **start, shots=1000, allocation="adaptive", max_evals=4))
    (sampling,) = found.sampling
    assert sampling is not None
    assert sum(sampling.shots) + sum(sampling.pilot) == 1000
    assert list(sampling.stderr) == list(ALLOCATIONS)
    assert sampling.stderr["adaptive"] < 0.8 * sampling.stderr["uniform"]
    assert json.loads(json.dumps(found.to_json()))["sampling"][0]["where"] == "at the start, without noise"
    assert plan(Spec(problem="h2", max_evals=4)).sampling == (None,)
