"""What methods of error mitigation give for infinitely many shots: exact where theory says so, and nothing changed where
nothing is wrong."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import DensityMatrix, Kraus, Pauli, SparsePauliOp, SuperOp

import hybrid
from hybrid.base.errors import UsageError
from hybrid.base.types import Operation, Setting
from hybrid.compilation.noise import describe
from hybrid.compilation.schedule import schedule_all
from hybrid.device.channels import kraus, qubits_of
from hybrid.device.device import Device

INF = float("inf")
NONE = np.zeros((1, 0))
PERFECT = {"t1_s": INF, "t2_echo_s": INF, "readout_p01": 0.0, "readout_p10": 0.0, "init_error": 0.0}


def device_with(name: str, *, control: bool = False, **rates: float) -> Device:
    """A Markovian device whose errors are those of `rates`, and with `control` the published ones of its gates."""
    device = Device.load(f"{name}:dephasing=markov")
    gates = device.gates
    if not control:
        gates = {key: replace(gate, error=dict.fromkeys(gate.error, 0.0)) for key, gate in gates.items()}
    assert device.n_qubits is not None
    fields = {key: (value,) * device.n_qubits for key, value in (PERFECT | rates).items()}
    return replace(device, gates=gates, **fields)


def value(circuit, observable, device: str | Device = "ideal", mitigate="none", x=None, seed=1, **words):
    """The limit and its standard error, from detunings and random Paulis alone."""
    points = NONE if x is None else np.asarray(x)[None]
    found = hybrid.compile(circuit, observable, device=device, backend="exact", mitigate=mitigate, **words).values(
        points, seed=seed
    )
    return found.values[0], found.stderr[0]


# --- Extrapolation ---------------------------------------------------------------------------------------------------


def clifford(n: int, rng: np.random.Generator) -> QuantumCircuit:
    circuit = QuantumCircuit(n)
    for _ in range(2):
        for qubit in range(n):
            getattr(circuit, str(rng.choice(["h", "s", "sx", "x"])))(qubit)
        for qubit in range(n - 1):
            circuit.cx(qubit, qubit + 1)
    return circuit


@pytest.mark.parametrize("name", ["meluxina-q", "iqm-star-24", "aqt-20"])
@pytest.mark.parametrize("how", ["fold_by=circuit", "factors=1/3/5,fold_by=circuit", "fold_by=gate", "fold_by=pair"])
def test_an_exponential_recovers_single_strings_of_clifford_circuits(name, how):
    """Depolarising noise alone multiplies a Pauli string by one factor per gate on its way, the same backwards and forwards, so
    the decay is exponential in the fold; by pairs of qubits this holds where pulses of single qubits are perfect."""
    device, rng = device_with(name, control=True), np.random.default_rng(3)
    if "pair" in how:
        gates = device.gates
        perfect = {key: g if g.n_qubits == 2 else replace(g, error=dict.fromkeys(g.error, 0.0)) for key, g in gates.items()}
        device = replace(device, gates=perfect)
    for n in (2, 3):
        circuit = clifford(n, rng)
        state = DensityMatrix(circuit)
        strings = ["".join(letters) for letters in product("IXYZ", repeat=n)][1:]
        stabilizers = [text for text in strings if abs(state.expectation_value(Pauli(text))) > 0.5]
        assert len(stabilizers) == 2**n - 1
        for text in stabilizers:
            ideal = state.expectation_value(Pauli(text)).real
            noisy, _ = value(circuit, SparsePauliOp(text), device)
            found, _ = value(circuit, SparsePauliOp(text), device, f"zne:{how}")
            assert abs(noisy - ideal) > 1e-3
            assert found == pytest.approx(ideal, abs=1e-6)


# --- Cancellation ----------------------------------------------------------------------------------------------------


def ansatz(n: int, reps: int = 1) -> tuple[QuantumCircuit, SparsePauliOp, np.ndarray]:
    circuit = efficient_su2(n, reps=reps, entanglement="linear")
    x = np.random.default_rng(5).uniform(-np.pi, np.pi, circuit.num_parameters)
    terms = [("ZZ", [i, i + 1], -1.0) for i in range(n - 1)] + [("X", [i], -0.8) for i in range(n)]
    return circuit, SparsePauliOp.from_sparse_list(terms, n), x


CANCELLED = [(name, method) for name in ("meluxina-q", "iqm-star-24", "aqt-20") for method in ("pec", "trex+pec")]


@pytest.mark.parametrize(
    ("name", "method"), [pytest.param(*row, marks=pytest.mark.slow if i else []) for i, row in enumerate(CANCELLED)]
)
def test_cancellation_of_markovian_noise_is_unbiased(name, method):
    """300 answers of 2,000 shots: their mean is the noiseless value within 4 of its standard errors; the raw value is off by
    3 or more, so that the test could see it.
    Noise is that of the profile, and that of the readout with trex."""
    circuit, observable, x = ansatz(2, reps=3)
    x = 0.2 * x  # near the state |00>, where noise changes the value most
    profile = Device.load(f"{name}:dephasing=markov")
    assert profile.t1_s is not None and profile.t2_echo_s is not None and profile.readout_p01 is not None
    own = {"t1_s": profile.t1_s[0], "t2_echo_s": profile.t2_echo_s[0]}
    own |= {} if method == "pec" else {"readout_p01": profile.readout_p01[0], "readout_p10": 2 * profile.readout_p01[0]}
    device = device_with(name, control=True, **own)
    ideal, _ = value(circuit, observable, x=x)
    raw, _ = value(circuit, observable, device, x=x)
    program = hybrid.compile(circuit, observable, device=device, backend="exact", shots=2000, mitigate=method)
    answers = np.concatenate([program.values(np.tile(x, (30, 1)), seed=seed).values for seed in range(10)])
    error = answers.std(ddof=1) / np.sqrt(len(answers))
    print(f"{name} {method}: off by {(answers.mean() - ideal) / error:.1f}, raw by {(raw - ideal) / error:.1f}")
    assert abs(answers.mean() - ideal) < 4 * error
    assert abs(raw - ideal) > 3 * error


# --- Readout ---------------------------------------------------------------------------------------------------------


def test_both_corrections_of_the_readout_agree():
    """With equal rates every flip leaves the same factor: to 1e-12. With different ones random flips make them equal in the
    mean over frames, here 4,096: within 4 standard errors."""
    circuit, observable, x = ansatz(3)
    ideal, _ = value(circuit, observable, x=x)
    equal = device_with("meluxina-q", readout_p01=0.05, readout_p10=0.05)
    for method in ("readout", "trex"):
        assert value(circuit, observable, equal, method, x)[0] == pytest.approx(ideal, abs=1e-12)
    different = device_with("meluxina-q", readout_p01=0.02, readout_p10=0.15)
    assert value(circuit, observable, different, "readout", x)[0] == pytest.approx(ideal, abs=1e-12)
    found, error = value(circuit, observable, different, "trex", x, realizations=4096)
    assert abs(found - ideal) < 4 * error < 0.02 < abs(value(circuit, observable, different, x=x)[0] - ideal)


# --- Twirling --------------------------------------------------------------------------------------------------------

EVERY_FRAME = ("twirl", "trex", "trex+twirl", "pec", "trex+pec", "twirl+zne", "trex+twirl+zne:factors=1/3/5,model=richardson")


@pytest.mark.parametrize("name", ["meluxina-q", "iqm-star-24", "aqt-20"])
@pytest.mark.parametrize("method", EVERY_FRAME)
def test_random_paulis_change_nothing_where_nothing_is_wrong(name, method):
    """64 frames or more, of every native gate: values and their spread to 1e-12."""
    circuit, observable, x = ansatz(3)
    circuit.rzz(Parameter("zz"), 0, 2)
    circuit.ry(0.7, 2)
    x = np.append(x, 0.4)
    found, error = value(circuit, observable, device_with(name), method, x)
    assert found == pytest.approx(value(circuit, observable, x=x)[0], abs=1e-12)
    assert error < 1e-12


def test_turns_about_z_that_take_time_are_refused():
    with pytest.raises(UsageError, match="'pioneer-p10' turns qubits about Z by pulses, so random Paulis take time"):
        value(*ansatz(2)[:2], "pioneer-p10", "twirl", ansatz(2)[2])


def twirled(channel: SuperOp) -> SuperOp:
    """The mean over all Paulis P of P E(P . P) P, by Qiskit."""
    n = channel.num_qubits
    assert n is not None
    paulis = [SuperOp(Pauli("".join(letters))) for letters in product("IXYZ", repeat=n)]
    return sum((p.compose(channel).compose(p) for p in paulis[1:]), start=channel) / len(paulis)


def value_of_description(setting: Setting, weights: np.ndarray, *, paulis: bool) -> float:
    """Sum of weights of outcomes, by Qiskit; with `paulis` twirled channels in place of those between a qubit's pulses: before
    the first it is in |0>, and after the last its outcome is not flipped."""
    driven = [(i, step) for i, step in enumerate(setting.steps) if isinstance(step, Operation) and step.gate.name != "rz"]
    pulses = [(i, q) for i, step in driven for q in step.qubits]
    state = DensityMatrix.from_label("0" * setting.n_qubits)
    for i, step in enumerate(setting.steps):
        if isinstance(step, Operation):
            state = state.evolve(step.gate, list(step.qubits))
            continue
        channel, qubits = SuperOp(Kraus(list(kraus(step)))), list(qubits_of(step))
        inside = all(min(j for j, p in pulses if p == q) < i < max(j for j, p in pulses if p == q) for q in qubits)
        state = state.evolve(twirled(channel) if paulis and inside else channel, qubits)
    return float(state.probabilities() @ weights)


@pytest.mark.parametrize("name", ["meluxina-q", "iqm-star-24"])
def test_a_twirled_channel_is_a_pauli_channel(name):
    """Strong relaxation, which is none: the mean over 16,384 frames is the value with Qiskit's average over all Paulis in place
    of every channel, within 4 standard errors, and not the value without."""
    device = device_with(name, control=True, t1_s=1.5e-6, t2_echo_s=2e-6)
    circuit, observable, x = ansatz(2)
    program = hybrid.compile(circuit, observable, device=device, backend="exact", mitigate="twirl", realizations=16384)
    found = program.values(x[None], seed=1)
    isa, circuits, *_ = program.execution.recipe
    angles = dict(zip(isa.circuit.parameters, program.angle_map(x[None])[0], strict=True))
    plain, paulis = 0.0, 0.0
    for weights, measured in zip(program.outcome_weights(None), circuits, strict=True):
        schedule = schedule_all([measured.assign_parameters(angles)], device, isa.physical)[0]
        setting = describe(schedule, device, isa.physical)
        plain += value_of_description(setting, weights, paulis=False)
        paulis += value_of_description(setting, weights, paulis=True)
    assert abs(found.values[0] - paulis) < 4 * found.stderr[0] < 0.2 * abs(plain - paulis)
    assert value(circuit, observable, device, x=x)[0] == pytest.approx(plain, abs=1e-10)
