"""Maximum independent set of a graph."""

import numpy as np

from hybrid.base.types import Problem
from hybrid.catalog.problems._binary import BinaryProgram, Constraint, Qubo
from hybrid.catalog.problems._graphs import graph_of
from hybrid.catalog.problems._solve import binary_problem

ALGORITHM = "qaoa"


def mis(*, graph: str = "petersen", n: int | None = None, penalty: float | None = None) -> Problem:
    """Maximum independent set of a graph.

    A graph as for maxcut, its weights do not matter: H = -sum x + penalty sum over edges x_u x_v.

    A penalty above 1 suffices: of every joined pair one vertex can be dropped (Lucas, Front. Phys. 2, 5, 2014, section
    4.2); left out, it is 1.1. The reported value is minus the energy. UsageError names file and line.
    """
    vertices, edges = graph_of("mis", graph, n)
    apart = tuple(Constraint("no two joined vertices", {u: 1, v: 1}, "<=", 1) for u, v in edges)
    program = BinaryProgram(names=tuple(vertices), objective=Qubo(0.0, -np.ones(len(vertices)), {}), constraints=apart)

    def decode(outcome: int) -> str:
        chosen = program.chosen(outcome)
        joined = sum(outcome >> u & outcome >> v & 1 for u, v in edges)
        broken = f" NOT independent: {joined} joined pair{'s' if joined > 1 else ''}" if joined else ""
        return f"{len(chosen)} vertices: {' '.join(chosen)}{broken}"

    return binary_problem("mis", program, decode, quantity="vertices", maximize=True, penalty=penalty)
