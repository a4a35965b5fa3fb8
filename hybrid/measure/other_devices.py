"""A compiled query on other devices: the same pulses in the same order, other numbers, for infinitely many shots.

Layout, routing and order of pulses are those of the nominal device; times, errors and detunings are those of each device. All
devices see the same standard scores of the detunings, so that their differences do not come from chance.
"""

from collections.abc import Sequence, Set

import numpy as np
from jaxtyping import Float

from hybrid.base.randomness import child
from hybrid.base.types import Angles, Backend, Task
from hybrid.compilation import noise
from hybrid.device.detuning import DetunedAngles, scores
from hybrid.device.device import Device
from hybrid.device.readout import Correction
from hybrid.measure.assignment import calibration
from hybrid.measure.compiled_query import PORTION_BYTES, CompiledQuery
from hybrid.measure.estimate import exact_values
from hybrid.measure.execution import Recipe
from hybrid.measure.set_up import described, draws, engine

DETUNINGS = 32
"""Points of the one scrambled Sobol set of detunings that all devices share. With 16 a value on six qubits spread by a tenth of
its interval from set to set, with 32 by less than half of that."""
COMPILE_S, EVALUATE_S = 2e-4, 2e-11
"""Upper estimates: seconds to compile a gate of a circuit with its noise, and to apply one, by byte of a state (measured)."""


def values_on(
    query: CompiledQuery,
    angles: Angles,
    devices: Sequence[Device],
    seed: np.random.SeedSequence,
    without: Set[str] = frozenset(),
) -> Float[np.ndarray, "k d"]:
    """The query's value at angles (k, m) on each of the devices, `without` parts of the noise, by the exact engine."""
    if not query.groups:
        return np.full((len(angles), len(devices)), query.constant)
    recipe = query.execution.recipe
    recipe = recipe._replace(conditions=recipe.conditions._replace(without=recipe.conditions.without | without))
    standard = common_scores(recipe, seed)
    backend, columns = engine(), []
    for device in devices:
        correction = None if query.calibrate is None else _calibrated(recipe, device, backend, seed)
        columns.append(_values(query, distributions_on(recipe, device, backend, angles, standard), correction))
    return np.stack(columns, axis=1) + query.constant


def common_scores(recipe: Recipe, seed: np.random.SeedSequence) -> Float[np.ndarray, "r n"] | None:
    """Standard scores of the detunings that all devices share; None where the device draws none."""
    quasi_static = recipe.device.dephasing == "quasistatic"
    return scores(len(recipe.isa.physical), DETUNINGS, seed, sets=1) if quasi_static else None


def seconds(query: CompiledQuery, points: int) -> float:
    """An upper estimate of the CPU time of one device: it depends on the circuits alone, so that it is the same everywhere."""
    recipe, resources = query.execution.recipe, query.resources
    settings, _ = described(recipe.isa, recipe.circuits, recipe.device, recipe.conditions, None)
    state_bytes = engine().memory_bytes(Task(settings, recipe.isa.circuit.parameters, None, 0, 1))
    gates = sum(resources.gates.values()) * resources.circuits
    return gates * (COMPILE_S + EVALUATE_S * points * DETUNINGS * state_bytes)


def distributions_on(
    recipe: Recipe, device: Device, backend: Backend, angles: Angles, standard: Float[np.ndarray, "r n"] | None
) -> Float[np.ndarray, "k s d"]:
    """Outcome probabilities of the recipe's circuits as another device reads them, averaged over the detunings at these
    standard scores (`common_scores`)."""
    isa, conditions = recipe.isa, recipe.conditions
    detuned = None if standard is None else DetunedAngles()
    settings, schedules = described(isa, recipe.circuits, device, conditions, detuned)
    own = np.zeros((1, 0))
    if detuned is not None and standard is not None and detuned.parameters:
        own = detuned(draws(isa, schedules, device).at(standard))
    parameters = (*isa.circuit.parameters, *(detuned.parameters if detuned is not None else ()))
    runner = backend.compile(Task(settings, parameters, None, 0, conditions.threads, len(own)))
    size = max(1, PORTION_BYTES // (8 * len(own) * len(settings) * 2 ** len(isa.physical)))
    means = []
    for first in range(0, len(angles), size):
        here = angles[first : first + size]
        rows = np.concatenate([np.repeat(here, len(own), axis=0), np.tile(own, (len(here), 1))], axis=1)
        found = runner.distributions(rows)
        means.append(found.reshape(len(here), len(own), *found.shape[1:]).mean(axis=1))
    distributions = np.concatenate(means)
    return distributions if "readout" in conditions.without else noise.readout(device, isa.physical).mix(distributions)


def _values(
    query: CompiledQuery, distributions: Float[np.ndarray, "k s d"], correction: Correction | None
) -> Float[np.ndarray, " k"]:
    """The sum over groups; an observable that depends on the measured distribution is fixed at each device's own."""
    group = query.distribution_dependent
    if group is None:
        return exact_values(query.fixed_groups, distributions, correction)
    outcomes = np.arange(distributions.shape[-1], dtype=np.uint64)
    return np.concatenate([exact_values([group.at(outcomes, row[0])], row[None], None) for row in distributions])


def _calibrated(recipe: Recipe, device: Device, backend: Backend, seed: np.random.SeedSequence) -> Correction:
    """The readout errors as this device's own calibration finds them with infinitely many shots."""
    conditions = recipe.conditions._replace(shots=0, realizations=None)
    return calibration(recipe.isa, device, backend, conditions)(child(seed, 0))
