"""Resources of compiled circuits: gates, time, memory; too large ones are refused before anything is allocated."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.base.machine import memory_bytes as memory_of_this_machine
from hybrid.base.own_physics import OWN_PHYSICS
from hybrid.base.types import Backend, Certificate, CertifiedBackend, ForeignBackend, Task
from hybrid.compilation.schedule import Schedule, TimedOperation
from hybrid.compilation.transpile import IsaCircuit
from hybrid.device.device import Device

NARROWER = (
    "Fewer layers keep fewer qubits live; with --shots, --backend aer:method=matrix_product_state computes trajectories and "
    "takes memory by their entanglement."
)
"""What would work where the engine's states are too long."""


class Resources(NamedTuple):
    """Resources of one evaluation: native gates of its largest circuit, shots and time of all of them, and whose physics."""

    n_qubits: int
    physical: tuple[int, ...]
    layout: tuple[int, ...]
    gates: dict[str, int]
    depth: int
    two_qubit_depth: int
    circuits: int
    realizations: int
    duration_s: float | None
    qpu_seconds: float | None
    memory_bytes: int
    simulator: str
    physics: str
    caveat: str
    certificate: Certificate | None = None

    def noted(self, words: str) -> "Resources":
        """With these words after what is said of the simulator."""
        return self._replace(simulator=f"{self.simulator}; {words}") if words else self


def certificate_body(certificate: Certificate, realizations: int) -> dict[str, Any]:
    """As it is recorded: what was not truncated, and how detunings were averaged."""
    nodes = certificate.nodes
    return {
        "truncation": "none",
        "live_qubits": certificate.live_qubits,
        "peak_numbers": certificate.peak_numbers,
        "detunings": "nodes" if nodes is not None else "draws" if realizations > 1 else "none",
        "nodes": None if nodes is None else list(nodes),
        "realizations": realizations if realizations > 1 else None,
    }


def resources(
    isa: IsaCircuit, schedules: Sequence[Schedule], device: Device, backend: Backend, task: Task, memory_bytes: int
) -> Resources:
    """Counted on the schedules, pulses of dynamical decoupling included; virtual gates have no depth."""
    shots, realizations, simulator = task.shots, task.realizations, backend.describe(task)
    cycle_s = backend.shot_cycle_s if isinstance(backend, ForeignBackend) else device.shot_cycle_s
    physics, caveat = whose_physics(device, backend)
    widest = schedules[int(np.argmax([len(s.operations) for s in schedules]))].operations
    return Resources(
        n_qubits=isa.circuit.num_qubits,
        physical=isa.physical,
        layout=isa.layout,
        gates=dict(Counter(timed.gate.name for timed in widest)),
        depth=_depth(widest, lambda timed: not device.noisy or not device.gates[timed.gate.name].virtual),
        two_qubit_depth=_depth(widest, lambda timed: len(timed.qubits) > 1),
        circuits=len(schedules),
        realizations=realizations,
        duration_s=max(s.duration_s for s in schedules) if device.noisy else None,
        qpu_seconds=shots * cycle_s if cycle_s is not None and shots else None,
        memory_bytes=memory_bytes,
        simulator=f"{simulator}, {realizations} realizations" if realizations > 1 else simulator,
        physics=physics,
        caveat=caveat,
        certificate=backend.certificate(task) if isinstance(backend, CertifiedBackend) else None,
    )


def whose_physics(device: Device, backend: Backend) -> tuple[str, str]:
    """Physics and caveat of an answer: the device's, or those of a backend that brings its own."""
    if isinstance(backend, ForeignBackend):
        return f"{OWN_PHYSICS}: {backend.physics}", "Errors and times are the backend's own; no stand-in profile takes part."
    return device.title, device.caveat


def _depth(operations: Sequence[TimedOperation], counts: Callable[[TimedOperation], bool]) -> int:
    """The longest chain of operations that depend on one another, of those that count."""
    reached: dict[int, int] = {}
    for timed in operations:
        level = max(reached.get(q, 0) for q in timed.qubits) + counts(timed)
        reached |= dict.fromkeys(timed.qubits, level)
    return max(reached.values(), default=0)


def check_memory(backend: Backend, task: Task, *, gradient: bool = False) -> int:
    """Bytes one point needs; UsageError, before anything is allocated, where the machine or what the backend was given is less.

    With `gradient` there has to be room for one, too.
    """
    needed, hint, how = backend.memory_bytes(task), "" if task.terms is None else f" {NARROWER}", f" ({backend.describe(task)})"
    who = f"{task.n_qubits} qubits need"
    if not isinstance(backend, CertifiedBackend) or backend.certificate(task) is None:
        check_free(needed, who, how, hint)
        return needed
    check_free(needed, who, how, hint, backend.memory)
    if gradient:
        check_free(backend.gradient_bytes(task), f"a gradient on {who}s", how, hint, backend.memory)
    return needed


def check_metric_memory(n_qubits: int, n_angles: int) -> None:
    """As `check_memory` for a metric: the state and a tangent vector for every angle, each with a working copy."""
    check_free(64 * (n_angles + 1) * 2**n_qubits, f"the metric of {n_angles} angles on {n_qubits} qubits needs")


def check_free(needed: int, who: str, how: str = "", hint: str = "", limit: int | None = None) -> None:
    """UsageError when `who` needs more bytes than are free, or than the `limit` given; the `hint` says what would work."""
    free = memory_of_this_machine()[1]
    if needed > free:
        raise UsageError(
            f"{who} {human_bytes(needed)}{how}; this machine has {human_bytes(free)} free, so nothing was allocated.{hint}"
        )
    if limit is not None and needed > limit:
        raise UsageError(
            f"{who} {human_bytes(needed)}{how}; memory={human_bytes(limit)} was given, so nothing was allocated.{hint}"
        )


def human_bytes(count: int) -> str:
    """A byte count in the unit that keeps it short: `16.0 TiB`."""
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    power = min((max(count, 1).bit_length() - 1) // 10, len(units) - 1)
    return f"{count / 1024**power:.{0 if power == 0 else 1}f} {units[power]}"
