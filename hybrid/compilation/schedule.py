"""ISA circuit + Device -> schedule: start and duration of each pulse. Made once, never per evaluation."""

from collections.abc import Sequence
from math import inf
from typing import Any, NamedTuple, TypeAlias

from qiskit import QuantumCircuit
from qiskit.circuit import Gate

from hybrid.base.errors import HybridError, UsageError
from hybrid.device.device import Device

Instructions: TypeAlias = list[tuple[Any, tuple[int, ...]]]
"""Operations, each with its qubits."""


class TimedOperation(NamedTuple):
    """One gate of a schedule; its qubits are busy from `start_s` for `duration_s`."""

    gate: Gate
    qubits: tuple[int, ...]
    start_s: float
    duration_s: float


class Schedule(NamedTuple):
    """Gates in order of their start, and when the readout begins."""

    operations: tuple[TimedOperation, ...]
    duration_s: float


def schedule(circuit: QuantumCircuit, device: Device, physical: tuple[int, ...]) -> Schedule:
    """Every gate as soon as possible, in the circuit's order; gates that are not `parallel` wait for the one control line.

    Pulses before a qubit's last two-qubit gate are then moved as late as the others allow. After a barrier nothing starts
    before everything in front of it has ended. On a device without native gates nothing takes time. HybridError for an
    operation that the device does not describe: it would run without noise.
    """
    (found,) = schedule_all([circuit], device, physical)
    return found


def schedule_all(circuits: Sequence[QuantumCircuit], device: Device, physical: tuple[int, ...]) -> list[Schedule]:
    """`schedule` of circuits of one width; what all begin with is placed once."""
    return scheduled([listed(circuit) for circuit in circuits], circuits[0].num_qubits, device, physical)


def listed(circuit: QuantumCircuit) -> Instructions:
    """The circuit's operations in its order, each with its qubits."""
    place = {bit: i for i, bit in enumerate(circuit.qubits)}
    return [(item.operation, tuple([place[bit] for bit in item.qubits])) for item in circuit.data]


def common_beginning(sequences: Sequence[Sequence[Any]]) -> int:
    """How many entries all sequences begin with."""
    first, length = sequences[0], min(map(len, sequences))
    for sequence in sequences[1:]:
        length = next((i for i in range(length) if first[i] != sequence[i]), length)
    return length


def scheduled(listings: Sequence[Instructions], n: int, device: Device, physical: tuple[int, ...]) -> list[Schedule]:
    """`schedule` of lists of operations on n qubits."""
    if not device.noisy:
        gates = [[one for one in listing if one[0].name not in ("barrier", "delay")] for listing in listings]
        return [Schedule(tuple(TimedOperation(*one, 0.0, 0.0) for one in of_circuit), 0.0) for of_circuit in gates]
    alike = common_beginning(listings)
    beginning = _AsSoonAsPossible(n, NativeTimes(device, physical))
    beginning.add(listings[0][:alike])
    schedules = []
    for listing in listings:
        soonest = beginning.copy()
        soonest.add(listing[alike:])
        timed = _as_late_as_useful(soonest.placed, device, n)
        ordered = sorted(timed, key=lambda operation: operation.start_s)
        schedules.append(Schedule(tuple(ordered), max(soonest.free_s, default=0.0)))
    return schedules


class _AsSoonAsPossible:
    """Every operation with its time, delays and barriers among them, in order; when each qubit and the line are free."""

    def __init__(self, n: int, times: "NativeTimes") -> None:
        self.placed: list[TimedOperation] = []
        self.free_s, self._line_s, self._times = [0.0] * n, 0.0, times

    def copy(self) -> "_AsSoonAsPossible":
        other = _AsSoonAsPossible(0, self._times)
        other.placed, other.free_s, other._line_s = list(self.placed), list(self.free_s), self._line_s
        return other

    def add(self, instructions: Instructions) -> None:
        free_s = self.free_s
        for operation, qubits in instructions:
            start_s = free_s[qubits[0]] if len(qubits) == 1 else max([free_s[q] for q in qubits], default=0.0)
            duration_s, name = 0.0, operation.name
            if name == "delay":
                duration_s = delay_s(operation)
            elif name != "barrier":
                duration_s, serial = self._times[name, qubits]
                if serial:
                    start_s = max(start_s, self._line_s)
                    self._line_s = start_s + duration_s
            for q in qubits:
                free_s[q] = start_s + duration_s
            self.placed.append(TimedOperation(operation, qubits, start_s, duration_s))


def _as_late_as_useful(placed: list[TimedOperation], device: Device, n: int) -> list[TimedOperation]:
    """Pulses before a qubit's last two-qubit gate start as late as the rest allows: earlier, the qubit would only dephase."""
    next_s, line_s, coupled = [inf] * n, inf, [False] * n
    timed = []
    for operation in reversed(placed):
        gate, qubits, start_s, duration_s = operation
        waits = gate.name in ("barrier", "delay")
        serial = not waits and not (device.gates[gate.name].parallel or device.gates[gate.name].virtual)
        if len(qubits) == 1 and not waits and coupled[qubits[0]]:
            start_s = max(start_s, min(next_s[qubits[0]], line_s if serial else inf) - duration_s)
        for q in qubits:
            next_s[q] = start_s
            coupled[q] = coupled[q] or (len(qubits) > 1 and not waits)
        line_s = start_s if serial else line_s
        if not waits:
            timed.append(operation if start_s == operation.start_s else operation._replace(start_s=start_s))
    return timed[::-1]


class NativeTimes(dict[tuple[str, tuple[int, ...]], tuple[float, bool]]):
    """`native_time` by name and simulated qubits, each found once."""

    def __init__(self, device: Device, physical: tuple[int, ...]) -> None:
        super().__init__()
        self._device, self._physical = device, physical

    def __missing__(self, key: tuple[str, tuple[int, ...]]) -> tuple[float, bool]:
        self[key] = native_time(self._device, key[0], tuple(self._physical[q] for q in key[1]))
        return self[key]


def native_time(device: Device, name: str, where: tuple[int, ...]) -> tuple[float, bool]:
    """Duration in seconds of a gate on these qubits of the device, and whether it occupies the one control line.

    HybridError for an operation that the device does not describe: it would run without noise.
    """
    native, where = device.gates.get(name), tuple(sorted(where))
    if native is None or where not in native.duration_s:
        raise HybridError(
            f"operation '{name}' on qubits {where} is not covered by the noise description of device '{device.name}' "
            f"(native: {', '.join(device.gates)}); it would run without noise, so nothing was run."
        )
    return native.duration_s[where], not (native.parallel or native.virtual)


def delay_s(delay: Any) -> float:
    """Seconds of a delay; UsageError for a unit that is not a time in seconds."""
    seconds = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    if delay.unit not in seconds:
        raise UsageError(f"a delay is given in '{delay.unit}'; allowed: {', '.join(seconds)}.")
    return float(delay.duration) * seconds[delay.unit]
