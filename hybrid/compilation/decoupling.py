"""Dynamical decoupling: pi pulses in a qubit's idle times, which refocus detunings that are constant during the idle time.

`echo` is X X, `xy4` is X Y X Y, at the fractions (2j - 1)/(2m) of the idle time (Carr-Purcell spacing; Viola, Knill & Lloyd,
PRL 82, 2417 (1999)). A pi pulse is two native X90 pulses, Y is X between two rz. Where pulses share one control line they wait
until it is free, and all later operations are delayed.

Only a qubit in superposition dephases, and its phase matters to a readout in Z only before its last gate that is not diagonal.
Elsewhere pulses would cost and gain nothing.
"""

from typing import NamedTuple

import numpy as np
from qiskit.circuit.library import RXGate, RZGate, SXGate

from hybrid.compilation.infidelity import DIAGONAL
from hybrid.compilation.schedule import Schedule, TimedOperation
from hybrid.device.device import Device

SEQUENCES = {"echo": "XX", "xy4": "XYXY"}
ROOM = 2.0
"""An idle time is decoupled when it is at least this many times as long as the pulses."""
BASIS_STATE = 1e-9
"""Populations are products of a handful of 2x2 matrices with entries of order one."""


class _Insertion(NamedTuple):
    time_s: float
    qubit: int
    letter: str


def decouple(schedule: Schedule, device: Device, physical: tuple[int, ...], name: str) -> Schedule:
    """The schedule with the named sequence in every idle time of a qubit that dephases it and leaves room for the pulses."""
    queue = sorted(_insertions(schedule, device, physical, SEQUENCES[name]))
    operations: list[TimedOperation] = []
    shift_s, line_s, free_s = 0.0, 0.0, [0.0] * len(physical)

    def place(timed: TimedOperation) -> None:
        nonlocal shift_s, line_s
        native = device.gates[timed.gate.name]
        serial = not (native.parallel or native.virtual)
        start_s = max([timed.start_s + shift_s, *(free_s[q] for q in timed.qubits)] + ([line_s] if serial else []))
        shift_s = start_s - timed.start_s
        operations.append(timed._replace(start_s=start_s))
        end_s = start_s + timed.duration_s
        for q in timed.qubits:
            free_s[q] = end_s
        line_s = end_s if serial else line_s

    for timed in _frames_late(schedule, device):
        while queue and queue[0].time_s <= timed.start_s:
            before_s = shift_s
            for pulse in _pi(queue[0], device, physical):
                place(pulse)
            shift_s = before_s  # later operations are delayed further only where the pulses overlap them
            queue.pop(0)
        place(timed)
    return Schedule(tuple(sorted(operations, key=lambda timed: timed.start_s)), max(free_s, default=0.0))


def _frames_late(schedule: Schedule, device: Device) -> list[TimedOperation]:
    """The operations with every virtual one at the qubit's next pulse: pi pulses around it would invert its angle."""
    late: list[TimedOperation] = []
    next_s: dict[int, float] = {}
    for timed in reversed(schedule.operations):
        if device.gates[timed.gate.name].virtual:
            late.append(timed._replace(start_s=next_s.get(timed.qubits[0], timed.start_s)))
        else:
            late.append(timed)
            next_s |= dict.fromkeys(timed.qubits, timed.start_s)
    late.reverse()
    return sorted(late, key=lambda timed: timed.start_s)


def _insertions(schedule: Schedule, device: Device, physical: tuple[int, ...], letters: str) -> list[_Insertion]:
    """The pulses to insert, with their start times."""
    matters = {q: i for i, timed in enumerate(schedule.operations) if timed.gate.name not in DIAGONAL for q in timed.qubits}
    states = _States(len(physical))
    last_s: dict[int, float] = {}
    insertions: list[_Insertion] = []
    for i, timed in enumerate(schedule.operations):
        if not device.gates[timed.gate.name].virtual:
            for qubit in timed.qubits:
                if states.superposed(qubit) and i <= matters.get(qubit, -1):
                    insertions += _sequence(letters, qubit, last_s[qubit], timed.start_s, device, physical)
                last_s[qubit] = timed.start_s + timed.duration_s
        states.apply(timed)
    return insertions


def _sequence(
    letters: str, qubit: int, start_s: float, end_s: float, device: Device, physical: tuple[int, ...]
) -> list[_Insertion]:
    """The pulses of one idle time; none where there is no room."""
    idle_s, m = end_s - start_s, 2 * len(letters)
    long_s = sum(p.duration_s for letter in letters for p in _pi(_Insertion(0.0, qubit, letter), device, physical))
    if idle_s < ROOM * long_s or long_s == 0:
        return []
    return [_Insertion(start_s + (2 * j + 1) / m * idle_s - long_s / m, qubit, letter) for j, letter in enumerate(letters)]


class _States:
    """What is known of each qubit: its two amplitudes from |0> on, until it may be entangled or depend on a parameter."""

    def __init__(self, n: int) -> None:
        self._amplitudes: list[np.ndarray | None] = [np.array([1.0, 0.0])] * n

    def superposed(self, qubit: int) -> bool:
        """Whether the qubit may be in anything but |0> or |1>."""
        amplitudes = self._amplitudes[qubit]
        return amplitudes is None or float(np.min(np.abs(amplitudes) ** 2)) > BASIS_STATE

    def apply(self, timed: TimedOperation) -> None:
        """The state after a gate; diagonal gates leave |0> and |1> as they are."""
        known = len(timed.qubits) == 1 and not timed.gate.is_parameterized()
        for qubit in timed.qubits:
            amplitudes = self._amplitudes[qubit]
            if known and amplitudes is not None:
                self._amplitudes[qubit] = timed.gate.to_matrix() @ amplitudes
            elif self.superposed(qubit) or timed.gate.name not in DIAGONAL:
                self._amplitudes[qubit] = None


def _pi(insertion: _Insertion, device: Device, physical: tuple[int, ...]) -> list[TimedOperation]:
    x90 = RXGate(np.pi / 2) if "rx" in device.gates else SXGate()
    gates = [x90, x90] if insertion.letter == "X" else [RZGate(-np.pi / 2), x90, x90, RZGate(np.pi / 2)]
    timed, start_s = [], insertion.time_s
    for gate in gates:
        duration_s = device.gates[gate.name].duration_s[physical[insertion.qubit],]
        timed.append(TimedOperation(gate, (insertion.qubit,), start_s, duration_s))
        start_s += duration_s
    return timed
