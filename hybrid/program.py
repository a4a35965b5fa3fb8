"""compile(...) -> Program: transpiled, grouped, scheduled and compiled once; then called many times with points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.exceptions import CircuitError
from qiskit.quantum_info import SparsePauliOp

from hybrid import catalog, noise
from hybrid.angles import AngleMap, split
from hybrid.device import Device
from hybrid.errors import UsageError, unknown
from hybrid.estimate import AllZeros, Group, Readout, divide_shots, exact_values, group_terms, mean_and_variance
from hybrid.resources import Resources, assemble
from hybrid.spec import GROUPINGS
from hybrid.transpile import measured, to_isa
from hybrid.types import (
    Angles,
    Backend,
    Estimates,
    Expectation,
    LossGradient,
    Overlap,
    Point,
    Points,
    Query,
    Runner,
)

PORTION_BYTES, PORTION_POINTS, PORTION_WORK = 2**28, 2048, 10**9
"""Points are sent on in portions of at most so many bytes of probabilities, points, and bytes of state times gates (about a
second): a simulator at work hears no Ctrl-C, between portions one is heard."""


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
        if not self.groups or not len(angles):
            return Estimates(np.full(len(angles), self.constant), np.zeros(len(angles)))
        root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        row_bytes = 1 if self.direct else 8 * 2**self.resources.n_qubits * len(self.groups)
        work = self.resources.memory_bytes * sum(self.resources.gates.values()) * len(self.groups)
        size = max(1, min(PORTION_POINTS, PORTION_BYTES // row_bytes, PORTION_WORK // max(1, work)))
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
    if grouping not in GROUPINGS:
        raise unknown("grouping", grouping, GROUPINGS)
    circuit = query.circuit
    if isinstance(query, Overlap):
        circuit = _overlap_circuit(query)
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
    direct = isinstance(query, Expectation) and not device.noisy and shots == 0
    circuits = [flat] if direct or not groups else [measured(isa, group.basis) for group in groups]
    rest = (observable - SparsePauliOp("I" * flat.num_qubits, constant)).simplify(atol=0) if direct else None
    task, resources = assemble(isa, circuits, device, backend, observable=rest, shots=shots, threads=threads)
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


def _overlap_circuit(query: Overlap) -> QuantumCircuit:
    """`circuit` followed by the inverse of `other`; all zeros is then as likely as the two states are alike."""
    if query.circuit.num_qubits != query.other.num_qubits:
        raise UsageError(f"an overlap of {query.circuit.num_qubits} with {query.other.num_qubits} qubits is not defined.")
    try:
        return query.circuit.compose(query.other.inverse())
    except CircuitError as error:
        raise UsageError(f"the two circuits of an overlap do not go together: {error.message}") from None
