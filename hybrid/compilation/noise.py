"""Device + schedule -> gates, detuned pulses and error channels in order of time: the noise description of every backend.

It contains control errors, relaxation, dephasing (Markovian, and quasi-static as angles that depend on the detunings),
residual exchange, initialisation and readout. With Markovian dephasing there are neither detunings nor residual exchange. What
follows a qubit's last pulse and commutes with the readout is left out.
"""

from collections.abc import Sequence, Set
from copy import copy
from math import inf, pi
from typing import final

import numpy as np
from qiskit.circuit.library import RZZGate

from hybrid.base.types import BitFlip, Channel, Depolarizing, Operation, Relaxation, Setting
from hybrid.compilation.infidelity import DIAGONAL, control_error, depolarizing_probability
from hybrid.compilation.schedule import Schedule, TimedOperation, common_beginning
from hybrid.device.detuning import DetunedAngles
from hybrid.device.device import Device
from hybrid.device.readout import Readout

PARTS = (
    "readout",
    "initialisation",
    "two-qubit control",
    "single-qubit control",
    "dephasing while idle",
    "dephasing during pulses",
    "relaxation",
    "residual exchange",
)
"""The parts of the description; each can be left out, to see its effect."""
SPAM = frozenset({"readout", "initialisation"})
"""State preparation and measurement."""
SAME_TIME_S = 1e-15
"""Times are sums of durations; they are equal up to rounding."""


def describe(
    schedule: Schedule,
    device: Device,
    physical: tuple[int, ...],
    angles: DetunedAngles | None = None,
    without: Set[str] = frozenset(),
) -> Setting:
    """The scheduled circuit with all its errors; simulated qubit i is device qubit `physical[i]`.

    With quasi-static dephasing, `angles` collects the angles that depend on detunings; without it there are no detunings.
    `without` names `PARTS` to leave out.
    """
    (setting,) = describe_all([schedule], device, physical, angles, without)
    return setting


def describe_all(
    schedules: Sequence[Schedule],
    device: Device,
    physical: tuple[int, ...],
    angles: DetunedAngles | None = None,
    without: Set[str] = frozenset(),
) -> tuple[Setting, ...]:
    """`describe` of several circuits: what all begin with is described once, and its steps are the same objects."""
    timelines = [list(zip(s.operations, _middles(s.operations), strict=True)) for s in schedules]
    alike = 0 if angles is not None and angles.apart else common_beginning(timelines)
    beginning = _NoiseDescription(device, physical, angles, without)
    beginning.add(timelines[0][:alike])
    settings = []
    for schedule, timeline in zip(schedules, timelines, strict=True):
        description = beginning.copy()
        description.add(timeline[alike:])
        settings.append(description.ended(schedule.duration_s))
    return tuple(settings)


@final
class _NoiseDescription:
    """One pass over a schedule; relaxation and free evolution are summed per qubit until its next pulse."""

    def __init__(self, device: Device, physical: tuple[int, ...], angles: DetunedAngles | None, without: Set[str]) -> None:
        n = len(physical)
        self._device, self._physical = device, physical
        self._detuned = angles if device.dephasing == "quasistatic" else None
        self._idle_dephases = "dephasing while idle" not in without
        self._pulses_dephase = "dephasing during pulses" not in without
        self._without = without
        self._apart = angles is not None and angles.apart
        self._steps: list[Operation | Channel] = []
        self._seen_s = [0.0] * n  # up to this time a qubit is described
        self._idle_s, self._pulse_s = [0.0] * n, [0.0] * n  # of it, without relaxation so far
        self._free_s = [0.0] * n  # and without free evolution so far
        exchanges = device.dephasing == "quasistatic" and "residual exchange" not in without
        self._exchange = _ResidualExchange(device, physical, angles) if exchanges else None
        self._moved: set[int] = set()  # phases have no effect on the others, which are in |0> or |1>
        assert device.init_error is not None
        if "initialisation" not in without:
            self._steps += [BitFlip(q, device.init_error[p]) for q, p in enumerate(physical) if device.init_error[p] > 0]

    def copy(self) -> "_NoiseDescription":
        """The same description, to be continued in another way."""
        other = copy(self)
        for name in ("_steps", "_seen_s", "_idle_s", "_pulse_s", "_free_s", "_moved"):
            setattr(other, name, copy(getattr(self, name)))
        other._exchange = None if self._exchange is None else self._exchange.copy()
        return other

    def add(self, timeline: Sequence[tuple[TimedOperation, float]]) -> None:
        """The next operations, each with the middle of its run."""
        for timed, middle_s in timeline:
            if self._device.gates[timed.gate.name].virtual:
                self._steps.append(Operation(timed.gate, timed.qubits))
            else:
                self._pulse(timed, middle_s)

    def ended(self, duration_s: float) -> Setting:
        """The setting, when its readout begins."""
        for qubit in range(len(self._physical)):
            self._wait(qubit, duration_s)
            self._relax(qubit)
        return Setting(len(self._physical), tuple(self._steps))

    def _pulse(self, timed: TimedOperation, middle_s: float) -> None:
        """A gate that takes time: first the idle time of its qubits, then the gate, then its control error."""
        gate, qubits, start_s, duration_s = timed
        moves = gate.name not in DIAGONAL
        for qubit in qubits:
            self._wait(qubit, start_s)
            self._relax(qubit)
            if moves:
                self._evolve(qubit)
        if self._exchange is not None:
            if len(qubits) == 2:
                self._exchange.pause(qubits, start_s, start_s + duration_s)
            if moves:
                self._steps += self._exchange.until(middle_s, qubits, self._moved)
        if moves:
            self._moved |= set(qubits)
        detunes = self._detuned is not None and self._pulses_dephase
        if gate.name == "sx" and detunes:
            assert self._detuned is not None
            gate = self._detuned.x90(qubits[0], duration_s)
        self._steps.append(Operation(gate, qubits))
        for qubit in qubits:
            self._pulse_s[qubit] += duration_s
            self._seen_s[qubit] = start_s + duration_s
            if detunes and timed.gate.name != "sx" and not self._device.gates[timed.gate.name].echoed:
                self._free_s[qubit] += duration_s
        self._control_error(timed)

    def _control_error(self, timed: TimedOperation) -> None:
        name = "single-qubit control" if len(timed.qubits) == 1 else "two-qubit control"
        native = self._device.gates[timed.gate.name]
        error = control_error(self._device, native, tuple(self._physical[q] for q in timed.qubits))
        if error > 0 and name not in self._without:
            self._steps.append(Depolarizing(timed.qubits, depolarizing_probability(error, len(timed.qubits))))

    def _wait(self, qubit: int, until_s: float) -> None:
        idle_s = max(0.0, until_s - self._seen_s[qubit])
        self._idle_s[qubit] += idle_s
        self._seen_s[qubit] += idle_s
        if self._detuned is not None and self._idle_dephases:
            self._free_s[qubit] += idle_s

    def _evolve(self, qubit: int) -> None:
        """Free evolution since the last time."""
        seconds, self._free_s[qubit] = self._free_s[qubit], 0.0
        if self._detuned is not None and seconds > 0 and qubit in self._moved:
            self._steps.append(Operation(self._detuned.wait(qubit, seconds), (qubit,)))

    def _relax(self, qubit: int) -> None:
        """Relaxation since the last time: during the pulse before (it commutes with the virtual rz) and while waiting."""
        device, where = self._device, self._physical[qubit]
        assert device.t1_s is not None and device.t2_echo_s is not None
        idle_s, pulse_s = self._idle_s[qubit], self._pulse_s[qubit]
        self._idle_s[qubit] = self._pulse_s[qubit] = 0.0
        t1_s, t2_s, duration_s = device.t1_s[where], device.t2_echo_s[where], idle_s + pulse_s
        if not self._without & {"relaxation", "dephasing while idle", "dephasing during pulses"}:
            if (duration_s > 0 or self._apart) and min(t1_s, t2_s) < inf:
                self._steps.append(Relaxation(qubit, duration_s, t1_s, t2_s))
            return
        pure = 1 / t2_s - 1 / (2 * t1_s)  # the rate of dephasing alone
        exponent = pure * (idle_s * self._idle_dephases + pulse_s * self._pulses_dephase)
        if "relaxation" in self._without:
            t1_s = inf
        exponent += duration_s / (2 * t1_s)
        if duration_s > 0 and exponent > 0:
            self._steps.append(Relaxation(qubit, duration_s, t1_s, duration_s / exponent))


@final
class _ResidualExchange:
    """Residual exchange between coupled qubits while no gate uses it: RZZ(pi J t) (J/4 ZZ; a CZ is J t = 1/2).

    It is summed until a pulse on one of its qubits, up to the middle of that pulse.
    """

    def __init__(self, device: Device, physical: tuple[int, ...], angles: DetunedAngles | None) -> None:
        self._hz = device.residual_exchange_hz
        self._angles = angles
        edges = device.edges or () if self._hz > 0 else ()
        place = {where: q for q, where in enumerate(physical)}
        pairs = [(min(a, b), max(a, b)) for a, b in ((place[i], place[j]) for i, j in edges if i in place and j in place)]
        self._pending_s = dict.fromkeys(pairs, 0.0)
        self._seen_s = dict.fromkeys(pairs, 0.0)

    def copy(self) -> "_ResidualExchange":
        """The same, to be continued in another way."""
        other = copy(self)
        other._pending_s, other._seen_s = dict(self._pending_s), dict(self._seen_s)
        return other

    def pause(self, qubits: Sequence[int], start_s: float, end_s: float) -> None:
        """The pair's exchange is used by a gate for this time."""
        pair = (min(qubits), max(qubits))
        if pair in self._pending_s:
            self._pending_s[pair] += max(0.0, start_s - self._seen_s[pair])
            self._seen_s[pair] = end_s

    def until(self, time_s: float, qubits: Sequence[int], moved: Set[int]) -> list[Operation]:
        """Exchange so far on every pair with one of these qubits, unless no pulse has acted on either."""
        due = []
        for pair in [pair for pair in self._pending_s if set(pair) & set(qubits)]:
            seconds = self._pending_s[pair] + max(0.0, time_s - self._seen_s[pair])
            self._seen_s[pair], self._pending_s[pair] = max(time_s, self._seen_s[pair]), 0.0
            if seconds > 0 and set(pair) & moved:
                turn = pi * self._hz * seconds
                due.append(Operation(RZZGate(turn) if self._angles is None else self._angles.exchange(pair, turn), pair))
        return due


def _middles(operations: Sequence[TimedOperation]) -> list[float]:
    """The middle of the unbroken run of single-qubit pulses that each operation is part of.

    Pulses in a run are treated as one: half of the exchange during it is before, half after. Compared with a master equation
    this changes outcome probabilities by up to 6e-3 at 20 kHz and 65 ns.
    """
    runs: list[list[float]] = []
    current: dict[int, list[float] | None] = {}
    for timed in operations:
        end_s, alone = timed.start_s + timed.duration_s, len(timed.qubits) == 1
        before = current.get(timed.qubits[0]) if alone else None
        if before is not None and abs(before[1] - timed.start_s) < SAME_TIME_S:
            before[1] = end_s
            runs.append(before)
            continue
        runs.append([timed.start_s, end_s])
        current |= dict.fromkeys(timed.qubits, runs[-1] if alone else None)
    return [(start_s + end_s) / 2 for start_s, end_s in runs]


def readout(device: Device, physical: tuple[int, ...]) -> Readout:
    """Assignment errors of the simulated qubits."""
    assert device.readout_p01 is not None and device.readout_p10 is not None
    return Readout(np.array([device.readout_p01[q] for q in physical]), np.array([device.readout_p10[q] for q in physical]))
