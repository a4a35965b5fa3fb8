"""Sums over the outcomes of each qubit as soon as it is read, which keep the state of a gradient small (equation 11).

A tensor train: weights w of n qubits are factored, one read qubit after the other, into cores of (rank, previous rank x 2).
"""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple, Protocol

import numpy as np
from jaxtyping import Float

from hybrid.base.types import DiagonalTerms, Weights
from hybrid.simulators.engine.maps import QubitRead
from hybrid.simulators.engine.observable import ordered
from hybrid.simulators.engine.sites import FusionPlan, Item, Site, Transposition


class WeightedPlan(NamedTuple):
    """A plan for one f: its sites without elements multiply by `cores`, and `ends` are the weights of the last states."""

    plan: FusionPlan
    cores: list[Float[np.ndarray, "r m"]]
    ends: list[Float[np.ndarray, " m"]]


class _Layout(NamedTuple):
    """The axes of a state, the slowest first, their lengths, and the qubits that were read but not yet summed over."""

    order: tuple[int, ...]
    lengths: dict[int, int]
    unsummed: list[int]

    def span(self, axes: tuple[int, ...]) -> tuple[int, int]:
        """Lengths of the axes left and right of neighbouring axes."""
        first, last = self.order.index(axes[0]), self.order.index(axes[-1])
        return prod(self.lengths[q] for q in self.order[:first]), prod(self.lengths[q] for q in self.order[last + 1 :])


def weighted_plan(plan: FusionPlan, weights: Weights) -> WeightedPlan:
    """The plan of f = sum_s sum_x weights[s, x] p_s(x): sums are taken where a circuit has left the common part."""
    layout = _Layout((), {}, [])
    for item in plan.common:
        layout = _after(item, layout)
    cores: list[np.ndarray] = []
    tails, ends = [], []
    for tail, of_setting, order in zip(plan.tails, weights, plan.orders, strict=True):
        here = _Layout(layout.order, layout.lengths.copy(), layout.unsummed.copy())
        terms = isinstance(of_setting, DiagonalTerms)
        left = _Terms(of_setting) if terms else _Array(ordered(of_setting, order), list(order))
        train = _TensorTrain(left, cores, turns=terms)
        items: list[Item] = []
        for item in tail:
            old, here = here, _after(item, here)
            items.append(_resized(item, old, here))
            items += train.sums(here)
        tails.append(tuple(items))
        ends.append(train.end(here))
    return WeightedPlan(FusionPlan(plan.common, tuple(tails), plan.orders), cores, ends)


def _after(item: Item, layout: _Layout) -> _Layout:
    if isinstance(item, Transposition):
        return layout._replace(order=item.order)
    read = [element.qubits[0] for element in item.elements if isinstance(element.what, QubitRead)]
    lengths = layout.lengths | dict(zip(item.axes, item.after, strict=True))
    return _Layout(item.order, lengths, [*layout.unsummed, *read])


def _resized(item: Item, old: _Layout, new: _Layout) -> Item:
    """The item on a state some of whose axes have other lengths."""
    if isinstance(item, Transposition):  # axes of length 1 need no turning
        kept = [q for q in old.order if old.lengths[q] > 1]
        source = tuple(kept.index(q) for q in new.order if q in kept)
        return item._replace(dims=tuple(old.lengths[q] for q in kept), source=source)
    left, right = new.span(item.axes)
    return item._replace(left=left, right=right)


class _Remaining(Protocol):
    """The weights that are left, over the axes that are left."""

    def front(self, axes: tuple[int, ...], q: int) -> Float[np.ndarray, "m others"]:
        """As a matrix, the outcomes of these axes (q's and the bond's) from all that is left."""
        ...

    def replace(self, matrix: Float[np.ndarray, "r others"], axes: tuple[int, ...], q: int) -> None:
        """The axes have become one, of length r, in the place of q."""
        ...

    def end(self, order: Sequence[int]) -> Float[np.ndarray, " m"]:
        """All that is left, its axes in this order."""
        ...


class _Array:
    """Weights as an array over the outcomes of `axes`."""

    def __init__(self, weights: np.ndarray, axes: list[int]) -> None:
        self._weights, self._axes = weights, axes

    def front(self, axes: tuple[int, ...], q: int) -> Float[np.ndarray, "m others"]:
        there = [self._axes.index(axis) for axis in axes]
        self._weights = np.moveaxis(self._weights, there, range(len(axes)))
        return self._weights.reshape(prod(self._weights.shape[: len(axes)]), -1)

    def replace(self, matrix: Float[np.ndarray, "r others"], axes: tuple[int, ...], q: int) -> None:
        self._weights = matrix.reshape(len(matrix), *self._weights.shape[len(axes) :])
        self._axes = [q, *(axis for axis in self._axes if axis not in axes)]

    def end(self, order: Sequence[int]) -> Float[np.ndarray, " m"]:
        return self._weights.transpose([self._axes.index(q) for q in order if q in self._axes]).reshape(-1)


class _Terms:
    """Weights as terms on the qubits that are left, each with a vector over the bond.

    Terms are linearly independent as functions of the outcomes, so that ranks are those of the array over all outcomes.
    """

    def __init__(self, terms: DiagonalTerms) -> None:
        self._masks, self._factors, self._vectors = terms.masks, terms.factors, terms.coefficients[None]

    def front(self, axes: tuple[int, ...], q: int) -> Float[np.ndarray, "m others"]:
        bit = np.uint64(1 << q)
        inside = (self._masks & bit) > 0
        self._masks, place = np.unique(self._masks & ~bit, return_inverse=True)
        result = np.zeros((len(self._masks), 2, len(self._vectors)))
        of_term = np.where(inside[:, None], self._factors[q], 1.0)
        np.add.at(result, place, of_term[:, :, None] * self._vectors.T[:, None, :])
        turned = result.transpose(1, 2, 0) if axes[0] == q else result.transpose(2, 1, 0)
        return turned.reshape(-1, len(self._masks))

    def replace(self, matrix: Float[np.ndarray, "r others"], axes: tuple[int, ...], q: int) -> None:
        self._vectors = matrix

    def end(self, order: Sequence[int]) -> Float[np.ndarray, " m"]:
        assert not self._masks.any()  # all qubits were read
        return self._vectors[:, 0]


class _TensorTrain:
    """What is left of a circuit's weights; an axis is that of a qubit, or that of the bond, which replaces all summed qubits.

    Where weights of (outcomes summed over, others) have rank r, w = U (U^T w) with r orthonormal columns U: the state is
    multiplied by U^T, a core, on those axes, and w becomes U^T w (Oseledets, SIAM J. Sci. Comput. 33, 2295, 2011, algorithm 1).
    `_bond` is the qubit in whose place the bond stands. It `turns` to each qubit that is read, or waits until one is beside it.
    """

    def __init__(self, left: _Remaining, cores: list[np.ndarray], *, turns: bool) -> None:
        self._left, self._cores, self._turns = left, cores, turns
        self._bond: int | None = None

    def sums(self, layout: _Layout) -> list[Item]:
        """The sites that sum over read qubits; `layout` is updated in place."""
        items: list[Item] = []
        while (q := next((q for q in layout.unsummed if self._turns or self._beside(q, layout)), None)) is not None:
            if not self._beside(q, layout):
                items.append(self._turned(q, layout))
            layout.unsummed.remove(q)
            axes = tuple(axis for axis in layout.order if axis in (q, self._bond))
            before, rank = tuple(layout.lengths[axis] for axis in axes), self._sum(axes, q)
            layout.lengths.update({axis: rank if axis == q else 1 for axis in axes})
            if rank < prod(before):
                after = tuple(layout.lengths[axis] for axis in axes)
                items.append(Site(len(self._cores) - 1, (), axes, before, after, *layout.span((q,)), layout.order))
            self._bond = q
        return items

    def _turned(self, q: int, layout: _Layout) -> Transposition:
        """The bond moved beside q. It then has the length 1, so that the order of all other axes stays."""
        kept = [axis for axis in layout.order if layout.lengths[axis] > 1]
        turned = [axis for axis in kept if axis != self._bond]
        if self._bond in kept:
            turned.insert(turned.index(q) + (kept.index(self._bond) > kept.index(q)), self._bond)
        return Transposition(
            tuple(layout.lengths[axis] for axis in kept), tuple(kept.index(axis) for axis in turned), layout.order
        )

    def end(self, layout: _Layout) -> Float[np.ndarray, " m"]:
        return self._left.end(layout.order)

    def _beside(self, q: int, layout: _Layout) -> bool:
        if self._bond is None:
            return True
        low, high = sorted((layout.order.index(q), layout.order.index(self._bond)))
        return all(layout.lengths[axis] == 1 for axis in layout.order[low + 1 : high])

    def _sum(self, axes: tuple[int, ...], q: int) -> int:
        """The rank; the axes become one, in the place of q (equation 11). Singular values below rounding count as zero."""
        matrix = self._left.front(axes, q)
        u, s, _ = np.linalg.svd(matrix, full_matrices=False)
        rank = max(1, int(np.sum(s > s[0] * max(matrix.shape) * np.finfo(float).eps)))
        if rank < len(matrix):
            self._cores.append(u[:, :rank].T)
            matrix = self._cores[-1] @ matrix
        self._left.replace(matrix, axes, q)
        return rank
