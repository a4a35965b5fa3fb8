"""ISA circuit + Device -> schedule: start and duration of each pulse. Made once, never per evaluation."""

from math import inf
from typing import Any, NamedTuple

from qiskit import QuantumCircuit
from qiskit.circuit import Gate

from hybrid.base.errors import HybridError, UsageError
from hybrid.device.device import Device


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
    if not device.noisy:
        gates = [item for item in circuit.data if item.operation.name not in ("barrier", "delay")]
        return Schedule(
            tuple(TimedOperation(g.operation, tuple(circuit.find_bit(bit).index for bit in g.qubits), 0.0, 0.0) for g in gates),
            0.0,
        )
    placed, free_s = _as_soon_as_possible(circuit, device, physical)
    timed = _as_late_as_useful(placed, device, circuit.num_qubits)
    return Schedule(tuple(sorted(timed, key=lambda operation: operation.start_s)), max(free_s, default=0.0))


def _as_soon_as_possible(
    circuit: QuantumCircuit, device: Device, physical: tuple[int, ...]
) -> tuple[list[TimedOperation], list[float]]:
    """Every operation with its time, delays and barriers among them, in the circuit's order; and when each qubit is free."""
    free_s, line_s = [0.0] * circuit.num_qubits, 0.0
    placed = []
    for item in circuit.data:
        qubits = tuple(circuit.find_bit(bit).index for bit in item.qubits)
        start_s = max((free_s[q] for q in qubits), default=0.0)
        duration_s = 0.0
        if item.operation.name == "delay":
            duration_s = delay_s(item.operation)
        elif item.operation.name != "barrier":
            duration_s, serial = native_time(device, item.operation.name, tuple(physical[q] for q in qubits))
            if serial:
                start_s = max(start_s, line_s)
                line_s = start_s + duration_s
        for q in qubits:
            free_s[q] = start_s + duration_s
        placed.append(TimedOperation(item.operation, qubits, start_s, duration_s))
    return placed, free_s


def _as_late_as_useful(placed: list[TimedOperation], device: Device, n: int) -> list[TimedOperation]:
    """Pulses before a qubit's last two-qubit gate start as late as the rest allows: earlier, the qubit would only dephase."""
    next_s, line_s, coupled = [inf] * n, inf, [False] * n
    timed = []
    for gate, qubits, start_s, duration_s in reversed(placed):
        waits = gate.name in ("barrier", "delay")
        serial = not waits and not (device.gates[gate.name].parallel or device.gates[gate.name].virtual)
        if len(qubits) == 1 and not waits and coupled[qubits[0]]:
            start_s = max(start_s, min(next_s[qubits[0]], line_s if serial else inf) - duration_s)
        for q in qubits:
            next_s[q] = start_s
            coupled[q] = coupled[q] or (len(qubits) > 1 and not waits)
        line_s = start_s if serial else line_s
        if not waits:
            timed.append(TimedOperation(gate, qubits, start_s, duration_s))
    return timed[::-1]


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
