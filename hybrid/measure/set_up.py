"""Circuits put in order, scheduled, described with their noise, and compiled by a backend: an execution."""

from collections.abc import Sequence

from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import DENSE_QUBITS, Backend, CheckedBackend, DiagonalTerms, ForeignBackend, Operation, Setting, Task
from hybrid.compilation import noise
from hybrid.compilation.decoupling import decouple
from hybrid.compilation.pulse_order import arranged
from hybrid.compilation.resources import check_memory, resources
from hybrid.compilation.schedule import Schedule, schedule_all
from hybrid.compilation.transpile import IsaCircuit
from hybrid.device.detuning import SCRAMBLES, DetunedAngles, Draws
from hybrid.device.device import Device
from hybrid.measure.allocation import PILOT, divide, divide_shots
from hybrid.measure.execution import Conditions, Detuned, Execution, Recipe, over_realizations

REALIZATIONS, QUADRATURE = 100, 64
"""Number of detunings by default: with shots, and for infinitely many shots."""
MOST_SHOTS = 10**15
"""Numbers of shots stay exact in double precision, and their sums in 64 bits."""


def set_up(
    isa: IsaCircuit,
    circuits: Sequence[QuantumCircuit],
    device: Device,
    backend: Backend,
    conditions: Conditions,
    observable: SparsePauliOp | None = None,
    bounds: Sequence[float] | None = None,
    *,
    terms: Sequence[DiagonalTerms] | None = None,
    as_listed: bool = False,
) -> Execution:
    """Order pulses, schedule, describe and compile `circuits`, variants of the ISA circuit that share its angles.

    `as_listed` keeps the order of pulses: that of an experiment, or of the nominal device for one that varies.

    Of wide circuits without shots a simulator may compute the sums of `terms` alone.

    The conditions' allocation divides shots by the `bounds` of one shot's contribution in each circuit; without bounds, evenly.

    UsageError for too few shots, impossible realizations and, before anything is allocated, too little memory.
    """
    _check(device, backend, conditions)
    if device.noisy and not as_listed:
        circuits = arranged(circuits, device.compiled_for, isa.physical, [q for q in isa.layout if q >= 0])
    angles = DetunedAngles() if device.dephasing == "quasistatic" else None
    settings, schedules = described(isa, circuits, device, conditions, angles)
    detuned, realizations = None, 1
    if angles is not None and angles.parameters:
        realizations = number_of_realizations(conditions.realizations, conditions, len(settings))
        detuned = Detuned(angles, draws(isa, schedules, device))
    elif conditions.realizations is not None and device.dephasing != "quasistatic":
        raise UsageError(
            f"realizations: device '{device.label}' has no quasi-static dephasing, so nothing to draw; leave it out."
        )
    parameters = (*isa.circuit.parameters, *(angles.parameters if angles is not None else ()))
    asked = terms if isa.circuit.num_qubits > DENSE_QUBITS and device.noisy and not conditions.shots else None
    task = Task(settings, parameters, observable, conditions.shots, conditions.threads, realizations, asked)
    memory_bytes = check_memory(backend, task)
    division = None
    if conditions.shots:
        how = "uniform" if bounds is None else conditions.allocation
        division = divide(how, conditions.shots, [1.0] * len(settings) if bounds is None else bounds, realizations)
    return Execution(
        runner=backend.compile(task),
        shots=over_realizations(division.shots if division else [], realizations),
        pilot=over_realizations(division.pilot, realizations) if division and division.pilot else None,
        division=division,
        realizations=realizations,
        readout=None if "readout" in conditions.without or not device.noisy else noise.readout(device, isa.physical),
        detuned=detuned,
        resources=resources(isa, schedules, device, backend, task, memory_bytes),
        recipe=Recipe(isa, tuple(circuits), device, conditions),
        recomputation=backend.recomputation(task) if isinstance(backend, CheckedBackend) else None,
    )


def _check(device: Device, backend: Backend, conditions: Conditions) -> None:
    if isinstance(backend, ForeignBackend) and device.noisy:
        raise UsageError(
            f"device '{device.label}': backend '{backend.physics}' brings its own physics, no device goes with it; "
            "leave --device out, or take a simulator of hybrid list backends."
        )
    if conditions.shots > MOST_SHOTS:
        raise UsageError(f"shots must be at most {MOST_SHOTS:,}, not {conditions.shots:,}.")
    if conditions.dd != "none" and not device.noisy:
        raise UsageError(f"dd={conditions.dd}: on device '{device.label}' nothing takes time; leave it out.")


def engine() -> Backend:
    """The exact engine, which differentiates for backends that cannot."""
    return catalog.load(catalog.parse("backends", "exact"))()


def described(
    isa: IsaCircuit,
    circuits: Sequence[QuantumCircuit],
    device: Device,
    conditions: Conditions,
    angles: DetunedAngles | None,
) -> tuple[tuple[Setting, ...], list[Schedule]]:
    """The circuits as settings for a backend, and their schedules."""
    schedules = schedule_all(circuits, device, isa.physical)
    if conditions.dd != "none":
        schedules = [decouple(plain, device, isa.physical, conditions.dd) for plain in schedules]
    if device.noisy:
        return noise.describe_all(schedules, device, isa.physical, angles, conditions.without), schedules
    steps = [tuple(Operation(timed.gate, timed.qubits) for timed in s.operations) for s in schedules]
    return tuple(Setting(isa.circuit.num_qubits, of_circuit) for of_circuit in steps), schedules


def draws(isa: IsaCircuit, schedules: Sequence[Schedule], device: Device) -> Draws:
    """The detunings' distribution in these circuits."""
    context = any(len(timed.qubits) > 1 for timed in schedules[0].operations)
    return Draws(device, isa.physical, context=context)


def number_of_realizations(asked: int | None, conditions: Conditions, settings: int) -> int:
    """Number of detunings of a point; without shots, points of scrambled sets.

    Every group has at least one shot in each. By default this takes at most half of the shots that an allocation divides.
    """
    if asked is not None and asked < 2:
        raise UsageError(f"realizations: {asked} detunings say nothing about the others; 2 or more are needed.")
    if conditions.shots:
        share = divide_shots(conditions.shots, settings)[-1]
        if conditions.allocation == "uniform":
            return min(REALIZATIONS if asked is None else asked, share)
        return max(1, min(REALIZATIONS, share // 2) if asked is None else min(asked, int((1 - PILOT) * share)))
    if asked is None:
        return QUADRATURE
    allowed = [SCRAMBLES * 2**power for power in range(12)]
    if asked not in allowed:
        nearest = min(allowed, key=lambda count: abs(count - asked))
        raise UsageError(
            f"realizations: {asked} is not possible without shots, where detunings are {SCRAMBLES} scrambled Sobol sets of a "
            f"power of two each; allowed: {', '.join(map(str, allowed[:6]))}, ...; nearest: {nearest}."
        )
    return asked
