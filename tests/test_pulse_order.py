"""The order of pulses: the same for every listing of a circuit, the circuit itself unchanged, walls and waits respected."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import RXGate, SXGate
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector

import hybrid
from hybrid.base.types import Operation
from hybrid.compilation.noise import DIAGONAL, describe, describe_all
from hybrid.compilation.pulse_order import arranged, canonical_orders, ordered, take_apart, written
from hybrid.compilation.reading import shortened_reading
from hybrid.compilation.schedule import listed, schedule, schedule_all
from hybrid.compilation.transpile import IsaCircuit
from hybrid.device.detuning import DetunedAngles
from hybrid.device.device import Device
from hybrid.measure.execution import Conditions
from hybrid.measure.set_up import engine, set_up

SERIAL, ROTATIONS, IONS = (Device.load(name) for name in ("meluxina-q", "pioneer-p10", "aqt-20"))
PARALLEL = replace(SERIAL, gates=SERIAL.gates | {"sx": replace(SERIAL.gates["sx"], parallel=True)})
DEVICES = {"sx and cz on one line": SERIAL, "sx and rzz in parallel": ROTATIONS, "parallel sx": PARALLEL, "rx and rxx": IONS}
GATES = {
    "sx and cz on one line": "rz sx cz",
    "sx and rzz in parallel": "rz sx rzz",
    "parallel sx": "rz sx cz",
    "rx and rxx": "rz rx rxx",
}
N = 4
NONE = np.zeros((1, 0))


@st.composite
def native(draw: st.DrawFn, names: str) -> QuantumCircuit:
    """A circuit of native gates on a chain, with barriers, waits and one parameter."""
    circuit, theta = QuantumCircuit(N), Parameter("theta")
    for kind, q, angle in draw(
        st.lists(
            st.tuples(
                st.sampled_from([*names.split(), names.split()[2], "barrier", "delay", "theta"]),
                st.integers(0, N - 2),
                st.floats(-3, 3),
            ),
            max_size=24,
        )
    ):
        match kind:
            case "theta":
                circuit.rz(theta, q)
            case "sx":
                circuit.sx(q)
            case "cz":
                circuit.cz(q, q + 1)
            case "rzz" | "rxx":
                getattr(circuit, kind)(angle, q, q + 1)
            case "barrier":
                circuit.barrier(q, q + 1)
            case "delay":
                circuit.delay(300, q, "ns")
            case _:
                getattr(circuit, kind)(angle, q)
    if theta not in circuit.parameters:
        circuit.rz(theta, 0)
    return circuit


def kind_of(item) -> str:
    name = item.operation.name
    return name if name in ("barrier", "delay") else "Z" if name in DIAGONAL else "X"


def shuffled(circuit: QuantumCircuit, rng: np.random.Generator) -> QuantumCircuit:
    """The same circuit listed otherwise: neighbours change places where they share no qubit, or commute."""
    items = list(circuit.data)
    for _ in range(8 * len(items)):
        i = int(rng.integers(max(1, len(items) - 1)))
        if i + 1 < len(items):
            one, two = items[i : i + 2]
            apart = not {*one.qubits} & {*two.qubits}
            if apart or (kind_of(one) == kind_of(two) and kind_of(one) in "XZ"):
                items[i : i + 2] = [two, one]
    result = circuit.copy_empty_like()
    for item in items:
        result.append(item)
    return result


def probabilities(circuit: QuantumCircuit, device: Device) -> np.ndarray:
    isa = IsaCircuit(circuit, tuple(range(N)), tuple(range(N)))
    conditions = Conditions(realizations=8 if device.dephasing == "quasistatic" else None)
    return set_up(isa, [circuit], device, engine(), conditions).distributions(np.array([[0.3]]), np.random.SeedSequence(5))


@pytest.mark.parametrize("name", DEVICES)
@settings(max_examples=30)
@given(data=st.data())
def test_every_listing_of_a_circuit_gives_the_same_result(name, data):
    """To 1e-12, a thousand times the rounding of a probability; 30 circuits, each in one other listing."""
    device, circuit = DEVICES[name], data.draw(native(GATES[name]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    difference = probabilities(circuit, device) - probabilities(shuffled(circuit, rng), device)
    assert np.abs(difference).max() < 1e-12


@pytest.mark.parametrize("name", DEVICES)
@settings(max_examples=50)
@given(data=st.data())
def test_the_circuit_stays_what_it_was(name, data):
    """Its unitary; and on every qubit its barriers and waits, with as many pulses between them as were listed."""
    device, circuit = DEVICES[name], data.draw(native(GATES[name]))
    (ordered,) = arranged([circuit], device, tuple(range(N)), range(N))
    bound, after = (c.assign_parameters([0.3]) for c in (circuit, ordered))
    assert Operator(after).equiv(Operator(bound))
    assert walls(ordered) == walls(circuit)
    (again,) = arranged([ordered], device, tuple(range(N)), range(N))
    assert [(i.operation.name, i.qubits) for i in again.data] == [(i.operation.name, i.qubits) for i in ordered.data]


def walls(circuit: QuantumCircuit) -> list[list[tuple[str, int]]]:
    """Per qubit every barrier and delay, with the number of other gates (but rz, which merge) between it and the one before."""
    found: list[list[tuple[str, int]]] = [[] for _ in circuit.qubits]
    since = [0] * circuit.num_qubits
    for item in circuit.data:
        for q in (circuit.find_bit(bit).index for bit in item.qubits):
            if kind_of(item) in "XZ":
                since[q] += item.operation.name != "rz"
            else:
                found[q].append((item.operation.name, since[q]))
                since[q] = 0
    return found


def ghz(n: int, *, turned: bool) -> QuantumCircuit:
    """|0...0> + |1...1>; `turned` reads it in X, each H right after its qubit's last CX."""
    circuit = QuantumCircuit(n)
    circuit.h(0)
    for i in range(n - 1):
        circuit.cx(i, i + 1)
        if turned:
            circuit.h(i)
    if turned:
        circuit.h(n - 1)
    return circuit


@pytest.mark.parametrize("n", range(3, 9))
def test_a_basis_change_written_in_the_circuit_or_in_the_observable(n):
    """0.248 against 0.671 for n = 4 when basis changes came after the whole circuit. The layout sees one listing or the other,
    so they may lie on other qubits of about the same quality."""
    one, other = (
        hybrid.compile(ghz(n, turned=turned), SparsePauliOp(letter * n), device="meluxina-q", backend="exact")
        .values(NONE, seed=1)
        .values[0]
        for turned, letter in ((False, "X"), (True, "Z"))
    )
    assert one == pytest.approx(other, abs=0.02) and one > 0.5


def test_before_a_gate_come_its_own_pulses_and_after_the_last_the_last():
    """CZs along a chain: a qubit that no pulse has moved comes last; what is read in X is turned as soon as it is finished."""
    circuit = QuantumCircuit(3)
    for q in (2, 1, 0):
        circuit.sx(q)
    circuit.cz(0, 1)
    circuit.cz(1, 2)
    for q in range(3):
        circuit.sx(q)
    (ordered,) = arranged([circuit], SERIAL, (0, 1, 2), range(3))
    found = [(item.operation.name, *(ordered.find_bit(bit).index for bit in item.qubits)) for item in ordered.data]
    pulses = [*found[:2]]
    assert sorted(pulses) == [("sx", 0), ("sx", 1)]
    assert found[2:] == [("cz", 0, 1), ("sx", 0), ("sx", 2), ("cz", 1, 2), *found[6:]]
    assert sorted(found[6:]) == [("sx", 1), ("sx", 2)]


def test_parallel_pulses_wait_for_the_gate_that_needs_them_and_not_after_the_last():
    """As late as possible before a qubit's last two-qubit gate, as early as possible after it."""
    circuit = QuantumCircuit(3)
    for q in range(3):
        circuit.sx(q)
    circuit.cz(0, 1)
    circuit.cz(1, 2)
    for q in range(3):
        circuit.sx(q)
    found = schedule(circuit, PARALLEL, (0, 1, 2))
    cz = [timed for timed in found.operations if timed.gate.name == "cz"]
    late = next(timed for timed in found.operations if timed.qubits == (2,))
    early = [timed for timed in found.operations if timed.qubits == (0,)][1]
    assert late.start_s + late.duration_s == pytest.approx(cz[1].start_s)
    assert early.start_s == pytest.approx(cz[0].start_s + cz[0].duration_s)


def test_a_waiting_qubit_gives_way_on_the_line():
    """While one qubit waits for its delay, another's pulses are not held up behind it."""
    circuit = QuantumCircuit(2)
    circuit.delay(2000, 0, "ns")
    circuit.sx(0)
    circuit.sx(1)
    (ordered,) = arranged([circuit], SERIAL, (0, 1), range(2))
    found = schedule(ordered, SERIAL, (0, 1))
    assert found.operations[0].qubits == (1,) and found.operations[0].start_s == 0
    assert found.operations[1].start_s == pytest.approx(2e-6)


def layers(n: int) -> QuantumCircuit:
    """Two layers of pulses and CZs, which can be taken level by level or qubit by qubit."""
    circuit = QuantumCircuit(n)
    for layer in range(2):
        for q in range(n):
            circuit.sx(q)
            circuit.rz(0.3 + q + layer, q)
            circuit.sx(q)
        for q in range(n - 1):
            circuit.cz(q, q + 1)
    for q in range(n):
        circuit.sx(q)
    return circuit


def test_of_several_orders_the_one_of_least_predicted_loss_is_taken():
    """And the prediction is right: of the canonical orders it leaves most of the signal, by simulation."""
    circuit, physical = layers(4), tuple(range(4))
    isa = IsaCircuit(circuit, physical, physical)
    parts = take_apart(circuit)
    orders = [written(parts, order, SERIAL, physical) for order in canonical_orders(parts.anchors)]
    (chosen,) = arranged([circuit], SERIAL, physical, physical)
    ideal = Statevector(circuit).probabilities() - 1 / 16
    signals = []
    for order in (chosen, *orders):
        execution = set_up(isa, [order], SERIAL, engine(), Conditions(realizations=64), as_listed=True)
        signals.append(float(execution.distributions(NONE, np.random.SeedSequence(0)).mean(axis=1)[0, 0] @ ideal))
    assert len(orders) > 1 and len({*signals}) == len(orders)
    assert signals[0] == max(signals)


@pytest.mark.parametrize("device", [SERIAL, IONS], ids=lambda device: device.name)
@given(turns=st.lists(st.tuples(st.sampled_from([0.0, pi / 2, pi, 0.3]), st.integers(0, 2)), max_size=5))
def test_the_last_pulses_of_a_qubit_are_shortened(device, turns):
    """Whatever the last constant gates are, the same probabilities are read, by no more gates; by one pulse at most where the
    observable lies on the equator."""
    circuit = QuantumCircuit(1)
    circuit.ry(0.4, 0)  # a state of no symmetry; not a gate that is shortened
    for angle, pulses in turns:
        circuit.rz(angle, 0)
        for _ in range(pulses):
            circuit.rx(pi / 2, 0) if "rx" in device.gates else circuit.sx(0)
    short = shortened_reading(circuit, device)
    assert Statevector(short).probabilities() == pytest.approx(Statevector(circuit).probabilities(), abs=1e-12)
    pulses = [sum(c.count_ops().get(name, 0) for name in ("sx", "rx")) for c in (circuit, short)]
    assert pulses[1] <= pulses[0]
    assert len(shortened_reading(short, device).data) == len(short.data)


def test_reading_without_a_pulse_and_with_one():
    nothing, equator, flipped = (QuantumCircuit(1) for _ in range(3))
    for circuit, pulses in ((nothing, 4), (equator, 3), (flipped, 2)):
        for _ in range(pulses):
            circuit.sx(0)
    assert not shortened_reading(nothing, SERIAL).data
    assert shortened_reading(equator, SERIAL).count_ops() == {"rz": 1, "sx": 1}
    assert shortened_reading(flipped, SERIAL).count_ops() == {"sx": 2}  # -Z: the outcome itself must turn


def test_variants_of_a_device_run_the_same_pulses():
    """So that they differ in physics alone; a device of its own has an order of its own."""
    circuit = ghz(4, turned=False)
    recipes = [
        hybrid.compile(circuit, SparsePauliOp("XXXX"), device=f"meluxina-q{variant}").execution.recipe
        for variant in ("", ":heating=strong", ":two_qubit=today", ":drive=parallel")
    ]
    listed = [[(i.operation.name, i.qubits) for i in recipe.circuits[0].data] for recipe in recipes]
    assert len({recipe.isa.physical for recipe in recipes}) == 1
    assert all(row == listed[0] for row in listed)


def test_circuits_that_share_gates_share_their_order():
    """Settings differ in their basis changes only, so they take the same of the orders."""
    circuits = []
    for letters in ("ZZZZ", "XXXX", "YYYY"):
        circuit = QuantumCircuit(4)
        for q in range(4):
            circuit.sx(q)
        for _ in range(2):
            for q in range(3):
                circuit.cz(q, q + 1)
            for q in range(4):
                circuit.sx(q)
        for q, letter in enumerate(letters):
            if letter != "Z":
                circuit.sx(q)
        circuits.append(circuit)
    orders = [
        [tuple(c.find_bit(bit).index for bit in i.qubits) for i in c.data if i.operation.name == "cz"]
        for c in arranged(circuits, SERIAL, (0, 1, 2, 3), range(4))
    ]
    assert orders[0] == orders[1] == orders[2]


@pytest.mark.parametrize("name", DEVICES)
def test_circuits_that_begin_alike_are_treated_as_each_alone(name):
    """Pulse order, schedule and noise description share the beginning of the circuits; nothing of that may be seen."""

    @settings(max_examples=15, deadline=None)
    @given(st.data())
    def check(data):
        device, physical, body = DEVICES[name], tuple(range(N)), data.draw(native(GATES[name]))
        tails = data.draw(st.lists(st.lists(st.integers(0, N - 1), max_size=5), min_size=3, max_size=3))
        circuits = [body.copy() for _ in tails]
        for circuit, tail in zip(circuits, tails, strict=True):
            for place, qubit in enumerate(tail):
                circuit.rz(0.1 + place, qubit)
                circuit.append(RXGate(pi / 2) if "rx" in device.gates else SXGate(), [qubit])
        circuits = [circuit.assign_parameters([0.7] * circuit.num_parameters) for circuit in circuits]
        together = arranged(circuits, device, physical, range(N))
        parts = [take_apart(circuit) for circuit in circuits]
        widest = max(parts, key=lambda of: sum(map(len, of.gates)))
        best = ordered(widest, device, physical, range(N)).number
        alone = [written(of, of.orders[min(best, len(of.orders) - 1)], device, physical) for of in parts]
        assert [listed(one) for one in together] == [listed(one) for one in alone]
        schedules = schedule_all(together, device, physical)
        assert schedules == [schedule(one, device, physical) for one in together]
        separate, shared = DetunedAngles(), DetunedAngles()
        each = [describe(one, device, physical, separate) for one in schedules]
        all_at_once = describe_all(schedules, device, physical, shared)
        assert [list(map(_plain, one.steps)) for one in all_at_once] == [list(map(_plain, one.steps)) for one in each]

    check()


def _plain(step):
    """A step whose detuned angles are known by name: two descriptions have parameters of their own."""
    return (step.gate.name, [str(value) for value in step.gate.params], step.qubits) if isinstance(step, Operation) else step
