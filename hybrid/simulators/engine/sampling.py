"""Counts without the probabilities of all outcomes: a qubit is drawn when it is read, and the state goes on without it.

What follows a qubit's reading does not act on it, so that the marginal of its outcome is final there. Given the outcome the
state is that part of the state, divided by the outcome's probability. Shots with the same outcomes so far share a state.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt64

from hybrid.simulators.engine.maps import QubitRead
from hybrid.simulators.engine.sites import FusionPlan, Item, Site

MOST_NUMBERS = 2**22
"""States of more numbers in all are taken in halves, one after the other."""
Matrix = Callable[[Site], Float[np.ndarray, "a b"]]


class Branches(NamedTuple):
    """Shots by the outcomes that they have shown so far (b,): how many, and their states (b, N) on the qubits that are unread,
    whose lengths are in order, the slowest first."""

    outcomes: UInt64[np.ndarray, " b"]
    shots: Int[np.ndarray, " b"]
    states: Float[np.ndarray, "b N"]
    lengths: dict[int, int]

    def part(self, rows: slice) -> "Branches":
        return Branches(self.outcomes[rows], self.shots[rows], self.states[rows], self.lengths)


def sample(plan: FusionPlan, matrix: Matrix, shots: int, rng: np.random.Generator) -> Branches:
    """`shots` outcomes of the plan's one circuit, whose blocks have these matrices; ordered by outcome."""
    (items,) = plan.tails
    begun = Branches(np.zeros(1, dtype=np.uint64), np.array([shots]), np.ones((1, 1)), {})
    ended = _ended(items, begun, matrix, rng)
    order = np.argsort(ended.outcomes)
    return ended._replace(outcomes=ended.outcomes[order], shots=ended.shots[order])


def _ended(items: Sequence[Item], branches: Branches, matrix: Matrix, rng: np.random.Generator) -> Branches:
    for place, item in enumerate(items):
        if len(branches.shots) > 1 and branches.states.size > MOST_NUMBERS:
            middle = len(branches.shots) // 2
            halves = branches.part(slice(None, middle)), branches.part(slice(middle, None))
            one, other = (_ended(items[place:], half, matrix, rng) for half in halves)
            outcomes, shots, states = (np.concatenate(pair) for pair in zip(one[:3], other[:3], strict=True))
            return Branches(outcomes, shots, states, one.lengths)
        if not isinstance(item, Site):
            branches = _turned(branches, [q for q in item.order if q in branches.lengths])
            continue
        branches = _applied(item, branches, matrix(item))
        read = [element.qubits[0] for element in item.elements if isinstance(element.what, QubitRead)]
        for place_of_read, q in enumerate(read):
            branches = _drawn(branches, q, read[place_of_read + 1 :], rng)
    return branches


def _turned(branches: Branches, order: Sequence[int]) -> Branches:
    before = list(branches.lengths)
    cube = branches.states.reshape(len(branches.shots), *branches.lengths.values())
    turned = cube.transpose(0, *(1 + before.index(q) for q in order))
    lengths = {q: branches.lengths[q] for q in order}
    return branches._replace(states=turned.reshape(len(branches.shots), -1), lengths=lengths)


def _applied(site: Site, branches: Branches, B: Float[np.ndarray, "a b"]) -> Branches:
    """The states after a block (equation 6), in one product for all of them."""
    order = [q for q in site.order if q in branches.lengths or q in site.axes]
    top, lengths = order.index(site.axes[0]), branches.lengths | dict(zip(site.axes, site.after, strict=True))
    right = prod(lengths[q] for q in order[top + len(site.axes) :])
    columns = branches.states.reshape(-1, prod(site.before), right).swapaxes(1, 2)
    states = (columns @ B.T).swapaxes(1, 2).reshape(len(branches.shots), -1)
    return branches._replace(states=states, lengths={q: lengths[q] for q in order})


def _drawn(branches: Branches, q: int, still: Sequence[int], rng: np.random.Generator) -> Branches:
    """The outcome of a qubit that is read; those of `still` are read with it and drawn later. Others are summed over by their
    coefficient of the identity."""
    axes = list(branches.lengths)
    cube = branches.states.reshape(len(branches.shots), *branches.lengths.values())
    here = (slice(None) if axis == q or axis in still else 0 for axis in axes)
    marginal = cube[:, *here]
    at = 1 + [axis for axis in axes if axis == q or axis in still].index(q)
    marginal = np.clip(np.moveaxis(marginal, at, 1).reshape(len(cube), 2, -1).sum(axis=2), 0.0, None)
    ones = rng.binomial(branches.shots, marginal[:, 1] / marginal.sum(axis=1))
    parts, place = [], 1 + axes.index(q)
    for bit, shots in ((0, branches.shots - ones), (1, ones)):
        rows = np.flatnonzero(shots)
        states = cube.take(bit, axis=place).reshape(len(cube), -1)[rows] / marginal[rows, bit, None]
        parts.append((branches.outcomes[rows] | np.uint64(bit << q), shots[rows], states))
    outcomes, numbers, states = (np.concatenate(pair) for pair in zip(*parts, strict=True))
    return Branches(outcomes, numbers, states, {axis: length for axis, length in branches.lengths.items() if axis != q})
