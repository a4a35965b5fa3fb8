"""What a compiled circuit takes: gates, time, memory; and the task a backend gets, refused before it allocates too much."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from hybrid import noise
from hybrid.device import Device
from hybrid.errors import UsageError
from hybrid.machine import memory_bytes
from hybrid.transpile import IsaCircuit, schedule
from hybrid.types import Backend, Operation, Setting, Task


class Resources(NamedTuple):
    """What one evaluation takes: the largest of its circuits in native gates, and all of them in shots and time."""

    n_qubits: int
    physical: tuple[int, ...]
    layout: tuple[int, ...]
    gates: dict[str, int]
    depth: int
    two_qubit_depth: int
    circuits: int
    duration_s: float | None
    qpu_seconds: float | None
    memory_bytes: int
    simulator: str


def assemble(
    isa: IsaCircuit,
    circuits: Sequence[QuantumCircuit],
    device: Device,
    backend: Backend,
    *,
    observable: SparsePauliOp | None,
    shots: int,
    threads: int,
) -> tuple[Task, Resources]:
    """The task over `circuits` (variants of the ISA circuit that share its angles) and what one evaluation of it takes."""
    settings, durations = zip(*(_setting(circuit, device, isa.physical) for circuit in circuits), strict=True)
    task = Task(settings, tuple(isa.circuit.parameters), observable, shots, threads)
    widest = circuits[int(np.argmax([circuit.size() for circuit in circuits]))]
    return task, Resources(
        n_qubits=isa.circuit.num_qubits,
        physical=isa.physical,
        layout=isa.layout,
        gates=dict(widest.count_ops()),
        depth=widest.depth(lambda item: item.operation.name != "rz" or not device.noisy),
        two_qubit_depth=widest.depth(lambda item: len(item.qubits) > 1),
        circuits=len(circuits),
        duration_s=max(durations) if device.noisy else None,
        qpu_seconds=shots * device.shot_cycle_s if device.shot_cycle_s is not None and shots else None,
        memory_bytes=check_memory(backend, task),
        simulator=backend.describe(task),
    )


def _setting(circuit: QuantumCircuit, device: Device, physical: tuple[int, ...]) -> tuple[Setting, float]:
    """The circuit as the backend gets it, and when its readout begins."""
    if device.noisy:
        timed = schedule(circuit, device, physical)
        return noise.describe(timed, device, physical), timed.duration_s
    steps = [
        Operation(item.operation, tuple(circuit.find_bit(bit).index for bit in item.qubits))
        for item in circuit.data
        if item.operation.name not in ("barrier", "delay")
    ]
    return Setting(circuit.num_qubits, tuple(steps)), 0.0


def check_memory(backend: Backend, task: Task) -> int:
    """Bytes one point needs; UsageError, before anything is allocated, when the machine has less."""
    needed, free = backend.memory_bytes(task), memory_bytes()[1]
    if needed > free:
        raise UsageError(
            f"{task.n_qubits} qubits need {human_bytes(needed)} ({backend.describe(task)}); this machine has "
            f"{human_bytes(free)} free, so nothing was allocated."
        )
    return needed


def human_bytes(count: float) -> str:
    """A byte count in the unit that keeps it short: `16.0 TiB`."""
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    power = min(int(np.log2(max(count, 1)) // 10), len(units) - 1)
    return f"{count / 1024**power:.{0 if power == 0 else 1}f} {units[power]}"
