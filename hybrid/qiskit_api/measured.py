"""A circuit with measurements, compiled once: shots of its classical bits at any number of points."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int
from qiskit import QuantumCircuit

from hybrid.base.errors import UsageError
from hybrid.base.randomness import CountStream, child
from hybrid.base.types import Backend, DynamicBackend, Points
from hybrid.compilation.classical_bits import final_measurements
from hybrid.compilation.resources import whose_physics
from hybrid.compilation.transpile import OPTIMIZATION_LEVEL, on_named_qubits, to_isa, unitary_part
from hybrid.device.device import Device
from hybrid.measure.angles import split
from hybrid.measure.compiled_query import PORTION_BYTES
from hybrid.measure.execution import Conditions
from hybrid.measure.set_up import set_up

MOST_BITS = 63


class ClassicalShots(NamedTuple):
    """Distinct outcomes as classical bits (u, bits), bit 0 first; how often each was seen (u,), in which realization (u,)."""

    bits: Bool[np.ndarray, "u bits"]
    counts: Int[np.ndarray, " u"]
    realizations: Int[np.ndarray, " u"]

    def in_order(self, rng: np.random.Generator) -> Bool[np.ndarray, "shots bits"]:
        """Shot by shot: realization after realization, as they follow on a machine; the order within one is drawn."""
        row = rng.permutation(np.repeat(np.arange(len(self.counts)), self.counts))
        return self.bits[row[np.argsort(self.realizations[row], kind="stable")]]

    def by_value(self) -> dict[int, int]:
        """Counts by the classical bits as one integer."""
        counts: dict[int, int] = {}
        for bits, count in zip(self.bits, self.counts.tolist(), strict=True):
            value = sum(1 << int(place) for place in np.flatnonzero(bits))
            counts[value] = counts.get(value, 0) + count
        return dict(sorted(counts.items()))


class Place(NamedTuple):
    """Where and how circuits are run."""

    device: Device
    backend: Backend
    conditions: Conditions
    optimization_level: int = OPTIMIZATION_LEVEL


class CompiledCircuit(NamedTuple):
    """A compiled circuit; `draw` gives the shots of one point (p,) in `circuit.parameters` order."""

    draw: Callable[[Points, np.random.SeedSequence], list[ClassicalShots]]
    simulator: str
    qpu_seconds: float | None
    physics: str
    caveat: str


def compile_measured(circuit: QuantumCircuit, place: Place, *, isa: bool) -> CompiledCircuit:
    """The circuit compiled; `isa` says that it names the device's own gates and qubits and is run as it is.

    UsageError: too wide, an operation that is unknown here, and on a noisy device nothing measured, or in mid-circuit.
    """
    if circuit.num_clbits > MOST_BITS and sum(item.operation.name == "measure" for item in circuit.data) > MOST_BITS:
        raise UsageError(f"circuit '{circuit.name}': more than {MOST_BITS} bits are read; outcomes are 63-bit numbers.")
    final = final_measurements(circuit)
    if final is None:
        return _dynamic(circuit, place)
    body, read = final
    if not read.written and place.device.noisy:
        raise UsageError(f"circuit '{circuit.name}' measures nothing; end it with measurements, such as measure_all().")
    if not read.written:
        return _unread(circuit, place)
    if isa and place.device.noisy:
        laid_out = on_named_qubits(unitary_part(body), place.device, read.qubits)
    else:
        laid_out = to_isa(body, place.device, place.optimization_level)
    flat, angle_map = split(laid_out.circuit, tuple(circuit.parameters))
    laid_out = laid_out._replace(circuit=flat)
    execution = set_up(laid_out, [flat], place.device, place.backend, place.conditions)
    resources = execution.resources
    rows = max(1, PORTION_BYTES // (8 * 2**resources.n_qubits * execution.realizations))

    def draw(points: Points, root: np.random.SeedSequence) -> list[ClassicalShots]:
        """Shots of every point, in portions that bound memory; point i draws from the i-th children."""
        drawn = []
        for first in range(0, len(points), rows):
            angles = angle_map(points[first : first + rows])
            counts, _ = execution.counts(angles, child(root, CountStream.SHOTS), child(root, CountStream.DETUNINGS), first)
            drawn += [ClassicalShots(read.table(c.outcomes, laid_out.layout), c.counts, c.realizations) for (c,) in counts]
        return drawn

    return CompiledCircuit(draw, resources.simulator, resources.qpu_seconds, resources.physics, resources.caveat)


def _unread(circuit: QuantumCircuit, place: Place) -> CompiledCircuit:
    """A circuit that measures nothing on ideal hardware: its classical bits, if any, stay 0, as in Qiskit's samplers."""
    warnings.warn(f"circuit '{circuit.name}' measures nothing; its classical bits are 0.", stacklevel=2)
    zeros = ClassicalShots(np.zeros((1, circuit.num_clbits), dtype=bool), np.array([place.conditions.shots]), np.zeros(1, int))
    physics, caveat = whose_physics(place.device, place.backend)
    return CompiledCircuit(lambda points, root: [zeros] * len(points), "none: nothing is measured", None, physics, caveat)


def _dynamic(circuit: QuantumCircuit, place: Place) -> CompiledCircuit:
    """A circuit that measures, resets or branches before its end: on ideal hardware, by a backend that can."""
    device, backend, conditions, _ = place
    if device.noisy:
        raise UsageError(
            f"circuit '{circuit.name}': the noise description of device '{device.label}' has no measurement, reset or "
            "branching in mid-circuit; measure at the end, or run it on device 'ideal'."
        )
    if not isinstance(backend, DynamicBackend):
        raise UsageError(f"circuit '{circuit.name}': this simulator has no measurement in mid-circuit; take simulator 'aer'.")

    def draw(points: Points, root: np.random.SeedSequence) -> list[ClassicalShots]:
        return [_dynamic_shots(backend, circuit.assign_parameters(x), conditions, child(root, i)) for i, x in enumerate(points)]

    return CompiledCircuit(draw, backend.describe_dynamic(), None, *whose_physics(device, backend))


def _dynamic_shots(
    backend: DynamicBackend, circuit: QuantumCircuit, conditions: Conditions, seed: np.random.SeedSequence
) -> ClassicalShots:
    counts = backend.run_dynamic(circuit, conditions.shots, seed, conditions.threads)
    bits = np.array([[digit == "1" for digit in reversed(text.replace(" ", ""))] for text in counts], dtype=bool)
    return ClassicalShots(bits, np.array(list(counts.values())), np.zeros(len(counts), dtype=np.int64))
