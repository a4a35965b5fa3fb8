"""Maximum cut of a graph."""

import time

import numpy as np
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.types import Choices, Problem
from hybrid.catalog.problems._binary import Qubo, parts_text
from hybrid.catalog.problems._graphs import Edges, graph_of
from hybrid.catalog.problems._spectrum import diagonal

ALGORITHM = "qaoa"
SUFFIXES = (".edges", ".edgelist", ".graphml", ".mc", ".col", ".mtx", ".graph")


def maxcut(*, graph: str = "petersen", n: int | None = None) -> Problem:
    """Maximum cut of a graph.

    H = -C, C = sum over edges of w (1 - Z_u Z_v) / 2; the value is the expected cut <C>.

    `graph` is petersen, heawood, ring or complete (the last two with `n` vertices, 8 if not given), or a file: GraphML, a
    .csv table, G-set (rudy), DIMACS, Matrix Market, METIS, or a list with `u v` on every line or `u v weight` on every line,
    and `#` comments. Vertices are any words; sorted, as numbers if all are, they become qubits 0, 1, ... Exact by trying all
    cuts of up to 20 vertices, or where the baseline meets the bound (all positive edges), else None. The baseline moves
    single vertices of a greedy cut. UsageError names file and line.
    """
    vertices, edges = graph_of("maxcut", graph, n)
    terms = [("ZZ", [u, v], w / 2) for (u, v), w in edges.items() if w]
    identity = ("", [], -sum(edges.values()) / 2)
    hamiltonian = SparsePauliOp.from_sparse_list([identity, *terms], num_qubits=len(vertices))
    began = time.perf_counter()
    greedy = _local_search(len(vertices), edges)
    best, cut = greedy, _cut(greedy, edges)
    method, known = "local search", cut == sum(w for w in edges.values() if w > 0)  # exactly the positive edges are cut
    if not known and (energies := diagonal(hamiltonian)) is not None:
        best, method, known = int(energies.argmin()), f"all {2 ** len(vertices):,} cuts tried", True
    weights = cut_polynomial(len(vertices), edges)
    return Problem(
        hamiltonian=hamiltonian,
        unit="",
        ansatz="qaoa_layers:p=1",
        exact=max(_cut(best, edges), cut) if known else None,  # rounding may not let a cut beat the best
        baseline=cut,
        baseline_name="local search",
        quantity="cut",
        sign=-1,
        decode=lambda outcome: f"cut {_cut(outcome, edges):g}: {parts_text(vertices, outcome)}",
        choices=Choices(
            n_variables=len(vertices),
            objective=weights.values,
            feasible=lambda outcomes: np.ones(len(outcomes), dtype=bool),
            best=best,
            method=method,
            seconds=time.perf_counter() - began,
            penalty="",
        ),
    )


def cut_polynomial(n: int, edges: Edges) -> Qubo:
    """The weight of the cut: sum over edges of w (x_u + x_v - 2 x_u x_v)."""
    linear = np.zeros(n)
    for (u, v), w in edges.items():
        linear[u] += w
        linear[v] += w
    return Qubo(0.0, linear, {pair: -2 * w for pair, w in edges.items()})


def _cut(outcome: int, edges: Edges) -> float:
    return float(sum(w for (u, v), w in edges.items() if (outcome >> u ^ outcome >> v) & 1))


def _local_search(n: int, edges: Edges) -> int:
    """Place vertex by vertex on the better side, then move the best single vertex until none improves the cut."""
    weights = np.zeros((n, n))
    for (u, v), w in edges.items():
        weights[u, v] = weights[v, u] = w
    side = np.zeros(n)  # +1 or -1; 0 is not yet placed
    for v in range(n):
        side[v] = -1.0 if weights[v] @ side > 0 else 1.0
    slack = 1e-12 * np.abs(weights).sum()  # a rounding error is no improvement
    while (gains := side * (weights @ side))[best := int(gains.argmax())] > slack:
        side[best] = -side[best]
    return sum(1 << v for v in range(n) if side[v] < 0)
