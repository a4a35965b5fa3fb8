"""A plan with its constant matrices, and the buffers and statements that carry it out for k points."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from jaxtyping import Float, Inexact

from hybrid.errors import UsageError
from hybrid.exact.blocks import Bound, Family, Matrices
from hybrid.exact.chains import Chain, Factor, chain
from hybrid.exact.fuse import Plan, Site, plan
from hybrid.exact.maps import PAULI, PURE, elements
from hybrid.exact.observable import Hamiltonian, hamiltonian_bytes, ordered, weigh
from hybrid.exact.sweep import Sweep, back_capacity, forth_capacity
from hybrid.types import Angles, Task

CHUNK_BYTES, CHUNK_POINTS = 2**20, 256
"""So many bytes of states and so many points go through the blocks together: what the cache holds."""


def picture(task: Task) -> int:
    """d: amplitudes without error channels, Pauli coefficients with them."""
    return PAULI if task.noisy else PURE


def plan_of(task: Task, d: int) -> Plan:
    """The task's blocks, in order and with their axes; UsageError names what cannot be done."""
    if task.noisy and task.observable is not None:
        raise UsageError("exact: with error channels an observable is measured setting by setting; leave task.observable out.")
    angles = {angle: place for place, angle in enumerate(task.angles)}
    return plan([elements(setting, angles, d) for setting in task.settings], d)


def values_bytes(task: Task, *, single: bool) -> int:
    """What the values of one point take: states in turn, the observable's phases, and outcomes; nothing is allocated."""
    d = picture(task)
    number = (16 if d == PURE else 8) // (1 + single)
    outcomes = (number + 8) * 2**task.n_qubits * len(task.settings)
    own = outcomes if task.observable is None else hamiltonian_bytes(task.observable, number)
    return number * forth_capacity(plan_of(task, d)) + own


class Circuits:
    """A plan with its constant matrices: what all workspaces share. With `channels` each channel is a factor of its own."""

    def __init__(self, task: Task, dtype: np.dtype, *, channels: bool = False) -> None:
        d = PURE if dtype.kind == "c" else PAULI
        self.plan, self.dtype = plan_of(task, d), dtype
        self.n_qubits, self.n_angles = task.n_qubits, len(task.angles)
        sites = [item for item in self.plan.items if isinstance(item, Site)]
        runs: list[Chain] = []
        chains = [chain(site, runs, d, channels=channels) for site in sites]
        self.families, self.place = [Family(runs, d, dtype)], {}
        for width in sorted({len(site.axes) for site in sites}):
            some = [i for i, site in enumerate(sites) if len(site.axes) == width]
            self.place |= {id(sites[i]): (len(self.families), number) for number, i in enumerate(some)}
            self.families.append(Family([chains[i] for i in some], d**width, dtype))

    def of_factors(self, angles: Angles) -> list[Float[np.ndarray, "r k"]]:
        """Each family's angles; 0 for factors that have none."""
        padded = np.concatenate([angles.T, np.zeros((1, len(angles)))])
        return [padded[family.angles] for family in self.families]

    def chunks(self, k: int, *, back: bool, memory_bytes: int = CHUNK_BYTES) -> Iterator[slice]:
        """k points in powers of two of points, so that few workspaces serve every k."""
        states = back_capacity(self.plan) if back else forth_capacity(self.plan)
        each = states * self.dtype.itemsize + sum(family.bytes_per_point(slopes=back) for family in self.families)
        most = 2 ** int(np.log2(min(max(1, min(CHUNK_BYTES, memory_bytes) // each), CHUNK_POINTS)))
        start = 0
        while start < k:
            size = min(most, 2 ** int(np.log2(k - start)))
            yield slice(start, start + size)
            start += size


class Workspace:
    """Buffers and statements for k points: `values` (s, k), and `outcomes` (k, s, N) where these are the answer."""

    def __init__(self, circuits: Circuits, k: int, answer: str, hamiltonian: Hamiltonian | None, memory_bytes: int) -> None:
        self.circuits = circuits
        slopes = answer.endswith("slopes")
        self._runs, *self._blocks = (Matrices(family, k, slopes=slopes) for family in circuits.families)
        self.values = np.zeros((len(circuits.plan.tails), k))
        N, orders, dtype = 2**circuits.n_qubits, circuits.plan.orders, circuits.dtype
        self._weights = np.zeros((len(orders), N), dtype.type(0).real.dtype)
        self._sweep = Sweep(circuits.plan, self._bind, k, dtype, memory_bytes)
        match answer:
            case "energy":
                assert hamiltonian is not None
                scratch = np.empty((k, N), dtype)
                self._sweep.forth([lambda state: hamiltonian.expect(self.values[0], state, scratch)])
            case "energy slopes":
                assert hamiltonian is not None
                self._sweep.back([partial(hamiltonian.expect, self.values[0])])
            case "outcomes":
                self.outcomes = np.empty((k, len(orders), N), dtype)
                views = [ordered(self.outcomes[:, s], order) for s, order in enumerate(orders)]
                self._sweep.forth([partial(_keep, view) for view in views])
            case "weighted slopes":
                self._sweep.back([partial(weigh, w, v) for w, v in zip(self._weights, self.values, strict=True)])

    def _bind(self, site: Site) -> Bound:
        family, place = self.circuits.place[id(site)]
        return self._blocks[family - 1].bound(place)

    def run(self, angles: list[Float[np.ndarray, "t k"]], weights: Float[np.ndarray, "s N"] | None) -> None:
        """Matrices first, then the sweep."""
        if weights is not None:
            for own, given, order in zip(self._weights, weights, self.circuits.plan.orders, strict=True):
                view = ordered(given, order)
                np.copyto(own.reshape(view.shape), view)
        entries = self._runs.entries
        if len(entries):
            self._runs.evaluate(angles[0], entries[:0])
            entries = self._runs.entries
        for matrices, of_family in zip(self._blocks, angles[1:], strict=True):
            matrices.evaluate(of_family, entries)
        self._sweep.run()

    def gradients(self) -> Float[np.ndarray, "k m"]:
        """df/dangle after a run, summed over the factors that share an angle."""
        result = np.zeros((self.circuits.n_angles + 1, self.values.shape[1]))
        for matrices in self._varying():
            of_angles, of_runs = matrices.slopes()
            np.add.at(result, matrices.family.angles, of_angles)
            self._runs.expect(of_runs, matrices.family.runs)
        return result[:-1].T

    def _varying(self) -> list[Matrices]:
        """The blocks first: they leave the runs' df/d(matrix) in their slots."""
        return [matrices for matrices in (*self._blocks, self._runs) if matrices.family.factors]

    def sensitivities(self) -> Iterator[tuple[Factor, Inexact[np.ndarray, "k D D"]]]:
        """df/dF of every factor after a run."""
        for matrices in self._varying():
            self._runs.expect(matrices.slopes()[1], matrices.family.runs)
            yield from zip(matrices.family.factors, matrices.sensitivities(), strict=True)


def _keep(view: np.ndarray, state: np.ndarray) -> Callable[[], None]:
    return partial(np.copyto, view, state.reshape(view.shape))
