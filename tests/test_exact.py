"""The exact engine against Qiskit's own simulators, finite differences and the shift rule, on random circuits."""

import time
from dataclasses import replace

import numpy as np
import pytest
from exact_tasks import channel, random_observable, random_task
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import (
    CRXGate,
    CXGate,
    CZGate,
    HGate,
    Measure,
    Reset,
    RXGate,
    RYGate,
    RZGate,
    RZZGate,
    SXGate,
    efficient_su2,
)
from qiskit.quantum_info import SparsePauliOp, Statevector

import hybrid
from hybrid.base.errors import UsageError
from hybrid.base.types import Channel, Depolarizing, Operation, Setting, Task
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.simulators.aer import aer
from hybrid.simulators.exact import exact
from hybrid.simulators.reference import reference

ROUNDING = 1e-12
"""Some fifty blocks, each rounding at 2e-16 times the square root of its size, on values of norm below ten."""


def angles_of(task: Task, k: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, (k, len(task.angles)))


def weights_of(task: Task, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (len(task.settings), 2**task.n_qubits))


def slopes_by_difference(value, angles: np.ndarray, step: float = 1e-3) -> np.ndarray:
    """Five-point differences: an error of step^4 times a fifth derivative (below 10) over 30, and 1e-15/step: 1e-12."""
    found = np.empty_like(angles)
    for j in range(angles.shape[1]):
        e = step * np.eye(angles.shape[1])[j]
        near, far = value(angles + e) - value(angles - e), value(angles + 2 * e) - value(angles - 2 * e)
        found[:, j] = (8 * near - far) / (12 * step)
    return found


# --- Values ----------------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 8), gates=st.integers(0, 30))
@settings(max_examples=25)
def test_pure_states(seed, n, gates):
    observable = random_observable(n, seed)
    task = random_task(n, gates, seed, noisy=False, observable=observable)
    angles = angles_of(task, 2)
    want = reference().compile(task)
    np.testing.assert_allclose(exact().compile(task).expectations(angles), want.expectations(angles), rtol=0, atol=ROUNDING)
    task = random_task(n, gates, seed, noisy=False, settings=3)
    want = reference().compile(task).distributions(angles)
    np.testing.assert_allclose(exact().compile(task).distributions(angles), want, rtol=0, atol=ROUNDING)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 5), gates=st.integers(0, 25), count=st.sampled_from([1, 2, 8]))
@settings(max_examples=20)
def test_noisy_states(seed, n, gates, count):
    task = random_task(n, gates, seed, noisy=True, settings=count)
    angles = angles_of(task, 1)  # the reference takes its time for each
    found = exact().compile(task).distributions(angles)
    np.testing.assert_allclose(found, reference().compile(task).distributions(angles), rtol=0, atol=1e-11)  # theirs rounds more
    np.testing.assert_allclose(found.sum(axis=2), 1, rtol=0, atol=ROUNDING)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 5), kinds=st.lists(st.integers(0, 5), max_size=25), noisy=st.booleans())
@settings(max_examples=40)
def test_few_pulses_among_many_phases(seed, n, kinds, noisy):
    """Qubits that stay classical, or become so early, and diagonal gates that pass one another; weights of all outcomes."""
    rng, angles, steps = np.random.default_rng(seed), [Parameter("a"), Parameter("b")], []
    for kind in kinds:
        pair = tuple(int(q) for q in rng.permutation(n)[:2])
        gates = SXGate(), RZGate(angles[0]), CZGate(), RZZGate(angles[1]), RZZGate(float(rng.uniform(-3, 3))), CXGate()
        steps.append(Operation(gates[kind], pair[: gates[kind].num_qubits]))
        if noisy:
            steps.append(channel(pair, rng))
    ends = [], [Operation(SXGate(), (0,))]
    task = Task(tuple(Setting(n, (*steps, *end)) for end in ends), tuple(angles), None, 0, 1)
    rows, weights, runner = angles_of(task, 2), weights_of(task), exact().compile(task)
    found = runner.distributions(rows)
    np.testing.assert_allclose(found, reference().compile(task).distributions(rows), rtol=0, atol=1e-11)
    values, gradients = runner.differentiate(rows, weights)
    np.testing.assert_allclose(values, np.einsum("ksx,sx->k", found, weights), rtol=0, atol=ROUNDING)
    slopes = slopes_by_difference(lambda at: np.einsum("ksx,sx->k", runner.distributions(at), weights), rows)
    np.testing.assert_allclose(gradients, slopes, rtol=0, atol=1e-8)


def test_noisy_states_against_aer():
    rng, angles = np.random.default_rng(5), [Parameter(f"a{i}") for i in range(12)]
    steps = []
    for i, angle in enumerate(angles):
        pair = tuple(int(q) for q in rng.permutation(6)[:2])
        steps += [Operation((RXGate, RYGate)[i % 2](angle), pair[:1]), channel(pair, rng)]
        steps += [Operation((CXGate(), RZZGate(0.3))[i % 2], pair), channel(pair, rng)]
    task = Task((Setting(6, tuple(steps)),), angles, None, 0, 1)
    rows = angles_of(task, 2)
    found, want = exact().compile(task), aer(method="density_matrix").compile(task)
    np.testing.assert_allclose(found.distributions(rows), want.distributions(rows), rtol=0, atol=1e-8)  # Aer drops below 1e-8


def test_the_stand_in_in_full():
    """Circuit, schedule and noise as they come from the package, detunings included."""
    circuit = QuantumCircuit(4)
    theta = [Parameter(f"t{i}") for i in range(8)]
    for i, parameter in enumerate(theta):
        circuit.ry(parameter, i % 4)
        circuit.cx(i % 4, (i + 1) % 4)
    observable = SparsePauliOp(["ZZII", "IXIY", "IIZI"], [0.5, -1.0, 0.7])
    point = np.random.default_rng(3).uniform(-3, 3, (1, 8))
    found, want = (hybrid.compile(circuit, observable, device="meluxina-q", backend=b) for b in ("exact", "aer"))
    values = [program.values(point, seed=1).values[0] for program in (found, want)]
    assert values[0] == pytest.approx(values[1], abs=1e-8)


@pytest.mark.slow
def test_ten_qubits_trained_on_the_noisy_device(tmp_path):
    """200 exact gradients in two minutes of processor time (7 s measured), and at their end the value is Aer's."""
    begun = time.process_time()
    spec = Spec(problem="tfim:n=10", ansatz="efficient_su2:reps=3", optimizer="adam", backend="exact", max_iterations=200)
    result = run(replace(spec, device="meluxina-q", dephasing="markov"), tmp_path)
    assert time.process_time() - begun < 120
    assert result.value < -9  # where |0...0> would be without noise
    circuit = efficient_su2(10, reps=3, entanglement="linear")
    terms = [("ZZ", [q, q + 1], -1.0) for q in range(9)] + [("X", [q], -1.0) for q in range(10)]
    observable = SparsePauliOp.from_sparse_list(terms, 10)
    theirs = hybrid.compile(circuit, observable, device="meluxina-q", dephasing="markov", backend="aer")
    assert theirs.values(np.array([result.x])).values[0] == pytest.approx(result.value, abs=1e-7)  # Aer drops below 1e-8


def test_bit_order():
    """|q2 q1 q0> = |0>|+>|1> with Y-rotated tail: every qubit has a distribution of its own."""
    steps = (Operation(RXGate(0.3), (2,)), Operation(HGate(), (1,)), Operation(RYGate(2.0), (0,)))
    for noise in ((), (Depolarizing((1,), 0.0),)):
        task = Task((Setting(3, steps + noise),), (), None, 0, 1)
        one = np.array([np.sin(1.0) ** 2, 0.5, np.sin(0.15) ** 2])
        want = [np.prod(np.where((x >> np.arange(3)) & 1, one, 1 - one)) for x in range(8)]
        np.testing.assert_allclose(exact().compile(task).distributions(np.zeros((1, 0)))[0, 0], want, rtol=0, atol=1e-15)


def test_counts_are_those_of_the_reference():
    task = random_task(3, 10, 2, noisy=True, settings=2)._replace(shots=100)
    angles, shots = angles_of(task, 2), np.array([[60, 40]])
    seeds = [[np.random.SeedSequence([i, s]) for s in range(2)] for i in range(2)]
    for ours, theirs in zip(
        exact().compile(task).counts(angles, shots, seeds), reference().compile(task).counts(angles, shots, seeds), strict=True
    ):
        for one, other in zip(ours, theirs, strict=True):
            assert one.outcomes.tolist() == other.outcomes.tolist()
            assert one.counts.tolist() == other.counts.tolist()


# --- Derivatives -----------------------------------------------------------------------------------------------------


@given(
    seed=st.integers(0, 2**32 - 1), n=st.integers(2, 5), gates=st.integers(1, 20), noisy=st.booleans(), count=st.integers(1, 3)
)
@settings(max_examples=20)
def test_gradients_of_weighted_outcomes(seed, n, gates, noisy, count):
    task = random_task(n, gates, seed, noisy=noisy, settings=count)
    runner, angles, weights = exact().compile(task), angles_of(task, 2), weights_of(task)
    values, gradients = runner.differentiate(angles, weights)

    def value(rows):
        return np.einsum("ksx,sx->k", runner.distributions(rows), weights)

    np.testing.assert_allclose(values, value(angles), rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(gradients, slopes_by_difference(value, angles), rtol=0, atol=1e-8)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 7), gates=st.integers(1, 20))
@settings(max_examples=15)
def test_gradients_of_observables(seed, n, gates):
    task = random_task(n, gates, seed, noisy=False, observable=random_observable(n, seed))
    runner, angles = exact().compile(task), angles_of(task, 2)
    values, gradients = runner.differentiate(angles)
    np.testing.assert_allclose(values, runner.expectations(angles), rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(gradients, slopes_by_difference(runner.expectations, angles), rtol=0, atol=1e-8)


def test_gradients_obey_the_shift_rule():
    """Every angle in one rotation only: (f(theta + pi/2) - f(theta - pi/2))/2 is exact."""
    theta = [Parameter(f"t{i}") for i in range(6)]
    steps = [Operation(RYGate(t), (q % 4,)) for q, t in enumerate(theta[:4])]
    steps += [Operation(RZZGate(theta[4]), (0, 3)), Depolarizing((1, 3), 0.1), Operation(RXGate(theta[5]), (3,))]
    task = Task((Setting(4, tuple(steps)),), theta, None, 0, 1)
    runner, angles, weights = exact().compile(task), angles_of(task, 1), weights_of(task)
    shift = np.pi / 2 * np.eye(6)
    plus, minus = (np.einsum("ksx,sx->k", runner.distributions(angles + sign * shift), weights) for sign in (1, -1))
    np.testing.assert_allclose(runner.differentiate(angles, weights)[1][0], (plus - minus) / 2, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("seed", range(3))
def test_channel_slopes(seed):
    task = random_task(3, 8, seed, noisy=True, settings=2)
    angles, weights = angles_of(task, 1)[0], weights_of(task)
    found = exact().compile(task).channel_slopes(angles, weights)
    for s, setting in enumerate(task.settings):
        assert len(found[s]) == len(setting.steps)
        for place, step in enumerate(setting.steps):
            if not isinstance(step, Channel):
                assert found[s][place] is None
                continue
            for name, slope in found[s][place].items():
                number = getattr(step, name)

                def value(changed, s=s, place=place, step=step, name=name):
                    steps = list(task.settings[s].steps)
                    steps[place] = replace(step, **{name: changed})
                    alone = task._replace(settings=(Setting(task.n_qubits, tuple(steps)),))
                    return float(exact().compile(alone).distributions(angles[None])[0, 0] @ weights[s])

                h = 1e-4 * number  # differences err by h^2 f'''/6 and 1e-16/h: 1e-7 of f/number
                want = (value(number + h) - value(number - h)) / (2 * h)
                assert slope == pytest.approx(want, rel=1e-6, abs=1e-7 / number)


def test_metric():
    task = random_task(4, 15, 7, noisy=False)
    angles = angles_of(task, 1)[0]
    metric = exact().compile(task).metric(angles)

    def state(row):
        steps = [(s.gate.to_mutable(), s.qubits) for s in task.settings[0].steps]
        circuit, known = QuantumCircuit(4), dict(zip(map(str, task.angles), row, strict=True))
        for gate, qubits in steps:
            gate.params = [known.get(str(p), p) for p in gate.params]
            circuit.append(gate, qubits)
        return Statevector(circuit).data

    h = 1e-5
    psi = state(angles)
    slopes = np.array([(state(angles + e) - state(angles - e)) / (2 * h) for e in h * np.eye(len(angles))])
    along = slopes.conj() @ psi
    want = (slopes.conj() @ slopes.T - np.outer(along, along.conj())).real
    np.testing.assert_allclose(metric, want, rtol=0, atol=1e-8)  # differences: h^2 = 1e-10 and 1e-16/h = 1e-11, times states


# --- What a call is --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noisy", [False, True])
def test_a_batch_is_its_points(noisy):
    task = random_task(4, 20, 3, noisy=noisy, settings=2)
    runner, angles, weights = exact().compile(task), angles_of(task, 11), weights_of(task)
    values, gradients = runner.differentiate(angles, weights)
    singles = [runner.differentiate(row[None], weights) for row in angles]
    np.testing.assert_allclose(values, [v[0] for v, _ in singles], rtol=0, atol=1e-14)  # only vector instructions may differ
    np.testing.assert_allclose(gradients, [g[0] for _, g in singles], rtol=0, atol=1e-14)
    np.testing.assert_allclose(runner.distributions(angles)[4:5], runner.distributions(angles[4:5]), rtol=0, atol=1e-14)
    assert runner.differentiate(angles[:0], weights)[1].shape == (0, len(task.angles))


def test_same_inputs_give_the_same_bytes():
    task = random_task(5, 20, 3, noisy=True, settings=2)
    angles, weights = angles_of(task, 3), weights_of(task)
    runner = exact().compile(task)
    first = runner.differentiate(angles, weights)
    runner.differentiate(angles_of(task, 3, seed=1), weights)
    for again in (runner.differentiate(angles, weights), exact().compile(task).differentiate(angles, weights)):
        assert [a.tobytes() for a in again] == [a.tobytes() for a in first]


def test_single_precision_is_what_it_says():
    task = random_task(4, 20, 6, noisy=True)
    angles = angles_of(task, 2)
    single, double = (exact(precision=p).compile(task).distributions(angles) for p in ("single", "double"))
    np.testing.assert_allclose(single, double, rtol=0, atol=2e-6)  # some thirty roundings at 6e-8
    assert (single != double).any()


@pytest.mark.parametrize("noisy", [False, True])
def test_single_precision_of_ten_qubits(noisy):
    """Distributions, values and gradients of 60 gates: a hundred roundings at 6e-8 of numbers below 1, times nine terms."""
    observable = None if noisy else random_observable(10, 3)
    task = random_task(10, 60, 3, noisy=noisy, observable=observable)
    task = task._replace(settings=task.settings[:1])
    angles, weights = angles_of(task, 1), weights_of(task) if noisy else None
    single, double = (exact(precision=p).compile(task) for p in ("single", "double"))
    found, want = ([runner.distributions(angles), *runner.differentiate(angles, weights)] for runner in (single, double))
    for one, other, tolerance in zip(found, want, (2e-7, 1e-5, 1e-5), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)
        assert (one != other).any()
    assert found[0].sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("gate", "message"),
    [(Measure(), "measure"), (Reset(), "reset"), (CRXGate(Parameter("t")), "crx"), (RXGate(Parameter("other")), "other")],
)
def test_what_it_cannot_do_is_refused_by_name(gate, message):
    task = Task((Setting(2, (Operation(gate, tuple(range(gate.num_qubits))),)),), (), SparsePauliOp("ZZ"), 0, 1)
    with pytest.raises(UsageError, match=message):
        exact().compile(task)


def test_misuse_is_refused():
    task = random_task(3, 5, 1, noisy=True)
    runner, angles = exact().compile(task), angles_of(task, 1)
    for call, message in (
        (lambda: runner.metric(angles[0]), "pure"),
        (lambda: runner.differentiate(angles), "weights"),
        (lambda: runner.differentiate(angles, np.ones((1, 4))), "shape"),
        (lambda: runner.differentiate(angles[:, 1:], weights_of(task)), "shape"),
        (lambda: exact(memory="4 pounds"), "4 pounds"),
        (lambda: exact().compile(task._replace(observable=SparsePauliOp("ZZZ"))), "setting by setting"),
    ):
        with pytest.raises(UsageError, match=message):
            call()
