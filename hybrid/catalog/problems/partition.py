"""Dividing a graph into two parts of equal size that share as little edge weight as possible."""

from hybrid.base.types import Problem
from hybrid.catalog.problems._binary import BinaryProgram, Constraint, parts_text
from hybrid.catalog.problems._graphs import graph_of
from hybrid.catalog.problems._solve import binary_problem
from hybrid.catalog.problems.maxcut import cut_polynomial

ALGORITHM = "qaoa"


def partition(*, graph: str = "petersen", n: int | None = None, penalty: float | None = None) -> Problem:
    """Minimum bisection of a graph.

    A graph as for maxcut: the least weight between two halves (an odd vertex goes to one).

    H = cut + penalty (sum x - floor(n/2))^2 (Lucas, Front. Phys. 2, 5, 2014, section 2.2). UsageError names file and line.
    """
    vertices, edges = graph_of("partition", graph, n)
    half = Constraint("parts of equal size", dict.fromkeys(range(len(vertices)), 1), "=", len(vertices) // 2)
    cut = cut_polynomial(len(vertices), edges)
    program = BinaryProgram(names=tuple(vertices), objective=cut, constraints=(half,))

    def decode(outcome: int) -> str:
        weight = sum(w for (u, v), w in edges.items() if (outcome >> u ^ outcome >> v) & 1)
        ones = len(program.chosen(outcome))
        unequal = "" if ones == half.bound else f" NOT equal: {ones} and {len(vertices) - ones}"
        return f"cut {weight:g}: {parts_text(vertices, outcome)}{unequal}"

    return binary_problem("partition", program, decode, quantity="cut", penalty=penalty)
