"""Graphs: networkx for lists of edges, ElementTree for GraphML, the definitions of the others."""

import ast
import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import numpy as np

from hybrid.base.types import Problem
from readers import need

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def real(word: str) -> float:
    """A decimal number."""
    need(NUMBER.fullmatch(word), f"the number {word!r}")
    return float(word)


def text_of(path: Path) -> str:
    """As every program reads it: UTF-8, lines that end with LF, CR LF or CR."""
    with path.open(encoding="utf-8-sig", newline=None) as file:
        return file.read()


def lines_of(path: Path, comments: str) -> list[list[str]]:
    """The words of every line that neither is empty nor begins as a comment."""
    lines = [line.split("#")[0] if "#" in comments else line for line in text_of(path).split("\n")]
    return [line.split() for line in lines if line.strip() and not re.match(rf"\s*({comments})", line)]


def edge_list(path: Path) -> nx.Graph:
    """networkx' own reading; `c` begins comments among edges between numbers."""
    rows = lines_of(path, "#|%|//")
    if all(NUMBER.fullmatch(word) for row in rows if row[0] != "c" for word in row[:2]):
        rows = [row for row in rows if row[0] != "c"]
    need(len({2 if len(row) == 2 or row[2] == "{}" else 3 for row in rows}) == 1, "lines of different lengths")
    for row in rows:
        data = ast.literal_eval(" ".join(row[2:])) if len(row) > 2 and row[2][0] == "{" else {}
        need(not data.keys() - {"weight"}, data)
        row[2:] = [str(data["weight"])] if data else [] if row[2:] == ["{}"] else row[2:]
    need(all(len(row) in (2, 3) for row in rows), rows)
    weights: Any = [("weight", real)] if len(rows[0]) == 3 else False
    read = nx.parse_edgelist([" ".join(row) for row in rows], data=weights)
    need(read.number_of_edges() == len(rows), "an edge twice")
    return read


def graphml(path: Path) -> nx.Graph:
    """By ElementTree: edges and their data, for which a key of edges called weight may have a default."""
    root = ElementTree.fromstring(text_of(path))
    for element in root.iter():
        element.tag = re.sub(r"^\{http://graphml\.graphdrawing\.org/xmlns\}", "", element.tag)
    (graph,) = root.findall("graph")
    need(root.tag == "graphml" and len([*root.iter("edge")]) == len(graph.findall("edge")), "edges elsewhere")
    need(
        graph.get("edgedefault") == "undirected" and len([*root.iter("node")]) == len(graph.findall("node")), "nodes elsewhere"
    )
    weights = {}
    for key in root.findall("key"):
        if key.get("for", "all") in ("edge", "all") and key.get("attr.name", "").lower() == "weight":
            weights[key.get("id")] = None if key.find("default") is None else real(key.findtext("default", "").strip())
    read = nx.Graph()
    read.add_nodes_from(str(node.get("id")) for node in graph.findall("node"))
    for edge in graph.findall("edge"):
        ends = str(edge.get("source")), str(edge.get("target"))
        need(edge.get("directed") != "true" and {*ends} <= {*read} and not read.has_edge(*ends), ends)
        given = [real((data.text or "").strip()) for data in edge.findall("data") if data.get("key") in weights]
        need(len(given) < 2, "two weights")
        read.add_edge(*ends, weight=next(iter([*given, *(w for w in weights.values() if w is not None)]), None))
    need(len({weight is None for *_, weight in read.edges(data="weight")}) < 2, "some edges have no weight")
    return read


def table(path: Path) -> nx.Graph:
    """A CSV table, its first row a header unless it can only be an edge."""
    rows = csv_rows(path)
    below = {cell for row in rows[1:] for cell in row[:2]}
    if not (
        all(map(NUMBER.fullmatch, rows[0])) or {*rows[0][:2]} <= below or (len(rows[0]) == 3 and NUMBER.fullmatch(rows[0][2]))
    ):
        rows = rows[1:]
    need(len({len(row) for row in rows}) == 1 and len(rows[0]) in (2, 3), "rows of different lengths")
    return weighted([(row[0], row[1], real(row[2]) if len(row) == 3 else 1.0) for row in rows])


def csv_rows(path: Path) -> list[list[str]]:
    """Python's csv, with comments on lines of their own; semicolons or tabs where the first line has no comma."""
    text = "\n".join(line for line in text_of(path).split("\n") if line.strip() and not line.lstrip().startswith("#"))
    first = text.split("\n")[0]
    comma = next((one for one in ",;\t" if one in first), ",")
    return [
        [cell.strip() for cell in row]
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=comma, skipinitialspace=True)
    ]


def weighted(edges: list[tuple[str, str, float]], vertices: int = 0) -> nx.Graph:
    """A graph of vertices 1, 2, ..., and others that edges name; every edge once."""
    read = nx.Graph()
    read.add_nodes_from(map(str, range(1, vertices + 1)))
    for u, v, weight in edges:
        need(u != v and not read.has_edge(u, v), f"{u} {v} twice, or a loop")
        read.add_edge(u, v, weight=weight)
    need(not vertices or len(read) == vertices, "vertices beyond those that are counted")
    return read


def rudy(path: Path) -> nx.Graph:
    """G-set: VERTICES EDGES, then u v weight."""
    rows = lines_of(path, "#|%|//")
    (vertices, edges), *rest = rows
    need(len(rest) == int(edges) and all(len(row) == 3 for row in rest), "other counts")
    return weighted([(str(int(u)), str(int(v)), real(weight)) for u, v, weight in rest], int(vertices))


def dimacs(path: Path) -> nx.Graph:
    """p edge VERTICES EDGES, then e u v; every edge once, or all in both directions."""
    head, *rest = lines_of(path, "#|%|//|c\\b")
    need(head[0] == "p" and len(head) == 4 and int(head[3]) == len(rest), head)
    arcs = [(str(int(row[1])), str(int(row[2])), real(row[3]) if len(row) == 4 else 1.0) for row in rest]
    need(all(row[0] in ("e", "a") and len(row) == len(rest[0]) for row in rest), "other lines")
    both = {(u, v, w) for u, v, w in arcs} == {(v, u, w) for u, v, w in arcs} and len(set(arcs)) == len(arcs)
    return weighted([arc for arc in arcs if not both or int(arc[0]) < int(arc[1])], int(head[2]))


def matrix_market(path: Path) -> nx.Graph:
    """The banner, ROWS COLUMNS ENTRIES, then ROW COLUMN [VALUE]; by hand, since SciPy's reader crashes on damaged files."""
    banner, *_ = text_of(path).lstrip().lower().split("\n")
    if not banner.startswith("%%matrixmarket"):
        return edge_list(path)
    head, *rest = lines_of(path, "#|%|//")
    n, columns, entries = map(int, head)
    need(n == columns and len(rest) == entries, head)
    width = 2 if "pattern" in banner.split() else 3
    need(all(len(row) == width for row in rest), "other lines")
    given = [(int(row[0]), int(row[1]), real(row[2]) if width == 3 else 1.0) for row in rest]
    values = {(i, j): value for i, j, value in given}
    need(len(values) == len(given), "an entry twice")
    if banner.split()[-1] == "symmetric":
        given = [(j, i, value) for i, j, value in given]
    else:
        need(all(values.get((j, i)) == value for (i, j), value in values.items()), "no symmetric matrix")
        given = [(i, j, value) for i, j, value in given if i <= j]
    return weighted([(str(i), str(j), value) for i, j, value in given], n)


def metis(path: Path) -> nx.Graph:
    """VERTICES EDGES [FORMAT], then the neighbours of every vertex on its line."""
    lines = [line.split() for line in text_of(path).split("\n") if not re.match(r"\s*(%|//)", line)]
    while not lines[0]:
        lines.pop(0)
    head, count = lines[0], int(lines[0][0])
    step = 2 if len(head) > 2 and int(head[2]) == 1 else 1
    need(len(head) in (2, 3) and not any(lines[count + 1 :]), head)
    rows = lines[1 : count + 1] + [[]] * (count + 1 - len(lines))
    ends: dict[tuple[int, int], float] = {}
    for u, row in enumerate(rows, 1):
        for k in range(0, len(row), step):
            need((u, int(row[k])) not in ends, "a neighbour twice")
            ends[u, int(row[k])] = real(row[k + 1]) if step == 2 else 1.0
    need(all(ends.get((v, u)) == weight for (u, v), weight in ends.items()), "one-way edges")
    once = [(str(u), str(v), weight) for (u, v), weight in ends.items() if u <= v]
    need(len(once) == int(head[1]), "another number of edges")
    return weighted(once, count)


def in_order(names: list[str]) -> list[str]:
    """By number where all are numbers."""
    return sorted(names, key=int) if all(re.fullmatch("-?[0-9]{1,18}", name) for name in names) else sorted(names)


def diagonal(problem: Problem, x: np.ndarray) -> float:
    """The Hamiltonian, which is a sum of products of Z, in one basis state."""
    assert not problem.hamiltonian.paulis.x.any()
    return float((problem.hamiltonian.coeffs.real * (-1.0) ** (problem.hamiltonian.paulis.z @ x)).sum())


def agrees(read: Callable[[Path], nx.Graph], *, independent: bool = False) -> Callable[[Path, Problem], None]:
    """Cuts, or independent sets, of the graph that was read twice, at random choices, with the names of the vertices."""

    def agree(path: Path, found: Problem) -> None:
        graph = read(path)
        names = in_order([*graph])
        place = {name: i for i, name in enumerate(names)}
        edges = [(place[u], place[v], 1.0 if weight is None else float(weight)) for u, v, weight in graph.edges(data="weight")]
        assert found.n_qubits == len(names)
        rng, scale = np.random.default_rng(0), sum(abs(weight) for *_, weight in edges) + len(names)
        for x in rng.integers(0, 2, (8, len(names))):
            if independent:
                value = -x.sum() + 1.1 * sum(x[u] * x[v] for u, v, _ in edges)
            else:
                value = -sum(weight for u, v, weight in edges if x[u] != x[v])
            assert abs(diagonal(found, x) - value) <= 1e-12 * scale, "another value"  # sums of doubles, in another order
            assert found.decode is not None
            said = found.decode(sum(1 << int(i) for i in np.flatnonzero(x)))
            chosen = [name for name, bit in zip(names, x, strict=True) if bit == (1 if independent else x[0])]
            text = said.partition(": ")[2]
            assert (text.partition(" NOT ")[0] if independent else text.partition("} | {")[0][1:]) == " ".join(chosen), said

    return agree
