"""The order of pulses: a function of circuit and device alone, not of the order in which commuting gates are listed.

On one control line a qubit dephases while others are driven, so the order is physics. On each qubit a circuit is a sequence of
stages whose gates commute with one another: diagonal gates (rz, cz, rzz) or rotations about X (sx, rx, rxx). Two-qubit gates
and barriers are anchors, taken in one of a few canonical orders. Before an anchor come the pulses that it needs and no others;
a qubit's last pulses, basis change included, follow directly after its last two-qubit gate.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple, final

from qiskit import QuantumCircuit
from qiskit.circuit.library import RZGate

from hybrid.compilation.loss import predicted_loss
from hybrid.compilation.noise import DIAGONAL
from hybrid.compilation.schedule import Instructions, NativeTimes, common_beginning, delay_s, listed, scheduled
from hybrid.device.device import Device

DIGITS = 9
"""Losses that agree to so many decimals are equal, so that a rounding error of a machine decides nothing."""
WAITING = frozenset({*DIAGONAL, "delay"})
"""What moves no qubit into or out of a superposition."""


class Anchor(NamedTuple):
    """A two-qubit gate or a barrier: on each of its qubits the number of its stage, and of single-qubit gates before that."""

    operation: Any
    qubits: tuple[int, ...]
    stages: tuple[int, ...]
    needs: tuple[int, ...]

    @property
    def wall(self) -> bool:
        """Whether it is a barrier."""
        return self.operation.name == "barrier"


@final
@dataclass(frozen=True)
class Parts:
    """A circuit taken apart: the single-qubit gates of each qubit in order of time, and the anchors in canonical order."""

    gates: list[list[Any]]
    anchors: list[Anchor]

    @cached_property
    def orders(self) -> list[list[Anchor]]:
        """The canonical orders of its anchors."""
        return canonical_orders(self.anchors)


def take_apart(circuit: QuantumCircuit) -> Parts:
    """The circuit's parts; listings of one circuit that differ in the order of commuting gates give the same.

    Constant turns about Z that nothing separates become one.
    """
    (parts,) = _take_apart([circuit])
    return parts


def _take_apart(circuits: Sequence[QuantumCircuit]) -> list[Parts]:
    """`take_apart` of circuits of one width; what all begin with is taken apart once."""
    listings = [listed(circuit) for circuit in circuits]
    alike = common_beginning(listings)
    beginning = _Apart(circuits[0].num_qubits)
    beginning.add(listings[0][:alike])
    result = []
    for listing in listings:
        apart = beginning.copy()
        apart.add(listing[alike:])
        anchors = sorted(apart.anchors, key=lambda a: (a.stages, a.qubits, a.operation.name, str(a.operation.params)))
        result.append(Parts(apart.gates, anchors))
    return result


class _Apart:
    """Of each qubit the gates, and kind, number and first gate of the newest stage; and the anchors."""

    def __init__(self, n: int) -> None:
        self.gates: list[list[Any]] = [[] for _ in range(n)]
        self.anchors: list[Anchor] = []
        self._kinds, self._stage, self._begun = [""] * n, [0] * n, [0] * n

    def copy(self) -> "_Apart":
        other = _Apart(0)
        other.gates, other.anchors = [list(gates) for gates in self.gates], list(self.anchors)
        other._kinds, other._stage, other._begun = list(self._kinds), list(self._stage), list(self._begun)
        return other

    def add(self, instructions: Instructions) -> None:
        gates, kinds, stage, begun = self.gates, self._kinds, self._stage, self._begun
        for operation, where in instructions:
            qubits, name = sorted(where), operation.name
            wall = name in ("barrier", "delay")
            kind = name if wall else "Z" if name in DIAGONAL else "X"
            for q in qubits:
                if wall or kind != kinds[q]:
                    kinds[q], stage[q], begun[q] = kind, stage[q] + 1, len(gates[q])
            if len(qubits) == 1 and name != "barrier":
                _append(gates[qubits[0]], operation, begun[qubits[0]])
            else:
                stages, needs = (tuple([of[q] for q in qubits]) for of in (stage, begun))
                self.anchors.append(Anchor(operation, tuple(qubits), stages, needs))


def _append(gates: list[Any], gate: Any, begun: int) -> None:
    """The gate after those of its qubit, or into the last one; the newest stage began with number `begun`."""
    both = [gates[-1], gate] if len(gates) > begun else []
    if both and all(one.name == "rz" and not one.is_parameterized() for one in both):
        gates[-1] = RZGate(sum(float(one.params[0]) for one in both))
    else:
        gates.append(gate)


def arranged(
    circuits: Sequence[QuantumCircuit], device: Device, physical: tuple[int, ...], read: Sequence[int]
) -> list[QuantumCircuit]:
    """Circuits that share their anchors, with pulses in order; qubit i is `physical[i]`, and the qubits `read` are read.

    Of the canonical orders of anchors the one is taken in which the circuit of most gates is predicted to lose least.
    """
    parts = _take_apart(circuits)
    widest = max(parts, key=lambda of: sum(map(len, of.gates)))
    best = ordered(widest, device, physical, read).number if len(widest.orders) > 1 else 0
    orders: dict[tuple[Any, ...], list[list[int]]] = {}
    chosen = []
    for of in parts:
        places = tuple((anchor.stages, anchor.qubits) for anchor in of.anchors)
        if places not in orders:
            orders[places] = _orders(of.anchors)
        own = orders[places]
        chosen.append([of.anchors[i] for i in own[min(best, len(own) - 1)]])
    alike = _common_anchors(parts, chosen)
    beginning = _Writer(parts[0], device, physical)
    for anchor in chosen[0][:alike]:
        beginning.before(anchor)
        beginning.anchor(anchor)
    common = _circuit(QuantumCircuit(len(physical)), beginning.instructions)
    first, result = len(beginning.instructions), []
    for of, order in zip(parts, chosen, strict=True):
        writer = beginning.copy(of)
        writer.write(order[alike:])
        result.append(_circuit(common, writer.instructions[first:]))
    return result


def _common_anchors(parts: Sequence[Parts], orders: Sequence[Sequence[Anchor]]) -> int:
    """How many anchors all circuits begin with, written alike: before any qubit's last one, and after the same gates."""
    gates = parts[0].gates
    same = [common_beginning([of.gates[q] for of in parts]) for q in range(len(gates))]
    moving = [max((i for i in range(n) if of[i].name not in WAITING), default=-1) for n, of in zip(same, gates, strict=True)]
    left = Counter(q for anchor in orders[0] for q in anchor.qubits if not anchor.wall)
    for i, anchor in enumerate(orders[0][: common_beginning(orders)]):
        left.subtract(anchor.qubits if not anchor.wall else ())
        needs = zip(anchor.qubits, anchor.needs, strict=True)
        if any(left[q] <= 0 or need > min(same[q], moving[q]) for q, need in needs):
            return i
    return common_beginning(orders)


class Ordered(NamedTuple):
    """The number of a circuit's canonical order, and the predicted loss."""

    number: int
    loss: float


def ordered(parts: Parts, device: Device, physical: tuple[int, ...], read: Sequence[int]) -> Ordered:
    """The order in which a circuit is predicted to lose least, the first of equal ones."""
    found = []
    for number, order in enumerate(parts.orders):
        writer = _Writer(parts, device, physical)
        writer.write(order)
        (times,) = scheduled([writer.instructions], len(physical), device, physical)
        found.append(Ordered(number, round(predicted_loss(times, device, physical, read), DIGITS)))
    return min(found, key=lambda one: one.loss)


def canonical_orders(anchors: Sequence[Anchor]) -> list[list[Anchor]]:
    """Different orders of the anchors: by depth; qubit after qubit from the low end of the register, and from the high end."""
    return [[anchors[i] for i in order] for order in _orders(anchors)]


def _orders(anchors: Sequence[Anchor]) -> list[list[int]]:
    """The canonical orders as places; they depend on the anchors' stages and qubits alone."""
    depth = [0] * len(anchors)
    deepest: dict[int, tuple[int, int, int]] = {}  # qubit -> stage, depth below it, depth in it
    for i in _linear(anchors, lambda i: i):
        for q, stage in zip(anchors[i].qubits, anchors[i].stages, strict=True):
            newest, below, within = deepest.get(q, (0, 0, 0))
            depth[i] = max(depth[i], 1 + (below if stage == newest else within))
        for q, stage in zip(anchors[i].qubits, anchors[i].stages, strict=True):
            newest, below, within = deepest.get(q, (0, 0, 0))
            deepest[q] = (stage, below, max(within, depth[i])) if stage == newest else (stage, within, max(within, depth[i]))
    orders: list[list[int]] = []
    for key in (
        lambda i: (depth[i], anchors[i].qubits, i),
        lambda i: (anchors[i].qubits, depth[i], i),
        lambda i: (tuple(-q for q in reversed(anchors[i].qubits)), depth[i], i),
    ):
        order = list(_linear(anchors, key))
        if order not in orders:
            orders.append(order)
    return orders


def _linear(anchors: Sequence[Anchor], key: Callable[[int], Any]) -> Iterator[int]:
    """Numbers of the anchors, every qubit's stages in order; of those that may come next, the least `key` first."""
    waiting: dict[int, dict[int, set[int]]] = {}
    for i, anchor in enumerate(anchors):
        for q, stage in zip(anchor.qubits, anchor.stages, strict=True):
            waiting.setdefault(q, {}).setdefault(stage, set()).add(i)
    stages = {q: sorted(by_stage, reverse=True) for q, by_stage in waiting.items()}

    def free(i: int) -> bool:
        return all(stages[q][-1] == stage for q, stage in zip(anchors[i].qubits, anchors[i].stages, strict=True))

    ready = [(key(i), i) for i in range(len(anchors)) if free(i)]
    heapify(ready)
    while ready:
        _, i = heappop(ready)
        yield i
        opened: set[int] = set()
        for q in anchors[i].qubits:
            waiting[q][stages[q][-1]].discard(i)
            if not waiting[q][stages[q][-1]]:
                stages[q].pop()
                opened |= waiting[q][stages[q][-1]] if stages[q] else set()
        for j in opened:
            if free(j):
                heappush(ready, (key(j), j))


def written(parts: Parts, order: Sequence[Anchor], device: Device, physical: tuple[int, ...]) -> QuantumCircuit:
    """The circuit with its anchors in this order and its pulses where they dephase least; qubit i is `physical[i]`."""
    writer = _Writer(parts, device, physical)
    writer.write(order)
    return _circuit(QuantumCircuit(len(physical)), writer.instructions)


def _circuit(begun: QuantumCircuit, instructions: Instructions) -> QuantumCircuit:
    circuit = begun.copy()
    for operation, qubits in instructions:
        circuit.append(operation, qubits, copy=False)
    return circuit


class _Writer:
    """Writes gates and keeps the time, so that another qubit is driven only while the first waits for a delay."""

    def __init__(self, parts: Parts, device: Device, physical: tuple[int, ...]) -> None:
        n = len(physical)
        self.moved = [False] * n
        self.instructions: Instructions = []
        self._times = NativeTimes(device, physical)
        self._next, self._free_s, self._line_s = [0] * n, [0.0] * n, 0.0
        self._t2_s = [0.0] * n if device.t2_star_s is None else [device.t2_star_s[p] for p in physical]
        self._read(parts)

    def _read(self, parts: Parts) -> None:
        self._gates = parts.gates
        moving = [[i for i, gate in enumerate(of_qubit) if gate.name not in WAITING] for of_qubit in parts.gates]
        self._last_moving = [max(places, default=-1) for places in moving]

    def copy(self, parts: Parts) -> "_Writer":
        """What is written so far, to be continued with the gates of `parts`."""
        other = copy(self)
        other.moved, other.instructions = list(self.moved), list(self.instructions)
        other._next, other._free_s = list(self._next), list(self._free_s)
        other._read(parts)
        return other

    def write(self, order: Sequence[Anchor]) -> None:
        """The anchors that are left, in this order, and all pulses."""
        n = len(self._gates)
        left = [sum(q in a.qubits and not a.wall for a in order) for q in range(n)]
        walls = [[a.needs[a.qubits.index(q)] for a in order if a.wall and q in a.qubits] for q in range(n)]
        for anchor in order:
            self.before(anchor)
            self.anchor(anchor)
            for q in anchor.qubits:
                left[q] -= not anchor.wall
                walls[q] = walls[q][1:] if anchor.wall else walls[q]
            done = [q for q in anchor.qubits if not left[q] and self.moved[q]]
            self.until({q: (walls[q] or [len(self._gates[q])])[0] for q in done})
        self.until({q: len(gates) for q, gates in enumerate(self._gates)})

    def before(self, anchor: Anchor) -> None:
        """The pulses that the anchor needs.

        A qubit that is only read in Z afterwards comes first, since its phase has no effect; a qubit that no pulse has moved
        comes last; then longer T2* first; then index.
        """
        ends = dict(zip(anchor.qubits, anchor.needs, strict=True))
        phase_counts = {q: self._last_moving[q] >= end for q, end in ends.items()}
        self._write(ends, lambda q: (phase_counts[q], not self.moved[q], -self._t2_s[q], q))

    def until(self, ends: dict[int, int]) -> None:
        """So many gates of each of these qubits: the shorter T2* first, then by index."""
        self._write(ends, lambda q: (self._t2_s[q], q))

    def anchor(self, anchor: Anchor) -> None:
        """The two-qubit gate or the barrier itself."""
        end_s = max((self._free_s[q] for q in anchor.qubits), default=0.0)
        if not anchor.wall:
            end_s = self._end_s(anchor.operation.name, anchor.qubits, end_s)
        for q in anchor.qubits:
            self._free_s[q] = end_s
        self.instructions.append((anchor.operation, anchor.qubits))

    def _write(self, ends: dict[int, int], priority: Callable[[int], Any]) -> None:
        while due := [q for q, end in ends.items() if self._next[q] < end]:
            q = due[0]
            if len(due) > 1:
                q = min(due, key=lambda q: (max(self._free_s[q], self._line_s), priority(q)))
            operation = self._gates[q][self._next[q]]
            self._next[q] += 1
            self.instructions.append((operation, (q,)))
            if operation.name == "delay":
                self._free_s[q] += delay_s(operation)
            else:
                self._free_s[q] = self._end_s(operation.name, (q,), self._free_s[q])
                self.moved[q] = self.moved[q] or operation.name not in WAITING

    def _end_s(self, name: str, qubits: tuple[int, ...], start_s: float) -> float:
        """When a gate ends that may begin at `start_s`; a gate that is not parallel waits for the one control line."""
        duration_s, serial = self._times[name, qubits]
        if not serial:
            return start_s + duration_s
        self._line_s = max(start_s, self._line_s) + duration_s
        return self._line_s
