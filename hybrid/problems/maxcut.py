"""Cutting a graph in two so that the edges between the parts weigh the most."""

import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from qiskit.quantum_info import SparsePauliOp

from hybrid.errors import UsageError, shortened, unknown
from hybrid.files import looks_like_path
from hybrid.problems._inputs import MAX_QUBITS, check_size, finite, rows
from hybrid.problems._spectrum import ground_energy
from hybrid.types import Problem

ALGORITHM = "qaoa"
SUFFIXES = (".edges", ".edgelist")
MAX_EDGES = 20_000

Edges = dict[tuple[int, int], float]
"""Weight of every edge between qubits u < v."""

_FIXED = {
    "petersen": [(i, (i + 1) % 5) for i in range(5)]
    + [(i, i + 5) for i in range(5)]
    + [(i + 5, (i + 2) % 5 + 5) for i in range(5)],
    "heawood": [(i, (i + 1) % 14) for i in range(14)] + [(i, (i + 5) % 14) for i in range(0, 14, 2)],
}
_SIZED = {
    "ring": lambda n: [(i, (i + 1) % n) for i in range(n)],
    "complete": lambda n: [(u, v) for u in range(n) for v in range(u + 1, n)],
}


def maxcut(*, graph: str = "petersen", n: int | None = None) -> Problem:
    """Maximum cut of a graph: H = -C, C = sum over edges of w (1 - Z_u Z_v) / 2; the value is the expected cut <C>.

    `graph` is petersen, heawood, ring or complete (the last two with `n` vertices, 8 if not given), or a file with an
    edge `u v` or `u v weight` per line and `#` comments. Vertices are any words; sorted, as numbers if all are, they
    become qubits 0, 1, ... Exact by trying all cuts of up to 20 vertices, or where the baseline meets the bound (all
    positive edges), else None. The baseline moves single vertices of a greedy cut. UsageError names file and line.
    """
    vertices, edges = _graph(graph, n)
    terms = [("ZZ", [u, v], w / 2) for (u, v), w in edges.items() if w]
    identity = ("", [], -sum(edges.values()) / 2)
    hamiltonian = SparsePauliOp.from_sparse_list([identity, *terms], num_qubits=len(vertices))
    found = _local_search(len(vertices), edges)
    bound = sum(w for w in edges.values() if w > 0)
    lowest = -bound if found == bound else ground_energy(hamiltonian)  # equal sums: exactly the positive edges are cut
    return Problem(
        hamiltonian=hamiltonian,
        unit="",
        ansatz="qaoa_layers:p=1",
        exact=None if lowest is None else max(-lowest, found),  # rounding may not let a cut beat the best
        baseline=found,
        baseline_name="local search",
        quantity="cut",
        sign=-1,
        decode=_decoder(vertices, edges),
    )


def _graph(graph: str, n: int | None) -> tuple[list[str], Edges]:
    """Vertices in qubit order, and the edges between qubits."""
    if graph in _SIZED:
        n = 8 if n is None else n
        check_size("maxcut", n, least=3 if graph == "ring" else 2)
        pairs = _SIZED[graph](n)
        if len(pairs) > MAX_EDGES:
            raise UsageError(f"problem 'maxcut': {graph} with n={n} has more than {MAX_EDGES} edges.")
    elif n is not None:
        raise UsageError(f"problem 'maxcut': n={n} is for ring and complete; '{shortened(graph)}' has its own size.")
    elif graph in _FIXED:
        pairs = _FIXED[graph]
    elif looks_like_path(graph):
        return _read(Path(graph))
    else:
        raise unknown("graph", graph, [*_FIXED, *_SIZED, "./file.edges"])
    edges = {(min(pair), max(pair)): 1.0 for pair in pairs}
    return [str(v) for v in range(1 + max(map(max, edges)))], edges


def _read(path: Path) -> tuple[list[str], Edges]:
    """The vertices and edges of an edge list."""
    named: dict[tuple[str, str], float] = {}
    seen: dict[frozenset[str], str] = {}
    vertices: set[str] = set()
    for where, words in rows(path):
        if len(words) not in (2, 3):
            raise UsageError(f"{where}: write 'u v' or 'u v weight', not '{shortened(' '.join(words))}'.")
        u, v = (str(int(word)) if re.fullmatch(r"-?[0-9]{1,18}", word) else word for word in words[:2])
        if u == v:
            raise UsageError(f"{where}: the edge joins '{shortened(u)}' to itself.")
        if (pair := frozenset((u, v))) in seen:
            raise UsageError(f"{where}: the edge '{shortened(u)} {shortened(v)}' was given before, at {seen[pair]}.")
        seen[pair] = where
        named[u, v] = finite(where, "weight", words[2]) if len(words) == 3 else 1.0
        vertices |= pair
        if len(vertices) > MAX_QUBITS or len(named) > MAX_EDGES:
            raise UsageError(f"{where}: too large; at most {MAX_QUBITS} vertices and {MAX_EDGES} edges are allowed.")
    if not any(named.values()):
        raise UsageError(f"{path}: holds no edge with a weight.")
    if not math.isfinite(sum(map(abs, named.values()))):
        raise UsageError(f"{path}: the weights are too large: their sum overflows.")
    numeric = all(re.fullmatch(r"-?[0-9]{1,18}", v) for v in vertices)
    order = sorted(vertices, key=int) if numeric else sorted(vertices)
    qubit = {vertex: q for q, vertex in enumerate(order)}
    return order, {(min(qubit[u], qubit[v]), max(qubit[u], qubit[v])): w for (u, v), w in named.items()}


def _local_search(n: int, edges: Edges) -> float:
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
    return float(sum(w for (u, v), w in edges.items() if side[u] != side[v]))


def _decoder(vertices: list[str], edges: Edges) -> Callable[[int], str]:
    """How an outcome reads: its cut and the two parts, the first vertex's part first."""

    def decode(bits: int) -> str:
        bit = [bits >> q & 1 for q in range(len(vertices))]
        cut = sum(w for (u, v), w in edges.items() if bit[u] != bit[v])
        parts = (" ".join(v for v, b in zip(vertices, bit, strict=True) if b == side) for side in (bit[0], 1 - bit[0]))
        return f"cut {cut:g}: {{{'} | {'.join(parts)}}}"

    return decode
