"""Execution: circuits with their noise, compiled by a backend and run at points and realizations of the detunings."""

from collections.abc import Sequence, Set
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.errors import UsageError
from hybrid.base.randomness import SettingStream, child
from hybrid.base.types import (
    Angles,
    Backend,
    Counts,
    DifferentiableRunner,
    ForeignBackend,
    Operation,
    Runner,
    Setting,
    Shots,
    Task,
)
from hybrid.compilation import noise
from hybrid.compilation.decoupling import decouple
from hybrid.compilation.resources import Resources, check_memory, resources
from hybrid.compilation.schedule import Schedule, schedule
from hybrid.compilation.transpile import IsaCircuit
from hybrid.device.detuning import SCRAMBLES, DetunedAngles, Draws
from hybrid.device.device import Device
from hybrid.device.readout import Readout
from hybrid.measure.allocation import PILOT, Division, divide, divide_shots

REALIZATIONS, QUADRATURE = 100, 64
"""Number of detunings by default: with shots, and for infinitely many shots."""
MOST_SHOTS = 10**15
"""Numbers of shots stay exact in double precision, and their sums in 64 bits."""


class Conditions(NamedTuple):
    """How circuits are run: shots in all (0: infinitely many), detunings (None: the default), threads, dynamical decoupling,
    how shots are divided over groups; `without` names `noise.PARTS` to leave out."""

    shots: int = 0
    realizations: int | None = None
    threads: int = 1
    dd: str = "none"
    without: Set[str] = frozenset()
    allocation: str = "uniform"


class Detuned(NamedTuple):
    """Quasi-static dephasing of compiled circuits: the angles that depend on the detunings, and the detunings' distribution."""

    angles: DetunedAngles
    draws: Draws


class Recipe(NamedTuple):
    """The inputs of an execution, to make another one with other device parameters."""

    isa: IsaCircuit
    circuits: tuple[QuantumCircuit, ...]
    device: Device
    conditions: Conditions


@final
class Execution(NamedTuple):
    """Compiled settings; calls are pure functions of their arguments.

    `shots` is (r, s), or (1, 0) without shots. With a `pilot`, each point's shots are divided by its own pilot; `shots` is then
    the division for a pilot that finds exactly the bounds.
    """

    runner: Runner
    shots: Shots
    pilot: Shots | None
    division: Division | None
    realizations: int
    readout: Readout | None
    detuned: Detuned | None
    resources: Resources
    recipe: "Recipe"

    def counts(
        self,
        angles: Angles,
        root: np.random.SeedSequence,
        detunings: np.random.SeedSequence,
        first: int = 0,
        *,
        shots: Shots | None = None,
        pilot: bool = False,
    ) -> tuple[list[list[Counts]], float]:
        """Counts as read per point and setting, and the inflation of their realizations' variance by drift.

        Point i draws from the `first + i`-th children, a pilot from other children than the rest; every point has its own
        detunings, and its pilot the same ones. `shots` (r, s) replace those of the execution.
        """
        inflation, rows, settings = 1.0, range(len(angles)), range(self.shots.shape[1])
        shots = self.shots if shots is None else shots
        if self.detuned is not None:
            total = int(self.shots.sum()) + (0 if self.pilot is None else int(self.pilot.sum()))
            drawn = [self.detuned.draws.independent(self.realizations, total, child(detunings, first + i)) for i in rows]
            inflation = drawn[0][1] if drawn else 1.0
            angles = self._with_detunings(angles, [detuning for detuning, _ in drawn])
        draw, flip = SettingStream.SHOTS, SettingStream.FLIPS
        if pilot:
            draw, flip = SettingStream.PILOT_SHOTS, SettingStream.PILOT_FLIPS
        seeds = [[child(root, first + i, s, draw) for s in settings] for i in rows]
        counts = self.runner.counts(angles, shots, seeds)
        if self.readout is not None:
            generators = [[np.random.default_rng(child(root, first + i, s, flip)) for s in settings] for i in rows]
            counts = [
                [self.readout.flip(c, rng) for c, rng in zip(of_point, of_rows, strict=True)]
                for of_point, of_rows in zip(counts, generators, strict=True)
            ]
        return counts, inflation

    def distributions(self, angles: Angles, detunings: np.random.SeedSequence) -> Float[np.ndarray, "k c s d"]:
        """Outcome probabilities as read, averaged over each of c independent sets of detunings that all points share."""
        sets = 1 if self.detuned is None else SCRAMBLES
        rows = self._at_shared_detunings(angles, detunings)
        probabilities = self.runner.distributions(rows)
        means = probabilities.reshape(len(angles), sets, -1, *probabilities.shape[1:]).mean(axis=2)
        return means if self.readout is None else self.readout.mix(means)

    def slopes(
        self, angles: Angles, detunings: np.random.SeedSequence, weights: Float[np.ndarray, "s d"] | None
    ) -> tuple[Float[np.ndarray, " c"], Float[np.ndarray, "c a"]]:
        """Value and slopes of one point by every angle, a mean for each of c independent sets of detunings.

        `weights` are those of outcomes before readout errors; None is the task's observable.
        """
        assert isinstance(self.runner, DifferentiableRunner)
        sets = 1 if self.detuned is None else SCRAMBLES
        values, slopes = self.runner.differentiate(self._at_shared_detunings(angles, detunings), weights)
        return values.reshape(sets, -1).mean(axis=1), slopes.reshape(sets, len(slopes) // sets, slopes.shape[1]).mean(axis=1)

    def _at_shared_detunings(self, angles: Angles, detunings: np.random.SeedSequence) -> Float[np.ndarray, "rows a"]:
        if self.detuned is None:
            return angles
        drawn = self.detuned.draws.quadrature(self.realizations // SCRAMBLES, detunings)
        return self._with_detunings(angles, [drawn] * len(angles))

    def _with_detunings(self, angles: Angles, detunings: Sequence[Float[np.ndarray, "r n"]]) -> Float[np.ndarray, "rows a"]:
        """A row for every point and realization: the circuit's angles, then those of the detunings."""
        assert self.detuned is not None
        per_point = [self.detuned.angles(rows) for rows in detunings]
        return np.concatenate([np.repeat(angles, self.realizations, axis=0), np.concatenate(per_point)], axis=1)


def set_up(
    isa: IsaCircuit,
    circuits: Sequence[QuantumCircuit],
    device: Device,
    backend: Backend,
    conditions: Conditions,
    observable: SparsePauliOp | None = None,
    bounds: Sequence[float] | None = None,
) -> Execution:
    """Schedule, describe and compile `circuits`, variants of the ISA circuit that share its angles.

    The conditions' allocation divides shots by the `bounds` of one shot's contribution in each circuit; without bounds, evenly.

    UsageError for too few shots, impossible realizations and, before anything is allocated, too little memory.
    """
    if isinstance(backend, ForeignBackend) and device.noisy:
        raise UsageError(
            f"device '{device.label}': backend '{backend.physics}' brings its own physics, no device goes with it; "
            "leave --device out, or take a simulator of hybrid list backends."
        )
    if conditions.shots > MOST_SHOTS:
        raise UsageError(f"shots must be at most {MOST_SHOTS:,}, not {conditions.shots:,}.")
    if conditions.dd != "none" and not device.noisy:
        raise UsageError(f"dd={conditions.dd}: on device '{device.label}' nothing takes time; leave it out.")
    angles = DetunedAngles() if device.dephasing == "quasistatic" else None
    settings, schedules = described(isa, circuits, device, conditions, angles)
    detuned, realizations = None, 1
    if angles is not None and angles.parameters:
        realizations = _realizations(conditions.realizations, conditions, len(settings))
        detuned = Detuned(angles, draws(isa, schedules, device))
    elif conditions.realizations is not None and device.dephasing != "quasistatic":
        raise UsageError(
            f"realizations: device '{device.label}' has no quasi-static dephasing, so nothing to draw; leave it out."
        )
    parameters = (*isa.circuit.parameters, *(angles.parameters if angles is not None else ()))
    task = Task(settings, parameters, observable, conditions.shots, conditions.threads, realizations)
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
    )


def over_realizations(per_setting: Sequence[int], realizations: int) -> Shots:
    """Shots (r, s): those of each setting divided over the realizations, remainders to the first."""
    rows = [[n // realizations + (r < n % realizations) for n in per_setting] for r in range(realizations)]
    return np.array(rows, dtype=np.int64)


def described(
    isa: IsaCircuit,
    circuits: Sequence[QuantumCircuit],
    device: Device,
    conditions: Conditions,
    angles: DetunedAngles | None,
) -> tuple[tuple[Setting, ...], list[Schedule]]:
    """The circuits as settings for a backend, and their schedules."""
    schedules = [schedule(circuit, device, isa.physical) for circuit in circuits]
    if conditions.dd != "none":
        schedules = [decouple(plain, device, isa.physical, conditions.dd) for plain in schedules]
    if device.noisy:
        return tuple(noise.describe(s, device, isa.physical, angles, conditions.without) for s in schedules), schedules
    steps = [tuple(Operation(timed.gate, timed.qubits) for timed in s.operations) for s in schedules]
    return tuple(Setting(isa.circuit.num_qubits, of_circuit) for of_circuit in steps), schedules


def draws(isa: IsaCircuit, schedules: Sequence[Schedule], device: Device) -> Draws:
    """The detunings' distribution in these circuits."""
    context = any(len(timed.qubits) > 1 for timed in schedules[0].operations)
    return Draws(device, isa.physical, context=context)


def _realizations(asked: int | None, conditions: Conditions, settings: int) -> int:
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
