"""`Device.backend()`: what any Qiskit program expects of a vendor's `BackendV2`, and the physics behind it."""

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.library import quantum_volume
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2
from qiskit.providers import BackendV2, JobStatus
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from qiskit.result import MeasLevel
from qiskit.utils.optionals import HAS_GRAPHVIZ
from scipy.stats import chi2

import hybrid
from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.qiskit_api.template import template

NOISY = [name for name in catalog.names("devices") if name != "ideal"]


def backend(device="meluxina-q", **options):
    return hybrid.Device.load(device).backend(**options)


def ghz(n):
    circuit = QuantumCircuit(n)
    circuit.h(0)
    for qubit in range(n - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    return circuit


# --- As for any vendor's -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("name", NOISY)
def test_transpiled_circuits_are_native_and_the_same(name, level):
    device = hybrid.Device.load(name)
    vendor = device.backend()
    circuit = quantum_volume(3, 2, seed=4)
    isa = transpile(circuit, vendor, optimization_level=level, seed_transpiler=1)
    assert set(isa.count_ops()) <= set(device.gates)
    for item in isa.data:
        qubits = tuple(isa.find_bit(bit).index for bit in item.qubits)
        assert vendor.target.instruction_supported(item.operation.name, qubits)
    if isa.num_qubits <= 10:
        assert Operator(_columns(isa)).equiv(Operator(circuit))
    measured = circuit.copy()
    measured.measure_all()
    counts = vendor.run(transpile(measured, vendor, optimization_level=level), shots=20, seed_simulator=1).result().get_counts()
    assert sum(counts.values()) == 20 and all(len(word) == 3 for word in counts)


def _columns(isa):
    """What a laid-out circuit of 3 qubits does to their 8 basis states, every other qubit being and staying 0, (8, 8)."""
    first, last = (index(filter_ancillas=True) for index in (isa.layout.initial_index_layout, isa.layout.final_index_layout))
    bare = QuantumCircuit(isa.num_qubits)
    for item in isa.data:
        bare.append(item.operation, [isa.find_bit(bit).index for bit in item.qubits])
    at = [sum((k >> i & 1) << q for i, q in enumerate(last)) for k in range(8)]
    columns = [
        Statevector.from_int(sum((k >> i & 1) << q for i, q in enumerate(first)), 2**isa.num_qubits).evolve(bare).data[at]
        for k in range(8)
    ]
    assert np.linalg.norm(columns) == pytest.approx(8**0.5)
    return np.array(columns).T


@pytest.mark.parametrize("name", NOISY)
def test_the_target_tells_the_profile(name):
    device = hybrid.Device.load(name)
    vendor = device.backend()
    target = vendor.target
    assert isinstance(vendor, BackendV2) and vendor.num_qubits == device.n_qubits
    assert set(vendor.operation_names) == {*device.gates, "delay", "measure"}
    for gate in device.gates.values():
        for qubits, duration_s in gate.duration_s.items():
            for order in {qubits, qubits[::-1]}:
                assert target[gate.name][order].duration == duration_s
                assert target[gate.name][order].error == gate.error[qubits]
    for q in range(device.n_qubits):
        assert target["measure"][(q,)].error == pytest.approx((device.readout_p01[q] + device.readout_p10[q]) / 2)
        assert target["measure"][(q,)].duration == device.readout_s
        assert vendor.qubit_properties(q).t1 == device.t1_s[q] and vendor.qubit_properties(q).t2 == device.t2_echo_s[q]
    if device.edges is None:
        assert len(vendor.coupling_map.get_edges()) == device.n_qubits * (device.n_qubits - 1)
    else:
        assert {tuple(sorted(edge)) for edge in vendor.coupling_map} == set(device.edges)
    assert vendor.instruction_durations is not None and vendor.max_circuits is None and vendor.dt is None
    assert vendor.name == name and device.caveat in target.description


def test_the_map_is_drawn():
    pytest.importorskip("matplotlib")
    from matplotlib import pyplot
    from rustworkx.visualization import mpl_draw

    figure = mpl_draw(backend().coupling_map.graph)
    assert len(figure.axes[0].patches) >= 9  # the chain's edges
    pyplot.close(figure)


@pytest.mark.skipif(not HAS_GRAPHVIZ, reason="Qiskit draws gate maps with Graphviz, which is not installed")
def test_the_gate_map_is_drawn():
    pytest.importorskip("matplotlib")
    from matplotlib import pyplot
    from qiskit.visualization import plot_gate_map

    pyplot.close(plot_gate_map(backend()))


def test_the_ideal_backend_takes_any_circuit():
    vendor = backend("ideal", seed_simulator=3)
    assert vendor.coupling_map is None and {"if_else", "reset", "ccx"} <= set(vendor.operation_names)
    circuit = quantum_volume(4, 4, seed=1)
    exact = Statevector(circuit).probabilities() * 4000
    circuit.measure_all()
    for level in range(4):
        counts = vendor.run(transpile(circuit, vendor, optimization_level=level), shots=4000).result().get_counts()
        seen = np.array([counts.get(f"{i:04b}", 0) for i in range(16)])
        kept = exact > 5  # enough for chi squared; one false alarm in ten thousand at each level
        assert chi2.sf(np.sum((seen - exact)[kept] ** 2 / exact[kept]), kept.sum() - 1) > 1e-4


# --- Results -------------------------------------------------------------------------------------------------------------


def registers():
    """Two registers, a bit that is never written, measurements out of order, a qubit that is not read."""
    a, b = ClassicalRegister(2, "a"), ClassicalRegister(2, "b")
    circuit = QuantumCircuit(QuantumRegister(3), a, b)
    circuit.x(0)
    circuit.measure(0, b[1])
    circuit.measure(2, a[0])
    return circuit


def test_registers_and_partial_measurement():
    result = backend("ideal").run(registers(), shots=5, memory=True).result()
    assert result.get_counts() == {"10 00": 5} and result.get_memory() == ["10 00"] * 5
    assert result.data(0)["counts"] == {"0x8": 5}


def test_counts_are_those_of_the_memory():
    vendor = backend()
    result = vendor.run(transpile(ghz(3), vendor), shots=700, memory=True, seed_simulator=4).result()
    memory = result.get_memory()
    assert len(memory) == 700 and {word: memory.count(word) for word in set(memory)} == result.get_counts()


def test_seeds_and_several_circuits():
    vendor = backend()
    isa = transpile(ghz(2), vendor)

    def counts(seed, circuits):
        return vendor.run(circuits, shots=400, seed_simulator=seed).result().get_counts()

    one, other = counts(5, [isa, isa])
    assert one != other  # each circuit of a job has randomness of its own
    assert counts(5, [isa, isa]) == [one, other] and counts(5, isa) == one
    assert counts(6, isa) != one and counts(None, isa) != counts(None, isa)


def test_circuits_of_one_job_draw_what_they_draw_alone():
    """Circuits that differ in their angles share one compilation, in which no other circuit has a part."""
    vendor, rng = backend(), np.random.default_rng(2)
    circuits = []
    for name in "abc":
        circuit = QuantumCircuit(2, name=name)
        circuit.ry(rng.uniform(0, 3), 0)
        circuit.cx(0, 1)
        circuit.measure_all()
        circuits.append(circuit)
    isas = [*transpile(circuits, vendor, seed_transpiler=1), transpile(ghz(2), vendor)]
    assert len({template(isa).key for isa in isas}) == 2
    together = vendor.run(isas, shots=300, seed_simulator=8).result()
    assert [header["name"] for header in (item.header for item in together.results)][:3] == ["a", "b", "c"]
    for i, isa in enumerate(isas):
        others = [isas[3]] * i  # in front of it, so that it has the same child of the seed
        alone = vendor.run([*others, isa], shots=300, seed_simulator=8).result()
        assert alone.get_counts(i) == together.get_counts(i)
        aer = vendor.run([*others, isa], shots=300, seed_simulator=8, simulator="aer").result()
        assert aer.get_counts(i) == together.get_counts(i)  # both draw from exact probabilities with one generator


def test_options_of_the_backend_and_of_a_run():
    vendor = backend(shots=30, simulator="exact", realizations=3, dd="echo")
    isa = transpile(ghz(2), vendor)
    result = vendor.run(isa).result()
    assert sum(result.get_counts().values()) == 30
    simulator = result.results[0].metadata["simulator"]
    assert "exact engine" in simulator and "3 realizations" in simulator
    vendor.set_options(shots=7)
    assert sum(vendor.run(isa).result().get_counts().values()) == 7
    assert sum(vendor.run(isa, shots=9, simulator="aer").result().get_counts().values()) == 9
    job = vendor.run(isa)
    assert job.status() is JobStatus.DONE and job.result().job_id == job.job_id() and job.backend() is vendor
    assert "Not a prediction" in job.result().metadata["caveat"]
    assert job.result().results[0].metadata["qpu_seconds"] == pytest.approx(7 * vendor.device.shot_cycle_s)


# --- Physics -------------------------------------------------------------------------------------------------------------


def test_noise_is_that_of_hybrid_sample():
    """The same device by two doors; four outcomes, one false alarm in ten thousand."""
    vendor = backend("meluxina-q:dephasing=markov")
    circuit = ghz(2)
    shots = 20_000
    isa = transpile(circuit, vendor, optimization_level=2, seed_transpiler=0)
    counts = vendor.run(isa, shots=shots, seed_simulator=1).result().get_counts()
    other = hybrid.sample(circuit, device="meluxina-q:dephasing=markov", shots=shots, seed=2).counts
    both = np.array([[found.get(word, 0) for word in ("00", "01", "10", "11")] for found in (counts, other)])
    assert chi2.sf(np.sum((both[0] - both[1]) ** 2 / both.sum(axis=0)), 3) > 1e-4
    assert counts["01"] > 100  # and there is noise


def test_circuits_run_on_the_qubits_they_name():
    """The device's qubits differ in T1 here; an excitation decays with that of its own qubit."""
    device = hybrid.Device.load("spin-sige-6q")
    vendor = device.backend()
    circuit = QuantumCircuit(6, 1)
    circuit.sx(5)
    circuit.sx(5)
    circuit.delay(20, 5, "us")
    circuit.measure(5, 0)
    assert vendor.run(circuit, shots=200, seed_simulator=1).result().get_counts()["1"] > 150
    away = QuantumCircuit(6, 1)
    away.sx(5)
    away.sx(5)
    away.measure(4, 0)
    assert vendor.run(away, shots=200, seed_simulator=1).result().get_counts()["0"] > 150


def test_quasistatic_dephasing_refocuses():
    """Ramsey at two T2* has lost its contrast exp(-4), an echo at the same time has not: no Markovian model does that."""
    device = hybrid.Device.load("meluxina-q")
    wait_us = 2e6 * device.t2_star_s[0]
    ramsey, echo = QuantumCircuit(1, 1), QuantumCircuit(1, 1)
    for circuit in (ramsey, echo):
        circuit.sx(0)
        circuit.delay(wait_us / 2, 0, "us")
        if circuit is echo:
            circuit.sx(0)
            circuit.sx(0)
        circuit.delay(wait_us / 2, 0, "us")
        circuit.sx(0)
        circuit.measure(0, 0)
    found = device.backend().run([ramsey, echo], shots=4000, seed_simulator=2, realizations=400).result().get_counts()
    contrast = [abs(2 * counts.get("1", 0) / 4000 - 1) for counts in found]
    assert contrast[0] < 0.15 and contrast[1] > 0.4  # 0.018 +- 0.035; 0.6 +- 0.02 with T2, readout and initialisation


def test_barriers_count_in_the_schedule():
    """A qubit that waits behind a barrier for a neighbour's delay dephases; without the barrier it is measured at the end as
    well, but has been turned back before."""
    device = hybrid.Device.load("meluxina-q")
    vendor = device.backend(realizations=200)

    def flips(barrier):
        circuit = QuantumCircuit(2, 1)
        circuit.sx(0)
        circuit.delay(4e6 * device.t2_star_s[0], 1, "us")
        if barrier:
            circuit.barrier()
        circuit.sx(0)
        circuit.measure(0, 0)
        return vendor.run(circuit, shots=2000, seed_simulator=1).result().get_counts().get("0", 0) / 2000

    assert flips(False) < 0.2 and 0.35 < flips(True) < 0.65


# --- Qiskit's primitives on it ---------------------------------------------------------------------------------------------


def test_backend_sampler_and_estimator():
    vendor = backend("ideal", seed_simulator=1)
    angle = Parameter("t")
    circuit = QuantumCircuit(2)
    circuit.ry(angle, 0)
    circuit.cx(0, 1)
    observable = SparsePauliOp(["ZZ", "XX", "IZ"], [1, 0.5, 0.3])
    isa = transpile(circuit, vendor)
    pub = (isa, observable.apply_layout(isa.layout), [[0.4], [1.2]])
    (found,) = BackendEstimatorV2(backend=vendor).run([pub], precision=0.02).result()
    exact = [Statevector(circuit.assign_parameters([t])).expectation_value(observable).real for t in (0.4, 1.2)]
    np.testing.assert_allclose(found.data.evs, exact, rtol=0, atol=5 * 0.02 * 1.8)
    measured = isa.copy()
    measured.measure_all()
    (sampled,) = BackendSamplerV2(backend=vendor).run([(measured, [0.4])], shots=500).result()
    counts = sampled.data.meas.get_counts()
    assert set(counts) == {"00", "11"} and abs(counts["11"] / 500 - np.sin(0.2) ** 2) < 5 * 0.01
    noisy = backend(seed_simulator=1)
    isa = transpile(circuit, noisy)
    (found,) = BackendEstimatorV2(backend=noisy).run([(isa, observable.apply_layout(isa.layout), [0.4])]).result()
    assert abs(found.data.evs - exact[0]) < 0.5


# --- What is refused -------------------------------------------------------------------------------------------------------


def _with(name, *words):
    circuit = QuantumCircuit(10, 10)
    getattr(circuit, name)(*words)
    circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize(
    ("circuit", "told"),
    [
        (_with("h", 0), r"'h' is not native to device 'meluxina-q' \(native: rz, sx, cz\); translate the circuit first"),
        (_with("cz", 0, 5), "operation 'cz' does not act on qubits 0, 5 of device 'meluxina-q'; route the circuit first"),
        (_with("initialize", [0.6, 0.8], [0]), r"operation '.*' is not native to device 'meluxina-q'"),
        (QuantumCircuit(2, 2), "measures nothing"),
        (ghz(11), "the circuit has 11 qubits, device 'meluxina-q' has 10"),
        (_with("measure", 0, 1).compose(_with("sx", 0)), "in mid-circuit"),
        (_with("sx", 0).compose(_with("initialize", [1, 0], [0])), "in mid-circuit"),
        (_with("rz", Parameter("phi"), 0), "free parameters: phi"),
    ],
)
def test_circuits_that_are_refused(circuit, told):
    with pytest.raises(UsageError, match=told):
        backend().run(circuit)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"meas_level": 1}, r"meas_level takes 2 \(bits\), not 1: raw and integrated signals"),
        ({"init_qubits": False}, "init_qubits takes True"),
        ({"shots": 0}, "shots takes a whole number of at least 1, not 0"),
        ({"shots": 1.5}, "shots takes a whole number of at least 1, not 1.5"),
        ({"realizations": 1}, "realizations takes a whole number of at least 2"),
        ({"seed_simulator": -1}, "seed_simulator takes a whole number of at least 0"),
        ({"dd": "xx"}, "unknown dd 'xx'"),
        ({"simulator": "aers"}, "unknown backend 'aers'. Did you mean 'aer'"),
    ],
)
def test_options_that_are_refused(options, told):
    with pytest.raises(UsageError, match=told):
        backend(**options)
    with pytest.raises(UsageError, match=told):
        backend().run(_with("sx", 0), **options)


def test_options_of_other_backends():
    """What programs for other backends pass is taken; what has no effect is said once, in the constructor refused."""
    vendor = backend(seed_simulator=1)
    circuit = _with("sx", 0)
    plain = vendor.run(circuit).result().get_counts()
    usual = vendor.run(
        circuit, meas_level=MeasLevel.CLASSIFIED, meas_return="single", init_qubits=True, rep_delay=1e-4, memory=True
    )
    assert usual.result().get_counts() == plain and len(usual.result().get_memory()) == 1024
    assert usual.cancel() is False
    with pytest.warns(UserWarning, match="unknown option of a backend 'shot'. Did you mean 'shots'.*no effect"):
        assert vendor.run(circuit, shot=3).result().get_counts() == plain
    vendor.run(circuit, shot=3)  # warned before; any warning would be an error here
    with pytest.raises(UsageError, match="unknown option of a backend 'shot'. Did you mean 'shots'"):
        backend(shot=3)


def test_a_delay_of_many_lifetimes_leaves_the_ground_state():
    circuit = QuantumCircuit(10, 1)
    circuit.sx(0)
    circuit.delay(30, 0, "s")  # 1,400 T1
    circuit.measure(0, 0)
    counts = backend(seed_simulator=1).run(circuit, shots=1000).result().get_counts()
    assert counts["1"] < 100  # false readout alone: 1.5 %, as much of idle qubits


def test_max_circuits():
    vendor = backend("ideal", max_circuits=2)
    assert vendor.max_circuits == 2
    with pytest.raises(UsageError, match="3 circuits are too many for one job; max_circuits is 2"):
        vendor.run([ghz(2)] * 3)
    (found,) = BackendSamplerV2(backend=vendor).run([(ghz(2),)] * 1, shots=10).result()
    assert found.data.meas.num_shots == 10
    assert len(BackendSamplerV2(backend=vendor).run([(ghz(2),)] * 5, shots=10).result()) == 5  # cut by Qiskit
    with pytest.raises(UsageError, match="max_circuits must be at least 1"):
        backend(max_circuits=0)
