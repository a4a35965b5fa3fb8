"""Weighted graphs: named ones, and those in files."""

import math
import re
from pathlib import Path
from typing import NamedTuple

from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.base.files import looks_like_path
from hybrid.catalog.problems._benchmark_graphs import benchmark_graph
from hybrid.catalog.problems._edge_list import Edge, edge_list, edge_table
from hybrid.catalog.problems._graphml import read_graphml
from hybrid.catalog.problems._inputs import MAX_QUBITS, check_size

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


class Graph(NamedTuple):
    """Vertices in qubit order, by the user's names, and the edges between qubits."""

    vertices: list[str]
    edges: Edges


def graph_of(owner: str, graph: str, n: int | None) -> Graph:
    """petersen, heawood, ring or complete (the last two with `n` vertices, 8 if not given), or a file.

    A `.graphml` file is GraphML, a `.csv` or `.tsv` a table whose first two columns are the ends and whose third, if any, is
    the weight; any other is a benchmark's format or a list of edges. Vertices are any words; sorted, as numbers if all are,
    they become qubits 0, 1, ... UsageError names file and line: loops, edges given twice, weights that are no numbers.
    """
    if graph in _SIZED:
        n = 8 if n is None else n
        check_size(owner, n, least=3 if graph == "ring" else 2)
        pairs = _SIZED[graph](n)
        if len(pairs) > MAX_EDGES:
            raise UsageError(f"problem '{owner}': {graph} with n={n} has more than {MAX_EDGES} edges.")
    elif n is not None:
        raise UsageError(f"problem '{owner}': n={n} is for ring and complete; '{shortened(graph)}' has its own size.")
    elif graph in _FIXED:
        pairs = _FIXED[graph]
    elif looks_like_path(graph):
        return _read(Path(graph))
    else:
        raise unknown("graph", graph, [*_FIXED, *_SIZED, "./file.edges"])
    edges = {(min(pair), max(pair)): 1.0 for pair in pairs}
    return Graph([str(v) for v in range(1 + max(map(max, edges)))], edges)


def _read(path: Path) -> Graph:
    match path.suffix.lower():
        case ".graphml":
            declared, named = read_graphml(path)
        case ".csv" | ".tsv":
            declared, named = [], edge_table(path)
        case _:
            declared, named = benchmark_graph(path) or ([], edge_list(path))
    return _numbered(path, declared, named)


def _numbered(path: Path, declared: list[str], named: list[Edge]) -> Graph:
    seen: dict[frozenset[str], str] = {}
    weights: dict[tuple[str, str], float] = {}
    vertices: dict[str, str] = {}
    for word in declared:
        _vertex(str(path), word, vertices)
    for where, *ends, weight in named:
        u, v = (_vertex(where, str(word), vertices) for word in ends)
        if u == v:
            raise UsageError(f"{where}: the edge joins '{shortened(u)}' to itself.")
        if (pair := frozenset((u, v))) in seen:
            raise UsageError(f"{where}: the edge '{shortened(u)} {shortened(v)}' was given before, at {seen[pair]}.")
        seen[pair] = where
        weights[u, v] = weight
        if len(vertices) > MAX_QUBITS or len(weights) > MAX_EDGES:
            raise UsageError(f"{where}: too large; at most {MAX_QUBITS} vertices and {MAX_EDGES} edges are allowed.")
    if not any(weights.values()):
        raise UsageError(f"{path}: holds no edge with a weight.")
    if not math.isfinite(sum(map(abs, weights.values()))):
        raise UsageError(f"{path}: the weights are too large: their sum overflows.")
    numeric = all(re.fullmatch(r"-?[0-9]{1,18}", v) for v in vertices)
    order = sorted(vertices, key=int) if numeric else sorted(vertices)
    qubit = {vertex: q for q, vertex in enumerate(order)}
    return Graph(order, {(min(qubit[u], qubit[v]), max(qubit[u], qubit[v])): w for (u, v), w in weights.items()})


def _vertex(where: str, word: str, written: dict[str, str]) -> str:
    """A whole number in its shortest writing, any other word as it is; UsageError for a number `written` in two ways."""
    vertex = str(int(word)) if re.fullmatch(r"-?[0-9]{1,18}", word) else word
    if written.setdefault(vertex, word) != word:
        raise UsageError(f"{where}: '{word}' and '{written[vertex]}' are one number; write a vertex always the same way.")
    return vertex
