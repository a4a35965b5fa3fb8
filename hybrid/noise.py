"""Device + schedule -> error channels: the one description of the noise; every backend reads it.

Here the Markovian part: control errors, T1 and T2 echo during pulses and while waiting, initialisation and readout.
"""

from math import exp, pi
from typing import assert_never

import numpy as np
from jaxtyping import Complex

from hybrid.device import Device, NativeGate
from hybrid.estimate import Readout
from hybrid.transpile import Schedule
from hybrid.types import BitFlip, Channel, Depolarizing, Operation, Relaxation, Setting

PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=complex)


def describe(schedule: Schedule, device: Device, physical: tuple[int, ...]) -> Setting:
    """The scheduled circuit with every error channel in order of time; simulated qubit i is device qubit `physical[i]`.

    A gate's control error follows the gate. Waiting is relaxation, joined with the relaxation during the pulse before it
    (they commute, also with the virtual rz) and written down before the qubit's next pulse or the readout.
    """
    assert device.t1_s is not None and device.t2_echo_s is not None and device.init_error is not None
    steps: list[Operation | Channel] = [
        BitFlip(q, device.init_error[where]) for q, where in enumerate(physical) if device.init_error[where] > 0
    ]
    t1_s, t2_s = device.t1_s, device.t2_echo_s
    since_s = [0.0] * len(physical)

    def wait(qubit: int, until_s: float) -> None:
        times_s = t1_s[physical[qubit]], t2_s[physical[qubit]]
        if until_s > since_s[qubit] and min(times_s) < float("inf"):
            steps.append(Relaxation(qubit, until_s - since_s[qubit], *times_s))
        since_s[qubit] = until_s

    for gate, qubits, start_s, duration_s in schedule.operations:
        native = device.gates[gate.name]
        if not native.virtual:
            for qubit in qubits:
                wait(qubit, start_s)
        steps.append(Operation(gate, qubits))
        probability = depolarizing_probability(control_error(device, native, tuple(physical[q] for q in qubits)), len(qubits))
        if duration_s > 0 and probability > 0:
            steps.append(Depolarizing(qubits, probability))
    for qubit in range(len(physical)):
        wait(qubit, schedule.duration_s)
    return Setting(len(physical), tuple(steps))


def readout(device: Device, physical: tuple[int, ...]) -> Readout:
    """Assignment errors of the simulated qubits."""
    assert device.readout_p01 is not None and device.readout_p10 is not None
    return Readout(np.array([device.readout_p01[q] for q in physical]), np.array([device.readout_p10[q] for q in physical]))


def depolarizing_probability(infidelity: float, n_qubits: int) -> float:
    """p = r d/(d-1) for an average gate infidelity r on d = 2^n levels."""
    d = 2**n_qubits
    return infidelity * d / (d - 1)


def control_error(device: Device, gate: NativeGate, qubits: tuple[int, ...]) -> float:
    """Average infidelity of the control alone: the published error less the dephasing modelled during the pulse, floored at 0.

    Published benchmarking errors contain dephasing; it is computed with the isolated T2* and T2 echo whatever dephasing a
    run models, so that the control error is the same in all.
    """
    where = tuple(sorted(qubits))
    if gate.virtual:
        return 0.0
    modelled = pulse_infidelity if len(where) == 1 else exchange_infidelity
    return max(0.0, gate.error[where] - modelled(device, where, gate.duration_s[where]))


def pulse_infidelity(device: Device, qubits: tuple[int, ...], duration_s: float) -> float:
    """Average infidelity of an X90 pulse from relaxation and a quasi-static detuning, to second order in the detuning.

    With Omega t = pi/2 the detuning delta ~ N(0, sqrt(2)/T2*) rotates by delta/Omega about Y and Z each (Magnus, first order):
    r = (2/3) <delta^2> / (2 Omega^2) = (2/3) (2 t / (pi T2*))^2.
    """
    assert device.t2_star_s is not None
    quasi_static = (2 / 3) * (2 * duration_s / (pi * device.t2_star_s[qubits[0]])) ** 2
    return quasi_static + 2 / 3 * (1 - _process_fidelity(device, qubits[0], duration_s, detuned=False))


def exchange_infidelity(device: Device, qubits: tuple[int, ...], duration_s: float) -> float:
    """Average infidelity of a diagonal two-qubit gate from relaxation and quasi-static detunings of both qubits.

    r = d/(d+1) (1 - F1 F2) with the process fidelities of the two single-qubit channels (d = 4), which commute with the gate.
    """
    fidelity = np.prod([_process_fidelity(device, q, duration_s, detuned=True) for q in qubits])
    return 4 / 5 * (1 - float(fidelity))


def _process_fidelity(device: Device, qubit: int, duration_s: float, *, detuned: bool) -> float:
    """(1 + 2 c + e^(-t/T1))/4, the trace of the Pauli-transfer matrix, with contrast c = e^(-t/T2) [e^(-(t/T2*)^2)]."""
    assert device.t1_s is not None and device.t2_echo_s is not None and device.t2_star_s is not None
    contrast = exp(-duration_s / device.t2_echo_s[qubit])
    if detuned:
        contrast *= exp(-((duration_s / device.t2_star_s[qubit]) ** 2))
    return (1 + 2 * contrast + exp(-duration_s / device.t1_s[qubit])) / 4


def kraus(channel: Channel) -> Complex[np.ndarray, "r d d"]:
    """Kraus operators of one channel on its own qubits (first qubit the lowest bit)."""
    match channel:
        case BitFlip():
            return np.sqrt([1 - channel.probability, channel.probability])[:, None, None] * PAULIS[:2]
        case Depolarizing():
            return _depolarizing_kraus(channel.probability, len(channel.qubits))
        case Relaxation():
            return _relaxation_kraus(channel)
        case _:
            assert_never(channel)


def _depolarizing_kraus(probability: float, n_qubits: int) -> Complex[np.ndarray, "r d d"]:
    strings = PAULIS
    for _ in range(n_qubits - 1):
        strings = np.einsum("aij,bkl->abikjl", strings, PAULIS).reshape(len(strings) * 4, 2 * len(strings[0]), -1)
    weights = np.full(len(strings), probability / len(strings))
    weights[0] += 1 - probability
    return np.sqrt(weights)[:, None, None] * strings


def _relaxation_kraus(channel: Relaxation) -> Complex[np.ndarray, "r d d"]:
    """Amplitude damping with T1 followed by pure dephasing so that coherences decay with T2 (Nielsen & Chuang, 8.3.5-8.3.6)."""
    survive = exp(-channel.duration_s / channel.t1_s)
    contrast = exp(-channel.duration_s / channel.t2_s) / np.sqrt(survive)
    damp = np.array([[[1, 0], [0, np.sqrt(survive)]], [[0, np.sqrt(1 - survive)], [0, 0]]], dtype=complex)
    phase = np.sqrt([(1 + contrast) / 2, max(0.0, 1 - contrast) / 2])[:, None, None] * PAULIS[[0, 3]]
    return np.einsum("aij,bjk->abik", phase, damp).reshape(-1, 2, 2)


def qubits_of(step: Operation | Channel) -> tuple[int, ...]:
    """The simulated qubits a step acts on."""
    return step.qubits if isinstance(step, Operation | Depolarizing) else (step.qubit,)


def superoperator(operators: Complex[np.ndarray, "r d d"]) -> Complex[np.ndarray, "dd dd"]:
    """Sum of conj(K) x K, the channel on column-stacked density matrices."""
    d = operators.shape[-1]
    return np.einsum("rij,rkl->ikjl", operators.conj(), operators).reshape(d * d, d * d)
