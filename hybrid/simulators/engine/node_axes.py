"""Means over a qubit's detuning by an axis of nodes, which the state holds while the detuning acts (equations 13 and 14)."""

from collections.abc import Sequence
from math import prod

import numpy as np

from hybrid.base.types import NodeAxes
from hybrid.simulators.engine.maps import NodeGate
from hybrid.simulators.engine.outcome_weights import WeightedPlan
from hybrid.simulators.engine.sites import FusionPlan, Item, Site, Transposition


def at_nodes(site: Site) -> list[Site]:
    """The block at each node; alone where it does not differ between nodes."""
    counts = {len(element.what.gates) for element in site.elements if isinstance(element.what, NodeGate)}
    if not counts:
        return [site]
    (K,) = counts
    return [
        site._replace(
            elements=tuple(
                element._replace(what=element.what.gates[k]) if isinstance(element.what, NodeGate) else element
                for element in site.elements
            )
        )
        for k in range(K)
    ]


def with_node_axes(weighed: WeightedPlan, axes: NodeAxes) -> WeightedPlan:
    """The plan of the mean over nodes. A qubit's axis of nodes, slower than all of the qubits, enters before the first block
    that differs between them, as a core of ones, and leaves after the last one, as the core of its weights (equation 13)."""
    assert not weighed.plan.common  # each circuit is alone
    cores = list(weighed.cores)
    tails = tuple(_with_nodes(tail, axes, cores) for tail in weighed.plan.tails)
    return weighed._replace(plan=FusionPlan((), tails, weighed.plan.orders), cores=cores)


def _with_nodes(tail: Sequence[Item], axes: NodeAxes, cores: list[np.ndarray]) -> tuple[Item, ...]:
    last = {item.node_axis: place for place, item in enumerate(tail) if isinstance(item, Site)}
    live: list[int] = []  # the slowest first
    items: list[Item] = []
    size = 1  # of the state without nodes

    def core(matrix: np.ndarray, q: int, slower: int, faster: int, order: tuple[int, ...]) -> None:
        after, before = matrix.shape
        items.append(Site(len(cores), (), (q,), (before,), (after,), slower, faster, order))
        cores.append(matrix)

    for place, item in enumerate(tail):
        q = item.node_axis if isinstance(item, Site) else None
        if q is not None and q not in live:
            core(np.ones((len(axes.weights[q]), 1)), q, 1, _length(live, axes) * size, item.order)
            live.insert(0, q)
        items.append(_widened(item, q, live, axes))
        size = item.size
        if q is not None and last[q] == place:
            slower, faster = live[: live.index(q)], live[live.index(q) + 1 :]
            core(axes.weights[q][None], q, _length(slower, axes), _length(faster, axes) * size, item.order)
            live.remove(q)
    return tuple(items)


def _widened(item: Item, q: int | None, live: Sequence[int], axes: NodeAxes) -> Item:
    """The item on a state with axes of nodes; q's are those that its own matrices differ between."""
    length = _length(live, axes)
    if isinstance(item, Transposition):
        if length == 1:
            return item
        return item._replace(dims=(length, *item.dims), source=(0, *(1 + axis for axis in item.source)))
    nodes = None if q is None else (_length(live[: live.index(q)], axes), len(axes.weights[q]))
    return item._replace(left=length * item.left, nodes=nodes)


def _length(live: Sequence[int], axes: NodeAxes) -> int:
    return prod(len(axes.weights[q]) for q in live)
