"""How the exact engine fuses, orders and shares blocks, and what it keeps of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from exact_tasks import random_task
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import (
    CCXGate,
    CCZGate,
    CXGate,
    CZGate,
    HGate,
    RXGate,
    RYGate,
    RZGate,
    RZXGate,
    RZZGate,
    SXGate,
    iSwapGate,
    real_amplitudes,
)
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.errors import UsageError
from hybrid.base.types import Depolarizing, Expectation, Operation, Relaxation, Setting, Task
from hybrid.device.device import Device
from hybrid.measure.compile import Measuring, compile_query
from hybrid.measure.execution import Conditions
from hybrid.measure.set_up import described
from hybrid.simulators.engine import workspace
from hybrid.simulators.engine.engine import Engine
from hybrid.simulators.engine.fuse import fuse, plan
from hybrid.simulators.engine.maps import PAULI, PURE, Element, Prepare, QubitRead, Rotation, alike, diagonal_on, elements
from hybrid.simulators.engine.outcome_weights import weighted_plan
from hybrid.simulators.engine.sites import Site, Transposition
from hybrid.simulators.engine.sweep import backward_capacity, forward_capacity, least_capacity, peak
from hybrid.simulators.exact import ExactBackend, exact

MOVING, DIAGONAL = (HGate(), CXGate(), CCXGate()), (RZGate(0.3), CZGate(), RZZGate(0.2), CCZGate())


def ladder(n: int, reps: int, *, noisy: bool, ends: int = 1, ring: bool = False) -> Task:
    """Rotations and a ladder of CX, `reps` times, then pulses that differ between settings."""
    angles, steps = [], []
    for _ in range(reps):
        for q in range(n):
            angles.append(Parameter(f"a{len(angles)}"))
            steps += [Operation(RYGate(angles[-1]), (q,)), Operation(RZGate(0.1), (q,))]
        for q in range(n - 1 + ring):
            pair = q, (q + 1) % n
            steps.append(Operation(CXGate(), pair))
            steps += [Depolarizing(pair, 0.01)] if noisy else []
    tails = [[Operation(SXGate(), (q,)) for q in range(n) if (s >> (q % 4)) & 1] for s in range(ends)]
    return Task(tuple(Setting(n, (*steps, *tail)) for tail in tails), tuple(angles), None, 0, 1)


def plan_for(task: Task):
    d = PAULI if task.noisy else PURE
    return plan([elements(s, {a: i for i, a in enumerate(task.angles)}, d) for s in task.settings], d)


def test_a_layer_of_a_ladder_is_a_block_per_cx():
    for noisy in (False, True):
        found = plan_for(ladder(6, 3, noisy=noisy))
        assert len(list(found.items)) == 3 * 5
        assert sum(len(site.elements) for site in found.items) == 3 * (12 + 5 + 5 * noisy) + 6 + 6 * noisy


def test_qubits_enter_late_and_are_read_early():
    """A noisy ladder of depth 2 never holds more than a window of unread qubits: 4^3 where 4^12 is the whole."""
    found = plan_for(ladder(12, 2, noisy=True))
    assert peak(found) <= 4**3 * 2**10
    sizes = [item.size for item in found.items]
    assert sizes[-1] == 2**12


def test_circuits_in_portions_give_what_they_give_together(monkeypatch):
    """Sums in another order: 1e-13."""
    task = random_task(4, 30, 4, noisy=True, settings=5)
    rng = np.random.default_rng(0)
    angles, weights = rng.uniform(-3, 3, (3, len(task.angles))), rng.normal(size=(5, 16))

    def answers():
        backend = exact()
        assert backend.memory_bytes(task) <= 8 * 3 * 4**4 + 16 * 5 * 2**4
        engine = backend.compile(task)
        slopes = [list((of or {}).values()) for part in engine.channel_slopes(angles[0], weights) for of in part]
        return engine.distributions(angles), *engine.differentiate(angles, weights), np.concatenate(slopes)

    together = answers()
    monkeypatch.setattr(workspace, "PORTION_STEPS", 1 + max(len(setting.steps) for setting in task.settings))
    assert len(workspace.portions(task)) > 1
    for one, other in zip(together, answers(), strict=True):
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-13)


@pytest.mark.parametrize("ends", [1, 2, 6])
def test_every_element_is_done_once_and_in_order(ends):
    task = random_task(5, 30, 4, noisy=True, settings=ends)
    found = plan_for(task)
    for tail, setting in zip(found.tails, task.settings, strict=True):
        done = [e for item in (*found.common, *tail) if isinstance(item, Site) for e in item.elements]
        assert len(done) == len(elements(setting, {a: i for i, a in enumerate(task.angles)}, PAULI))
        for q in range(5):
            mine = [e for e in done if q in e.qubits]
            assert isinstance(mine[0].what, Prepare)
            assert isinstance(mine[-1].what, QubitRead)
            places = [e.step for e in mine[1:-1]]
            assert places == sorted(places)


@given(
    pairs=st.lists(st.permutations(range(4)), min_size=1, max_size=14),
    gates=st.lists(st.sampled_from([*MOVING, *DIAGONAL]), min_size=14, max_size=14),
    first=st.integers(0, 5),
)
@settings(max_examples=200)
def test_fused_blocks_hold_their_elements_and_keep_their_order(pairs, gates, first):
    """From any element on: each is in one block, on that block's qubits, behind all earlier ones that share a qubit on which
    not both are diagonal."""
    found = [element(gate, *qubits[: gate.num_qubits]) for qubits, gate in zip(pairs, gates, strict=False)]
    blocks, on = fuse(found, min(first, len(found)), len(found))
    home = {member: b for b, block in enumerate(blocks) for member in block.members if any(b in of for of in on.values())}
    assert sorted(home) == list(range(min(first, len(found)), len(found)))
    for later, b in home.items():
        assert set(found[later].qubits) <= blocks[b].qubits
        for q in found[later].qubits:
            before = [m for m in home if m < later and q in found[m].qubits]
            assert all(
                on[q].index(home[m]) <= on[q].index(b) for m in before if q not in found[m].diagonal & found[later].diagonal
            )
    for b, block in enumerate(blocks):
        assert list(block.members) == sorted(block.members)
        assert len({q for q in on if b in on[q]}) in (0, len(block.qubits))


def element(gate: Gate, *qubits: int) -> Element:
    return Element(qubits, gate, diagonal=diagonal_on(gate, qubits))


def test_where_gates_are_diagonal():
    """A CX and a CCX on all but their last qubit, a phase on all, a swap and its kind on none."""
    for gate in (*MOVING, *DIAGONAL):
        assert diagonal_on(gate, (4, 2, 7)[: gate.num_qubits]) == set((4, 2, 7)[: gate.num_qubits - (gate in MOVING)])
    for gate, where in ((RXGate, ()), (RZZGate, (5, 3)), (RZXGate, (5,))):
        assert diagonal_on(Rotation(gate, 0), (5, 3)[: gate(0.0).num_qubits]) == set(where)
    assert diagonal_on(iSwapGate(), (0, 1)) == set()


def test_exchange_passes_exchange():
    """RZZ on (0, 1) and (1, 2) in turn, and phases between them: one block for each pair."""
    found = [element(RZZGate(0.1), *pair) for pair in [(0, 1), (1, 2)] * 3]
    found.insert(3, element(RZGate(0.2), 1))
    assert [len(block.members) for block in fuse(found, 0, len(found))[0]] == [3, 4]
    found.insert(3, element(SXGate(), 1))
    assert [block.members for block in fuse(found, 0, len(found))[0]] == [(0, 2), (1, 3, 4, 5, 7), (6,)]


def test_a_classical_qubit_has_an_axis_of_two():
    """Exchange before a qubit's first pulse and after its last one: it has four numbers only in between."""
    steps = []
    for pulsed in (0, 1, 0, 2, 0):
        steps += [Operation(SXGate(), (pulsed,)), Relaxation(1, 1e-7, 1e-6, 1e-6)]
        steps += [Operation(RZZGate(0.3), (0, 1)), Operation(RZZGate(0.2), (1, 2))]
    found = plan_for(Task((Setting(3, tuple(steps)),), (), None, 0, 1))
    lengths = {q: [site.after[site.axes.index(q)] for site in found.items if q in site.axes] for q in range(3)}
    assert lengths == {0: [4, 4, 2], 1: [2] * 6, 2: [2] * 3}
    assert peak(found) == 4 * 2 * 2


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 6), count=st.integers(1, 3), terms=st.integers(1, 6))
@settings(max_examples=30)
def test_weights_are_summed_over_as_qubits_are_read(seed, n, count, terms):
    """Multiplied out, cores and ends are the weights; sums of products of a few qubits have few ranks."""
    rng = np.random.default_rng(seed)
    z = 1.0 - 2 * ((np.arange(2**n) >> np.arange(n)[:, None]) & 1)
    weights = np.array(
        [sum(rng.normal() * z[rng.integers(n)] * z[rng.integers(n)] for _ in range(terms)) for _ in range(count)]
    )
    task = random_task(n, 12, seed, noisy=True, settings=count)
    plan, cores, ends = weighted_plan(plan_for(task), weights)
    assert all(len(core) <= terms + 1 for core in cores)
    rows = np.random.default_rng(seed).uniform(-3, 3, (2, len(task.angles)))
    runner = exact().compile(task)
    want = np.einsum("ksx,sx->k", runner.distributions(rows), weights)
    np.testing.assert_allclose(runner.differentiate(rows, weights)[0], want, rtol=0, atol=1e-13 * terms * count)
    assert peak(plan) <= peak(plan_for(task)) and len(ends) == count
    values = runner.differentiate(rows, 2 * weights)[0]  # other weights of the same ranks
    np.testing.assert_allclose(values, 2 * want, rtol=0, atol=2e-13 * terms * count)


def test_a_local_observable_keeps_the_state_of_a_ladder_small():
    """One weight for all outcomes needs no qubit that was read, the sum of Z Z on a chain three numbers for all of them."""
    for n in (8, 10, 12):
        full, z = plan_for(ladder(n, 3, noisy=True)), 1.0 - 2 * ((np.arange(2**n) >> np.arange(n)[:, None]) & 1)
        for weights, rank in ((np.ones(2**n), 1), ((z[1:] * z[:-1]).sum(axis=0), 3)):
            found = weighted_plan(full, weights[None]).plan
            assert peak(found) == rank * 2 * 4**3
            assert found.orders == full.orders
        assert peak(full) == 2 ** (n - 3) * 4**3


def test_settings_share_what_they_have_in_common():
    one, six = plan_for(ladder(5, 8, noisy=True)), plan_for(ladder(5, 8, noisy=True, ends=6))
    assert six.cost < 2.5 * one.cost
    assert not one.common


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(3, 6), count=st.integers(1, 3), noisy=st.booleans())
@settings(max_examples=30)
def test_split_blocks_give_the_same_probabilities(seed, n, count, noisy):
    """As many realizations of shots are computed; sums of up to 64 numbers below 1 in another order, 1e-13."""
    task = random_task(n, 30, seed, noisy=noisy, settings=count)
    angles = np.random.default_rng(seed).uniform(-3, 3, (2, len(task.angles)))
    split = Engine(task._replace(shots=1000, realizations=workspace.MANY), single=False, memory_bytes=2**30)
    whole = Engine(task, single=False, memory_bytes=2**30)
    np.testing.assert_allclose(split.distributions(angles), whole.distributions(angles), rtol=0, atol=1e-13)


def test_split_blocks_on_two_qubits_are_the_same_for_all_points():
    task = ladder(4, 2, noisy=True)._replace(shots=1000, realizations=workspace.MANY)
    split = workspace.plan_of(task, PAULI)
    varying = [
        item for item in split.items if isinstance(item, Site) and any(isinstance(e.what, Rotation) for e in item.elements)
    ]
    assert split.split and varying and all(len(site.axes) == 1 for site in varying)


def test_blocks_that_settings_with_shots_have_in_common_are_multiplied_once():
    task = ladder(4, 2, noisy=True, ends=3)._replace(shots=1000)
    angles, chains = np.random.default_rng(1).uniform(-3, 3, (2, len(task.angles))), []
    for merged in (True, False):
        circuits = workspace.Circuits(task, np.dtype(float), merged=merged)
        chains.append(sum(len(family.base) for family in circuits.families))
    assert chains[0] < chains[1]
    one, other = (Engine(each, single=False, memory_bytes=2**30) for each in (task, task._replace(shots=0)))
    assert one.distributions(angles).tobytes() == other.distributions(angles).tobytes()
    weights = np.ones((3, 16))
    for found, expected in zip(one.differentiate(angles, weights), other.differentiate(angles, weights), strict=True):
        assert found.tobytes() == expected.tobytes()  # slopes are those of blocks of their own


def test_qubits_that_are_apart_are_brought_together():
    assert not any(isinstance(item, Transposition) for item in plan_for(ladder(6, 3, noisy=False)).items)
    assert any(isinstance(item, Transposition) for item in plan_for(ladder(6, 3, noisy=False, ring=True)).items)


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("settings", [1, 3])
def test_a_way_back_with_little_memory_gives_the_same_bytes(noisy, settings):
    task = random_task(4, 90, 8, noisy=noisy, settings=settings)
    angles = np.random.default_rng(0).uniform(-3, 3, (1, len(task.angles)))
    weights = np.random.default_rng(1).uniform(-1, 1, (settings, 16))
    found = weighted_plan(plan_for(task), weights).plan
    number = 8 if noisy else 16
    want = Engine(task, single=False, memory_bytes=2**30).differentiate(angles, weights)
    least = least_capacity(found) + (2 + (settings > 1)) * peak(found)
    for states in (least, 8 * peak(found), 10 * peak(found), 13 * peak(found), 20 * peak(found)):
        assert states < backward_capacity(found)
        few = Engine(task, single=False, memory_bytes=states * number).differentiate(angles, weights)
        assert [a.tobytes() for a in few] == [a.tobytes() for a in want]
    with pytest.raises(UsageError, match=rf"takes {least * number / 2**20:.4g} MiB at least"):
        Engine(task, single=False, memory_bytes=least * number - 1).differentiate(angles, weights)


def test_memory_is_named_before_anything_is_allocated():
    task = ladder(16, 20, noisy=True)
    needed = exact().memory_bytes(task)
    assert 8 * 4**16 <= needed <= 8 * 2.5 * 4**16
    assert exact(precision="single").memory_bytes(task) == pytest.approx(needed / 2, rel=0.01)
    assert exact().memory_bytes(ladder(40, 3, noisy=False)) > 16 * 2**40
    assert forward_capacity(plan_for(task)) * 8 <= needed


def test_memory_has_a_unit():
    assert exact(memory="1.5GiB") == ExactBackend("double", 3 * 2**29)


def test_descriptions_name_picture_and_precision():
    assert exact().describe(ladder(2, 1, noisy=False)) == "exact engine, state vector, double precision"
    assert exact(precision="single").describe(ladder(2, 1, noisy=True)) == "exact engine, Pauli transfer, single precision"


SEGMENTS = """
import sys
import numpy as np
from hybrid.simulators.exact import exact
from hybrid.bench.worker import status_bytes  # getrusage's would start at what the parent of this process holds
from test_exact_plan import ladder

task = ladder(13, 8, noisy=True)
angles = np.random.default_rng(0).uniform(-3, 3, (1, len(task.angles)))
weights = np.random.default_rng(1).uniform(-1, 1, (1, 2**13))
before = status_bytes()
runner = exact(memory=sys.argv[1]).compile(task)
_, gradients = runner.differentiate(angles, weights)
print((status_bytes() - before) / 2**20)
shift = np.zeros_like(angles)
shift[0, 40] = np.pi / 2
plus, minus = (runner.distributions(angles + sign * shift)[0, 0] @ weights[0] for sign in (1, -1))
print(gradients[0, 40] - (plus - minus) / 2)
"""


@pytest.mark.slow
@pytest.mark.parametrize("mebibytes", [256, 160])
def test_a_noisy_gradient_of_thirteen_qubits_in_segments(mebibytes):
    """Kept, the states would take 497 MiB. Beside them are matrices, outer products and the code itself: below 16 MiB."""
    weights = np.random.default_rng(1).uniform(-1, 1, (1, 2**13))
    assert backward_capacity(weighted_plan(plan_for(ladder(13, 8, noisy=True)), weights).plan) * 8 > 490 * 2**20
    command = [sys.executable, "-c", SEGMENTS, f"{mebibytes}MiB"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    peak_mebibytes, difference = map(float, done.stdout.split())
    assert mebibytes / 2 < peak_mebibytes < mebibytes + 16
    assert abs(difference) < 1e-12  # some hundred blocks at 2e-16


def test_a_gradient_too_large_is_refused_before_it_starts():
    """13 qubits without a beginning or an end to their ring: every block sees 4^13 numbers, 512 MiB; four are the least."""
    task = ladder(13, 3, noisy=True, ring=True)
    angles, weights = np.zeros((1, len(task.angles))), np.zeros((1, 2**13))
    with pytest.raises(UsageError, match=r"takes 2048 MiB at least, its longest state 512 MiB; it may take 1024 MiB"):
        exact(memory="1GiB").compile(task).differentiate(angles, weights)


def test_memory_that_the_machine_has_not_is_refused():
    with pytest.raises(UsageError, match=r"memory=1.024e\+06GiB, this machine has "):
        exact(memory="1000TiB").compile(ladder(2, 1, noisy=True))


def test_circuits_without_noise_begin_with_the_same_steps():
    """What all settings have in common is planned and done once: UCCSD of water with shots takes a portion, not six."""
    circuit = real_amplitudes(3, reps=2)
    query = Expectation(circuit, SparsePauliOp(["XXI", "IZZ", "YIY"], [1.0, 0.5, 0.2]))
    compiled = compile_query(query, tuple(circuit.parameters), Device.load("ideal"), exact(), Measuring(Conditions(shots=30)))
    recipe = compiled.execution.recipe
    settings, _ = described(recipe.isa, recipe.circuits, Device.load("ideal"), recipe.conditions, None)
    assert len(settings) == 3
    assert alike(settings) >= recipe.isa.circuit.size() - 3  # the last gate on each qubit may merge with its rotation
