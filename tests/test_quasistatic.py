"""Quasi-static dephasing: fixed detunings against matrices multiplied by hand, averages against a Monte Carlo of our own and
against closed forms, and the whole description against a master equation.
"""

from dataclasses import replace

import numpy as np
import pytest
from by_hand import PAULI, batched, by_hand, played
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp
from scipy.linalg import expm

from hybrid.device.device import Device
from hybrid.measure.compile import compile
from hybrid.measure.estimate import exact_values
from hybrid.measure.program import Program

SILICON = Device.load("meluxina-q")
N = SILICON.n_qubits
INF = float("inf")
NONE = np.zeros((1, 0))


def layered(n: int, *, delays: bool = True) -> QuantumCircuit:
    """A circuit without any symmetry between its qubits, with idle times worth decoupling."""
    theta = ParameterVector("t", 2 * n)
    circuit, fresh = QuantumCircuit(n), iter(theta)
    for q in range(n):
        circuit.ry(next(fresh), q)
        circuit.rz(next(fresh), q)
    for q in range(n - 1):
        circuit.cx(q, q + 1)
        if delays:
            circuit.delay(300 * (q + 1), q, "ns")
    circuit.ry(0.7, n - 1)
    return circuit


def observable_of(n: int) -> SparsePauliOp:
    rng = np.random.default_rng(n)
    return SparsePauliOp(["I" * n] + ["".join(rng.choice(list("IXYZ"), n)) for _ in range(4)], rng.normal(size=5))


def uneven(**changes) -> Device:
    """Short pulses and long ones, T2* from 0.4 to 3 us, exchange that is worth seeing: every qubit is different."""
    rng = np.random.default_rng(11)
    sx, cz = SILICON.gates["sx"], SILICON.gates["cz"]
    sx = replace(sx, duration_s={w: float(rng.uniform(30e-9, 200e-9)) for w in sx.duration_s})
    cz = replace(cz, duration_s={w: float(rng.uniform(80e-9, 400e-9)) for w in cz.duration_s})
    t2_star = tuple(rng.uniform(0.4e-6, 3e-6, N).tolist())
    new = {"name": "uneven", "gates": SILICON.gates | {"sx": sx, "cz": cz}, "t2_star_s": t2_star, "residual_exchange_hz": 1e5}
    t1 = tuple(rng.uniform(5e-6, 20e-6, N).tolist())
    return replace(SILICON, **(new | {"t1_s": t1, "t2_echo_s": tuple(1.3 * t for t in t1)} | changes))


def quiet(**changes) -> Device:
    """Nothing but dephasing and relaxation: perfect control, readout and preparation, pulses of 0.1 ps, no exchange."""
    sx, cz = (replace(SILICON.gates[name], error=dict.fromkeys(SILICON.gates[name].error, 0.0)) for name in ("sx", "cz"))
    sx = replace(sx, duration_s=dict.fromkeys(sx.duration_s, 1e-13))
    cz = replace(cz, duration_s=dict.fromkeys(cz.duration_s, 1e-13))
    new = dict.fromkeys(("readout_p01", "readout_p10", "init_error"), (0.0,) * N) | {"residual_exchange_hz": 0.0}
    return replace(SILICON, **(new | {"name": "quiet", "gates": SILICON.gates | {"sx": sx, "cz": cz}} | changes))


def at(program: Program, x: np.ndarray, detunings: np.ndarray) -> np.ndarray:
    """<observable> of a compiled program for every row of detunings (r, n), (r,)."""
    execution = program.execution
    angles = np.repeat(program.angle_map(x[None]), len(detunings), axis=0)
    rows = np.concatenate([angles, execution.detuned.angles(detunings)], axis=1)
    found = execution.readout.mix(execution.runner.distributions(rows))
    return exact_values(program.groups, found, None) + program.constant


# --- Fixed detunings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["aer", "reference"])
@pytest.mark.parametrize("device", [SILICON, uneven()], ids=lambda d: d.name)
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_fixed_detunings_agree_with_matrices_by_hand(n, device, backend):
    """To 1e-10: some hundred steps rounding at 1e-16 leave 1e-13. The detunings are up to 1e7 rad/s: several turns."""
    circuit, observable = layered(n), observable_of(n)
    rng = np.random.default_rng(30 + n)
    x = rng.uniform(-np.pi, np.pi, circuit.num_parameters)
    program = compile(circuit, observable, device=device, backend=backend, grouping="none", realizations=8)
    detunings = rng.normal(0, 3e6, (3, len(program.resources.physical)))
    detunings[0] = 0
    want = [by_hand(program, observable, x, row) for row in detunings]
    np.testing.assert_allclose(at(program, x, detunings), want, rtol=0, atol=1e-10)
    assert np.ptp(want) > 0.01  # the detunings are worth seeing


def test_groups_share_the_detunings_of_a_realization():
    """Two groups of one qubit under one detuning: <X> + <Y> of the same rotated state, by hand."""
    circuit, observable = layered(2), SparsePauliOp(["XX", "YY", "ZI"], [1.0, -0.5, 0.7])
    x = np.array([0.3, 0.9, -1.2, 2.0])
    program = compile(circuit, observable, device=uneven(), realizations=8)
    assert len(program.groups) > 1
    detunings = np.random.default_rng(5).normal(0, 2e6, (4, 2))
    want = [by_hand(program, observable, x, row) for row in detunings]
    np.testing.assert_allclose(at(program, x, detunings), want, rtol=0, atol=1e-10)


def test_without_detunings_it_is_the_markovian_description():
    """Without residual exchange, delta = 0 gives what dephasing=markov gives: the control errors are the same in both."""
    circuit, observable = layered(3), observable_of(3)
    x = np.random.default_rng(3).uniform(-3, 3, circuit.num_parameters)
    device = replace(Device.load("meluxina-q"), residual_exchange_hz=0.0)
    program = compile(circuit, observable, device=device, realizations=8)
    markov = compile(circuit, observable, device="meluxina-q", dephasing="markov").values(x[None]).values[0]
    assert at(program, x, np.zeros((1, 3)))[0] == pytest.approx(markov, abs=1e-12)


# --- Averages --------------------------------------------------------------------------------------------------------


@pytest.mark.statistics
def test_averages_agree_with_a_monte_carlo_by_hand():
    """200 detunings of our own against 512 of the program's; |z| < 4.5 (7e-6), and 1.4 times the detunings would show."""
    device = uneven()
    circuit = QuantumCircuit(2)
    circuit.ry(1.1, 0)
    circuit.cx(0, 1)
    circuit.delay(200, 0, "ns")
    circuit.rx(0.4, 1)
    observable = SparsePauliOp(["XX", "ZZ"], [1.0, 0.3])
    program = compile(circuit, observable, device=device, backend="exact", grouping="none", realizations=512)
    where = program.resources.physical
    coefficient = {label: c.real for label, c in observable.to_list()}
    states = {group.basis: played(program, i, np.zeros(0), None) for i, group in enumerate(program.groups)}
    rng = np.random.default_rng(21)

    def monte_carlo(scale: float, count: int) -> np.ndarray:
        sigma = [scale * np.sqrt(2) / (device.context_t2star_factor * device.t2_star_s[q]) for q in where]
        found = np.zeros(count)
        for row, delta in enumerate(rng.normal(0, sigma, (count, 2))):
            for basis, state in states.items():
                state.detunings = delta
                found[row] += coefficient[basis] * (state.read() @ [1, -1, -1, 1])
        return found

    own = monte_carlo(1.0, 200)
    answer = program.values(NONE, seed=4)
    stderr = own.std(ddof=1) / np.sqrt(len(own))
    z = (answer.values[0] - own.mean()) / np.hypot(stderr, answer.stderr[0])
    print(f"z = {z:.2f}; stderr {answer.stderr[0]:.1e}, Monte Carlo's {stderr:.1e}")
    assert abs(z) < 4.5
    assert 0 < answer.stderr[0] < stderr  # 512 scrambled Sobol points are worth more than 200 draws
    off = monte_carlo(np.sqrt(2), 60)
    assert abs(off.mean() - own.mean()) > 4.5 * stderr


def ramsey(wait_ns: float, *, echo: bool = False, two_qubit: bool = False) -> QuantumCircuit:
    """|+> on qubit 0 for a time, with or without a pi pulse about X half-way; a CZ on other qubits where it says so."""
    circuit = QuantumCircuit(3 if two_qubit else 1)
    if two_qubit:
        circuit.cz(1, 2)
    circuit.h(0)
    for half in range(2):
        circuit.delay(wait_ns / 2, 0, "ns")
        if echo and half == 0:
            circuit.x(0)
    return circuit


@pytest.mark.parametrize("wait_us", [0.5, 1.5, 3.0, 5.0])
@pytest.mark.parametrize("two_qubit", [False, True])
def test_ramsey_contrast(wait_us, two_qubit):
    """<X> = exp(-(t/T2*)^2) exp(-t/T2H) on an isolated qubit; T2* times the context factor where there is a two-qubit gate."""
    device = quiet(context_t2star_factor=0.6)
    circuit = ramsey(1e3 * wait_us, two_qubit=two_qubit)
    label = "IIX" if two_qubit else "X"
    program = compile(circuit, SparsePauliOp(label), device=device, backend="exact", realizations=1024)
    where = program.resources.physical[program.resources.layout[0]]
    star_us = 1e6 * device.t2_star_s[where] * (0.6 if two_qubit else 1.0)
    want = np.exp(-((wait_us / star_us) ** 2) - wait_us / (1e6 * device.t2_echo_s[where]))
    answer = program.values(NONE, seed=1)
    # 8 scrambles, a standard error widened for that: 5 of them are missed once in 1e4; pulses of 0.1 ps turn 1e-6.
    assert answer.values[0] == pytest.approx(want, abs=5 * answer.stderr[0] + 1e-6)
    assert answer.stderr[0] < 3e-3  # 1024 points of one dimension (or three): sharp enough to tell T2* from 1.01 T2*


@pytest.mark.parametrize("wait_us", [1.5, 6.0])
def test_an_echo_refocuses_whatever_stands_still(wait_us):
    """<X> after a Hahn echo is exp(-t/T2H) to 1e-6: pulses of 0.1 ps turn the phase by less."""
    device = quiet()
    program = compile(ramsey(1e3 * wait_us, echo=True), SparsePauliOp("X"), device=device, realizations=64)
    answer = program.values(NONE, seed=1)
    t2_us = 1e6 * device.t2_echo_s[program.resources.physical[0]]
    assert answer.values[0] == pytest.approx(np.exp(-wait_us / t2_us), abs=1e-6)
    assert answer.stderr[0] < 1e-6


def test_idle_loss_is_not_that_of_markov():
    """PHYSICS.md: T2* 3 us, T2H 30 us: after 0.1 us 0.0011 (quasi-static part), after 3 us 0.632."""
    device = quiet(t2_star_s=(3e-6,) * N, t2_echo_s=(INF,) * N, t1_s=(INF,) * N)
    for wait_us, loss, digits in ((0.1, 0.0011, 5e-5), (3.0, 0.632, 5e-4)):
        program = compile(ramsey(1e3 * wait_us), SparsePauliOp("X"), device=device, backend="exact", realizations=4096)
        answer = program.values(NONE, seed=2)
        assert 1 - answer.values[0] == pytest.approx(loss, abs=digits + 5 * answer.stderr[0])  # the digits that are given


def test_the_context_factor_counts_a_gate_of_any_pair_in_any_place():
    """A CZ before, behind or beside, on other qubits or the same: the same shortening; none without."""
    device = quiet(context_t2star_factor=0.5, t2_star_s=(3e-6,) * N, t2_echo_s=(INF,) * N, t1_s=(INF,) * N)
    one, half = np.exp(-((1 / 3) ** 2)), np.exp(-((2 / 3) ** 2))
    for place in ("none", "before", "behind"):
        circuit = QuantumCircuit(3)
        circuit.h(0)
        if place == "before":
            circuit.cz(1, 2)
        circuit.delay(1000, 0, "ns")
        if place == "behind":
            circuit.cz(1, 2)
        program = compile(circuit, SparsePauliOp("IIX"), device=device, backend="exact", realizations=1024)
        answer = program.values(NONE, seed=3)
        assert answer.values[0] == pytest.approx(one if place == "none" else half, abs=5 * answer.stderr[0] + 1e-6)
        assert answer.stderr[0] < 2e-3


# --- The description against a master equation -----------------------------------------------------------------------


def lindblad(state, detunings: np.ndarray) -> np.ndarray:
    """The density matrix of a played circuit of two qubits by integrating the master equation between all beginnings and ends:
    exchange, detunings and relaxation act all the time, pulses are drives. Control errors come at once, behind each gate.
    """
    device, (a, b) = state.device, state.physical
    eye = np.eye(4)

    def on(small: np.ndarray, q: int) -> np.ndarray:
        return np.kron(np.eye(2), small) if q == 0 else np.kron(small, np.eye(2))

    def left(m: np.ndarray) -> np.ndarray:
        return np.kron(eye, m)

    def right(m: np.ndarray) -> np.ndarray:
        return np.kron(m.T, eye)

    lower = np.array([[0, 1], [0, 0]])
    dissipator = np.zeros((16, 16), dtype=complex)
    for q, where in enumerate((a, b)):
        t1, t2 = device.t1_s[where], device.t2_echo_s[where]
        for rate, small in ((1 / t1, lower), ((1 / t2 - 1 / (2 * t1)) / 2, PAULI["Z"])):
            jump = on(small, q).astype(complex)
            square = jump.conj().T @ jump
            dissipator += rate * (np.kron(jump.conj(), jump) - (left(square) + right(square)) / 2)
    state.rho = np.kron(*(np.diag([1 - device.init_error[w], device.init_error[w]]) for w in (b, a))).astype(complex)
    times = sorted({0.0, *state.clock, *(e.begin for e in state.events), *(e.end for e in state.events)})
    zz = on(PAULI["Z"], 0) @ on(PAULI["Z"], 1)
    for begin, end in zip(times, [*times[1:], times[-1]], strict=True):
        for event in state.events:
            if event.name == "rz" and event.begin == begin:
                state.rho = (u := on(expm(-0.5j * event.angle * PAULI["Z"]), event.qubits[0])) @ state.rho @ u.conj().T
        hamiltonian = sum(on(PAULI["Z"], q) * detunings[q] / 2 for q in range(2)).astype(complex)
        exchange = 2 * np.pi * device.residual_exchange_hz / 4 * zz
        done = []
        for event in state.events:
            if event.name != "rz" and event.begin <= begin < event.end:
                t = event.end - event.begin
                if event.name == "sx":
                    hamiltonian += np.pi / 2 / t * on(PAULI["X"], event.qubits[0]) / 2
                else:
                    exchange = np.pi / t * np.diag([0, 0, 0, 1])
                if event.end == end:
                    done.append(event)
        hamiltonian += exchange
        generator = -1j * (left(hamiltonian) - right(hamiltonian)) + dissipator
        state.rho = (expm(generator * (end - begin)) @ state.rho.flatten(order="F")).reshape(4, 4, order="F")
        for event in done:
            n = len(event.qubits)
            state.depolarize(event.qubits, state.control_error(event) * 2**n / (2**n - 1))
    return state.rho


@pytest.mark.parametrize("seed", range(4))
def test_the_description_is_that_of_a_master_equation(seed):
    """What happens all the time stands between the pulses: off by some part of rate times duration of each run of pulses.

    A run of 0.13 us turns by pi 20 kHz 0.13 us = 0.008 from exchange, of which it averages less than the halves before and
    behind give, and dephases by 0.13 us of 14 us; some five runs make 1.5e-2. With pulses of 1 ns it is 65 times less, 3e-4
    with what relaxes during a CZ. Leaving out exchange costs more than twice as much in both.
    """
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(2)
    circuit.u(*rng.uniform(0, 3, 3), 0)
    circuit.u(*rng.uniform(0, 3, 3), 1)
    circuit.cz(0, 1)
    circuit.delay(2000, 0, "ns")
    circuit.ry(1.0, 0)
    circuit.u(*rng.uniform(0, 3, 3), 1)
    detunings = rng.normal(0, 5e5, 2)
    sx = SILICON.gates["sx"]
    quick = replace(SILICON, gates=SILICON.gates | {"sx": replace(sx, duration_s=dict.fromkeys(sx.duration_s, 1e-9))})
    for device, tolerance in ((SILICON, 1.5e-2), (quick, 3e-4)):
        program = compile(circuit, SparsePauliOp(["ZZ", "XY", "YX"]), device=device, realizations=8, grouping="none")
        found = program.execution.runner.distributions(program.execution.detuned.angles(detunings[None]))[0]
        off, without = [], []
        for place, probabilities in enumerate(found):
            state = played(program, place, np.zeros(0), detunings)
            want = lindblad(state, detunings).diagonal().real
            off.append(np.abs(probabilities - want).max())
            state.device = replace(device, residual_exchange_hz=0.0)
            without.append(np.abs(state.run().diagonal().real - want).max())
        print([f"{s:.1e}" for s in off], [f"{s:.1e}" for s in without])
        assert max(off) < tolerance
        assert max(without) > 2 * max(off)


def test_the_batched_backend_is_right():
    """The statistics of other tests rest on it."""
    circuit, observable = layered(3), observable_of(3)
    x = np.random.default_rng(8).uniform(-3, 3, circuit.num_parameters)
    slow = compile(circuit, observable, device=uneven(), realizations=16).values(x[None], seed=6)
    fast = batched(circuit, observable, uneven(), realizations=16).values(x[None], seed=6)
    assert fast.values[0] == pytest.approx(slow.values[0], abs=1e-12)
    assert fast.stderr[0] == pytest.approx(slow.stderr[0], abs=1e-12)
