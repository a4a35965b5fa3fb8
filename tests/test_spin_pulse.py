"""`pioneer-p10` against the package it is named after: SpinPulse (arXiv:2601.10435), an independent pulse-level simulator.

Two questions, kept apart. The same detunings must give the same unitaries and states: that is arithmetic, without statistics.
SpinPulse's own quasi-static generator must give the same averages as our draws: the tests say how often they would be
wrong by chance.

Convention of T2*. SpinPulse adds (w/2) Z to the Hamiltonian, w constant in a shot and drawn from N(0, sqrt(2)/T2S); after a
time t the coherence is <exp(i w t)> = exp(-sigma^2 t^2/2) = exp(-(t/T2S)^2). That is our detuning, letter for letter, so
nothing is converted but its unit: SpinPulse counts in steps, here of 10 ns, and w is in radians per step.

Square pulses, no noise of the exchange, no pink noise: what then still differs by design is in seeds/README.md.
"""

import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector, average_gate_fidelity

import hybrid
from hybrid.compilation.infidelity import pulse_infidelity
from hybrid.compilation.noise import describe
from hybrid.compilation.schedule import schedule
from hybrid.device.detuning import DetunedAngles, sigma
from hybrid.device.device import Device

DEVICE = Device.load("pioneer-p10")
STEP_S = 10e-9
SX_S, RZ_S = (DEVICE.gates[name].duration_s[(0,)] for name in ("sx", "rz"))
T2_STAR_S = DEVICE.t2_star_s[0]
SIGMA = float(sigma(DEVICE, (0,), context=False)[0])  # rad/s
EXCHANGE_S = 0.5e-6  # of RZZ(pi/4), half of the 1 us of a bare RZZ(pi/2)
SIGNIFICANCE = 4.0  # standard errors: one false alarm in 16,000 fair comparisons; 7 comparisons are made, 1 in 2,300 in all


@pytest.fixture(scope="module")
def spin_pulse():
    """The package; what it does to the warnings of others is not our business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("spin_pulse", reason="pip install spin-pulse")


def hardware(spin_pulse, n_qubits: int):
    """Square pulses whose X90 and RZ(pi/2) last as long as the profile's, RZZ(pi/4) 0.5 us, without ramps.

    SpinPulse makes an exchange pulse a ZZ by moving its qubits apart in frequency, by +-delta. With two qubits that is done so
    hard (30 rad per step) that the flip-flop part of the exchange does nothing, and in whole turns, so that the phases do
    nothing either: its echo undoes them only as well as its pulses are perfect. Both are absent from our RZZ.
    """
    steps = EXCHANGE_S / STEP_S
    return spin_pulse.HardwareSpecs(
        num_qubits=n_qubits,
        B_field=np.pi / 2 / (SX_S / STEP_S),
        delta=np.pi / 2 / (RZ_S / STEP_S) if n_qubits == 1 else 2 * np.pi * 239 / steps,
        J_coupling=np.pi / 4 / steps,
        rotation_shape=spin_pulse.Shape.SQUARE,
        ramp_duration=0,
    )


def environment(spin_pulse, specs, pulses, samples: int, seed: int):
    """Quasi-static noise: one detuning per qubit and run of the circuit."""
    kind = spin_pulse.environment.noise.NoiseType.QUASISTATIC
    steps = {"duration": samples * pulses.duration, "segment_duration": pulses.duration}
    return spin_pulse.ExperimentalEnvironment(specs, noise_type=kind, T2S=T2_STAR_S / STEP_S, seed=seed, **steps)


def their_pulses(spin_pulse, circuit: QuantumCircuit):
    """SX is RX(pi/2) up to a phase, a delay counts in steps, and four SX around two halves of an RZZ are SpinPulse's echo."""
    native = QuantumCircuit(circuit.num_qubits)
    for item in circuit.data:
        if item.operation.name == "sx":
            native.rx(np.pi / 2, item.qubits[0]._index)
        elif item.operation.name == "delay":
            native.delay(round(item.operation.duration / STEP_S), item.qubits[0]._index)
        else:
            native.append(item.operation, [qubit._index for qubit in item.qubits])
    specs = hardware(spin_pulse, circuit.num_qubits)
    return specs, spin_pulse.PulseCircuit.from_circuit(native, specs)


def attach(pulses, env) -> None:
    """The next stretch of noise. SpinPulse 1.1.3 writes a gate's first qubit as the left factor of a Kronecker product
    (`PulseLayer.to_circuit`), where Qiskit expects the last one: during an exchange pulse each qubit sees the noise of the
    other. That is put right here; should a later version do so itself, this has to go."""
    pulses.attach_time_traces(env)
    for layer in pulses.pulse_layers:
        for gate in layer.twoq_pulse_sequences:
            one, other = (layer.oneq_pulse_sequences[qubit._index] for qubit in gate.qubits)
            one.time_trace, other.time_trace = other.time_trace, one.time_trace


def their_operators(spin_pulse, circuit: QuantumCircuit, detunings: np.ndarray) -> list[Operator]:
    """SpinPulse's propagators with the given detunings (r, n) in rad/s written over its noise."""
    specs, pulses = their_pulses(spin_pulse, circuit)
    env = environment(spin_pulse, specs, pulses, samples=1, seed=0)
    found = []
    for row in detunings:
        for trace, detuning in zip(env.time_traces, row, strict=True):
            trace.values[:] = detuning * STEP_S
        pulses.t_lab = 0
        attach(pulses, env)
        found.append(Operator(pulses.to_circuit()))
    return found


def our_operators(circuit: QuantumCircuit, device: Device, detunings: np.ndarray) -> list[Operator]:
    """What `hybrid.compilation.noise` describes, with the given detunings (r, n) in rad/s."""
    physical, angles = tuple(range(circuit.num_qubits)), DetunedAngles()
    described = QuantumCircuit(circuit.num_qubits)
    for step in describe(schedule(circuit, device, physical), device, physical, angles).steps:
        described.append(step.gate, step.qubits)
    rows = angles(detunings)
    return [Operator(described.assign_parameters(dict(zip(angles.parameters, row, strict=True)))) for row in rows]


def x90() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    return circuit


def ramsey(delay_s: float) -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.delay(delay_s, 0, "s")
    circuit.sx(0)
    return circuit


def pulses_and_pauses(seed: int) -> QuantumCircuit:
    """Pulses, physical RZ(+-pi/2) and pauses at random; a pulse begins and ends it, for ours leaves phases there out."""
    rng = np.random.default_rng(seed)
    circuit = x90()
    for _ in range(6):
        circuit.rz(rng.choice([-np.pi / 2, np.pi / 2]), 0)
        circuit.delay(float(rng.integers(1, 300)) * STEP_S, 0, "s")
        circuit.sx(0)
    return circuit


def bell(*, echo: bool) -> QuantumCircuit:
    """A maximally entangled state; ours spells out the echo that SpinPulse puts into every RZZ."""
    circuit = QuantumCircuit(2)

    def pulses(count: int) -> None:
        for _ in range(count):
            circuit.sx(0)
            circuit.sx(1)

    pulses(1)
    for angle in (np.pi / 4, np.pi / 4) if echo else (np.pi / 2,):
        pulses(2 if echo else 0)
        circuit.rzz(angle, 0, 1)
    pulses(1)
    return circuit


def with_exchange_pulse() -> Device:
    """The profile with the exchange pulse alone as its RZZ: the profile's own one lasts as long as the whole echo."""
    rzz = DEVICE.gates["rzz"]
    return replace(
        DEVICE, gates=DEVICE.gates | {"rzz": replace(rzz, duration_s=dict.fromkeys(rzz.duration_s, EXCHANGE_S), echoed=False)}
    )


def states(operators: list[Operator]) -> np.ndarray:
    return np.array([Statevector(operator.data[:, 0]).data for operator in operators])


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(np.sum(a.conj() * b, axis=-1)) ** 2


# --- The same detunings ----------------------------------------------------------------------------------------------


def test_sigma_is_theirs(spin_pulse):
    trace = spin_pulse.environment.noise.QuasistaticNoiseTimeTrace(T2_STAR_S / STEP_S, 2, 2, seed=0)
    assert trace.sigma / STEP_S == pytest.approx(SIGMA, rel=1e-12)


def test_detuned_x90(spin_pulse):
    """Both are exact for a square pulse, at any detuning: rounding of a product of some hundred 2x2 matrices."""
    detunings = SIGMA * np.linspace(-4, 4, 9)[:, None]
    for a, b in zip(their_operators(spin_pulse, x90(), detunings), our_operators(x90(), DEVICE, detunings), strict=True):
        assert average_gate_fidelity(a, b) == pytest.approx(1, abs=1e-11)


@pytest.mark.parametrize("seed", range(3))
def test_detuned_pulses_and_pauses(spin_pulse, seed):
    """Exact in both as above."""
    circuit = pulses_and_pauses(seed)
    detunings = SIGMA * np.linspace(-3, 3, 4)[:, None]
    ours = states(our_operators(circuit, DEVICE, detunings))
    assert overlaps(states(their_operators(spin_pulse, circuit, detunings)), ours) == pytest.approx(1, abs=1e-10)
    assert np.ptp(np.abs(ours[:, 0])) > 0.05  # the detunings do something


def test_detuned_bell_state(spin_pulse):
    """1e-6: what is left of the flip-flop part of SpinPulse's exchange, (J/delta)^2 = (0.016/30)^2 = 3e-7 at worst."""
    detunings = SIGMA * np.random.default_rng(0).normal(size=(6, 2))
    ours = states(our_operators(bell(echo=True), with_exchange_pulse(), detunings))
    theirs = states(their_operators(spin_pulse, bell(echo=False), detunings))
    assert overlaps(theirs, ours) == pytest.approx(1, abs=1e-6)
    perfect = Statevector(bell(echo=True)).data
    assert overlaps(ours, perfect).min() < 0.999  # the detunings do something
    assert np.abs(np.linalg.svd(perfect.reshape(2, 2))[1] ** 2 - 0.5).max() < 1e-12  # maximally entangled


# --- Their draws and ours --------------------------------------------------------------------------------------------


def their_samples(spin_pulse, circuit: QuantumCircuit, samples: int, seed: int, value) -> np.ndarray:
    """`value(operator)` for detunings that SpinPulse draws."""
    specs, pulses = their_pulses(spin_pulse, circuit)
    env, found = environment(spin_pulse, specs, pulses, samples, seed), []
    for _ in range(samples):
        attach(pulses, env)
        found.append(value(Operator(pulses.to_circuit())))
    return np.array(found)


def agree(theirs: np.ndarray, ours: float, ours_stderr: float) -> bool:
    """Whether the mean of their samples and our value are within SIGNIFICANCE standard errors."""
    stderr = np.hypot(theirs.std(ddof=1) / np.sqrt(len(theirs)), ours_stderr)
    return abs(theirs.mean() - ours) < SIGNIFICANCE * stderr


@pytest.mark.slow
def test_infidelity_of_x90(spin_pulse):
    """Mean over 4,000 of their draws (2.2 % standard error) against a Gauss-Hermite mean of ours, and the closed form."""
    ideal = Operator(x90())
    theirs = their_samples(spin_pulse, x90(), 4000, 1, lambda operator: 1 - average_gate_fidelity(operator, ideal))
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    ours = [1 - average_gate_fidelity(o, ideal) for o in our_operators(x90(), DEVICE, SIGMA * nodes[:, None])]
    mean = float(weights @ ours / weights.sum())
    assert agree(theirs, mean, 0.0)
    # The closed form is of second order in sigma/Omega; the next order is of relative size (sigma/Omega)^2.
    assert pulse_infidelity(DEVICE, (0,), SX_S) == pytest.approx(mean, rel=3 * (SIGMA * SX_S / (np.pi / 2)) ** 2)


@pytest.mark.slow
@pytest.mark.parametrize("delay_us", [1, 4, 8, 12])
def test_ramsey_contrast(spin_pulse, delay_us):
    """The whole stack: <Z> after X90, waiting, X90 is minus the contrast."""
    circuit = ramsey(delay_us * 1e-6)
    z = np.diag([1, -1])
    theirs = their_samples(spin_pulse, circuit, 600, delay_us, lambda o: -float((o.data[:, 0].conj() @ z @ o.data[:, 0]).real))
    program = hybrid.compile(circuit, SparsePauliOp("Z"), device="pioneer-p10", backend="reference", realizations=1024)
    ours = program.values(np.zeros((1, 0)), seed=0)
    assert agree(theirs, -ours.values[0], ours.stderr[0])
    # Pulses dephase too: to first order a square X90 counts as 2/pi of its duration (the mean of cos over a quarter turn).
    seconds = delay_us * 1e-6 + 2 * (2 / np.pi) * SX_S
    assert -ours.values[0] == pytest.approx(np.exp(-((seconds / T2_STAR_S) ** 2)), abs=0.01)


@pytest.mark.slow
def test_bell_fidelity(spin_pulse):
    """250 of their draws against 2,000 of ours, the echo spelled out."""
    perfect = Statevector(bell(echo=True)).data
    theirs = their_samples(spin_pulse, bell(echo=False), 250, 3, lambda o: float(overlaps(o.data[:, 0], perfect)))
    detunings = SIGMA * np.random.default_rng(4).normal(size=(2000, 2))
    ours = overlaps(states(our_operators(bell(echo=True), with_exchange_pulse(), detunings)), perfect)
    assert agree(theirs, ours.mean(), ours.std(ddof=1) / np.sqrt(len(ours)))


# --- The numbers of the profile, and the absence ---------------------------------------------------------------------


@pytest.mark.parametrize(("gate", "native", "angle"), [("sx", "rx", np.pi / 2), ("rz", "rz", np.pi), ("rzz", "rzz", np.pi / 2)])
def test_durations_of_the_profile(spin_pulse, gate, native, angle):
    """As Quobly's own package sets SpinPulse up, in ns: Gaussian pulses cut at 2.5 widths last 1.3 % longer, and ramps.

    An rx lasts in proportion to its angle, and the 1 us is that of a full turn by pi: an X90 takes 0.5 us.
    """
    alloy = pytest.importorskip("quobly_alloy.forge.pioneer_p10", reason="pip install quobly-alloy")
    options, n_qubits, _, couplings = alloy.generate_environment(None)
    assert n_qubits == DEVICE.n_qubits
    assert [tuple(pair) for pair in couplings] == list(DEVICE.edges)
    assert pytest.approx(T2_STAR_S) == alloy._T2S * 1e-9
    circuit = QuantumCircuit(2)
    getattr(circuit, native)(angle, *range(2 if native == "rzz" else 1))
    seconds = spin_pulse.PulseCircuit.from_circuit(circuit, options.specs).duration * 1e-9
    assert DEVICE.gates[gate].duration_s[(0, 1) if gate == "rzz" else (0,)] == pytest.approx(seconds, rel=0.025)


def test_without_spin_pulse_everything_here_is_skipped():
    """And nothing fails: the module is imported, the package is not."""
    block = "import sys, pytest; sys.modules['spin_pulse'] = None; sys.exit(pytest.main(sys.argv[1:]))"
    words = [__file__, "-q", "-p", "no:cacheprovider", "-m", "slow or not slow", "--deselect"]
    words += [f"tests/{Path(__file__).name}::test_without_spin_pulse_everything_here_is_skipped"]
    done = subprocess.run(
        [sys.executable, "-c", block, *words], cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False
    )
    last = done.stdout.strip().splitlines()[-1]
    assert done.returncode == 0, done.stdout
    assert "skipped" in last
    assert "passed" not in last and "failed" not in last
