"""The ansatz that a problem proposes on a noisy device, and why: a rule that needs no simulation."""

from dataclasses import replace

import numpy as np

from hybrid.base.types import Problem
from hybrid.device.device import Device

STAND_IN = "meluxina-q"
"""The device that a run on ideal hardware leads to."""


def suited(problem: Problem, device: Device) -> Problem:
    """The problem with the ansatz that keeps most signal on a noisy device, and the reason in words; as it is on others.

    One layer of RY and CX between neighbours; of RY alone where entangling cannot pay. The gain is at most the distance from
    the baseline, the best without entanglement, to the exact value; the price is taken as half a gate's infidelity for each of
    the n - 1 gates, of the distance from guessing (the mean over all states) to the baseline. RZ besides where the Hamiltonian
    is not real. The guide's page `run` has the table that the rule rests on. Binary problems keep the circuit of QAOA.
    """
    if not device.noisy or problem.choices is not None:
        return problem
    paulis = problem.hamiltonian.paulis
    layers = "real_amplitudes" if not ((paulis.x & paulis.z).sum(axis=1) % 2).any() else "efficient_su2"
    gates, gain, price = problem.n_qubits - 1, most_to_gain(problem), price_of_one_layer(problem, device)
    if gain <= price:
        cost = f"{gates} would cost about {100 * price:.2g} % of the signal"
        reason = f"no two-qubit gates: {cost}, entangling gains {100 * gain:.2g} % at most"
        return replace(problem, ansatz=f"{layers}:reps=0", ansatz_reason=reason)
    reason = f"{gates} two-qubit gate{'s' if gates > 1 else ''}: one layer keeps most signal on {device.name}"
    return replace(problem, ansatz=f"{layers}:reps=1", ansatz_reason=reason)


def entangling_pays(problem: Problem, device: Device) -> bool:
    """Whether entangling the qubits can gain more than the gates of one layer cost; always for binary problems."""
    return problem.choices is not None or most_to_gain(problem) > price_of_one_layer(problem, device)


def price_of_one_layer(problem: Problem, device: Device) -> float:
    """Half a gate's infidelity for each of the n - 1 gates between neighbours."""
    return (problem.n_qubits - 1) * two_qubit_error(device) / 2


def most_to_gain(problem: Problem) -> float:
    """How much of the distance from guessing to the baseline entanglement can add; infinite where that is not known."""
    identity = ~(problem.hamiltonian.paulis.x | problem.hamiltonian.paulis.z).any(axis=1)
    guessing = problem.sign * float(problem.hamiltonian.coeffs[identity].real.sum())
    if problem.exact is None or problem.baseline is None or guessing == problem.baseline:
        return np.inf if problem.n_qubits > 1 else 0.0
    return (problem.baseline - problem.exact) / (guessing - problem.baseline)


def two_qubit_error(device: Device) -> float:
    """The mean published infidelity of the device's two-qubit gates."""
    errors = [error for gate in device.compiled_for.gates.values() if gate.n_qubits == 2 for error in gate.error.values()]
    return float(np.mean(errors))
