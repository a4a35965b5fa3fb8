"""What a plan is made of: blocks of elements with their axes, transpositions between them, and what each one costs."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import NamedTuple, TypeAlias, final

from hybrid.simulators.engine.maps import Element, NodeGate

CALL_COST = 2**14
"""What starting one array statement costs, in multiplications."""
MOVE_COST = 8
"""What moving one number to another place costs, in multiplications."""


class Site(NamedTuple):
    """A block with its place among the axes: a state (left, prod(before), right) becomes (left, prod(after), right).

    `axes` are its qubits, the slowest first; `before` and `after` the lengths of their axes: 1 for a qubit that enters here,
    2 for a classical one, otherwise d (equation 4). `order` are the qubits of the whole state after it, the slowest first.
    `number` counts the plan's blocks. A site without elements sums over outcomes (equation 11) or over nodes (13); it has the
    number of its core. `nodes` are (A, K) where a block has a matrix for each of K nodes: left = A x K x others (equation 14).
    """

    number: int
    elements: tuple[Element, ...]
    axes: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    left: int
    right: int
    order: tuple[int, ...]
    nodes: tuple[int, int] | None = None

    @property
    def lead(self) -> tuple[int, ...]:
        """`left` as the lengths of its parts."""
        return (self.left,) if self.nodes is None else (*self.nodes, self.left // prod(self.nodes))

    @property
    def node_axis(self) -> int | None:
        """The qubit whose nodes its matrices differ between; such a block is on this qubit alone."""
        return self.axes[0] if any(isinstance(element.what, NodeGate) for element in self.elements) else None

    @property
    def size(self) -> int:
        """Length of the state after it."""
        return self.left * prod(self.after) * self.right

    @property
    def cost(self) -> int:
        """Multiplications, with the cost of the call."""
        return self.size * prod(self.before) + CALL_COST


class Transposition(NamedTuple):
    """A transposition that brings a block's qubits together: axis i of the new state is axis `source[i]` of the old."""

    dims: tuple[int, ...]
    source: tuple[int, ...]
    order: tuple[int, ...]

    @property
    def size(self) -> int:
        """Length of the state, which stays."""
        return prod(self.dims)

    @property
    def cost(self) -> int:
        """In multiplications, with the cost of the call."""
        return MOVE_COST * self.size + CALL_COST


Item: TypeAlias = Site | Transposition


@final
@dataclass(frozen=True, eq=False)
class FusionPlan:
    """What is done once for all circuits, what follows for each, and the qubits of each one's last state, slowest first.

    A single circuit has nothing in common with others. In a `split` plan, blocks on few columns are split into some on one
    qubit that vary, and others that are the same for all points. Plans are compared by identity.
    """

    common: tuple[Item, ...]
    tails: tuple[tuple[Item, ...], ...]
    orders: tuple[tuple[int, ...], ...]
    split: bool = False

    @property
    def items(self) -> Iterable[Item]:
        """Everything that is done once per point."""
        return chain(self.common, *self.tails)

    @property
    def cost(self) -> int:
        """Multiplications of one forward pass."""
        return sum(item.cost for item in self.items)
