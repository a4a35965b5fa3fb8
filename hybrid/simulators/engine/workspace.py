"""A plan with its constant matrices, and the buffers and array statements that carry it out for k points."""

import copy
from collections.abc import Iterator
from functools import partial
from math import prod

import numpy as np
from jaxtyping import Float, Inexact

from hybrid.base.errors import UsageError
from hybrid.base.types import Angles, Task, Weights
from hybrid.simulators.engine.block_matrices import Bound, Family, Matrices, kappa
from hybrid.simulators.engine.chains import HARMONICS, Chains, Factor, chain
from hybrid.simulators.engine.fuse import plan, plan_reading_early
from hybrid.simulators.engine.maps import PAULI, PURE, alike, elements_of_all
from hybrid.simulators.engine.node_axes import at_nodes, with_node_axes
from hybrid.simulators.engine.observable import Hamiltonian, hamiltonian_bytes, ordered, weigh
from hybrid.simulators.engine.outcome_weights import WeightedPlan, weighted_plan
from hybrid.simulators.engine.sites import FusionPlan, Site
from hybrid.simulators.engine.sweep import Sweep, backward_capacity, cut, forward_capacity

CHUNK_BYTES, CHUNK_POINTS = 2**25, 256
"""This many bytes of states and matrices, and points, go through the blocks together (measured): many, so that they share the
cost of a call; few, so that the data of a block stay in the cache."""
MOST_STATES = 3
"""A forward pass never keeps more: what circuits have in common, and two that are written alternately."""
MANY = 16
"""From this many realizations on, plans for shots are split: so many points share the cost of more calls (measured)."""
SAMPLED_QUBITS = 20
"""Up to this width counts come from the distribution over all outcomes."""
PORTION_STEPS = 2**16
"""So many steps are planned together: their plan and matrices, some kB for each, stay below about 400 MiB."""


def picture(task: Task) -> int:
    """d: amplitudes without error channels, Pauli coefficients with them and where qubits are summed over as they are read."""
    return PAULI if task.noisy or task.terms is not None else PURE


def sampled(task: Task) -> bool:
    """Whether shots are drawn qubit by qubit; narrower distributions are drawn from as a whole, as in earlier records."""
    return task.noisy and task.shots > 0 and task.n_qubits > SAMPLED_QUBITS


def portions(task: Task) -> list[slice]:
    """The settings that are planned together: all, or neighbours of at most `PORTION_STEPS` steps where these are too many.

    Steps that settings begin with are shared, and count once. Where only terms are asked, or shots are drawn as qubits
    are read, each setting is alone: some of its qubits end before others enter.
    """
    if task.terms is not None or sampled(task):
        return [slice(s, s + 1) for s in range(len(task.settings))]
    lengths, shared = [len(setting.steps) for setting in task.settings], alike(task.settings)
    most = max(1, (PORTION_STEPS - shared) // max(1, max(lengths) - shared))
    return [slice(first, first + most) for first in range(0, len(lengths), most)]


_last_plan: list[tuple[Task, int, FusionPlan]] = []


def plan_of(task: Task, d: int) -> FusionPlan:
    """The task's blocks, in order and with their axes; UsageError names what cannot be done.

    The last one is remembered: memory is asked for before the same task is compiled.
    """
    for last, of, found in _last_plan:
        if last is task and of == d:
            return found
    _last_plan[:] = [(task, d, _planned(task, d))]
    return _last_plan[0][2]


def _planned(task: Task, d: int) -> FusionPlan:
    if task.noisy and task.observable is not None:
        raise UsageError("exact: with error channels an observable is measured setting by setting; leave task.observable out.")
    angles = {angle: place for place, angle in enumerate(task.angles)}
    circuits = elements_of_all(task.settings, angles, d, task.axes)
    early = len(circuits) == 1 and (task.terms is not None or sampled(task))
    return (
        plan_reading_early(circuits[0], d) if early else plan(circuits, d, split=task.shots > 0 and task.realizations >= MANY)
    )


def values_bytes(task: Task, *, single: bool) -> int:
    """Bytes for the values of one point: two states, the observable's phases, and outcomes; nothing is allocated.

    Of several portions that could not need much, at most so many: to plan them takes long.
    """
    d = picture(task)
    number = (16 if d == PURE else 8) // (1 + single)
    outcomes = (number + 8) * 2**task.n_qubits * len(task.settings)
    own = outcomes if task.observable is None else hamiltonian_bytes(task.observable, number)
    parts, most = portions(task), number * MOST_STATES * d**task.n_qubits
    if len(parts) == 1 or most > CHUNK_BYTES:
        plans = (plan_of(task if len(parts) == 1 else task._replace(settings=task.settings[part]), d) for part in parts)
        most = number * max(map(forward_capacity, plans))
    return most + own


class Circuits:
    """A plan with its constant matrices: what all workspaces share. With `channels` each channel is a factor of its own;
    `merged` blocks that are equal share a matrix, and have no slopes."""

    def __init__(self, task: Task, dtype: np.dtype, *, channels: bool = False, merged: bool = False) -> None:
        d = PURE if dtype.kind == "c" else PAULI
        self.plan, self.dtype = plan_of(task, d), dtype
        self.n_qubits, self.n_angles = task.n_qubits, len(task.angles)
        sites = [item for item in self.plan.items if isinstance(item, Site)]
        runs, chains = Chains(merged=merged), Chains(merged=merged)
        by_site = []
        for site in sites:
            columns = 1 if prod(site.before) == 1 else None
            by_site.append([chains.number(chain(each, runs, d, channels=channels), columns) for each in at_nodes(site)])
        self.families, place = [Family(runs.all, d, dtype)], {}
        kinds = list(zip((len(one.base) for one in chains.all), chains.columns, strict=True))
        for size, columns in dict.fromkeys(kinds):
            some = [i for i, kind in enumerate(kinds) if kind == (size, columns)]
            place |= {i: (len(self.families), within) for within, i in enumerate(some)}
            self.families.append(Family([chains.all[i] for i in some], size, dtype, columns))
        self.place = [place[of_site[0]] for of_site in by_site]  # of each site's first chain: its family, and where in it
        sums = [angles or (self.n_angles,) for family in self.families for angles in family.angles]
        counts = np.array([len(angles) for angles in sums], dtype=int)
        self.rotations, self._first_of = np.repeat(np.arange(len(sums)), counts), np.cumsum(counts) - counts
        self.angles = np.array([angle for angles in sums for angle in angles], dtype=int)
        self.n_rotations = len(sums)
        self._axes = task.axes
        self._bytes_per_point: dict[tuple[FusionPlan, bool], int] = {}
        self._plans: dict[object, FusionPlan] = {}
        self._last_weights: tuple[Weights, WeightedPlan] | None = None

    def weighted_plan(self, weights: Weights) -> WeightedPlan:
        """The plan for these weights, the same one for all weights of the same ranks; the last answer is remembered."""
        last = self._last_weights
        if last is None or not _equal(last[0], weights):
            new = weighted_plan(self.plan, weights)
            new = new if self._axes is None else with_node_axes(new, self._axes)
            shapes = tuple(
                tuple((i.left, i.before, i.after) if isinstance(i, Site) else (i.dims, i.source) for i in tail)
                for tail in new.plan.tails
            )
            new = new._replace(plan=self._plans.setdefault(shapes, new.plan))
            self._last_weights = last = copy.deepcopy(weights), new
        return last[1]

    def of_rotations(self, angles: Angles) -> Float[np.ndarray, "r k"]:
        """Each rotation's angle, family by family: the sum of its own angles as `rotations` says; 0 where it has none."""
        terms = np.concatenate([angles.T, np.zeros((1, len(angles)))])[self.angles]
        return np.add.reduceat(terms, self._first_of, axis=0) if len(terms) else terms

    def per_family(self, of_rotations: np.ndarray) -> Iterator[np.ndarray]:
        """What belongs to each family, as views."""
        first = 0
        for family in self.families:
            yield of_rotations[first : first + len(family.angles)]
            first += len(family.angles)

    def chunks(self, plan: FusionPlan, k: int, *, backward: bool, memory_bytes: int = 2**60) -> Iterator[slice]:
        """k points in powers of two of points, so that few workspaces serve every k."""
        if (plan, backward) not in self._bytes_per_point:
            numbers = backward_capacity(plan) if backward else forward_capacity(plan)
            matrices = sum(family.bytes_per_point(slopes=backward) for family in self.families)
            self._bytes_per_point[plan, backward] = numbers * self.dtype.itemsize + matrices
        most = min(max(1, min(CHUNK_BYTES, memory_bytes) // self._bytes_per_point[plan, backward]), CHUNK_POINTS)
        start = 0
        while start < k:
            size = 1 << (min(most, k - start).bit_length() - 1)
            yield slice(start, start + size)
            start += size


def _equal(one: Weights, other: Weights) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    pairs = [pair for parts in zip(one, other, strict=True) for pair in zip(*parts, strict=True)]
    return all(np.array_equal(*pair) for pair in pairs)


class Workspace:
    """Buffers and statements for k points: `values` (s, k), and `outcomes` (k, s, N) where these are the answer.

    The weighted plan says where sites sum over outcomes; other weights of the same ranks may follow.
    """

    def __init__(
        self,
        circuits: Circuits,
        k: int,
        answer: str,
        hamiltonian: Hamiltonian | None,
        weighted_plan: WeightedPlan | None,
        memory_bytes: int,
    ) -> None:
        self.circuits = circuits
        slopes = answer.endswith("slopes")
        plan, cores, ends = weighted_plan or WeightedPlan(circuits.plan, [], [])
        N, orders, dtype = 2**circuits.n_qubits, circuits.plan.orders, circuits.dtype
        self._waves = np.ones((circuits.n_rotations, k, HARMONICS), dtype)
        self._slopes = np.zeros((circuits.n_rotations, k))
        parts = zip(circuits.families, *map(circuits.per_family, (self._waves, self._slopes)), strict=True)
        self._runs, *self._blocks = (Matrices(family, waves, own if slopes else None) for family, waves, own in parts)
        self.values = np.zeros((len(circuits.plan.tails), k))
        self._ends = [np.empty_like(end, dtype.type(0).real.dtype) for end in ends]
        self._cores = [np.empty((1, *core.shape), dtype) for core in cores]
        self._sweep = Sweep(plan, self._bind, k, dtype, memory_bytes)
        match answer:
            case "energy":
                assert hamiltonian is not None
                scratch = np.empty((k, N), dtype)
                self._sweep.forward([lambda state: hamiltonian.expect(self.values[0], state, scratch)])
            case "energy slopes":
                assert hamiltonian is not None
                self._sweep.backward([partial(hamiltonian.expect, self.values[0])])
            case "outcomes":
                self.outcomes = np.empty((k, len(orders), N), dtype)
                views = [ordered(self.outcomes[:, s], order) for s, order in enumerate(orders)]
                keep = [lambda state, view=view: partial(np.copyto, view, state.reshape(view.shape)) for view in views]
                self._sweep.forward(keep)
            case "weighted":
                self._sweep.forward([partial(weigh, w, v) for w, v in zip(self._ends, self.values, strict=True)])
            case "weighted slopes":
                self._sweep.backward([partial(weigh, w, v) for w, v in zip(self._ends, self.values, strict=True)])

    def matrix(self, site: Site) -> Float[np.ndarray, "a b"]:
        """The first point's matrix of a block, after a run."""
        return cut(self._bind(site).product[:1], site).reshape(prod(site.after), prod(site.before))

    def _bind(self, site: Site) -> Bound:
        if not site.elements:
            return Bound(self._cores[site.number], None, constant=False)
        family, within = self.circuits.place[site.number]
        if site.nodes is not None:
            return self._blocks[family - 1].bound_by_node(within, site.nodes[1])
        return self._blocks[family - 1].bound(within)

    def run(self, of_rotations: Float[np.ndarray, "r k"], weighted_plan: WeightedPlan | None) -> None:
        """Matrices first, then the sweep."""
        if weighted_plan is not None:
            for own, given in zip((*self._ends, *self._cores), (*weighted_plan.ends, *weighted_plan.cores), strict=True):
                own[...] = given
        theta = kappa(self.circuits.dtype) * of_rotations
        np.cos(theta, out=np.real(self._waves)[..., 1])
        np.sin(theta, out=np.real(self._waves)[..., 2])
        self._runs.evaluate()
        entries = self._runs.entries
        for matrices in self._blocks:
            matrices.evaluate(entries)
        self._sweep.run()

    def gradients(self) -> Float[np.ndarray, "k m"]:
        """df/dangle after a run, summed over the factors that share an angle."""
        self._differentiate()
        result = np.zeros((self.circuits.n_angles + 1, self.values.shape[1]))
        np.add.at(result, self.circuits.angles, self._slopes[self.circuits.rotations])
        return result[:-1].T

    def sensitivities(self) -> Iterator[tuple[Factor, Inexact[np.ndarray, "k D D"]]]:
        """df/dF of every factor after a run."""
        self._differentiate()
        for matrices in (*self._blocks, self._runs):
            yield from zip(matrices.family.factors, matrices.sensitivities(), strict=True)

    def _differentiate(self) -> None:
        """Blocks first: they put df/d(matrix) of the runs into the runs' slots."""
        for matrices in (*self._blocks, self._runs):
            if matrices.family.factors:
                of_runs = matrices.differentiate()
                if len(of_runs):
                    self._runs.expect(of_runs, matrices.family.runs)
