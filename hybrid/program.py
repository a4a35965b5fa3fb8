"""compile(...) -> Program: transpiled, grouped, scheduled and compiled once; then called many times with points."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from hybrid import catalog, noise
from hybrid.angles import AngleMap, split
from hybrid.device import Device
from hybrid.errors import UsageError
from hybrid.estimate import AllZeros, Group, Readout, divide_shots, exact_values, group_terms, mean_and_variance
from hybrid.transpile import measured, schedule, to_isa
from hybrid.types import (
    Angles,
    Backend,
    Estimates,
    Expectation,
    LossGradient,
    Operation,
    Overlap,
    Point,
    Points,
    Query,
    Runner,
    Setting,
    Task,
)

CHUNK_BYTES = 2**28
"""Points are sent on in portions whose outcome probabilities fit here."""
CHUNK_POINTS = 2048


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


@final
@dataclass(frozen=True)
class Program:
    """A compiled query. Calls are pure functions of their arguments; see `hybrid.compile`."""

    angle_map: AngleMap
    runner: Runner
    constant: float
    groups: tuple[Group | AllZeros, ...]
    shots: tuple[int, ...]
    readout: Readout | None
    direct: bool
    resources: Resources

    @property
    def n_parameters(self) -> int:
        """p, the length of a point."""
        return len(self.angle_map.parameters)

    @property
    def n_shifts(self) -> int:
        """Evaluations that one gradient by parameter shift takes: the point itself and two per parametrised rotation."""
        return 1 + 2 * len(self.angle_map.offset)

    def values(self, points: Points, *, seed: int | np.random.SeedSequence | None = None) -> Estimates:
        """Values and standard errors (k,), (k,) of points (k, p); draws descend from `seed` and the row alone.

        UsageError for points of the wrong shape or that are not finite.
        """
        return self._measure(self.angle_map(self._checked(points)), seed)

    def gradient(self, x: Point, *, seed: int | np.random.SeedSequence | None = None) -> LossGradient:
        """Value and gradient (p,) at x (p,) by the two-term shift rule per rotation, all points in one batch."""
        theta = self.angle_map(self._checked(np.asarray(x, dtype=float)[None]))[0]
        jacobian = self.angle_map.jacobian(x)
        shift = np.pi / 2 * np.eye(len(theta))
        values, stderr = self._measure(np.concatenate([theta[None], theta + shift, theta - shift]), seed)
        plus, minus = np.split(values[1:], 2)
        variance = np.sum(np.split(stderr[1:] ** 2, 2), axis=0)
        slopes = (plus - minus) / 2  # Mitarai et al., PRA 98, 032309 (2018), eq. 6
        return LossGradient(values[0], slopes @ jacobian, stderr[0], np.sqrt(variance / 4 @ jacobian**2))

    def _checked(self, points: Points) -> Points:
        points = np.asarray(points, dtype=float)
        if points.ndim != 2 or points.shape[1] != self.n_parameters:
            raise UsageError(f"points must have shape (k, {self.n_parameters}), not {points.shape}.")
        if not np.isfinite(points).all():
            raise UsageError("points must be finite numbers.")
        return points

    def _measure(self, angles: Angles, seed: int | np.random.SeedSequence | None) -> Estimates:
        """Values at angles (k, m), in portions that bound memory; row i draws from the seed's child i."""
        if not self.groups:
            return Estimates(np.full(len(angles), self.constant), np.zeros(len(angles)))
        root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        row_bytes = 1 if self.direct else 8 * 2**self.resources.n_qubits * len(self.groups)
        size = min(CHUNK_POINTS, max(1, CHUNK_BYTES // row_bytes))
        parts = [self._portion(angles[i : i + size], root, i) for i in range(0, len(angles), size)]
        values, stderr = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return Estimates(values + self.constant, stderr)

    def _portion(self, angles: Angles, root: np.random.SeedSequence, first: int) -> Estimates:
        if self.shots:
            return self._sampled(angles, root, first)
        if self.direct:
            values = self.runner.expectations(angles)
        else:
            distributions = self.runner.distributions(angles)
            values = exact_values(self.groups, self.readout.mix(distributions) if self.readout else distributions)
        return Estimates(values, np.zeros(len(angles)))

    def _sampled(self, angles: Angles, root: np.random.SeedSequence, first: int) -> Estimates:
        rows, settings = range(len(angles)), range(len(self.groups))
        seeds = [[child(root, first + row, setting, 0) for setting in settings] for row in rows]
        counts = self.runner.counts(angles, self.shots, seeds)
        means, variances = np.zeros(len(angles)), np.zeros(len(angles))
        for row in rows:
            for setting in settings:
                seen = counts[row][setting]
                if self.readout:
                    seen = self.readout.flip(seen, np.random.default_rng(child(root, first + row, setting, 1)))
                mean, variance = mean_and_variance(self.groups[setting], seen)
                means[row] += mean
                variances[row] += variance
        return Estimates(means, np.sqrt(variances))


def child(seed: np.random.SeedSequence, *key: int) -> np.random.SeedSequence:
    """The seed's descendant at `key`: its spawn key extended, so that different keys never share a stream."""
    return np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, *key))


def compile(
    circuit: QuantumCircuit,
    observable: SparsePauliOp,
    *,
    device: str | Device = "ideal",
    backend: str = "aer",
    shots: int = 0,
    grouping: str = "qwc",
    threads: int = 1,
) -> Program:
    """<observable> after `circuit` on a device, by a backend: everything that does not depend on the points, paid once.

    Points follow `circuit.parameters`. UsageError names what does not fit: widths, gates, memory, shots.
    """
    loaded = device if isinstance(device, Device) else Device.load(device)
    member = catalog.load(catalog.parse("backends", backend))()
    query = Expectation(circuit, observable)
    return compile_query(query, tuple(circuit.parameters), loaded, member, shots=shots, grouping=grouping, threads=threads)


def compile_query(
    query: Query,
    parameters: Sequence[Parameter],
    device: Device,
    backend: Backend,
    *,
    shots: int,
    grouping: str,
    threads: int,
) -> Program:
    """`compile` for any query, its points in the order of `parameters` (which may hold more than the query uses)."""
    circuit = query.circuit
    if isinstance(query, Overlap):
        circuit = query.circuit.compose(query.other.inverse())
    elif query.observable.num_qubits != circuit.num_qubits:
        raise UsageError(f"the observable acts on {query.observable.num_qubits} qubits, the circuit has {circuit.num_qubits}.")
    isa = to_isa(circuit, device)
    flat, angle_map = split(isa.circuit, parameters)
    isa = isa._replace(circuit=flat)
    groups: Sequence[Group | AllZeros]
    if isinstance(query, Overlap):
        basis = "".join("Z" if qubit in isa.layout else "I" for qubit in range(flat.num_qubits))
        constant, groups, observable = 0.0, [AllZeros(basis)], None
    else:
        observable = isa.observable(query.observable)
        constant, groups = group_terms(observable, grouping)
    direct = observable is not None and not device.noisy and shots == 0
    circuits = [flat] if direct or not groups else [measured(isa, group.basis) for group in groups]
    settings, durations = zip(*(_setting(c, device, isa.physical) for c in circuits), strict=True)
    rest = observable - SparsePauliOp("I" * flat.num_qubits, constant) if direct and observable is not None else None
    task = Task(settings, tuple(flat.parameters), rest.simplify(atol=0) if rest is not None else None, shots, threads)
    memory = check_memory(backend, task)
    widest = circuits[int(np.argmax([c.size() for c in circuits]))]
    resources = Resources(
        n_qubits=flat.num_qubits,
        physical=isa.physical,
        layout=isa.layout,
        gates=dict(widest.count_ops()),
        depth=widest.depth(lambda item: item.operation.name != "rz" if device.noisy else True),
        two_qubit_depth=widest.depth(lambda item: len(item.qubits) > 1),
        circuits=len(circuits),
        duration_s=max(durations) if device.noisy else None,
        qpu_seconds=shots * device.shot_cycle_s if device.shot_cycle_s is not None and shots else None,
        memory_bytes=memory,
        simulator=backend.describe(task),
    )
    return Program(
        angle_map=angle_map,
        runner=backend.compile(task),
        constant=constant,
        groups=tuple(groups),
        shots=tuple(divide_shots(shots, len(groups))) if shots and groups else (),
        readout=noise.readout(device, isa.physical) if device.noisy else None,
        direct=direct,
        resources=resources,
    )


def _setting(circuit: QuantumCircuit, device: Device, physical: tuple[int, ...]) -> tuple[Setting, float]:
    """The circuit as the backend gets it, and when its readout begins."""
    if device.noisy:
        timed = schedule(circuit, device, physical)
        return noise.describe(timed, device, physical), timed.duration_s
    steps: list[Any] = [
        Operation(item.operation, tuple(circuit.find_bit(bit).index for bit in item.qubits))
        for item in circuit.data
        if item.operation.name not in ("barrier", "delay")
    ]
    return Setting(circuit.num_qubits, tuple(steps)), 0.0


def check_memory(backend: Backend, task: Task) -> int:
    """Bytes one point needs; UsageError, before anything is allocated, when the machine has less."""
    needed, free = backend.memory_bytes(task), available_bytes()
    if needed > free:
        raise UsageError(
            f"{task.n_qubits} qubits need {human_bytes(needed)} ({backend.describe(task)}); this machine has "
            f"{human_bytes(free)} free, so nothing was allocated."
        )
    return needed


def available_bytes() -> int:
    """Memory that can be had without swapping, in bytes."""
    try:
        with open("/proc/meminfo") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def human_bytes(count: float) -> str:
    """A byte count in the unit that keeps it short: `16.0 TiB`."""
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    power = min(int(np.log2(max(count, 1)) // 10), len(units) - 1)
    return f"{count / 1024**power:.{0 if power == 0 else 1}f} {units[power]}"
