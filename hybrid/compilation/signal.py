"""The share of an expectation value that noise leaves: Pauli strings followed backwards through the circuit.

Backwards in time a gate turns a Pauli string into others; a string is drawn with the square of its matrix element, and every
error on the way damps it by what it leaves of such letters (1 where the letter is the identity):
    S = <prod over errors of d(letters there)>                                                                            (1)
over drawn strings that end as I or Z on every qubit, for others have no value in the initial state |0...0>. A string is changed
by Clifford gates without chance, so (1) is exact for Clifford circuits with Pauli errors; elsewhere it leaves out interference
between strings. Errors are those of `loss`, and dephasing of one wait is taken as independent of that of another.

An observable of few qubits is damped by few of a circuit's errors: S is far above the fidelity of the whole state. Compared
with the exact engine (tests/test_look.py) it is within a tenth for most circuits, and up to three times too low for long ones
whose own pulses refocus detunings, such as Trotter steps of a Heisenberg chain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import exp, sin
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from qiskit.quantum_info import SparsePauliOp

from hybrid.compilation.infidelity import DIAGONAL, in_circuits
from hybrid.compilation.loss import Waiting, gate_loss
from hybrid.compilation.schedule import Schedule, TimedOperation
from hybrid.device.device import Device

STRINGS, FEWEST = 4096, 32
"""Strings that are drawn; where fewer than this many end in I and Z, all of them are averaged."""


class _Damping(NamedTuple):
    """What an error leaves of the letters of its qubits: on one qubit of I, X, Z, Y; on two of all but I I."""

    qubits: tuple[int, ...]
    left: Any


def expected_signal(
    schedule: Schedule,
    device: Device,
    physical: tuple[int, ...],
    observable: SparsePauliOp,
    angles: dict[Any, float],
    *,
    read_errors: bool = True,
) -> float:
    """S of the observable's terms, weighted by the size of their coefficients, at these values of the circuit's `angles`.

    Qubit i of schedule and observable is `physical[i]`. Without `read_errors` what is read is taken as corrected.
    """
    rng = np.random.default_rng(0)
    weight = np.abs(observable.coeffs)
    drawn = np.searchsorted(np.cumsum(weight) / weight.sum(), (np.arange(STRINGS) + 0.5) / STRINGS)
    strings = _PauliStrings(observable.paulis.x[drawn].T.copy(), observable.paulis.z[drawn].T.copy(), rng, angles)
    assert device.readout_p01 is not None and device.readout_p10 is not None and device.init_error is not None
    if read_errors:
        read = strings.x | strings.z
        for q, where in enumerate(physical):
            strings.left *= np.where(read[q], 1 - device.readout_p01[where] - device.readout_p10[where], 1.0)
    for event in reversed([*_events(schedule, device, physical)]):
        if isinstance(event, _Damping):
            strings.damp(event)
        else:
            strings.undo(event)
    for q, where in enumerate(physical):
        strings.damp(_Damping((q,), np.array([1.0, 1.0, 1 - 2 * device.init_error[where], 1.0])))
    counting = ~strings.x.any(axis=0)
    return float(strings.left[counting if counting.sum() >= FEWEST else slice(None)].mean())


class _PauliStrings:
    """Pauli strings as bits (qubit, string), X where `x`, Z where `z`, Y where both; and what is `left` of each."""

    def __init__(
        self, x: Bool[np.ndarray, "n s"], z: Bool[np.ndarray, "n s"], rng: np.random.Generator, angles: dict[Any, float]
    ) -> None:
        self.x, self.z, self.left = x, z, np.ones(x.shape[1])
        self._rng, self._angles = rng, angles

    def damp(self, error: _Damping) -> None:
        """By what the error leaves of each string's letters there."""
        if len(error.qubits) == 1:
            (q,) = error.qubits
            self.left *= error.left[self.x[q] + 2 * self.z[q]]
        else:
            a, b = error.qubits
            self.left[self.x[a] | self.z[a] | self.x[b] | self.z[b]] *= error.left

    def undo(self, timed: TimedOperation) -> None:
        """exp(-i angle P/2) multiplies a string that does not commute with P by P, with probability sin(angle)^2."""
        name, qubits = timed.gate.name, list(timed.qubits)
        if name == "cz":
            a, b = qubits
            self.z[a] ^= self.x[b]
            self.z[b] ^= self.x[a]
            return
        own, other = (self.z, self.x) if name in ("rz", "rzz") else (self.x, self.z)
        turns: Float[np.ndarray, " s"] = np.logical_xor.reduce(other[qubits])
        if name != "sx":
            angle: Any = timed.gate.params[0]
            value = self._angles[angle] if angle in self._angles else float(angle)
            turns &= self._rng.random(turns.size) < sin(value) ** 2
        own[qubits] ^= turns


def _events(schedule: Schedule, device: Device, physical: tuple[int, ...]) -> Iterator[TimedOperation | _Damping]:
    """Gates in order of time, each after what its qubits' waiting does and before its own error."""
    context = any(len(timed.qubits) > 1 for timed in schedule.operations)
    dephased = in_circuits(device) if context else device
    if device.dephasing != "quasistatic":
        dephased = replace(dephased, t2_star_s=None)
    waiting = [Waiting(dephased, where) for where in physical]
    for timed in schedule.operations:
        native, moves = device.gates[timed.gate.name], timed.gate.name not in DIAGONAL
        if native.virtual:
            yield timed
            continue
        for q in timed.qubits:
            waiting[q].wait(timed.start_s, timed.duration_s, moves=moves, detunes=not native.echoed)
            if moves:
                contrast, kept = waiting[q].left()
                yield _Damping((q,), np.array([1.0, contrast, kept, contrast]))
                waiting[q].move()
        yield timed
        yield _control(device, dephased, timed, tuple(physical[q] for q in timed.qubits))


def _control(device: Device, dephased: Device, timed: TimedOperation, where: Sequence[int]) -> _Damping:
    """A gate's own error as depolarizing: with process fidelity F it leaves (d^2 F - 1)/(d^2 - 1) of all but the identity."""
    d2 = 4 ** len(where)
    left = (d2 * exp(-gate_loss(device, dephased, timed.gate.name, tuple(sorted(where)))) - 1) / (d2 - 1)
    return _Damping(timed.qubits, np.array([1.0, left, left, left]) if len(where) == 1 else left)
