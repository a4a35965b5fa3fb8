"""Sensitivity of a result to device parameters: dE/d(number).

The exact engine's backward pass gives dE/dc for every physical number c of every error channel, and dE/dtheta for every angle
that comes from detunings or residual exchange. How these follow from a number d of the device is cheap to recompute, since it
takes no simulation: schedule and noise description are made again with d + h and d - h, and

    dE/dd = sum_c dE/dc dc/dd + sum_theta <dE/dtheta dtheta/dd> + sum_x dE/dw_x dw_x/dd

with <> the mean over detunings, each at the same quantile of its distribution, and w_x the weight of outcome x before readout
errors (chain rule; the derivatives of the description are central differences, whose error is of order h^2).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import inf, isfinite
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from hybrid.base.types import Backend, Channel, Operation, Setting, SlopedRunner, Task
from hybrid.compilation.noise import readout
from hybrid.compilation.schedule import Schedule
from hybrid.device.channels import qubits_of
from hybrid.device.detuning import DetunedAngles, scores
from hybrid.device.device import Device
from hybrid.device.ranges import KEYS, PER_QUBIT, WHOLE_DEVICE
from hybrid.device.readout import Readout
from hybrid.measure.execution import Recipe
from hybrid.measure.set_up import described, draws

RELATIVE_STEP = 1e-5
"""Step of the central differences in the description, which is smooth in every number: their relative error is 1e-10."""
POINTS = 1
"""Detunings per scrambled set."""


class Sensitivity(NamedTuple):
    """dE/d(number) of one entry of the profile, by place: (q,) or (i, j), () for a number of the whole device.

    `value` and `slope` are in SI units; `places` are those that the circuit uses.
    """

    key: str
    places: tuple[tuple[int, ...], ...]
    value: tuple[float, ...]
    slope: tuple[float, ...]


class Sensitivities(NamedTuple):
    """E for infinitely many shots, and its derivative by every number of the device."""

    value: float
    numbers: tuple[Sensitivity, ...]


_Place = tuple[Any, ...]


class _NumbersByPlace(NamedTuple):
    """The numbers of a description by place: of every channel, of every angle (r,), and of the readout.

    A place is the kind of a step, its qubits, and its number among steps of this kind there: these do not change when steps on
    other qubits change their order.
    """

    channels: dict[_Place, dict[str, float]]
    angles: dict[_Place, Float[np.ndarray, " r"]]
    readout: Readout


def sensitivities(
    recipe: Recipe,
    backend: Backend,
    theta: Float[np.ndarray, " m"],
    weights: Float[np.ndarray, "s d"],
    seed: np.random.SeedSequence,
) -> Sensitivities:
    """dE/d(number) for every number of the device that the circuits use, E = sum_s sum_x weights[s, x] p_s(x) as read.

    UsageError where the engine cannot hold the circuit.
    """
    isa, device = recipe.isa, recipe.device
    angles = DetunedAngles(apart=True)
    settings, schedules = described(isa, recipe.circuits, device, recipe.conditions, angles)
    runner = backend.compile(Task(settings, (*isa.circuit.parameters, *angles.parameters), None, 0, recipe.conditions.threads))
    assert isinstance(runner, SlopedRunner)
    standard = scores(len(isa.physical), POINTS, seed) if device.dephasing == "quasistatic" else None
    base = angles(_detunings(recipe, schedules, device, standard))
    rows = np.concatenate([np.broadcast_to(theta, (len(base), len(theta))), base], axis=1)
    true_weights = readout(device, isa.physical).pulled_back(weights)
    by_angle = dict(
        zip(angles.places(), runner.differentiate(rows, true_weights)[1][:, len(theta) :].T / len(rows), strict=True)
    )
    base_numbers = _numbers(settings)
    by_channel = _channel_slopes(runner, settings, rows, true_weights)
    finite = {(at, name): s for (at, name), s in by_channel.items() if isfinite(base_numbers[at][name])}
    probabilities = runner.distributions(rows).mean(axis=0)

    def difference(high: _NumbersByPlace, low: _NumbersByPlace) -> float:
        return (
            sum(float(slope @ (high.angles[at] - low.angles[at])) for at, slope in by_angle.items())
            + sum(s * (high.channels[at][name] - low.channels[at][name]) for (at, name), s in finite.items())
            + float(np.sum(probabilities * (high.readout.pulled_back(weights) - low.readout.pulled_back(weights))))
        )

    by_key: dict[str, list[tuple[tuple[int, ...], float, float]]] = {}
    for number in _steps(device, isa.physical):
        high, low = (_describe(recipe, number.moved(sign), standard) for sign in (1, -1))
        slope = difference(high, low) / (2 * RELATIVE_STEP * number.value)
        by_key.setdefault(number.key, []).append((number.place, number.value, slope))
    columns = {key: [tuple(column) for column in zip(*entries, strict=True)] for key, entries in by_key.items()}
    return Sensitivities(
        float(np.sum(probabilities * true_weights)), tuple(Sensitivity(key, *of_key) for key, of_key in columns.items())
    )


def _describe(recipe: Recipe, device: Device, standard: Float[np.ndarray, "r n"] | None) -> _NumbersByPlace:
    angles = DetunedAngles(apart=True)
    settings, schedules = described(recipe.isa, recipe.circuits, device, recipe.conditions, angles)
    columns = angles(_detunings(recipe, schedules, device, standard)).T
    return _NumbersByPlace(
        _numbers(settings), dict(zip(angles.places(), columns, strict=True)), readout(device, recipe.isa.physical)
    )


def _detunings(
    recipe: Recipe, schedules: Sequence[Schedule], device: Device, standard: Float[np.ndarray, "r n"] | None
) -> Float[np.ndarray, "r n"]:
    """The detunings at these standard scores of their distribution; zero without scores, where nothing is detuned."""
    return np.zeros((1, len(recipe.isa.physical))) if standard is None else draws(recipe.isa, schedules, device).at(standard)


def _channels(settings: Sequence[Setting]) -> Iterator[tuple[_Place, Channel]]:
    for s, setting in enumerate(settings):
        before: Counter[_Place] = Counter()
        for step in setting.steps:
            if not isinstance(step, Operation):
                kind = (s, type(step), qubits_of(step))
                yield (*kind, before[kind]), step
                before[kind] += 1


def _numbers(settings: Sequence[Setting]) -> dict[_Place, dict[str, float]]:
    return {at: {name: getattr(step, name) for name in step.__slots__} for at, step in _channels(settings)}


def _channel_slopes(
    runner: SlopedRunner, settings: Sequence[Setting], rows: Float[np.ndarray, "r m"], weights: Float[np.ndarray, "s d"]
) -> dict[tuple[_Place, str], float]:
    """d(mean over rows)/d(number) by place and name."""
    total: dict[tuple[_Place, str], float] = {}
    for row in rows:
        slopes = [slope for of_setting in runner.channel_slopes(row, weights) for slope in of_setting if slope is not None]
        for (at, _), by_name in zip(_channels(settings), slopes, strict=True):
            for name, slope in by_name.items():
                total[at, name] = total.get((at, name), 0.0) + slope / len(rows)
    return total


class _Step(NamedTuple):
    """One number of the device, and the device with another one in its place."""

    key: str
    place: tuple[int, ...]
    value: float
    changed: Callable[[float], Device]

    def moved(self, sign: int) -> Device:
        """The device with a slightly larger (+1) or smaller (-1) number."""
        return self.changed(self.value * (1 + sign * RELATIVE_STEP))


def _steps(device: Device, physical: tuple[int, ...]) -> Iterator[_Step]:
    """Every number that can be varied up and down: not zero (its channels are then left out) and not infinite."""
    for field in PER_QUBIT:
        values: tuple[float, ...] = getattr(device, field) or ()
        for q in physical if values else ():
            if 0 < values[q] < inf:
                yield _Step(KEYS.get(field, field), (q,), values[q], partial(_entry, device, field, q))
    for field in WHOLE_DEVICE:
        value = getattr(device, field)
        if value > 0 and (field != "context_t2star_factor" or device.dephasing == "quasistatic"):
            yield _Step(KEYS.get(field, field), (), value, lambda number, field=field: replace(device, **{field: number}))
    for name, gate in device.gates.items():
        for part in ("duration_s", "error"):
            for place, value in getattr(gate, part).items():
                if value > 0 and set(place) <= set(physical):
                    key = f"gates.{name}.{part.removesuffix('_s')}"
                    yield _Step(key, place, value, partial(_gate, device, name, part, place))


def _entry(device: Device, field: str, qubit: int, number: float) -> Device:
    values = getattr(device, field)
    return replace(device, **{field: (*values[:qubit], number, *values[qubit + 1 :])})


def _gate(device: Device, name: str, part: str, place: tuple[int, ...], number: float) -> Device:
    gate = device.gates[name]
    gate = replace(gate, **{part: getattr(gate, part) | {place: number}})
    return replace(device, gates=device.gates | {name: gate})
