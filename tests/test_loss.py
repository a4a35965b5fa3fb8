"""The predicted loss of a schedule, against closed forms and against the exact engine."""

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from hybrid.compilation.infidelity import circuit_infidelity, control_error, in_circuits
from hybrid.compilation.loss import predicted_loss
from hybrid.compilation.schedule import schedule
from hybrid.device.device import Device
from hybrid.measure.compile import compile

SILICON = Device.load("meluxina-q")
N = 10
INF = float("inf")


def perfect(**changes) -> Device:
    """The stand-in without any error; what is given changes."""
    fine = {"gates": {name: replace(gate, error=dict.fromkeys(gate.error, 0.0)) for name, gate in SILICON.gates.items()}}
    fine |= {"t1_s": (INF,) * N, "t2_star_s": (INF,) * N, "t2_echo_s": (INF,) * N, "context_t2star_factor": 0.5}
    fine |= dict.fromkeys(("readout_p01", "readout_p10", "init_error"), (0.0,) * N)
    return replace(SILICON, **fine | changes)


def at_once(device: Device) -> Device:
    """X90 pulses that take no time to speak of."""
    sx = replace(device.gates["sx"], duration_s={(q,): 1e-13 for q in range(N)})
    return replace(device, gates=device.gates | {"sx": sx})


def loss(circuit: QuantumCircuit, device: Device, physical: tuple[int, ...], read: tuple[int, ...] = ()) -> float:
    return predicted_loss(schedule(circuit, device, physical), device, physical, read)


def test_a_device_without_errors_loses_nothing():
    circuit = QuantumCircuit(2)
    circuit.sx([0, 1])
    circuit.cz(0, 1)
    circuit.sx([0, 1])
    assert loss(circuit, perfect(), (3, 4), (0, 1)) == 0


@pytest.mark.parametrize("wait_ns", [100, 1000, 5000])
def test_free_evolution_between_two_pulses(wait_ns):
    """-log of (1 + 2 c + e^(-t/T1))/4 with a Ramsey contrast c = exp(-(t/T2*)^2 - t/T2); waits before and after are free."""
    device = at_once(perfect(t1_s=(50e-6,) * N, t2_star_s=(INF, 2e-6, *[INF] * 8), t2_echo_s=(20e-6,) * N))
    circuit = QuantumCircuit(1)
    circuit.delay(700, 0, "ns")
    circuit.sx(0)
    circuit.delay(wait_ns, 0, "ns")
    circuit.sx(0)
    circuit.delay(900, 0, "ns")
    t = wait_ns * 1e-9
    want = -log((1 + 2 * exp(-((t / 2e-6) ** 2) - t / 20e-6) + exp(-t / 50e-6)) / 4)
    assert loss(circuit, device, (1,)) == pytest.approx(want, rel=1e-5)


def test_waiting_and_diagonal_gates_add_up_to_one_free_evolution():
    """In a circuit with a two-qubit gate T2* is shorter by the factor, 0.5 here: sx, 200 ns, cz of 150 ns, 300 ns, sx."""
    device = perfect(t2_star_s=(4e-6,) * N)
    device = replace(
        device, gates=dict(device.gates, sx=replace(device.gates["sx"], duration_s={(q,): 1e-18 for q in range(N)}))
    )
    circuit = QuantumCircuit(2)
    circuit.sx(0)
    circuit.delay(200, 0, "ns")
    circuit.cz(0, 1)
    circuit.delay(300, 0, "ns")
    circuit.sx(0)
    want = -log((2 + 2 * exp(-((650e-9 / 2e-6) ** 2))) / 4)
    assert loss(circuit, device, (5, 6)) == pytest.approx(want, rel=1e-5)  # qubit 6 stays in |0>


def test_gates_preparation_and_readout():
    """Process infidelities are r (d + 1)/d; what is not read has no readout error."""
    gates = {
        name: replace(gate, error=dict.fromkeys(gate.error, error))
        for (name, gate), error in zip(SILICON.gates.items(), (0.0, 0.01, 0.02), strict=True)
    }
    assert list(gates) == ["rz", "sx", "cz"]
    device = perfect(gates=gates, init_error=(0.03,) * N, readout_p01=(0.04,) * N, readout_p10=(0.06,) * N)
    circuit = QuantumCircuit(3)
    circuit.sx(0)
    circuit.cz(0, 1)
    want = -log(1 - 0.01 * 1.5) - log(1 - 0.02 * 1.25) - 2 * log(1 - 0.03) - log(1 - 0.05)
    assert loss(circuit, device, (0, 1, 2), (1,)) == pytest.approx(want, rel=1e-12)


def test_infidelities_in_circuits():
    """About 2.24 % on pair 0-1 and 1.31 % on 4-5 with strong heating, where the profile publishes 1.0 % for all."""
    cz, heated = SILICON.gates["cz"], Device.load("meluxina-q:heating=strong")
    assert circuit_infidelity(heated, cz, (0, 1)) == pytest.approx(0.0224, abs=5e-5)
    assert circuit_infidelity(heated, cz, (5, 4)) == pytest.approx(0.0131, abs=5e-5)
    assert circuit_infidelity(SILICON, SILICON.gates["rz"], (0,)) == 0
    plain = replace(SILICON, context_t2star_factor=1.0)
    for name, where in (("sx", (0,)), ("cz", (4, 5))):  # the published error again, where that is not below the dephasing
        gate = plain.gates[name]
        if control_error(plain, gate, where) > 0:
            assert circuit_infidelity(plain, gate, where) == pytest.approx(gate.error[where], rel=1e-12)
    markov = Device.load("meluxina-q:dephasing=markov")
    assert circuit_infidelity(markov, cz, (0, 1)) == circuit_infidelity(SILICON, cz, (0, 1))
    assert in_circuits(SILICON).t2_star_s == SILICON.circuit_t2_star_s


def test_an_echoed_gate_dephases_by_relaxation_alone():
    device = Device.load("pioneer-p10")
    rzz = device.gates["rzz"]
    longer = replace(device, t2_star_s=(INF,) * N)
    assert rzz.echoed and circuit_infidelity(device, rzz, (0, 1)) == pytest.approx(circuit_infidelity(longer, rzz, (0, 1)))


def test_a_ramsey_experiment_loses_what_is_predicted():
    """<X> of a waiting |+> falls by the contrast; the predicted process fidelity is (1 + c)/2 of it, all else being perfect."""
    device = perfect(t2_star_s=(2e-6,) * N, residual_exchange_hz=0.0)
    device = replace(
        device, gates=dict(device.gates, sx=replace(device.gates["sx"], duration_s={(q,): 1e-13 for q in range(N)}))
    )
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.delay(800, 0, "ns")
    program = compile(circuit, SparsePauliOp("Y"), device=device, backend="exact", realizations=512)
    contrast = -program.values(np.zeros((1, 0)), seed=1).values[0]
    circuit.sx(0)
    found = exp(-loss(circuit, device, (program.resources.physical[0],)))
    assert found == pytest.approx((1 + contrast) / 2, abs=2e-3)
