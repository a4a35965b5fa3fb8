"""`hybrid.Estimator` and `hybrid.Sampler` beside Qiskit's own: shapes, values, statistics, seeds, what is refused."""

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import real_amplitudes
from qiskit.primitives import StatevectorEstimator, StatevectorSampler
from qiskit.quantum_info import SparsePauliOp, Statevector
from scipy.stats import chi2

import hybrid
from hybrid.base.errors import UsageError

H = SparsePauliOp(["ZZ", "XI", "IY", "II"], [1.0, -0.5, 0.3, 0.25])
OBSERVABLES = {
    "one": H,
    "word": "XZ",
    "list": [H, "ZZ", {"XX": 2.0, "YY": -1.0}],
    "column": [[H], ["ZZ"], ["IX"]],
    "table": [[H, "ZZ", "XX"], ["IY", "YI", "ZI"]],
}
POINTS = {"one": (), "row": (3,), "table": (2, 3), "column": (2, 1)}


def ansatz():
    """Two qubits, four parameters that are not named in the order of their use."""
    b, a = Parameter("b"), ParameterVector("a", 3)
    circuit = QuantumCircuit(2)
    circuit.ry(b, 0)
    circuit.rx(2 * a[0] + 0.1, 1)
    circuit.cx(0, 1)
    circuit.rz(a[1] * b, 0)
    circuit.u(a[2], 0.3, b, 1)
    return circuit


def points(shape, seed=0):
    return np.random.default_rng(seed).uniform(-3, 3, (*shape, 4))


# --- Estimator ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", POINTS)
@pytest.mark.parametrize("observables", OBSERVABLES)
def test_shapes_and_values_are_those_of_qiskit(observables, shape):
    pub = (ansatz(), OBSERVABLES[observables], points(POINTS[shape]))
    try:
        np.broadcast_shapes(np.shape(StatevectorEstimator().run([pub]).result()[0].data.evs))
    except ValueError:
        with pytest.raises(ValueError, match="[Bb]roadcast"):
            hybrid.Estimator().run([pub])
        return
    (expected,), (found,) = (estimator.run([pub]).result() for estimator in (StatevectorEstimator(), hybrid.Estimator()))
    assert found.data.shape == expected.data.shape == found.data.evs.shape == found.data.stds.shape
    np.testing.assert_allclose(found.data.evs, expected.data.evs, rtol=0, atol=1e-12)  # some ten gates rounding at 2e-16
    assert not found.data.stds.any()


def test_several_pubs_and_bindings_by_name():
    circuit, x = ansatz(), points((2,))
    named = dict(zip(circuit.parameters, x.T, strict=True))
    bound = circuit.assign_parameters(x[0])
    pubs = [(circuit, H, x), (circuit, ["ZZ", "XX"], named), (bound, H)]
    expected, found = (estimator.run(pubs).result() for estimator in (StatevectorEstimator(), hybrid.Estimator()))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.data.evs, other.data.evs, rtol=0, atol=1e-12)


def test_projectors_are_observables():
    """P(|0> on qubit 1, |+> on qubit 0); Qiskit's own refuses letters other than Pauli's."""
    circuit = QuantumCircuit(2)
    circuit.ry(0.8, 0)
    circuit.ry(0.5, 1)
    (found,) = hybrid.Estimator().run([(circuit, "0+")]).result()
    assert found.data.evs == pytest.approx(np.cos(0.25) ** 2 * (1 + np.sin(0.8)) / 2, abs=1e-12)


@pytest.mark.parametrize("backend", ["exact", "reference"])
@pytest.mark.parametrize("device", ["ideal", "meluxina-q:dephasing=markov"])
def test_any_backend_and_device(backend, device):
    """The same numbers as `hybrid.compile`, which has tests of its own."""
    circuit, x = ansatz(), points((2,))
    (found,) = hybrid.Estimator(device=device, backend=backend).run([(circuit, H, x)]).result()
    expected = hybrid.compile(circuit, H, device=device, backend="aer").values(x).values
    np.testing.assert_allclose(found.data.evs, expected, rtol=0, atol=1e-9)
    assert found.metadata["physics"] and ("caveat" in found.metadata)


SEEDS = 500


def statistic(values, stderr, exact):
    """Chi squared of z over seeds against the degrees; its two tails at 1e-4 each: one false alarm in 5000."""
    total = float(np.sum(((values - exact) / stderr) ** 2))
    return chi2.cdf(total, len(values))


@pytest.mark.parametrize("precision", [0.02, 0.08])  # of few shots standard errors lean to the safe side
@pytest.mark.parametrize("observable", ["ZI", H], ids=["string", "sum"])
@pytest.mark.statistics
def test_precision_is_met_and_stds_are_true(observable, precision):
    """500 seeds. Bias would show in the mean, wrong errors in chi squared."""
    circuit, x = ansatz(), points((), seed=4)
    exact = float(StatevectorEstimator().run([(circuit, observable, x)]).result()[0].data.evs)
    pub = (circuit, observable, np.tile(x, (SEEDS, 1)))
    (found,) = hybrid.Estimator(seed=11).run([pub], precision=precision).result()
    values, stderr = found.data.evs, found.data.stds
    assert np.all(stderr > 0) and np.all(stderr <= precision)
    assert 1e-4 < statistic(values, stderr, exact) < 1 - 1e-4
    spread = np.std(values, ddof=1)
    assert spread <= precision * (1 + 4 / np.sqrt(2 * SEEDS))  # a standard deviation from 500 is known to 3 %
    assert abs(values.mean() - exact) < 4 * spread / np.sqrt(SEEDS)
    assert len(np.unique(values)) > 5


@pytest.mark.parametrize("count", [60, pytest.param(SEEDS, marks=pytest.mark.slow)])
def test_new_estimators_are_new_answers(count):
    """As above, each of its own seed."""
    circuit, x = ansatz(), points((), seed=4)
    exact = float(StatevectorEstimator().run([(circuit, "ZI", x)]).result()[0].data.evs)
    found = [
        hybrid.Estimator(seed=s, backend="exact").run([(circuit, "ZI", x)], precision=0.1).result()[0] for s in range(count)
    ]
    values, stderr = (np.array([getattr(one.data, key) for one in found]).ravel() for key in ("evs", "stds"))
    assert 1e-4 < statistic(values, stderr, exact) < 1 - 1e-4


def test_a_single_string_needs_as_many_shots_as_qiskit_takes():
    circuit = QuantumCircuit(1)
    circuit.h(0)
    (found,) = hybrid.Estimator(seed=1).run([(circuit, "Z")], precision=0.01).result()
    assert found.metadata["shots"] == 10_000 and found.metadata["target_precision"] == 0.01
    assert found.data.stds == pytest.approx(0.01, rel=1e-3)


def test_precision_is_met_where_detunings_and_not_shots_limit_it():
    """A Ramsey circuit of T2*, on the best qubit: 100 realizations alone leave 0.06; the estimator takes more answers."""
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.delay(5.9, 0, "us")
    circuit.sx(0)
    estimator = hybrid.Estimator(device="meluxina-q", seed=3)
    (found,) = estimator.run([(circuit, "Z")], precision=0.03).result()
    assert 0 < found.data.stds <= 0.03
    assert found.metadata["shots"] > 2 * np.ceil(1 / 0.03**2)
    (exact,) = estimator.run([(circuit, "Z")]).result()
    assert exact.data.stds > 0  # a mean over detunings is never exact
    assert abs(found.data.evs - exact.data.evs) < 4 * np.hypot(found.data.stds, exact.data.stds)


def test_pub_run_and_default_precision_in_this_order():
    circuit = ansatz()
    pubs = [(circuit, "ZI", points(())), (circuit, "ZI", points(()), 0.1)]
    one, other = hybrid.Estimator(default_precision=0.5).run(pubs, precision=0.25).result()
    assert (one.metadata["shots"], other.metadata["shots"]) == (16, 100)
    (default,) = hybrid.Estimator(default_precision=0.5).run(pubs[:1]).result()
    assert default.metadata["shots"] == 4
    (plain,) = hybrid.Estimator(shots=50).run(pubs[:1]).result()
    assert plain.metadata["shots"] == 50 and plain.metadata["target_precision"] is None


def test_seeds():
    pub = (ansatz(), "ZI", points((3,)))

    def values(seed, calls):
        estimator = hybrid.Estimator(seed=seed, shots=200)
        return [estimator.run([pub, pub]).result() for _ in range(calls)]

    def evs(results):
        return np.array([[pub.data.evs for pub in result] for result in results])

    first = evs(values(1, 2))
    np.testing.assert_array_equal(first, evs(values(1, 2)))
    assert not np.array_equal(first, evs(values(2, 2)))
    assert not np.array_equal(first[0], first[1])  # a second call with the seed is another answer
    assert not np.array_equal(first[0, 0], first[0, 1])  # so is a second PUB
    assert not np.array_equal(*(evs(values(None, 1)) for _ in range(2)))


def test_without_shots_calls_share_their_detunings():
    """An optimiser walks on one smooth landscape."""
    estimator, pub = hybrid.Estimator(device="meluxina-q", realizations=16, seed=1), (ansatz(), "ZI", points(()))
    one, other = (estimator.run([pub]).result()[0].data.evs for _ in range(2))
    assert one == other


def test_gradients_are_those_of_the_shift_rule():
    circuit, x = ansatz(), points((2,))
    (found,) = hybrid.Estimator().gradient([(circuit, [[H], ["XX"]], x)])
    assert found.data.gradients.shape == (2, 2, 4)
    step = 1e-5
    for i, observable in enumerate([H, SparsePauliOp("XX")]):
        for j, row in enumerate(x):
            shifted = [row + sign * step * unit for unit in np.eye(4) for sign in (1, -1)]
            up_down = [Statevector(circuit.assign_parameters(y)).expectation_value(observable).real for y in shifted]
            expected = (np.array(up_down[::2]) - up_down[1::2]) / (2 * step)
            # central differences err by step^2 = 1e-10 and by rounding over the step, 1e-11
            np.testing.assert_allclose(found.data.gradients[i, j], expected, rtol=0, atol=2e-9)
    assert found.metadata["gradient"] == "adjoint" and not found.data.gradient_stds.any()
    (sampled,) = hybrid.Estimator(seed=2).gradient([(circuit, H, x)], precision=0.02)
    z = (sampled.data.gradients - found.data.gradients[0]) / sampled.data.gradient_stds
    assert sampled.metadata["gradient"] == "parameter-shift"
    assert chi2.sf(np.sum(z**2), z.size) > 1e-4  # one false alarm in ten thousand


def test_a_transpiled_circuit_stays_on_its_qubits():
    """Qubit 4 of the device has a T1 of its own; the circuit names it, and the answer must follow."""
    backend = hybrid.Device.load("meluxina-q").backend()
    circuit = ansatz()
    isa = transpile(circuit, backend, initial_layout=[7, 6], optimization_level=1)
    estimator, x = hybrid.Estimator(device="meluxina-q", realizations=8, seed=0), points(())
    (found,) = estimator.run([(isa, H.apply_layout(isa.layout), x)]).result()
    (_, _, program) = estimator._programs._made[-1]
    assert program.resources.physical == (6, 7)
    (free,) = estimator.run([(circuit, H, x)]).result()
    ideal = float(StatevectorEstimator().run([(circuit, H, x)]).result()[0].data.evs)
    assert abs(found.data.evs - ideal) < 0.3 and abs(free.data.evs - ideal) < 0.3
    wrong = transpile(circuit, basis_gates=["u", "cx"], coupling_map=[[0, 1]], optimization_level=1)
    with pytest.raises(UsageError, match="operation '(u|cx)' is not native"):
        estimator.run([(wrong, H.apply_layout(wrong.layout), x)]).result()


def test_one_circuit_is_compiled_once(monkeypatch):
    import hybrid.qiskit_api.estimator as module

    compiled = []
    original = module.compile_query
    monkeypatch.setattr(module, "compile_query", lambda *words: compiled.append(1) or original(*words))
    estimator = hybrid.Estimator()
    for k in range(5):
        circuit = ansatz()
        estimator.run([(circuit, H, points((), seed=k))]).result()
    assert len(compiled) == 5  # parameters of that name, but others
    for k in range(5):
        estimator.run([(circuit, H, points((), seed=k)), (circuit, "ZZ", points(()))]).result()
    assert len(compiled) == 6
    circuit.x(0)  # a circuit may change under our hands
    found = estimator.run([(circuit, H, points(()))]).result()[0].data.evs
    assert len(compiled) == 7
    assert found == pytest.approx(float(StatevectorEstimator().run([(circuit, H, points(()))]).result()[0].data.evs), abs=1e-12)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"device": "meluxina"}, "Did you mean 'meluxina-q'"),
        ({"backend": "aers"}, "Did you mean 'aer'"),
        ({"dd": "echos"}, "Did you mean 'echo'"),
        ({"default_precision": 0.1, "shots": 10}, "contradict"),
    ],
)
def test_what_an_estimator_refuses(options, told):
    with pytest.raises(UsageError, match=told):
        hybrid.Estimator(**options)


def test_a_measured_circuit_has_no_expectation_value():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with pytest.raises(UsageError, match="'measure' is not a unitary gate"):
        hybrid.Estimator().run([(circuit, "Z")]).result()


# --- Sampler -----------------------------------------------------------------------------------------------------------


def two_registers():
    """Partial measurement into two registers, out of order; a bit that is never written."""
    alpha, beta = ClassicalRegister(3, "alpha"), ClassicalRegister(1, "beta")
    circuit = QuantumCircuit(QuantumRegister(4), alpha, beta)
    a, b = Parameter("a"), Parameter("b")
    circuit.ry(b, 0)
    circuit.cx(0, 3)
    circuit.ry(a, 1)
    circuit.x(2)
    circuit.measure([3, 2], [alpha[2], alpha[0]])
    circuit.measure(1, beta[0])
    return circuit


def everything():
    circuit = ansatz()
    circuit.measure_all()
    return circuit


@pytest.mark.parametrize("shape", POINTS)
@pytest.mark.parametrize("circuit", [two_registers, everything])
def test_arrays_are_those_of_qiskit(circuit, shape):
    measured = circuit()
    x = np.random.default_rng(1).uniform(-3, 3, (*POINTS[shape], measured.num_parameters))
    pub = (measured, x)
    (expected,), (found,) = (
        sampler.run([pub], shots=400).result() for sampler in (StatevectorSampler(seed=1), hybrid.Sampler(seed=1))
    )
    assert found.data.shape == expected.data.shape
    assert list(found.data) == list(expected.data)
    for name in expected.data:
        one, other = found.data[name], expected.data[name]
        assert (one.shape, one.num_bits, one.num_shots, one.array.shape) == (
            other.shape,
            other.num_bits,
            other.num_shots,
            other.array.shape,
        )
        for index in np.ndindex(*other.shape):
            # of 16 shares at most, none farther than five of its standard errors (at most 0.025, two samples)
            seen, known = one.get_counts(index), other.get_counts(index)
            assert all(abs(seen.get(word, 0) - known.get(word, 0)) < 400 * 5 * 0.025 * 2**0.5 for word in {*seen, *known})


def test_counts_follow_the_born_rule():
    """Chi squared over 500 points' counts of eight outcomes, both tails at 1e-4."""
    circuit, x = QuantumCircuit(3), np.array([0.9, 1.4, 1.9])
    for qubit, angle in enumerate(ParameterVector("x", 3)):
        circuit.ry(angle, qubit)
    circuit.cx(0, 2)
    expected = Statevector(circuit.assign_parameters(x)).probabilities() * 200
    circuit.measure_all()
    (result,) = hybrid.Sampler(seed=5).run([(circuit, np.tile(x, (SEEDS, 1)))], shots=200).result()
    total = 0.0
    for seed in range(SEEDS):
        counts = result.data.meas.get_int_counts(seed)
        total += sum((counts.get(i, 0) - e) ** 2 / e for i, e in enumerate(expected))
    assert expected.min() > 5  # enough for chi squared
    assert 1e-4 < chi2.cdf(total, 7 * SEEDS) < 1 - 1e-4


def test_shots_are_in_the_order_of_realizations_and_else_shuffled():
    """On a machine neighbouring shots share their detunings: their agreement exceeds that of distant ones."""
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.delay(6, 0, "us")
    circuit.sx(0)
    circuit.measure_all()
    (found,) = hybrid.Sampler(device="meluxina-q", realizations=20, seed=2).run([(circuit,)], shots=8000).result()
    bits = found.data.meas.to_bool_array()[:, 0].reshape(20, 400)
    spread = bits.mean(axis=1).std()
    assert spread > 4 * (0.25 / 400) ** 0.5  # blocks differ by far more than shots of one coin
    halves = [half.mean(axis=1) for half in np.split(bits, 2, axis=1)]
    assert np.abs(halves[0] - halves[1]).max() < 5 * (0.25 / 200 * 2) ** 0.5  # and are alike within


def test_sampler_shots_and_seeds():
    pub = (two_registers(), [0.4, 1.1])

    def bits(seed, calls=1, shots=None):
        sampler = hybrid.Sampler(seed=seed, default_shots=64)
        return [sampler.run([pub], shots=shots).result()[0].data.alpha.array for _ in range(calls)]

    np.testing.assert_array_equal(bits(3, 2), bits(3, 2))
    assert not np.array_equal(*bits(3, 2))
    assert bits(1)[0].shape == (64, 1) and bits(1, shots=10)[0].shape == (10, 1)
    (found,) = hybrid.Sampler().run([(*pub, 7)], shots=10).result()
    assert found.data.alpha.num_shots == found.metadata["shots"] == 7


def test_measurement_in_mid_circuit():
    circuit = QuantumCircuit(1, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)
    circuit.measure(0, 1)
    (found,) = hybrid.Sampler(seed=1).run([(circuit,)], shots=100).result()
    counts = found.data.c.get_counts()
    assert set(counts) == {"00", "01"} and sum(counts.values()) == 100
    with pytest.raises(UsageError, match="in mid-circuit"):
        hybrid.Sampler(device="meluxina-q").run([(circuit,)]).result()
    with pytest.raises(UsageError, match="take simulator 'aer'"):
        hybrid.Sampler(backend="exact").run([(circuit,)]).result()


def test_what_a_sampler_refuses():
    with pytest.raises(UsageError, match="default_shots must be at least 1"):
        hybrid.Sampler(default_shots=0)
    with pytest.raises(UsageError, match="unknown dd 'xx'"):
        hybrid.Sampler(dd="xx")
    with pytest.raises(UsageError, match="measures nothing"):
        hybrid.Sampler(device="meluxina-q").run([(QuantumCircuit(1, 1),)]).result()


def test_a_generator_is_a_seed_as_qiskits_own_primitives_take_it():
    """Equal generators give equal answers; a generator is drawn from, so the next one that uses it differs."""
    circuit = QuantumCircuit(1)
    circuit.h(0)
    measured = circuit.measure_all(inplace=False)
    device = hybrid.Device.load("ideal")

    def values(rng):
        return (
            float(hybrid.Estimator(seed=rng, shots=100).run([(circuit, "Z")]).result()[0].data.evs),
            hybrid.Sampler(seed=rng).run([(measured,)], shots=100).result()[0].data.meas.get_counts(),
            device.backend(seed_simulator=rng).run(measured, shots=100).result().get_counts(),
        )

    shared = np.random.default_rng(5)
    first, second = values(shared), values(shared)
    assert first == values(np.random.default_rng(5)) and first != second
    assert values(7) == values(7) != first


@pytest.mark.parametrize("device", ["ideal", "meluxina-q"])
def test_a_circuit_appended_to_another_is_what_it_was(device):
    """`append` makes an instruction of it; composed, it is the same circuit."""
    inner, angles = real_amplitudes(2, reps=1), np.full(4, 0.3)
    appended, composed = QuantumCircuit(2), QuantumCircuit(2)
    appended.append(inner, [1, 0])
    composed.compose(inner, [1, 0], inplace=True)
    observable = SparsePauliOp("ZI")
    values = [
        hybrid.compile(circuit, observable, device=device, backend="exact").values(angles[None], seed=1).values[0]
        for circuit in (appended, composed)
    ]
    assert values[0] == values[1]
    bound = appended.assign_parameters(angles)
    bound.measure_all()
    assert sum(hybrid.sample(bound, device=device, shots=50).counts.values()) == 50
    assert hybrid.Sampler(device=device).run([bound], shots=50).result()[0].data.meas.num_shots == 50
