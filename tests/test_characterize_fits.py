"""The parts of the self-test against closed forms: pulses, Clifford sequences, fits, envelopes, agreement."""

from dataclasses import replace

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator, Statevector, average_gate_fidelity

from hybrid import catalog
from hybrid.characterization.apparatus import Apparatus
from hybrid.characterization.cliffords import sequence
from hybrid.characterization.coherence import Decay, _ramsey_envelope, exponential, gaussian_gain
from hybrid.characterization.entanglement import BELL, GHZ, bell_circuit, ghz_circuit
from hybrid.characterization.fits import decay, fit
from hybrid.characterization.native import native
from hybrid.characterization.polarization import polarization
from hybrid.characterization.result import Characterization, Row
from hybrid.device.device import Device

DEVICES = [name for name in catalog.names("devices") if name != "ideal"]
ROUNDING = 1e-9


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("circuit", "projector"), [(bell_circuit(), BELL), (ghz_circuit(), GHZ)], ids=["bell", "ghz"])
def test_native_states_are_the_textbooks(device, circuit, projector):
    loaded = Device.load(device)
    found = native(circuit, loaded)
    assert set(found.count_ops()) <= set(loaded.gates)
    assert Operator(found).equiv(Operator(circuit))
    assert Statevector(found).expectation_value(projector).real == pytest.approx(1, abs=ROUNDING)


def test_pulses_are_as_few_and_as_late_as_they_can_be():
    device = Device.load("spin-sige-6q")
    bell, ghz = native(bell_circuit(), device), native(ghz_circuit(), device)
    assert (bell.count_ops()["sx"], bell.count_ops()["cz"]) == (3, 1)
    assert (ghz.count_ops()["sx"], ghz.count_ops()["cz"]) == (5, 2)
    pulsed = [ghz.find_bit(item.qubits[0]).index for item in ghz.data if item.operation.name == "sx"]
    assert pulsed == [1, 0, 1, 2, 2]


@pytest.mark.parametrize("device", ["spin-sige-6q", "iqm-star-24", "aqt-20", "pioneer-p10"])
@pytest.mark.parametrize("n", [1, 2])
def test_sequences_end_where_they_should(device, n):
    loaded, rng = Device.load(device), np.random.default_rng(5)
    for outcome in range(2**n):
        found = sequence(n, 6, outcome, loaded, rng)
        assert Statevector(found.circuit).probabilities()[outcome] == pytest.approx(1, abs=ROUNDING)
        flips = QuantumCircuit(n)
        for q in range(n):
            if outcome >> q & 1:
                flips.x(q)
        assert Operator(found.circuit).equiv(Operator(flips))


def test_a_single_qubit_clifford_takes_one_pulse_on_average():
    """4 of 24 take none, 16 one, 4 two: the mean is 1, its standard deviation over 2,000 draws sqrt(1/3/2000) = 0.013."""
    device, rng = Device.load("spin-sige-6q"), np.random.default_rng(1)
    found = sequence(1, 2000, 0, device, rng)
    assert found.circuit.count_ops()["sx"] / 2001 == pytest.approx(1, abs=4 * 0.013)  # false alarm 6e-5


def test_polarization_of_depolarizing_pulses_is_their_product():
    """T1 and T2 aside, every X90 of infidelity r keeps 1 - 2r; nothing else happens on one qubit."""
    device = Device.load("aqt-20")
    found = sequence(1, 20, 1, device, np.random.default_rng(2))
    pulses, r = found.circuit.count_ops()["rx"], device.gates["rx"].error[0,]
    # the control error is the published one less relaxation, which is added again: the product holds to second order
    assert polarization(device, (0,), found.circuit, 1) == pytest.approx((1 - 2 * r) ** pulses, abs=(2 * r) ** 2 * pulses)


def test_polarization_is_that_of_the_average_fidelity_of_a_noisy_bell_pulse():
    """Against Qiskit's own average gate fidelity of the same channels, composed one by one."""
    from qiskit.quantum_info import Kraus, SuperOp

    from hybrid.base.types import Operation
    from hybrid.compilation import noise
    from hybrid.compilation.schedule import schedule
    from hybrid.device.channels import kraus, qubits_of

    device, rng = Device.load("meluxina-q", dephasing="markov"), np.random.default_rng(3)
    found = sequence(2, 3, 2, device, rng)
    total = SuperOp(np.eye(16))
    for step in noise.describe(schedule(found.circuit, device, (3, 4)), device, (3, 4), None, {"initialisation"}).steps:
        one = Operator(step.gate) if isinstance(step, Operation) else Kraus(list(kraus(step)))
        total = total.compose(SuperOp(one), qargs=list(qubits_of(step)))
    flips = QuantumCircuit(2)
    flips.x(1)
    average = average_gate_fidelity(total, Operator(flips))  # F_avg = (d F + 1)/(d + 1)
    entanglement = (5 * average - 1) / 4
    assert polarization(device, (3, 4), found.circuit, 2) == pytest.approx((16 * entanglement - 1) / 15, abs=ROUNDING)


def test_errors_of_a_fit_are_those_of_its_points():
    """A line through two points: the slope's variance is (s1^2 + s2^2)/dx^2."""
    x, y, stderr = np.array([0.0, 2.0]), np.array([1.0, 5.0]), np.array([0.3, 0.4])
    found = fit(lambda p: p[0] + p[1] * x, [0.0, 0.0], y, stderr)
    assert found.parameters == pytest.approx([1, 2], abs=1e-6)
    assert found.stderr == pytest.approx([0.3, 0.5 / 2], rel=1e-6)


def test_a_decay_is_found_again_whatever_contrast_and_offset():
    t = np.linspace(0, 3, 15)
    found = decay(lambda time: np.exp(-t / time), 1.5, 0.1 + 0.7 * np.exp(-t / 0.8), np.full(15, 0.01))
    assert [np.exp(found.parameters[0]), *found.parameters[1:]] == pytest.approx([0.8, 0.7, 0.1], rel=1e-6)


def ramsey_data(t2_star_s: float, t2_echo_s: float) -> tuple[Decay, object]:
    delays = np.linspace(0, 2 * t2_star_s, 24)
    fringe = np.cos(2 * np.pi * 3 * delays / delays[-1])
    contrast = np.exp(-((delays / t2_star_s) ** 2) - delays / t2_echo_s)
    return Decay(delays, 0.5 + 0.45 * contrast * fringe, np.full(24, 0.02), fringe), delays


@pytest.mark.statistics
def test_the_product_is_unbiased_where_a_gaussian_alone_is_not():
    """T2* = 3 us, T2H = 14 us: a Gaussian alone is off by some -10.6 %, how much depends on delays and weights."""
    data, _ = ramsey_data(3e-6, 14e-6)
    product = data.fit(lambda t, t2: np.exp(-((t / t2) ** 2) - t / 14e-6), 2e-6)
    gauss = data.fit(lambda t, t2: np.exp(-((t / t2) ** 2)), 2e-6)
    assert np.exp(product.parameters[0]) == pytest.approx(3e-6, rel=1e-5)
    assert np.exp(gauss.parameters[0]) / 3e-6 - 1 == pytest.approx(-0.106, abs=0.05)
    assert gaussian_gain(data, lambda t, t2: np.exp(-((t / t2) ** 2) - t / 14e-6), 2e-6) > 5


def test_the_likelihood_prefers_an_exponential_where_it_is_one():
    data, delays = ramsey_data(3e-6, 14e-6)
    contrast = np.exp(-delays / 3e-6) * data.fringe
    plain = data._replace(probability=0.5 + 0.45 * contrast)
    assert gaussian_gain(plain, lambda t, t2: np.exp(-((t / t2) ** 2) - t / 14e-6), 2e-6) < -5


def test_detuned_pulses_lengthen_a_ramsey_by_four_over_pi():
    device = Device.load("spin-sige-6q")
    envelope = _ramsey_envelope(Apparatus(device, catalog.load(catalog.parse("backends", "aer"))(), 100, 1), 1)
    t = 4 / np.pi * 132e-9
    assert envelope(np.zeros(1), 2.5e-6)[0] == pytest.approx(np.exp(-((t / 2.5e-6) ** 2) - t / 21.1e-6), rel=1e-12)
    assert exponential(np.array([2.0]), 4.0)[0] == pytest.approx(np.exp(-0.5))


def test_agreement():
    row = Row(experiment="bell", qubits=(0, 1), value=0.93, stderr=0.03, nominal=0.88, nominal_stderr=0.04)
    assert row.sigmas == pytest.approx(1)
    assert list(row.to_json()) == ["experiment", "qubits", "value", "stderr", "nominal", "sigmas", "unit"]
    volume = Row(experiment="quantum_volume", qubits=(), value=3, stderr=None)
    assert volume.sigmas is None
    about = dict.fromkeys(("device", "physics", "dephasing", "simulator", "caveat"), "")
    found = Characterization(**about, shots=100, seed=0, rows=(row, row, volume), curves=(), notes=())
    assert (found.chi_squared, len(found.compared)) == (pytest.approx(2), 2)
    assert found.p_value == pytest.approx(np.exp(-1))  # chi-squared with two degrees of freedom
    assert found.agrees and found.mean("bell") == (pytest.approx(0.93), pytest.approx(0.03 / np.sqrt(2)))
    assert found.mean("ghz") is None
    apart = Characterization(**about, shots=100, seed=0, rows=(replace(row, value=1.2),), curves=(), notes=())
    assert apart.largest == pytest.approx(6.4) and not apart.agrees
