"""Where a circuit runs on a device: the same circuit up to a permutation, always the same, and where it loses least."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector

from hybrid.compilation import transpile
from hybrid.compilation.placement import on_qubits, placements
from hybrid.compilation.pulse_order import ordered, take_apart
from hybrid.compilation.transpile import ROUTING_SEEDS, native_target, to_isa
from hybrid.device.device import Device

SILICON = Device.load("meluxina-q")
DEVICES = ["meluxina-q", "spin-sige-6q", "iqm-lattice-54", "aqt-20", "pioneer-p10"]


def random_circuit(n: int, seed: int) -> QuantumCircuit:
    """A dozen gates, barriers among them, between any qubits, so that most circuits have to be routed on a chain."""
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(n)
    for _ in range(12):
        a, b = rng.choice(n, 2, replace=False) if n > 1 else (0, 0)
        match int(rng.integers(4 if n > 1 else 2)):
            case 0:
                circuit.u(*rng.uniform(-3, 3, 3), a)
            case 1:
                circuit.barrier()
            case 2:
                circuit.cx(a, b)
            case 3:
                circuit.rzz(rng.uniform(-3, 3), a, b)
    return circuit


def loss_of(isa, device: Device) -> float:
    return ordered(take_apart(isa.circuit), device, isa.physical, isa.layout).loss


@pytest.mark.parametrize("name", DEVICES)
@settings(max_examples=12, deadline=None)
@given(n=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_the_circuit_is_the_same_up_to_the_layout(name, n, seed):
    """From |0...0> the same state, circuit qubit v at `layout[v]`, routing qubits back in |0>; the same again when repeated."""
    circuit, device = random_circuit(n, seed), Device.load(name)
    isa = to_isa(circuit, device)
    wide = isa.circuit.num_qubits
    want = QuantumCircuit(wide).compose(circuit, list(isa.layout))
    overlap = Statevector(want).inner(Statevector(isa.circuit))
    assert abs(overlap) == pytest.approx(1, abs=1e-9)
    assert isa.physical == tuple(sorted(set(isa.physical))) and len(isa.physical) == wide
    for item in isa.circuit.data:
        if len(item.qubits) == 2 and item.operation.name != "barrier":
            pair = tuple(sorted(isa.physical[isa.circuit.find_bit(bit).index] for bit in item.qubits))
            assert pair in device.gates[item.operation.name].duration_s
    again = to_isa(random_circuit(n, seed), device)
    assert (again.physical, again.layout) == (isa.physical, isa.layout)
    assert again.circuit == isa.circuit


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_unitary_is_the_same_where_no_routing_is_needed(seed):
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(3)
    for _ in range(8):
        circuit.u(*rng.uniform(-3, 3, 3), int(rng.integers(3)))
        at = int(rng.integers(2))
        circuit.cx(at, at + 1)
    isa = to_isa(circuit, SILICON)
    want = QuantumCircuit(3).compose(circuit, list(isa.layout))
    assert Operator(isa.circuit).equiv(Operator(want))


@pytest.mark.parametrize("n", [2, 3, 4, 6])
def test_of_all_places_on_a_chain_the_best(n):
    """A chain of n has 2 (11 - n) places on the chain of ten; none loses less than the one that is taken."""
    circuit = QuantumCircuit(n)
    circuit.h(0)
    for q in range(n - 1):
        circuit.cx(q, q + 1)
    isa = to_isa(circuit, SILICON)
    places = placements(isa, SILICON)
    assert len(places) == 2 * (11 - n) and places[0] == isa.physical
    losses = [ordered(take_apart(isa.circuit), SILICON, p, isa.layout).loss for p in places]
    assert losses[0] == min(losses)


def test_better_qubits_are_taken():
    """Everything is alike but T2*, which is long on 6, 7 and 8."""
    device = replace(SILICON, t2_star_s=(2e-6,) * 6 + (6e-6,) * 3 + (2e-6,), t2_echo_s=(20e-6,) * 10)
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    assert to_isa(circuit, device).physical == (6, 7, 8)


def test_a_qubit_that_is_only_read_avoids_bad_readout():
    bad = (0.3,) * 9 + (0.01,)
    device = replace(SILICON, readout_p01=bad, readout_p10=bad)
    assert to_isa(QuantumCircuit(1), device).physical == (9,)


def test_where_all_qubits_are_alike_one_place_is_enough():
    device = Device.load("iqm-lattice-54")
    isa = to_isa(random_circuit(4, 1), device)
    assert placements(isa, device) == [isa.physical]


def test_twenty_routings_are_no_worse_than_any_of_them(monkeypatch):
    """The ring of six does not fit on a chain; each seed alone, placed where it loses least, loses at least as much."""
    circuit = QuantumCircuit(6)
    circuit.h(range(6))
    for q in range(6):
        circuit.rzz(0.4, q, (q + 1) % 6)
    circuit.rx(0.7, range(6))
    best = loss_of(to_isa(circuit, SILICON), SILICON)
    alone = []
    for seed in ROUTING_SEEDS[:6]:
        native, routed = transpile._translated(circuit, SILICON, seed=seed)
        assert routed
        ends = native.layout.final_index_layout(filter_ancillas=True)
        own = on_qubits(native, range(10), ends)
        alone.append(loss_of(own, SILICON))
    assert best <= min(alone)
    monkeypatch.setattr(transpile, "ROUTING_SEEDS", range(1))
    assert best <= loss_of(to_isa(circuit, SILICON), SILICON)


def test_the_backend_keeps_published_errors():
    """Other people's transpilers see what the profile states; the infidelity in circuits is for our own choices alone."""
    for target in (native_target(SILICON), SILICON.backend().target):
        assert {entry.error for entry in target["cz"].values()} == {0.01}
        assert {entry.error for entry in target["sx"].values()} == {0.001}
    own = native_target(SILICON, in_circuits=True)
    assert own["cz"][0, 1].error > own["cz"][4, 5].error > 0.01


def test_the_layout_does_not_depend_on_how_dephasing_is_modelled():
    circuit = random_circuit(4, 3)
    found = [to_isa(circuit, Device.load(f"meluxina-q:dephasing={kind}")) for kind in ("quasistatic", "markov")]
    assert found[0].physical == found[1].physical and found[0].layout == found[1].layout


def test_barriers_span_what_is_kept_of_them():
    circuit = QuantumCircuit(4)
    circuit.sx(1)
    circuit.barrier()
    circuit.barrier(0)
    part = on_qubits(circuit, [1, 3], range(4))
    assert part.layout == (-1, 0, -1, 1) and part.physical == (1, 3)
    assert [(item.operation.name, len(item.qubits)) for item in part.circuit.data] == [("sx", 1), ("barrier", 2)]
    assert part.observable(SparsePauliOp("ZIXI")).paulis[0].to_label() == "ZX"
