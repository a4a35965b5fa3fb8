"""Dynamical decoupling: what it leaves as it was, where it puts its pulses, where it helps and where it cannot."""

from dataclasses import replace

import numpy as np
import pytest
from by_hand import batched
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import RZGate
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector

from hybrid.base.errors import UsageError
from hybrid.base.types import Expectation
from hybrid.compilation import noise
from hybrid.compilation.decoupling import decouple
from hybrid.compilation.schedule import Schedule, schedule
from hybrid.compilation.transpile import to_isa
from hybrid.device.device import Device
from hybrid.measure.compile import Measuring, compile, compile_query
from hybrid.measure.execution import Conditions
from hybrid.simulators.aer import aer

SILICON = Device.load("meluxina-q")
N = SILICON.n_qubits
INF = float("inf")
NONE = np.zeros((1, 0))
NAMES = ("echo", "xy4")


def parallel() -> Device:
    return replace(SILICON, gates={name: replace(gate, parallel=True) for name, gate in SILICON.gates.items()})


def mixed() -> Device:
    """Pulses on one line, exchange beside them."""
    return replace(SILICON, gates=SILICON.gates | {"cz": replace(SILICON.gates["cz"], parallel=True)})


DEVICES = {"serial": SILICON, "parallel": parallel(), "mixed": mixed(), "rx rzz": Device.load("pioneer-p10")}


def random_circuit(n: int, seed: int) -> QuantumCircuit:
    """Gates and waits of up to 4 us, so that idle times of several qubits overlap."""
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(n)
    for _ in range(14):
        q = int(rng.integers(n))
        match int(rng.integers(4)):
            case 0:
                circuit.u(*rng.uniform(-3, 3, 3), q)
            case 1:
                circuit.rz(rng.uniform(-3, 3), q)
            case 2:
                circuit.delay(float(rng.integers(200, 4000)), q, "ns")
            case 3:
                circuit.cx(q, (q + 1) % n)
    return circuit


def timed(circuit: QuantumCircuit, device: Device, name: str) -> tuple[Schedule, Schedule, tuple[int, ...]]:
    isa = to_isa(circuit, device)
    before = schedule(isa.circuit, device, isa.physical)
    own = tuple(operation._replace(gate=operation.gate.to_mutable()) for operation in before.operations)
    before = before._replace(operations=own)  # every gate an object of its own: Qiskit shares those without parameters
    return before, decouple(before, device, isa.physical, name), isa.physical


def unitary(found: Schedule, n: int) -> np.ndarray:
    circuit = QuantumCircuit(n)
    for operation in found.operations:
        circuit.append(operation.gate, operation.qubits)
    return Operator(circuit).data


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("seed", range(6))
def test_decoupling_leaves_the_circuit_as_it_was(device, name, seed):
    """The unitary up to a phase (1e-12), every gate in its order on its qubits, nothing earlier than before, nothing twice at
    once on a qubit, nor on the control line where there is one."""
    device = DEVICES[device]
    before, after, physical = timed(random_circuit(3, seed), device, name)
    n = len(physical)
    overlap = np.vdot(unitary(before, n), unitary(after, n)) / 2**n
    assert abs(overlap) == pytest.approx(1, abs=1e-12)
    old = {id(o.gate): i for i, o in enumerate(before.operations)}
    kept = [o for o in after.operations if id(o.gate) in old]
    for q in range(n):
        order = [old[id(o.gate)] for o in kept if q in o.qubits]
        assert order == [i for i, o in enumerate(before.operations) if q in o.qubits]
    assert len(kept) == len(before.operations)
    assert all(o.start_s >= before.operations[old[id(o.gate)]].start_s - 1e-15 for o in kept)
    for q in range(n):
        mine = [o for o in after.operations if q in o.qubits]
        assert all(b.start_s >= a.start_s + a.duration_s - 1e-15 for a, b in zip(mine, mine[1:], strict=False))
    line = [o for o in after.operations if not (device.gates[o.gate.name].parallel or device.gates[o.gate.name].virtual)]
    assert all(b.start_s >= a.start_s + a.duration_s - 1e-15 for a, b in zip(line, line[1:], strict=False))
    starts = [o.start_s for o in after.operations]
    assert starts == sorted(starts)
    assert after.duration_s == pytest.approx(max(o.start_s + o.duration_s for o in after.operations), abs=1e-15)


def test_random_circuits_are_decoupled_at_all():
    found = [timed(random_circuit(3, seed), SILICON, "echo") for seed in range(6)]
    added = [len(after.operations) - len(before.operations) for before, after, _ in found]
    assert sum(count >= 4 for count in added) >= 4


@pytest.mark.parametrize(("name", "fractions"), [("echo", (1 / 4, 3 / 4)), ("xy4", (1 / 8, 3 / 8, 5 / 8, 7 / 8))])
def test_pulses_stand_at_carr_purcell_times(name, fractions):
    """One qubit waits 4 us on an empty line: pi pulses are centred at (2j - 1)/(2m), the wait stays as long as it was."""
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.delay(4000, 0, "ns")
    circuit.sx(0)
    before, after, _ = timed(circuit, SILICON, name)
    assert after.duration_s == pytest.approx(before.duration_s, abs=1e-15)
    pulses = [o for o in after.operations if o.gate.name == "sx"][1:-1]
    centres = [pulses[2 * j + 1].start_s for j in range(len(fractions))]  # between two X90
    assert centres == pytest.approx([65e-9 + f * 4e-6 for f in fractions], abs=1e-15)
    assert all(b.start_s == pytest.approx(a.start_s + 65e-9, abs=1e-15) for a, b in zip(pulses[::2], pulses[1::2], strict=True))


def test_xy4_is_x_y_x_y():
    """The four pi pulses by their unitaries, up to a phase; `echo` is X X."""
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.delay(4000, 0, "ns")
    circuit.sx(0)
    letters = {"X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]])}
    for name, want in (("echo", "XX"), ("xy4", "XYXY")):
        _, after, _ = timed(circuit, SILICON, name)
        inside = list(after.operations[1:-1])
        starts = [o.start_s for o in inside if o.gate.name == "sx"][::2]
        for letter, start, end in zip(want, starts, [*starts[1:], 1.0], strict=True):
            # A pulse has its frames around it: what begins from its first X90 on, and the rz just before.
            mine = [o for o in inside if start <= o.start_s < end - 100e-9]
            pulse = unitary(Schedule(tuple(mine), 0.0), 1)
            assert abs(np.trace(letters[letter].conj().T @ pulse)) / 2 == pytest.approx(1, abs=1e-12)


def test_a_pulse_that_waits_for_the_line_moves_nothing_that_it_need_not():
    """Qubit 1 drives the line when the first echo pulse is due; that one waits, and everything later stands where it stood."""
    circuit = QuantumCircuit(2)
    circuit.sx(0)
    circuit.delay(4000, 0, "ns")
    circuit.delay(950, 1, "ns")
    circuit.sx(1)
    circuit.sx(0)
    before = schedule(circuit, SILICON, (0, 1))
    after = decouple(before, SILICON, (0, 1), "echo")
    assert len(after.operations) == len(before.operations) + 4
    first = [o.start_s for o in after.operations if o.qubits == (0,)][1]
    assert first == pytest.approx(1015e-9, abs=1e-15)  # due at 65 + 1000 - 65 ns; the line is free 15 ns later
    assert after.duration_s == pytest.approx(before.duration_s, abs=1e-15)
    assert after.operations[-1].start_s == pytest.approx(before.operations[-1].start_s, abs=1e-15)


@pytest.mark.parametrize(("wait_ns", "count"), [(500, 0), (520, 4), (1039, 4), (1041, 8)])
def test_short_waits_are_left_alone(wait_ns, count):
    """An idle time at least twice as long as the pulses: echo takes 4 x 65 ns, xy4 8 x 65 ns."""
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.delay(wait_ns, 0, "ns")
    circuit.sx(0)
    name = "xy4" if wait_ns > 1000 else "echo"
    before, after, _ = timed(circuit, SILICON, name)
    added = sum(o.gate.name == "sx" for o in after.operations) - 2
    assert added == (0 if wait_ns == 1039 else count)


def test_nothing_is_put_before_the_first_or_behind_the_last_pulse():
    circuit = QuantumCircuit(2)
    circuit.delay(5000, 0, "ns")
    circuit.sx(0)
    circuit.sx(1)
    circuit.delay(5000, 1, "ns")
    for name in NAMES:
        before, after, _ = timed(circuit, SILICON, name)
        assert len(after.operations) == len(before.operations)


def idles(*, before: tuple[str, ...], after: tuple[str, ...]) -> QuantumCircuit:
    """Gates on qubit 0, a wait of 4 us, and more gates; `cz` is with qubit 1, which stays in |0>."""
    circuit = QuantumCircuit(2)
    for name in before:
        circuit.cz(0, 1) if name == "cz" else getattr(circuit, name)(0)
    circuit.delay(4000, 0, "ns")
    for name in after:
        circuit.cz(0, 1) if name == "cz" else getattr(circuit, name)(0)
    return circuit


@pytest.mark.parametrize(
    ("before", "after", "pulses"),
    [
        (("sx",), ("sx",), 4),
        (("sx",), ("cz", "sx"), 4),
        (("sx", "cz"), ("sx",), 4),
        (("cz",), ("sx",), 0),  # in |0>
        (("sx", "sx"), ("sx",), 0),  # in |1>
        (("sx", "sx", "cz"), ("sx",), 0),
        (("sx", "s", "sx"), ("sx",), 4),  # a rotation about Z between the pulses keeps it in superposition
        (("sx", "z", "sx"), ("sx",), 0),  # back in |0>
        (("sx",), ("cz",), 0),  # read in Z, without a pulse that turns its phase into an outcome
        (("sx", "sx"), (), 0),
    ],
)
def test_only_a_phase_that_is_read_is_refocused(before, after, pulses):
    circuit = transpiled_as_written(idles(before=before, after=after))
    plain = schedule(circuit, SILICON, (0, 1))
    assert len([o for o in decouple(plain, SILICON, (0, 1), "echo").operations if o.gate.name == "sx"]) == pulses + sum(
        o.gate.name == "sx" for o in plain.operations
    )


def transpiled_as_written(circuit: QuantumCircuit) -> QuantumCircuit:
    """With `rz` for s and z; nothing else changes."""
    native = QuantumCircuit(2)
    for item in circuit.data:
        angle = {"s": np.pi / 2, "z": np.pi}.get(item.operation.name)
        native.append(item.operation if angle is None else RZGate(angle), item.qubits)
    return native


def test_an_angle_that_is_not_known_yet_may_mean_superposition():
    """Between sx and sx an rz by a parameter: |0> for pi alone; after a parameter nothing is known, and the echo is there."""
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.rz(Parameter("a"), 0)
    circuit.sx(0)
    circuit.delay(4000, 0, "ns")
    circuit.sx(0)
    plain = schedule(circuit, SILICON, (0,))
    assert len(decouple(plain, SILICON, (0,), "echo").operations) == len(plain.operations) + 4


# --- What it is good for ---------------------------------------------------------------------------------------------


def ramsey(wait_ns: float) -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.delay(wait_ns, 0, "ns")
    return circuit


def ghz(n: int, wait_ns: float) -> QuantumCircuit:
    circuit = QuantumCircuit(n)
    circuit.h(0)
    for q in range(n - 1):
        circuit.cx(q, q + 1)
    for q in range(n):
        circuit.delay(wait_ns, q, "ns")
    return circuit


CASES = {
    "ramsey": (ramsey(4000.0), SparsePauliOp("X")),
    "ghz": (ghz(4, 3000.0), SparsePauliOp("XXXX")),
    "ghz of five": (ghz(5, 2500.0), SparsePauliOp("XXXXX")),
}


def values(circuit, observable, device: Device, **conditions) -> dict[str, float]:
    programs = {dd: compile(circuit, observable, device=device, dd=dd, **conditions) for dd in ("none", *NAMES)}
    return {dd: float(program.values(NONE, seed=1).values[0]) for dd, program in programs.items()}


@pytest.mark.parametrize("case", CASES)
def test_decoupling_helps_where_detunings_stand_still(case):
    found = values(*CASES[case], SILICON, realizations=16)
    print(case, found)
    for name in NAMES:
        assert found[name] > found["none"] + 0.1


@pytest.mark.parametrize("case", CASES)
def test_decoupling_cannot_help_where_nothing_stands_still(case):
    """On the stand-in as it is, but for pulses of 0.1 ps: they add their errors and nothing else.

    The profile's 65 ns pulses hold a state along Z while they last, where it does not dephase: xy4 wins 0.7 % of a Ramsey
    contrast so, at any waiting time.
    """
    sx = replace(SILICON.gates["sx"], duration_s=dict.fromkeys(SILICON.gates["sx"].duration_s, 1e-13))
    device = Device.load("meluxina-q:dephasing=markov")
    device = replace(device, gates=device.gates | {"sx": sx})
    found = values(*CASES[case], device)
    print(case, found)
    for name in NAMES:
        assert found[name] < found["none"] - 1e-4


def test_decoupling_refocuses_residual_exchange():
    """|+> beside a waiting neighbour, exchange alone, 4 us: cos(2 x pi J t/2); pulses on one of the two bring it back."""
    without = frozenset(noise.PARTS) - {"residual exchange"}
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.sx(1)
    circuit.delay(4000, 0, "ns")
    device = replace(Device.load("meluxina-q"), t2_star_s=(INF,) * N)

    def value(dd: str) -> float:
        measuring = Measuring(Conditions(dd=dd, without=without))
        return compile_query(Expectation(circuit, SparsePauliOp("IX")), (), device, aer(), measuring).values(NONE).values[0]

    waited_s = 4e-6 + 65e-9  # about; from the middle of the later pulse to the middle of the measuring one
    assert value("none") == pytest.approx(np.cos(np.pi * 20e3 * waited_s), abs=2e-3)
    assert value("echo") > 0.999 > value("none") + 0.01


@pytest.mark.parametrize("case", CASES)
def test_a_frame_between_two_pulses_keeps_its_sign(case):
    """The X basis of many waiting qubits: an rz stands still until the one line is free for its pulse; 1 without noise."""
    for dd in NAMES:
        measuring = Measuring(Conditions(dd=dd, without=frozenset(noise.PARTS)))
        program = compile_query(Expectation(*CASES[case]), (), SILICON, aer(), measuring)
        assert program.values(NONE, seed=1).values[0] == pytest.approx(1, abs=1e-12)


def test_with_noise_off_decoupling_changes_nothing():
    circuit = random_circuit(3, 2)
    observable = SparsePauliOp(["ZXY", "IZZ", "XII"], [1.0, 0.5, -0.7])
    plain = QuantumCircuit(3)
    for item in circuit.data:
        if item.operation.name != "delay":
            plain.append(item.operation, item.qubits)
    want = Statevector(plain).expectation_value(observable).real
    for dd in ("none", *NAMES):
        program = batched(circuit, observable, SILICON, dd=dd, without=frozenset(noise.PARTS))
        assert program.values(NONE, seed=1).values[0] == pytest.approx(want, abs=1e-12)


def test_resources_count_the_pulses():
    plain, echoed = (compile(ramsey(4000.0), SparsePauliOp("X"), device=SILICON, dd=dd).resources for dd in ("none", "echo"))
    assert echoed.gates["sx"] == plain.gates["sx"] + 4
    assert echoed.duration_s == pytest.approx(plain.duration_s, rel=1e-12)


def test_decoupling_of_nothing_is_refused():
    with pytest.raises(UsageError, match="dd=echo: on device 'ideal' nothing takes time"):
        compile(ramsey(10.0), SparsePauliOp("X"), dd="echo")
    with pytest.raises(UsageError, match=r"dd.*'ecko'.*echo"):
        compile(ramsey(10.0), SparsePauliOp("X"), device=SILICON, dd="ecko")
