"""Dynamical decoupling: pi pulses in a qubit's idle times, which refocus detunings that are constant during the idle time.

`echo` is X X, `xy4` is X Y X Y, at the fractions (2j - 1)/(2m) of the idle time (Carr-Purcell spacing; Viola, Knill & Lloyd,
PRL 82, 2417 (1999)). A pi pulse is two native X90 pulses, Y is X between two rz. Where pulses share one control line they wait
until it is free, and all later operations are delayed.
"""

from typing import NamedTuple

import numpy as np
from qiskit.circuit.library import RXGate, RZGate, SXGate

from hybrid.compilation.schedule import Schedule, TimedOperation
from hybrid.device.device import Device

SEQUENCES = {"echo": "XX", "xy4": "XYXY"}
ROOM = 2.0
"""An idle time is decoupled when it is at least this many times as long as the pulses."""


class _Insertion(NamedTuple):
    time_s: float
    qubit: int
    letter: str


def decouple(schedule: Schedule, device: Device, physical: tuple[int, ...], name: str) -> Schedule:
    """The schedule with the named sequence in every idle time between two pulses of a qubit that leaves room for it."""
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

    for timed in schedule.operations:
        while queue and queue[0].time_s <= timed.start_s:
            before_s = shift_s
            for pulse in _pi(queue[0], device, physical):
                place(pulse)
            shift_s = before_s  # later operations are delayed further only where the pulses overlap them
            queue.pop(0)
        place(timed)
    return Schedule(tuple(sorted(operations, key=lambda timed: timed.start_s)), max(free_s, default=0.0))


def _insertions(schedule: Schedule, device: Device, physical: tuple[int, ...], letters: str) -> list[_Insertion]:
    """The pulses to insert, with their start times, in idle times after a qubit's first pulse."""
    last_s: dict[int, float] = {}
    insertions: list[_Insertion] = []
    for timed in schedule.operations:
        if device.gates[timed.gate.name].virtual:
            continue
        for qubit in timed.qubits:
            idle_s = timed.start_s - last_s.get(qubit, timed.start_s)
            long_s = sum(p.duration_s for letter in letters for p in _pi(_Insertion(0.0, qubit, letter), device, physical))
            if idle_s >= ROOM * long_s > 0:
                half_s = long_s / (2 * len(letters))
                insertions += [
                    _Insertion(last_s[qubit] + (2 * j + 1) / (2 * len(letters)) * idle_s - half_s, qubit, letter)
                    for j, letter in enumerate(letters)
                ]
            last_s[qubit] = timed.start_s + timed.duration_s
    return insertions


def _pi(insertion: _Insertion, device: Device, physical: tuple[int, ...]) -> list[TimedOperation]:
    x90 = RXGate(np.pi / 2) if "rx" in device.gates else SXGate()
    gates = [x90, x90] if insertion.letter == "X" else [RZGate(-np.pi / 2), x90, x90, RZGate(np.pi / 2)]
    timed, start_s = [], insertion.time_s
    for gate in gates:
        duration_s = device.gates[gate.name].duration_s[physical[insertion.qubit],]
        timed.append(TimedOperation(gate, (insertion.qubit,), start_s, duration_s))
        start_s += duration_s
    return timed
