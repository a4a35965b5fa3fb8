"""Circuits put in order, scheduled, described with their noise, and compiled by a backend: an execution."""

from collections.abc import Sequence

from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import (
    DENSE_QUBITS,
    NO_MITIGATION,
    Backend,
    CertifiedBackend,
    CheckedBackend,
    DiagonalTerms,
    ForeignBackend,
    Operation,
    Setting,
    Task,
)
from hybrid.compilation import noise
from hybrid.compilation.decoupling import decouple
from hybrid.compilation.frames import Frames
from hybrid.compilation.pulse_order import arranged
from hybrid.compilation.resources import check_memory, resources
from hybrid.compilation.schedule import Schedule, common_beginning, schedule_all
from hybrid.compilation.slots import Slots, slotted
from hybrid.compilation.transpile import IsaCircuit
from hybrid.device.detuning import SCRAMBLES, DetunedAngles, Draws
from hybrid.device.device import Device
from hybrid.device.nodes import node_axes, phases_rad
from hybrid.measure.allocation import PILOT, Division, divide, divide_shots
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
    gradient: bool = False,
) -> Execution:
    """Order pulses, schedule, describe and compile `circuits`, variants of the ISA circuit that share its angles.

    `as_listed` keeps the order of pulses: that of an experiment, or of the nominal device for one that varies.

    Of wide circuits without shots a simulator may compute the sums of `terms` alone; with `gradient` their slopes, too.

    The conditions' allocation divides shots by the `bounds` of one shot's contribution in each circuit; without bounds, evenly.
    Error mitigation changes the circuits once their pulses are in order.

    UsageError for too few shots, impossible realizations and, before anything is allocated, too little memory.
    """
    _check(device, backend, conditions)
    if device.noisy and not as_listed:
        circuits = arranged(circuits, device.compiled_for, isa.physical, [q for q in isa.layout if q >= 0])
    angles = DetunedAngles() if device.dephasing == "quasistatic" else None
    changed, slots = _mitigated(circuits, isa, device, backend, conditions)
    settings, schedules = described(isa, changed, device, conditions, angles)
    frames = _frames(settings, slots, conditions)
    detuned = Detuned(angles, draws(isa, schedules, device)) if angles is not None and angles.parameters else None
    realizations = 1
    if detuned is not None or frames is not None:
        realizations = number_of_realizations(conditions.realizations, conditions, len(settings))
    own = isa.circuit.parameters if slots is None else slots.parameters
    parameters = (*own, *(angles.parameters if angles is not None else ()))
    wide = isa.circuit.num_qubits > DENSE_QUBITS and device.noisy and not conditions.shots and slots is None
    task = Task(settings, parameters, observable, conditions.shots, conditions.threads, realizations, terms if wide else None)
    coarser: Sequence[Task] = ()
    if detuned is not None and (tasks := by_nodes(task, own, terms, detuned, backend, conditions, slots)):
        task, *coarser = tasks
        detuned, realizations = None, 1
    memory_bytes = check_memory(backend, task, gradient=gradient)
    division = _division(conditions, bounds, len(settings), realizations) if conditions.shots else None
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
        slots=slots,
        frames=frames,
        coarser=tuple(backend.compile(each) for each in coarser),
    )


def by_nodes(
    task: Task,
    own: Sequence[Parameter],
    terms: Sequence[DiagonalTerms] | None,
    detuned: Detuned,
    backend: Backend,
    conditions: Conditions,
    slots: Slots | None = None,
) -> list[Task]:
    """The task with axes of nodes in place of drawn detunings, and with fewer of them; empty where the backend draws them.

    Sums of terms alone can be averaged so, over independent detunings whose number nobody asked for.
    """
    if not isinstance(backend, CertifiedBackend):
        return []
    sigma, mitigation = detuned.draws.sigma, conditions.mitigation
    reasons = {
        "shots draw them": conditions.shots > 0,
        "realizations asks for draws": conditions.realizations is not None,
        "they are correlated": sigma is None,
        "this query looks at single outcomes": terms is None or mitigation.readout == "strings" or bool(mitigation.selection),
        "mitigated circuits draw them": slots is not None,
    }
    reason = next((words for words, holds in reasons.items() if holds), "")
    if reason and backend.detunings == "nodes":
        raise UsageError(f"exact: detunings=nodes cannot average these detunings: {reason}; leave it out.")
    if reason or sigma is None:
        return []
    phases = phases_rad(detuned.angles, task.settings, sigma)
    plain = task._replace(angles=tuple(own), realizations=1, terms=terms)
    tasks = [plain._replace(axes=axes) for axes in node_axes(detuned.angles, sigma, phases)]
    return tasks if backend.takes_nodes(tasks, task) else []


def _check(device: Device, backend: Backend, conditions: Conditions) -> None:
    """UsageError for what does not go together, whatever the circuits."""
    if isinstance(backend, ForeignBackend) and device.noisy:
        raise UsageError(
            f"device '{device.label}': backend '{backend.physics}' brings its own physics, no device goes with it; "
            "leave --device out, or take a simulator of hybrid list backends."
        )
    if conditions.shots > MOST_SHOTS:
        raise UsageError(f"shots must be at most {MOST_SHOTS:,}, not {conditions.shots:,}.")
    if conditions.dd != "none" and not device.noisy:
        raise UsageError(f"dd={conditions.dd}: on device '{device.label}' nothing takes time; leave it out.")
    drawn = device.dephasing == "quasistatic" or conditions.mitigation.twirl is not None
    if conditions.realizations is not None and not drawn:
        raise UsageError(
            f"realizations: device '{device.label}' has no quasi-static dephasing, so nothing to draw; leave it out."
        )


def _division(conditions: Conditions, bounds: Sequence[float] | None, settings: int, least: int) -> Division:
    """Shots per setting: over the variants of a circuit by their shares, over circuits by the allocation."""
    extrapolation, how = conditions.mitigation.extrapolation, "uniform" if bounds is None else conditions.allocation
    if extrapolation is None:
        return divide(how, conditions.shots, [1.0] * settings if bounds is None else bounds, least)
    if how == "adaptive":
        raise UsageError("allocation=adaptive does not go with circuits that are measured in variants; take weighted.")
    each = [1.0] * (settings // len(extrapolation.shares)) if bounds is None or how == "uniform" else bounds
    return divide("weighted", conditions.shots, [bound * share for bound in each for share in extrapolation.shares], least)


def _frames(settings: Sequence[Setting], slots: Slots | None, conditions: Conditions) -> Frames | None:
    """Random Paulis of twirled circuits; UsageError where cancelling the noise costs more shots than there are."""
    if conditions.mitigation.twirl is None or slots is None:
        return None
    frames = Frames(settings, slots, conditions.mitigation.twirl)
    if frames.overhead >= (budget := conditions.shots or frames.twirl.instances):
        raise UsageError(
            f"pec: the noise of this circuit costs {frames.overhead:.2g} times the shots for the same error, and there are "
            f"{budget}; take fewer layers, more shots, or zne."
        )
    return frames


def _mitigated(
    circuits: Sequence[QuantumCircuit], isa: IsaCircuit, device: Device, backend: Backend, conditions: Conditions
) -> tuple[Sequence[QuantumCircuit], Slots | None]:
    """The circuits that are run in place of these, and the slots of their angles; UsageError where they cannot be."""
    mitigation = conditions.mitigation
    if mitigation == NO_MITIGATION:
        return circuits, None
    if isinstance(backend, ForeignBackend):
        raise UsageError(
            f"mitigate: backend '{backend.physics}' chooses qubits and pulses of every circuit itself, so a calibration or a "
            "folded circuit may not stay what it was; leave it out."
        )
    if not device.noisy:
        raise UsageError(f"mitigate: device '{device.label}' has no errors; leave it out.")
    extrapolation, twirl = mitigation.extrapolation, mitigation.twirl
    if extrapolation is not None:
        circuits = [variant for circuit in circuits for variant in extrapolation.variants(circuit)]
    if extrapolation is None and twirl is None:
        return circuits, None
    if twirl is not None and not device.gates["rz"].virtual:
        raise UsageError(
            f"mitigate: device '{device.label}' turns qubits about Z by pulses, so random Paulis take time; leave it out."
        )
    return slotted(circuits, list(isa.circuit.parameters), frames=twirl is not None)


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
    operations = [[Operation(timed.gate, timed.qubits) for timed in s.operations] for s in schedules]
    alike = common_beginning(operations)  # the same objects, so that the engine does them once
    steps = [tuple(operations[0][:alike] + of_circuit[alike:]) for of_circuit in operations]
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
    twirl = conditions.mitigation.twirl
    instances = 0 if twirl is None else twirl.instances
    if conditions.shots:
        share, usual = divide_shots(conditions.shots, settings)[-1], max(REALIZATIONS, instances)
        if conditions.allocation == "uniform" and conditions.mitigation.extrapolation is None:
            return min(usual if asked is None else asked, share)
        return max(1, min(usual, share // 2) if asked is None else min(asked, int((1 - PILOT) * share)))
    allowed = [SCRAMBLES * 2**power for power in range(12)]
    if asked is None:
        return max(QUADRATURE, next((count for count in allowed if count >= instances), allowed[-1]))
    if asked not in allowed:
        nearest = min(allowed, key=lambda count: abs(count - asked))
        raise UsageError(
            f"realizations: {asked} is not possible without shots, where detunings are {SCRAMBLES} scrambled Sobol sets of a "
            f"power of two each; allowed: {', '.join(map(str, allowed[:6]))}, ...; nearest: {nearest}."
        )
    return asked
