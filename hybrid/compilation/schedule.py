"""ISA circuit + Device -> schedule: start and duration of each pulse. Made once, never per evaluation."""

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

    After a barrier nothing starts before everything in front of it has ended. On a device without native gates nothing takes
    time. HybridError for an operation that the device does not describe: it would run without noise.
    """
    if not device.noisy:
        gates = [item for item in circuit.data if item.operation.name not in ("barrier", "delay")]
        return Schedule(
            tuple(TimedOperation(g.operation, tuple(circuit.find_bit(bit).index for bit in g.qubits), 0.0, 0.0) for g in gates),
            0.0,
        )
    free_s, line_s = [0.0] * circuit.num_qubits, 0.0
    timed = []
    for item in circuit.data:
        name = item.operation.name
        qubits = tuple(circuit.find_bit(bit).index for bit in item.qubits)
        if name == "delay":
            free_s[qubits[0]] += _delay_s(item.operation)
            continue
        if name == "barrier":
            together_s = max((free_s[q] for q in qubits), default=0.0)
            free_s = [together_s if q in qubits else time_s for q, time_s in enumerate(free_s)]
            continue
        where = tuple(sorted(physical[q] for q in qubits))
        native = device.gates.get(name)
        if native is None or where not in native.duration_s:
            raise HybridError(
                f"operation '{name}' on qubits {where} is not covered by the noise description of device '{device.name}' "
                f"(native: {', '.join(device.gates)}); it would run without noise, so nothing was run."
            )
        start_s = max([free_s[q] for q in qubits] + ([] if native.parallel or native.virtual else [line_s]))
        duration_s = native.duration_s[where]
        for q in qubits:
            free_s[q] = start_s + duration_s
        if not (native.parallel or native.virtual):
            line_s = start_s + duration_s
        timed.append(TimedOperation(item.operation, qubits, start_s, duration_s))
    return Schedule(tuple(sorted(timed, key=lambda operation: operation.start_s)), max(free_s, default=0.0))


def _delay_s(delay: Any) -> float:
    seconds = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    if delay.unit not in seconds:
        raise UsageError(f"a delay is given in '{delay.unit}'; allowed: {', '.join(seconds)}.")
    return float(delay.duration) * seconds[delay.unit]
