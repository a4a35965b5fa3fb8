"""Metric and overlaps: closed forms, recorded, and read from the record again."""

import json

import numpy as np
import pytest
from interruption import interrupted_everywhere
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp, Statevector

import hybrid
from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import Expectation, Loss, Metric, Overlap, Overlaps
from hybrid.device.device import Device
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.review.cross_check import cross_check
from hybrid.review.replay import repeat
from hybrid.runs import device_interval
from hybrid.runs import results_folder as runs
from hybrid.runs.loop import Cost
from hybrid.runs.loss import Measurement
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

ROUNDING = 1e-12
"""A handful of gates in double precision."""
NEW = ("natural_gradient", "qn_spsa")


def two_angles() -> QuantumCircuit:
    """RZ(b) RY(a) on |0>, parameters in the order a, b."""
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("a"), 0)
    circuit.rz(Parameter("b"), 0)
    return circuit


def fidelity(circuit: QuantumCircuit, a: np.ndarray, b: np.ndarray) -> float:
    return abs(Statevector(circuit.assign_parameters(a)).inner(Statevector(circuit.assign_parameters(b)))) ** 2


@pytest.mark.parametrize("device", ["ideal", "meluxina-q", "iqm-star-24"])
@pytest.mark.parametrize("a", [0.0, 0.3, -1.2, 2.0])
def test_closed_forms(device, a):
    """REFERENCE: 1/4 for one RY, diag(1/4, sin^2(a)/4) for RZ(b) RY(a)|0>; noise and native gates change nothing."""
    one = QuantumCircuit(1)
    one.ry(Parameter("t"), 0)
    observable = SparsePauliOp("Z")
    assert hybrid.compile(one, observable, device=device).metric(np.array([a])) == pytest.approx(0.25, abs=ROUNDING)
    found = hybrid.compile(two_angles(), observable, device=device, shots=100).metric(np.array([a, 0.7]))
    assert found == pytest.approx(np.diag([0.25, np.sin(a) ** 2 / 4]), abs=ROUNDING)


@pytest.mark.parametrize("device", ["ideal", "meluxina-q"])
def test_against_the_fidelity_of_neighbours(device):
    """1 - F(x, x + d) = d g d to second order, on a routed circuit with a parameter that occurs twice and one that does not."""
    circuit = efficient_su2(3, reps=1, entanglement="circular")
    shared = Parameter("shared")
    circuit.rz(2 * shared, 0)
    circuit.rx(shared + 0.3, 2)
    x = np.random.default_rng(3).uniform(-2, 2, circuit.num_parameters)
    metric = hybrid.compile(circuit, SparsePauliOp("ZZZ"), device=device).metric(x)
    assert np.array_equal(metric, metric.T)
    assert np.linalg.eigvalsh(metric).min() > -ROUNDING
    for direction in np.random.default_rng(4).normal(size=(5, len(x))):
        step = 1e-3 * direction / np.linalg.norm(direction)
        lost = 1 - (fidelity(circuit, x, x + step) + fidelity(circuit, x, x - step)) / 2
        assert lost / (step @ step) == pytest.approx(step @ metric @ step / (step @ step), abs=1e-5)  # h^2 and 1e-16/h^2


def test_nothing_to_turn():
    circuit = QuantumCircuit(1)
    circuit.h(0)
    assert hybrid.compile(circuit, SparsePauliOp("Z")).metric(np.zeros(0)).shape == (0, 0)


def test_refusals(monkeypatch):
    circuit = two_angles()
    program = hybrid.compile(circuit, SparsePauliOp("Z"))
    with pytest.raises(UsageError, match=r"shape \(k, 2\)"):
        program.metric(np.zeros(3))
    member = catalog.load(catalog.parse("backends", "exact"))()
    overlap = compile_query(
        Overlap(circuit, two_angles().assign_parameters([0.1, 0.2])),
        tuple(circuit.parameters),
        Device.load("ideal"),
        member,
        Measuring(),
    )
    with pytest.raises(UsageError, match="an overlap has two"):
        overlap.metric(np.zeros(2))
    monkeypatch.setattr("hybrid.compilation.resources.memory_of_this_machine", lambda: (100, 100))
    with pytest.raises(UsageError, match="the metric of 2 angles on 1 qubits needs 384 B; this machine has 100 B free"):
        program.metric(np.zeros(2))


def measurement(device: str, shots: int = 0, **more) -> tuple[QuantumCircuit, Measurement]:
    circuit = efficient_su2(2, reps=1)
    loss = Loss((Expectation(circuit, SparsePauliOp(["ZZ", "XI"], [1.0, 0.5])),))
    member = catalog.load(catalog.parse("backends", "exact"))()
    measuring = Measuring(Conditions(shots=shots))
    parameters = list(circuit.parameters)
    return circuit, Measurement(loss, parameters, Device.load(device), member, measuring, **({"state": circuit} | more))


def test_overlaps_are_fidelities():
    circuit, exact = measurement("ideal")
    pairs = np.random.default_rng(5).uniform(-2, 2, (4, 2, 8))
    found = exact.overlaps(pairs, np.random.SeedSequence(1))
    assert found.values == pytest.approx([fidelity(circuit, a, b) for a, b in pairs], abs=ROUNDING)
    assert not found.stderr.any()
    _, sampled = measurement("ideal", shots=2000)
    noisy = sampled.overlaps(pairs, np.random.SeedSequence(1))
    assert np.all(np.abs(noisy.values - found.values) < 4.5 * noisy.stderr)  # four z values: false alarm 3e-5
    assert np.all(noisy.stderr > 0)


def test_overlaps_are_measured_on_the_device():
    """A state's overlap with itself is 1 but for the noise of twice its circuit."""
    _, noisy = measurement("meluxina-q")
    x = np.full(8, 0.4)
    (found,) = noisy.overlaps(np.stack([x, x])[None], np.random.SeedSequence(1), np.random.SeedSequence(2)).values
    assert 0.5 < found < 0.97


def test_costs():
    _, on_device = measurement("meluxina-q", shots=300)
    four = Overlaps(np.zeros(8), np.zeros((4, 2, 8)), 0)
    assert on_device.cost(four)[:3] == (4, 0, 1200)
    assert on_device.cost(four).qpu_seconds == pytest.approx(1200 * 600e-6)
    assert on_device.cost(Metric(np.zeros(8), 0)) == Cost(nfev=1)


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("how", [{}, {"shots": 100}, {"device": "meluxina-q", "shots": 100}])
def test_interrupted_replayed_and_audited(tmp_path, monkeypatch, name, how):
    """Every answer in turn is the last before an interruption; the record ends equal, repeats in every bit, and holds."""
    monkeypatch.setattr(device_interval, "INTERVAL_QUBITS", 0)  # other devices are asked neither
    spec = Spec(problem="h2", optimizer=name, backend="exact", max_iterations=2, **how)
    untroubled = run(spec, tmp_path / "untroubled")
    result, attempts = interrupted_everywhere(spec, tmp_path / "again")
    assert attempts == 4
    assert result.digest == untroubled.digest
    path = tmp_path / "again" / f"{spec.id}.jsonl"
    assert repeat(path).verdict == "identical"
    assert cross_check(path, backend="reference" if not how else None, seed=3).agrees
    asked = [answer["question"] for answer in runs.read(path).answers]
    assert asked == [*(["gradient", "metric"] if name == NEW[0] else ["values", "overlaps"]) * 2, "final"]
    rows = list(runs.rows(runs.read(path)))
    assert rows[1]["value"] is None
    assert rows[3]["nfev"] == result.nfev == runs.read(path).evaluations()[3]
    assert json.dumps(rows)


def test_the_report_says_whose_metric(tmp_path):
    told = {
        device: run(Spec(problem="h2", optimizer="natural_gradient", device=device, max_iterations=1), tmp_path).simulator
        for device in ("ideal", "meluxina-q")
    }
    assert told["ideal"].endswith("; metric by the exact engine")
    assert "; metric by the exact engine, of the state without noise; Qiskit Aer agrees" in told["meluxina-q"]


FOREIGN = '''
from qiskit.quantum_info import SparsePauliOp
from hybrid.base.types import Expectation, Loss, Values, Metric


def two_circuits(session, problem):
    """A loss over the ansatz's state and another one, as a classifier's."""
    ansatz = session.ansatz(problem.ansatz)
    other = ansatz.circuit.copy()
    other.x(0)
    queries = tuple(Expectation(circuit, problem.hamiltonian) for circuit in (ansatz.circuit, other))
    return session.minimize(Loss(queries, lambda v: v.sum(axis=0), lambda v: 0 * v + 1), ansatz)


def undeclared(x, rng):
    """An optimiser that does not say beforehand what it asks."""
    (loss,) = yield Values(x, x[None], iteration=0)
    metric = yield Metric(x, iteration=0)
    return x
'''


@pytest.mark.parametrize("name", NEW)
def test_a_loss_of_other_circuits_is_refused_before_anything_is_measured(tmp_path, name):
    (tmp_path / "mine.py").write_text(FOREIGN)
    spec = Spec(problem="h2", algorithm=f"{tmp_path}/mine.py:two_circuits", optimizer=name)
    with pytest.raises(UsageError, match="measures 1 circuit beside the ansatz; take an optimizer that asks for values"):
        run(spec, tmp_path / "results")
    assert not list(tmp_path.glob("results/*"))


def test_an_optimizer_from_outside_may_ask_too(tmp_path):
    (tmp_path / "mine.py").write_text(FOREIGN)
    assert run(Spec(problem="h2", optimizer=f"{tmp_path}/mine.py:undeclared"), tmp_path / "results").converged
    spec = Spec(problem="h2", algorithm=f"{tmp_path}/mine.py:two_circuits", optimizer=f"{tmp_path}/mine.py:undeclared")
    with pytest.raises(UsageError, match="beside the ansatz"):
        run(spec, tmp_path / "results")


@pytest.mark.parametrize("name", NEW)
def test_h2_is_found(tmp_path, name):
    """To chemical accuracy, 1.6 mHa; both start 20 mHa above it."""
    result = run(Spec(problem="h2", optimizer=name, backend="exact", max_iterations=300), tmp_path)
    assert result.gap is not None
    assert 0 <= result.gap + 1e-9 < 1.6e-3
