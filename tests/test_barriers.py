"""Barriers keep what is written: gates stay gates, and nothing passes a wall, on every road that measures a circuit."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

import hybrid
from hybrid.base.errors import UsageError
from hybrid.compilation.schedule import schedule
from hybrid.compilation.transpile import to_isa
from hybrid.device.device import Device

DEVICE = "meluxina-q:dephasing=markov"


def mirrored(*, measured: bool) -> QuantumCircuit:
    """X, a barrier and X: the identity, two pulses of each X apart."""
    circuit = QuantumCircuit(1, 1 if measured else 0)
    circuit.x(0)
    circuit.barrier(0)
    circuit.x(0)
    if measured:
        circuit.measure(0, 0)
    return circuit


def test_sample():
    found = hybrid.sample(mirrored(measured=True), device=DEVICE, shots=10)
    assert found.native_gates["sx"] == 4 and found.duration_s == pytest.approx(4 * 65e-9)


def test_sampler():
    result = hybrid.Sampler(device=DEVICE, seed=1).run([mirrored(measured=True)], shots=20_000).result()
    errors = 1 - result[0].data.c.get_counts()["0"] / 20_000
    # 1 % of preparation, 1.5 % of readout, and four X90 pulses of 0.1 %: without the pulses 2.4 to 2.5 %
    assert 0.0255 < errors < 0.031  # the pulses add 0.2 %, two standard errors; three standard errors either way


def test_compile_and_estimator():
    plain = QuantumCircuit(1)
    both = [hybrid.compile(c, SparsePauliOp("Z"), device=DEVICE, backend="exact") for c in (plain, mirrored(measured=False))]
    values = [program.values(np.zeros((1, 0)), seed=0)[0][0] for program in both]
    assert values[1] < values[0] - 1e-3
    estimator = hybrid.Estimator(device=DEVICE, backend="exact")
    assert estimator.run([(mirrored(measured=False), SparsePauliOp("Z"))]).result()[0].data.evs == pytest.approx(values[1])


def bell(*, wall: bool) -> QuantumCircuit:
    """Two qubits with pulses of their own, then a barrier or none, then a pulse on the first and a CX."""
    circuit = QuantumCircuit(3)
    circuit.sx(0)
    circuit.sx(2)
    circuit.delay(1000, 2, "ns")
    if wall:
        circuit.barrier()
    circuit.sx(1)
    circuit.cx(1, 0)
    circuit.sx(2)
    return circuit


def test_a_barrier_is_a_wall_in_the_schedule():
    """Qubit 2 waits for 1 us; behind the barrier nothing begins before that is over, without it the rest begins at once."""
    device = Device.load(DEVICE)
    starts = {}
    for wall in (False, True):
        isa = to_isa(bell(wall=wall), device)
        gates = schedule(isa.circuit, device, isa.physical).operations
        starts[wall] = [timed.start_s for timed in gates if timed.gate.name == "cz"]
        assert isa.circuit.count_ops().get("barrier", 0) == wall
        assert isa.circuit.count_ops()["delay"] == 1
    assert min(starts[False]) < 1e-6 < min(starts[True])


def test_walls_are_the_same_on_every_road():
    """`compile` and `sample` of a circuit with a barrier take the same time, on the same qubits."""
    circuit = bell(wall=True)
    compiled = hybrid.compile(circuit, SparsePauliOp("ZZZ"), device=DEVICE, backend="exact").resources
    circuit.measure_all()
    sampled = hybrid.sample(circuit, device=DEVICE, shots=10)
    assert sampled.duration_s == pytest.approx(compiled.duration_s) and sampled.duration_s > 1e-6
    assert sampled.native_gates == compiled.gates


def there_and_back() -> QuantumCircuit:
    """X twice without a barrier between."""
    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.x(0)
    return circuit


LEVELS = {
    "sample": lambda circuit, **how: hybrid.sample(circuit.measure_all(inplace=False), shots=20, **how).native_gates,
    "compile": lambda circuit, **how: hybrid.compile(circuit, SparsePauliOp("Z"), **how).resources.gates,
    "Sampler": lambda circuit, **how: hybrid.Sampler(**how).run([circuit.measure_all(inplace=False)]).result(),
    "Estimator": lambda circuit, **how: hybrid.Estimator(**how).run([(circuit, "Z")]).result(),
}


@pytest.mark.parametrize("road", LEVELS)
def test_a_circuit_that_loses_all_its_gates_says_so(road):
    with pytest.warns(UserWarning, match=r"the circuit loses all its gates \(2\)"):
        LEVELS[road](there_and_back(), device="meluxina-q")


@pytest.mark.parametrize("road", LEVELS)
def test_at_level_0_everything_stays(road):
    """A warning would be an error here."""
    found = LEVELS[road](there_and_back(), device="meluxina-q", optimization_level=0)
    assert not isinstance(found, dict) or found["sx"] == 4


@pytest.mark.parametrize("road", LEVELS)
def test_a_level_that_does_not_exist(road):
    with pytest.raises(UsageError, match="the optimization level is one of 0, 1, 2, 3, not 4"):
        LEVELS[road](there_and_back(), device="meluxina-q", optimization_level=4)
