"""Circuits -> blocks on few qubits, in the order that keeps the state small, with the axes each one acts on.

No angle or matrix is needed here: this file only decides which elements are multiplied together, and in which order.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import count, pairwise, takewhile
from math import prod
from operator import or_
from typing import NamedTuple

from hybrid.simulators.engine.maps import Element, NodeGate, QubitRead, Rotation
from hybrid.simulators.engine.sites import FusionPlan, Item, Site, Transposition

FEW_COLUMNS = 32
"""In a split plan a block that acts on so many columns of the state or fewer is split (measured on 2 to 10 qubits): to multiply
its factors into a matrix for each point takes longer than to apply one after the other."""


class Block(NamedTuple):
    """Elements, by their places in the circuit (ascending), that are multiplied into one matrix on `qubits`.

    `classical` are those of its qubits whose axes have length 2 after it: no gate has yet moved them, or none will any more.
    """

    qubits: frozenset[int]
    members: tuple[int, ...]
    classical: frozenset[int] = frozenset()


def plan_reading_early(circuit: Sequence[Element], d: int) -> FusionPlan:
    """The plan of one circuit whose qubits leave the state when they are read: of two orders, the one of shorter states.

    In one the least next state is always taken, in the other qubits are read one after the other, each time the one for which
    the fewest others have to enter.
    """
    fusing = _Fusing()
    fusing.add(circuit, 0, len(circuit))
    greedy = _scheduled(fusing, circuit, 0, d, _last_moves(circuit))
    classical = {block.members: block for block in greedy}
    blocks = fusing.blocks()
    cones = [classical[blocks[b].members] for b in _by_cones(fusing)]
    chosen = min((greedy, cones), key=lambda blocks: _longest_unread(blocks, circuit, d))
    return _place([], [chosen], [circuit], d)


def _by_cones(fusing: "_Fusing") -> list[int]:
    """The blocks qubit by qubit: all that acts on it before it is read, in order of time."""
    on, order, blocks = fusing.on, list[int](), fusing.blocks()
    before = {q: dict(pairwise(reversed(of))) for q, of in on.items()}
    needed: dict[int, int] = {}  # the blocks before each block and itself, as bits
    for b in sorted({b for of in on.values() for b in of}):
        earlier = (before[q].get(b) for q in blocks[b].qubits)
        needed[b] = (1 << b) | reduce(or_, (needed[a] for a in earlier if a is not None), 0)
    first = reduce(or_, (1 << of[0] for of in on.values()), 0)
    entering = {1 << of[0]: sum(other[0] == of[0] for other in on.values()) for of in on.values()}
    done, left = 0, {q: needed[of[-1]] for q, of in on.items()}

    def cost(q: int) -> tuple[int, int, int]:
        more = left[q] & ~done
        return sum(count for bit, count in entering.items() if more & first & bit), more.bit_count(), q

    while left:
        more = left.pop(min(left, key=cost)) & ~done
        order += [b for b in range(more.bit_length()) if more >> b & 1]
        done |= more
    return order


def _longest_unread(blocks: Sequence[Block], circuit: Sequence[Element], d: int) -> tuple[int, int]:
    """Numbers of the longest state, and of all states, where a qubit's axis ends with its reading."""
    lengths: dict[int, int] = {}
    sizes = []
    for block in blocks:
        lengths |= {q: 2 if q in block.classical else d for q in block.qubits}
        sizes.append(prod(lengths.values()))
        for member in block.members:
            if isinstance(circuit[member].what, QubitRead):
                del lengths[circuit[member].qubits[0]]
    return max(sizes), sum(sizes)


def plan(circuits: Sequence[Sequence[Element]], d: int, *, split: bool = False) -> FusionPlan:
    """The cheaper of two ways to do once what several circuits have in common.

    Fused to its end each circuit reads its qubits early, which keeps states small, and shares the blocks before the first
    that differs. A seam after the last common element shares more, which pays when there are many circuits.
    """
    same = len(list(takewhile(lambda at: all(element == at[0] for element in at), zip(*circuits, strict=False))))
    begun = _Fusing()
    begun.add(circuits[0], 0, same)
    moved = _last_moves(circuits[0][:same])
    last = [moved | {q: same + place for q, place in _last_moves(circuit[same:]).items()} for circuit in circuits]
    whole = []
    for circuit, moves in zip(circuits, last, strict=True):
        fusing = begun.copy()
        fusing.add(circuit, same, len(circuit))
        whole.append(_scheduled(fusing, circuit, 0, d, moves))
    alike = takewhile(lambda at: len(set(at)) == 1 and at[0].members[-1] < same, zip(*whole, strict=False))
    shared = len(list(alike))
    if len(circuits) == 1:
        return _place([], whole, circuits, d, split)
    early = whole[0][:shared], [blocks[shared:] for blocks in whole]
    ends = [_schedule(circuit, same, len(circuit), d, moves) for circuit, moves in zip(circuits, last, strict=True)]
    latest = {q: max(moves.get(q, -1) for moves in last) for moves in last for q in moves}
    seam = _schedule(circuits[0], 0, same, d, latest), ends
    chosen = min(early, seam, key=lambda candidate: _place(*candidate, circuits, d).cost)
    return _place(*chosen, circuits, d, split)


def fuse(elements: Sequence[Element], first: int, stop: int) -> tuple[list[Block], dict[int, list[int]]]:
    """Blocks of elements[first:stop], and per qubit the blocks on it in order of time."""
    fusing = _Fusing()
    fusing.add(elements, first, stop)
    return fusing.blocks(), fusing.on


class _Fusing:
    """Blocks to which elements are added.

    An element joins the last block that holds its qubits, if it commutes with all later blocks on each of them, which it does
    where both are diagonal. Otherwise it starts a block, which takes in the last blocks that lie within its own qubits. Blocks
    on other qubits commute with it. What differs between nodes stays in blocks on one qubit, so that few matrices do; with
    `split`, so do rotations of one qubit.
    """

    def __init__(self, *, split: bool = False) -> None:
        self.on: dict[int, list[int]] = {}
        self._split = split
        self._qubits: list[frozenset[int]] = []
        self._members: list[list[int]] = []
        self._diagonal: list[frozenset[int]] = []
        self._of_nodes: set[int] = set()

    def copy(self) -> "_Fusing":
        other = _Fusing()
        other.on = {q: list(blocks) for q, blocks in self.on.items()}
        other._qubits, other._diagonal, other._of_nodes = list(self._qubits), list(self._diagonal), set(self._of_nodes)
        other._members = [list(places) for places in self._members]
        return other

    def blocks(self) -> list[Block]:
        return [Block(*block) for block in zip(self._qubits, map(tuple, self._members), strict=True)]

    def _reached(self, q: int, still: frozenset[int]) -> Iterator[int]:
        """The blocks on q that an element may join, the latest first."""
        for b in reversed(self.on[q]):
            yield b
            if q not in still & self._diagonal[b]:
                return

    def add(self, elements: Sequence[Element], first: int, stop: int) -> None:
        """The next elements, those at these places."""
        on, qubits, members, diagonal = self.on, self._qubits, self._members, self._diagonal
        for place in range(first, stop):
            here, still = frozenset(elements[place].qubits), elements[place].diagonal
            for q in elements[place].qubits:
                on.setdefault(q, [])
            common = frozenset.intersection(*(frozenset(self._reached(q, still)) for q in here))
            alone = NodeGate | Rotation if self._split and len(here) == 1 else NodeGate
            of_nodes = isinstance(elements[place].what, alone)
            host = max((b for b in common if here <= qubits[b] and not (of_nodes and len(qubits[b]) > 1)), default=None)
            if host is not None:
                members[host].append(place)
                self._of_nodes |= {host} if of_nodes else set()
                diagonal[host] -= here - still
                continue
            last = {on[q][-1] for q in here if on[q]}
            inner = [b for b in last if qubits[b] <= here and all(on[q][-1] == b for q in qubits[b])]
            inner = [b for b in inner if b not in self._of_nodes or len(here) == 1]
            for q in here:
                if on[q] and on[q][-1] in inner:
                    on[q].pop()
                on[q].append(len(qubits))
            members.append(sorted([place, *(place for b in inner for place in members[b])]))
            within = {b: diagonal[b] | (here - qubits[b]) for b in inner}
            diagonal.append(frozenset(q for q in here if q in still and all(q in of for of in within.values())))
            self._of_nodes |= {len(qubits)} if of_nodes or not self._of_nodes.isdisjoint(inner) else set()
            qubits.append(here)


def _schedule(elements: Sequence[Element], first: int, stop: int, d: int, last_moves: Mapping[int, int]) -> list[Block]:
    fusing = _Fusing()
    fusing.add(elements, first, stop)
    return _scheduled(fusing, elements, first, d, last_moves)


def _scheduled(fusing: _Fusing, elements: Sequence[Element], first: int, d: int, last_moves: Mapping[int, int]) -> list[Block]:
    """The blocks in an order that reads qubits as early and lets them enter as late as it can: always the least next state."""
    blocks, on = fusing.blocks(), fusing.on
    growth = [1.0] * len(blocks)
    begun = _last_moves(elements[:first])
    for q, of_qubit in on.items():
        moved = begun.get(q, -1)
        length = 1 if first == 0 else _length(moved, last_moves.get(q, -1), d)
        for b in of_qubit:
            moved = max([moved, *(m for m in blocks[b].members if q in elements[m].moved)])
            after = _length(moved, last_moves.get(q, -1), d)
            if after < d:
                blocks[b] = blocks[b]._replace(classical=blocks[b].classical | {q})
            growth[b] *= after / length
            length = after
    order: list[Block] = []
    left = {q: of_qubit[::-1] for q, of_qubit in on.items()}
    while any(left.values()):
        heads = {of_qubit[-1] for of_qubit in left.values() if of_qubit}
        ready = [b for b in heads if all(left[q][-1] == b for q in blocks[b].qubits)]
        chosen = min(ready, key=lambda b: (growth[b], blocks[b].members))
        for q in blocks[chosen].qubits:
            left[q].pop()
        order.append(blocks[chosen])
    return order


def _last_moves(elements: Sequence[Element]) -> dict[int, int]:
    """For each qubit that any element moves, the place of the last one that does."""
    return {q: place for place, element in enumerate(elements) for q in element.moved}


def _length(moved: int, last: int, d: int) -> int:
    """Length of a qubit's axis after an element at place `moved` moved it (-1: none has), where `last` is the last one."""
    return 2 if moved in (-1, last) else d


def _place(
    common: list[Block], ends: list[list[Block]], circuits: Sequence[Sequence[Element]], d: int, split: bool = False
) -> FusionPlan:
    """The plan of blocks that are already in order."""
    order: list[int] = []
    dims: dict[int, int] = {}
    numbers = count()
    head = _sites(common, circuits[0], d, order, dims, numbers, split)
    tails, orders = [], []
    for blocks, circuit in zip(ends, circuits, strict=True):
        last = order.copy()
        tails.append(_sites(blocks, circuit, d, last, dims.copy(), numbers, split))
        orders.append(tuple(last))
    return FusionPlan(head, tuple(tails), tuple(orders), split)


def _sites(
    blocks: list[Block],
    elements: Sequence[Element],
    d: int,
    order: list[int],
    dims: dict[int, int],
    numbers: Iterator[int],
    split: bool,
) -> tuple[Item, ...]:
    """The blocks as sites; `order` (slowest first) and `dims` of the qubits in the state are updated in place."""
    items: list[Item] = []
    for block in _parts(blocks, elements, dims, d) if split else blocks:
        inside = [q for q in order if q in block.qubits]
        top = order.index(inside[0]) if inside else 0
        if order[top : top + len(inside)] != inside:  # not side by side: moved to the top, where one product serves all
            turned = inside + [q for q in order if q not in inside]
            items.append(Transposition(tuple(dims[q] for q in order), tuple(order.index(q) for q in turned), tuple(turned)))
            order[:], top = turned, 0
        order[top:top] = sorted(block.qubits - set(inside), reverse=True)  # a qubit that enters may do so anywhere
        axes = tuple(order[top : top + len(block.qubits)])
        left, right = (prod(dims[q] for q in part) for part in (order[:top], order[top + len(axes) :]))
        here = tuple(elements[m] for m in block.members)
        before = tuple(dims.get(q, 1) for q in axes)
        dims |= {q: 2 if q in block.classical else d for q in axes}
        items.append(Site(next(numbers), here, axes, before, tuple(dims[q] for q in axes), left, right, tuple(order)))
    return tuple(items)


def _parts(blocks: Sequence[Block], elements: Sequence[Element], dims: Mapping[int, int], d: int) -> Iterator[Block]:
    """The blocks of a split plan. `dims` are the lengths of the axes when the next block is asked for."""
    for block in blocks:
        if prod(length for q, length in dims.items() if q not in block.qubits) > FEW_COLUMNS:
            yield block
            continue
        fusing, here = _Fusing(split=True), [elements[member] for member in block.members]
        fusing.add(here, 0, len(here))
        lengths, moves = {q: dims.get(q, 2) for q in block.qubits}, _last_moves(here)
        for part in _in_order(fusing):
            moved = _last_moves([here[member] for member in part.members])
            moves = {q: last for q, last in moves.items() if last not in part.members}
            lengths |= {q: 2 for q in part.qubits & block.classical if q not in moves}
            lengths |= {q: d for q in moved if q in moves or q not in block.classical}
            classical = frozenset(q for q in part.qubits if lengths[q] < d)
            yield Block(part.qubits, tuple(block.members[member] for member in part.members), classical)


def _in_order(fusing: _Fusing) -> Iterator[Block]:
    """The blocks in an order in which each one comes after those before it on its qubits."""
    blocks, left = fusing.blocks(), {q: of_qubit[::-1] for q, of_qubit in fusing.on.items()}
    while any(left.values()):
        heads = sorted({of_qubit[-1] for of_qubit in left.values() if of_qubit})
        for b in heads:
            if all(left[q][-1] == b for q in blocks[b].qubits):
                for q in blocks[b].qubits:
                    left[q].pop()
                yield blocks[b]
