"""One forward pass through the blocks, and the backward pass, as array statements on fixed buffers (equations 6 to 8).

A statement is a `partial` of a NumPy function with views of the buffers: a compiled circuit runs by calling them in turn.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate, pairwise
from math import prod
from typing import Any, TypeAlias

import numpy as np

from hybrid.base.errors import UsageError
from hybrid.simulators.engine.block_matrices import Bound
from hybrid.simulators.engine.sites import FusionPlan, Item, Site, Transposition

NARROW, FEW = 64, 8
"""Up to this D x right (half of it for complex numbers) a block is applied from the right as B x 1: one product instead of
`left` tiny ones, unless these are fewer than the second number (measured)."""
NARROW_WITH_NODES = 16
"""The first number for blocks on one qubit that have a matrix for each node (measured)."""
PIECE = 2**17
"""Outer products are summed in pieces of about this many numbers, which the cache holds."""
ROOM = 3
"""With room for this many states a range is halved: one is kept, and two are written alternately. With less room its last
block is taken alone."""

Statement: TypeAlias = Callable[[], Any]
Ending: TypeAlias = Callable[[np.ndarray, np.ndarray], Statement]
"""For a last state (k, N) and its sensitivity mu (k, N): the statement that reads the one and writes the other (equation 7)."""


class Sweep:
    """The statements for k points; `bind` gives a block's matrix and the place of its derivative.

    States lie on a stack. For the backward pass all states of a range of blocks are kept where `memory_bytes` hold them;
    otherwise the range is cut, and its first part is computed again when the backward pass gets there (Griewank & Walther,
    Evaluating Derivatives, 2008, ch. 12), to the same bytes. UsageError where not even a few states fit.
    """

    def __init__(self, plan: FusionPlan, bind: Callable[[Site], Bound], k: int, dtype: np.dtype, memory_bytes: int) -> None:
        self._plan, self._bind, self._k, self._dtype, self._memory_bytes = plan, bind, k, dtype, memory_bytes
        self._ready: dict[tuple[bool, int], np.ndarray] = {}
        self._capacity = 0
        self._stack = np.empty(0, dtype)
        self._mu: list[np.ndarray] = []
        self._outer = np.empty(0, dtype)
        self._turned = np.empty((2, 0), dtype)
        self._start = np.ones(k, dtype)
        self._statements: list[Statement] = []

    def run(self) -> None:
        """The pass."""
        for statement in self._statements:
            statement()

    def forward(self, endings: Sequence[Callable[[np.ndarray], Statement]]) -> None:
        """One forward pass, at whose end each setting's ending reads its last state (k, N)."""
        self._allocate(forward_capacity(self._plan))
        state, top = self._advance(self._plan.common, self._start, 0)
        for tail, ending in zip(self._plan.tails, endings, strict=True):
            last, _ = self._advance(tail, state, top)
            self._statements.append(ending(last.reshape(self._k, -1)))

    def backward(self, endings: Sequence[Ending]) -> None:
        """A forward pass, the endings, and the backward pass, which writes df/dB of every block into its slot."""
        turned = longest_with_nodes(self._plan)
        apart = (2 + (len(endings) > 1)) * peak(self._plan) + 2 * turned
        spare, least = self._memory_bytes // (self._k * self._dtype.itemsize) - apart, least_capacity(self._plan)
        if spare < least:
            raise UsageError(
                f"exact: a gradient's backward pass takes {self._mebibytes(apart + least)} MiB at least, its longest state "
                f"{self._mebibytes(peak(self._plan))} MiB; it may take {self._memory_bytes / 2**20:.4g} MiB: give more memory=."
            )
        self._allocate(min(backward_capacity(self._plan), spare))
        self._mu = [np.empty(self._k * peak(self._plan), self._dtype) for _ in range(2)]
        self._outer = np.empty(self._k * PIECE, self._dtype)
        self._turned = np.empty((2, self._k * turned), self._dtype)

        def fork(state: np.ndarray, top: int) -> np.ndarray:
            """The sum of the tails' sensitivities."""
            total = np.empty_like(state) if len(endings) > 1 else None
            for place, (tail, ending) in enumerate(zip(self._plan.tails, endings, strict=True)):
                mu = self._pull_back(tail, state, top, partial(self._end, ending))
                if total is None:
                    return mu
                self._do(np.copyto if place == 0 else np.add, *((total, mu) if place == 0 else (total, mu, total)))
            assert total is not None
            return total

        sizes = [[item.size for item in tail] for tail in self._plan.tails]
        needs = max((min(sum(of_tail), 4 * max(of_tail)) for of_tail in sizes if of_tail), default=0)
        self._pull_back(self._plan.common, self._start, 0, fork, needs)

    def _end(self, ending: Ending, state: np.ndarray, top: int) -> np.ndarray:
        mu = self._mu[0][: len(state)]
        self._statements.append(ending(state.reshape(self._k, -1), mu.reshape(self._k, -1)))
        return mu

    def _do(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> None:
        self._statements.append(partial(function, *arguments, **keywords))

    def _allocate(self, capacity: int) -> None:
        self._capacity = capacity
        self._stack = np.empty(self._k * capacity, self._dtype)

    def _mebibytes(self, numbers: int) -> str:
        return f"{self._k * numbers * self._dtype.itemsize / 2**20:.4g}"

    def _room(self, top: int, size: int) -> np.ndarray:
        assert top + size <= self._capacity
        return self._stack[self._k * top : self._k * (top + size)]

    def _advance(self, items: Sequence[Item], state: np.ndarray, top: int) -> tuple[np.ndarray, int]:
        """The state after `items`, at `top` of the stack, and the top above it; states between are overwritten alternately."""
        largest = max((item.size for item in items), default=0)
        for left, item in zip(range(len(items) - 1, -1, -1), items, strict=True):
            state = self._apply(item, state, self._room(top + largest * (left % 2), item.size))
        return state, top + (items[-1].size if items else 0)

    def _pull_back(
        self,
        items: Sequence[Item],
        state: np.ndarray,
        top: int,
        ending: Callable[[np.ndarray, int], np.ndarray],
        needs: int = 0,
    ) -> np.ndarray:
        """mu before `items`, from the mu that `ending` makes of the state after them; `ending` needs `needs` numbers."""
        sums = list(accumulate(item.size for item in items))
        if len(items) < 2 or top + sums[-1] + needs <= self._capacity:
            states = [state]
            for item in items:
                states.append(self._apply(item, states[-1], self._room(top, item.size)))
                top += item.size
            mu = ending(states.pop(), top)
            for item in reversed(items):
                mu = self._pull(item, states.pop(), mu)
            return mu
        many = self._capacity - top - needs >= ROOM * max(item.size for item in items)
        cut = max(1, sum(size <= sums[-1] / 2 for size in sums)) if many else len(items) - 1
        middle, above = self._advance(items[:cut], state, top)
        mu = self._pull_back(items[cut:], middle, above, ending, needs)
        return self._pull_back(items[:cut], state, top, lambda *_: mu)

    def _apply(self, item: Item, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """y = B x (equation 6)."""
        if isinstance(item, Transposition):
            old = x.reshape(self._k, *item.dims).transpose(0, *(1 + axis for axis in item.source))
            self._do(np.copyto, y.reshape(old.shape), old)
            return y
        B = self._matrix(item)
        if self._plan.split and self._bind(item).constant and (item.right == 1 or self._narrow(item)):  # all points at once
            self._do(np.matmul, x.reshape(-1, B.shape[-1]), B[0].T, y.reshape(-1, B.shape[-2]))
        elif self._narrow(item):
            self._do(np.matmul, self._rows(x, item), B.swapaxes(-2, -1), self._rows(y, item))
        else:
            B = B[..., None, :, :]
            self._do(np.matmul, B, self._columns(x, item, item.before), self._columns(y, item, item.after))
        return y

    def _pull(self, item: Item, x: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """The sensitivity before the block and, for a block with angles, df/dB (equation 8)."""
        result = self._mu[np.may_share_memory(mu, self._mu[0])][: len(x)]
        if isinstance(item, Transposition):
            new = result.reshape(self._k, *item.dims).transpose(0, *(1 + axis for axis in item.source))
            self._do(np.copyto, new, mu.reshape(new.shape))
            return result
        B, slot = self._matrix(item), self._bind(item).slot
        if self._narrow(item):
            after = self._rows(mu, item)
            if slot is not None:
                self._collect(item, slot, after.swapaxes(-2, -1), self._rows(x, item))
            self._do(np.matmul, after, B, self._rows(result, item))
        else:
            after = self._columns(mu, item, item.after)
            if slot is not None:
                self._collect(item, slot, after, self._columns(x, item, item.before).swapaxes(-2, -1))
            self._do(np.matmul, B.swapaxes(-2, -1)[..., None, :, :], after, self._columns(result, item, item.before))
        return result

    def _columns(self, state: np.ndarray, site: Site, dims: tuple[int, ...]) -> np.ndarray:
        return state.reshape(self._k, *site.lead, prod(dims), site.right)

    def _rows(self, state: np.ndarray, site: Site) -> np.ndarray:
        return state.reshape(self._k, *site.lead, -1)

    def _narrow(self, site: Site) -> bool:
        width = site.right * max(prod(site.before), prod(site.after)) * (1 + (self._dtype.kind == "c"))
        return site.lead[-1] >= FEW and width <= (NARROW if site.nodes is None else NARROW_WITH_NODES)

    def _matrix(self, site: Site) -> np.ndarray:
        """B (k, after, before), or B x 1 for a narrow block: the product itself or, cut or widened, a copy. With nodes it is
        (k, 1, K, after, before)."""
        key = bool(site.elements), site.number
        if key not in self._ready:
            product, _, constant = self._bind(site)
            right, lead = (
                site.right if self._narrow(site) else 1,
                (self._k,) if site.nodes is None else (self._k, site.nodes[1]),
            )
            if right > 1 or site.nodes is not None or cut(product, site).size < product.size:
                wide = np.zeros((*lead, prod(site.after), right, prod(site.before), right), self._dtype)
                diagonal = np.einsum("...arbr->...abr", wide).reshape(*lead, *site.after, *site.before, right)
                np.copyto(diagonal, cut(product, site)[..., None])
                if not constant:
                    self._do(np.copyto, diagonal, cut(product, site)[..., None])
                product = wide.reshape(*lead, prod(site.after) * right, prod(site.before) * right)
            self._ready[key] = product if site.nodes is None else product[:, None]
        return self._ready[key]

    def _collect(self, site: Site, slot: np.ndarray, mu: np.ndarray, x: np.ndarray) -> None:
        """slot = sum mu x over all that the block does not act on (equation 8)."""
        part, narrow = cut(slot, site), self._narrow(site)
        if site.nodes is not None:
            self._collect_by_node(site, part, mu.swapaxes(-2, -1) if narrow else mu, x if narrow else x.swapaxes(-2, -1))
            return
        if part.size == slot.size and (site.right if narrow else site.left) == 1:
            self._do(np.matmul, mu, x, slot if narrow else slot[:, None])
            return
        if not narrow and site.left * slot.size > PIECE:
            self._do(_sum_outer, mu, x, part)
            return
        shape = *mu.shape[:-1], x.shape[-1]
        outer = self._outer[: prod(shape)].reshape(shape)
        self._do(np.matmul, mu, x, outer)
        if narrow:
            after, before = "abcdefgh"[: len(site.axes)], "ijklmnop"[: len(site.axes)]
            outer = outer.reshape(self._k, *site.after, site.right, *site.before, site.right)
            self._do(np.einsum, f"x{after}r{before}r->x{after}{before}", outer, out=part)
        else:
            self._do(np.add.reduce, outer.reshape(self._k, site.left, *site.after, *site.before), axis=1, out=part)

    def _collect_by_node(self, site: Site, part: np.ndarray, mu: np.ndarray, x: np.ndarray) -> None:
        """The same for each node, with mu and x as (k, nodes, all others, after or before, right): turned, then one product."""
        lead, (before, after) = (self._k, *site.lead), (prod(site.before), prod(site.after))
        outputs = mu.reshape(*lead, after, site.right).transpose(0, 2, 4, 1, 3, 5)
        inputs = x.reshape(*lead, before, site.right).transpose(0, 2, 1, 3, 5, 4)
        left, right = (
            room[: view.size].reshape(view.shape) for room, view in zip(self._turned, (outputs, inputs), strict=True)
        )
        self._do(np.copyto, left, outputs)
        self._do(np.copyto, right, inputs)
        outer = self._outer[: part.size].reshape(self._k, site.lead[1], after, before)
        self._do(np.matmul, left.reshape(*outer.shape[:3], -1), right.reshape(*outer.shape[:2], -1, before), outer)
        self._do(np.copyto, part, outer.reshape(part.shape))


def _sum_outer(mu: np.ndarray, x: np.ndarray, part: np.ndarray) -> None:
    step = max(1, PIECE // part.size)
    part[...] = 0
    for start in range(0, mu.shape[1], step):
        part += np.matmul(mu[:, start : start + step], x[:, start : start + step]).sum(axis=1).reshape(part.shape)


def cut(matrices: np.ndarray, site: Site) -> np.ndarray:
    """The part (k, *after, *before) of matrices (k, D, C) that a block with entering and classical qubits uses (equation 4)."""
    n = len(site.axes)
    if not site.elements:
        return matrices.reshape(-1, *site.after, *site.before)
    d, c = (round(length ** (1 / n)) for length in matrices.shape[-2:])
    cube = matrices.reshape(*matrices.shape[:-2], *(d,) * n, *(c,) * n)
    return cube[..., *(slice(length) for length in site.after + site.before)]


def longest_with_nodes(plan: FusionPlan) -> int:
    """Length of the longest state before or after a block with nodes."""
    sites = [item for item in plan.items if isinstance(item, Site) and item.nodes is not None]
    return max((item.left * max(prod(item.before), prod(item.after)) * item.right for item in sites), default=0)


def peak(plan: FusionPlan) -> int:
    """Length of the longest state."""
    return max(item.size for item in plan.items)


def forward_capacity(plan: FusionPlan) -> int:
    """Numbers per point that a forward pass keeps at once."""
    common, *tails = ([item.size for item in part] or [0] for part in (plan.common, *plan.tails))
    return max([2 * max(common), *(common[-1] + 2 * max(sizes) for sizes in tails)])


def least_capacity(plan: FusionPlan) -> int:
    """Numbers per point that a backward pass needs at least, when all but one block at a time is computed again."""
    return _least(plan.common, max(_least(tail, 0) for tail in plan.tails))


def _least(items: Sequence[Item], ending: int) -> int:
    """Two alternating states up to the last block, or the states before and after any block, with its ending's at the last."""
    sizes = [item.size for item in items]
    pairs = max((before + after for before, after in pairwise([0, *sizes])), default=0)
    return max(pairs, 2 * max(sizes[:-1], default=0), sum(sizes[-2:]) + ending)


def backward_capacity(plan: FusionPlan) -> int:
    """Numbers per point of all states: with this many nothing is computed twice."""
    common, *tails = (sum(item.size for item in part) for part in (plan.common, *plan.tails))
    return common + max(tails)
