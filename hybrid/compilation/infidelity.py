"""Average infidelities of native gates: of the control, of the dephasing during a gate, and of a gate inside a circuit."""

from dataclasses import replace
from functools import lru_cache
from math import exp, pi

from hybrid.device.device import Device, NativeGate

DIAGONAL = ("rz", "cz", "rzz")


def depolarizing_probability(infidelity: float, n_qubits: int) -> float:
    """p = r d/(d-1) for an average gate infidelity r on d = 2^n levels."""
    d = 2**n_qubits
    return infidelity * d / (d - 1)


def control_error(device: Device, gate: NativeGate, qubits: tuple[int, ...]) -> float:
    """Average infidelity of the control alone: the published error minus the dephasing modelled during the pulse, at least 0.

    Published benchmarking errors contain dephasing; it is computed with the isolated T2* and T2 echo whatever dephasing a
    run models, so that the control error is the same in all.
    """
    where = tuple(sorted(qubits))
    if gate.virtual:
        return 0.0
    duration_s = gate.duration_s[where]
    if gate.name in ("sx", "rx"):
        return max(0.0, gate.error[where] - pulse_infidelity(device, where, duration_s))
    return max(0.0, gate.error[where] - commuting_infidelity(device, where, duration_s, echoed=gate.echoed))


def pulse_infidelity(device: Device, qubits: tuple[int, ...], duration_s: float) -> float:
    """Average infidelity of an X90 pulse from relaxation and a quasi-static detuning, to second order in the detuning.

    With Omega t = pi/2 the detuning delta ~ N(0, sqrt(2)/T2*) rotates by delta/Omega about Y and Z each (Magnus, first order):
    r = (2/3) <delta^2> / (2 Omega^2) = (2/3) (2 t / (pi T2*))^2.
    """
    quasi_static = 0.0
    if device.t2_star_s is not None:
        quasi_static = (2 / 3) * (2 * duration_s / (pi * device.t2_star_s[qubits[0]])) ** 2
    return quasi_static + 2 / 3 * (1 - process_fidelity(device, qubits[0], duration_s, detuned=False))


def commuting_infidelity(device: Device, qubits: tuple[int, ...], duration_s: float, *, echoed: bool = False) -> float:
    """Average infidelity of a diagonal gate from relaxation and, unless it is echoed, quasi-static detunings of its qubits.

    r = d/(d+1) (1 - F1 ... Fn) with the process fidelities of the single-qubit channels, which commute with the gate.
    """
    fidelity, d = 1.0, 2 ** len(qubits)
    for qubit in qubits:
        fidelity *= process_fidelity(device, qubit, duration_s, detuned=device.t2_star_s is not None and not echoed)
    return d / (d + 1) * (1 - fidelity)


def process_fidelity(device: Device, qubit: int, duration_s: float, *, detuned: bool) -> float:
    """(1 + 2 c + e^(-t/T1))/4, the trace of the Pauli-transfer matrix, with contrast c = e^(-t/T2) [e^(-(t/T2*)^2)]."""
    assert device.t1_s is not None and device.t2_echo_s is not None
    contrast = exp(-duration_s / device.t2_echo_s[qubit])
    if detuned:
        assert device.t2_star_s is not None
        contrast *= exp(-((duration_s / device.t2_star_s[qubit]) ** 2))
    return (1 + 2 * contrast + exp(-duration_s / device.t1_s[qubit])) / 4


@lru_cache(maxsize=64)
def in_circuits(device: Device) -> Device:
    """The device with the T2* that its qubits have in circuits with a two-qubit gate.

    It is the same whatever dephasing a run models, so that a circuit has one layout on a device.
    """
    return replace(device, t2_star_s=device.circuit_t2_star_s)


def circuit_infidelity(device: Device, gate: NativeGate, qubits: tuple[int, ...]) -> float:
    """Average infidelity of a gate inside a circuit: its control error, and dephasing at the T2* that qubits have there.

    It is larger than the published error where `context_t2star_factor` is below 1, and differs from pair to pair.
    """
    where, dephased = tuple(sorted(qubits)), in_circuits(device)
    if gate.virtual:
        return 0.0
    dephasing = pulse_infidelity if gate.name in ("sx", "rx") else commuting_infidelity
    if gate.echoed:
        dephased = replace(dephased, t2_star_s=None)
    return control_error(device, gate, where) + dephasing(dephased, where, gate.duration_s[where])
