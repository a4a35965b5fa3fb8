"""Weighted graphs: named ones, and those in edge lists, CSV and GraphML files.

Of GraphML (Brandes et al., 2002): undirected nodes, edges and the edges' `weight`; no document types.
"""

import math
import re
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from xml.parsers import expat

from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.base.files import looks_like_path, read_text
from hybrid.catalog.problems._edge_list import Edge, edge_list, edge_table
from hybrid.catalog.problems._inputs import MAX_QUBITS, check_size, finite

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
_REFUSED = {"hyperedge": "hyperedges", "port": "ports", "locator": "locators"}
_NUMBERS = ("int", "long", "float", "double")


class Graph(NamedTuple):
    """Vertices in qubit order, by the user's names, and the edges between qubits."""

    vertices: list[str]
    edges: Edges


def graph_of(owner: str, graph: str, n: int | None) -> Graph:
    """petersen, heawood, ring or complete (the last two with `n` vertices, 8 if not given), or a file.

    A `.graphml` file is GraphML, a `.csv` a table whose first two columns are the ends and whose third, if any, is the
    weight; any other is an edge list (see `edge_list`). Vertices are any words; sorted, as numbers if all
    are, they become qubits 0, 1, ... UsageError names file and line: loops, edges given twice, weights that are no numbers.
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
    isolated: list[str] = []
    match path.suffix.lower():
        case ".graphml":
            isolated, named = read_graphml(path)
        case ".csv":
            named = edge_table(path)
        case _:
            named = edge_list(path)
    return _numbered(path, isolated, named)


def _numbered(path: Path, isolated: list[str], named: list[Edge]) -> Graph:
    seen: dict[frozenset[str], str] = {}
    weights: dict[tuple[str, str], float] = {}
    vertices = {_plain(word): None for word in isolated}
    for where, *ends, weight in named:
        u, v = (_plain(str(word)) for word in ends)
        if u == v:
            raise UsageError(f"{where}: the edge joins '{shortened(u)}' to itself.")
        if (pair := frozenset((u, v))) in seen:
            raise UsageError(f"{where}: the edge '{shortened(u)} {shortened(v)}' was given before, at {seen[pair]}.")
        seen[pair] = where
        weights[u, v] = weight
        vertices |= {u: None, v: None}
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


def _plain(word: str) -> str:
    """A whole number in its shortest writing, any other word as it is."""
    return str(int(word)) if re.fullmatch(r"-?[0-9]{1,18}", word) else word


def read_graphml(path: Path) -> tuple[list[str], list[Edge]]:
    """Node names and edges. UsageError with file and line: not well-formed, a DTD, directed or nested graphs, hyperedges,
    ports, edges whose data name no `weight`, unknown or repeated nodes."""
    reader = _Reader(path)
    text = read_text(path)
    try:
        reader.parser.Parse(text.removeprefix("\ufeff").encode("utf-8"), True)
    except expat.ExpatError as error:
        what = expat.errors.messages[error.code]
        raise UsageError(f"{path}:{error.lineno}: not well-formed XML: {what}.") from None
    return reader.finished()


class _Reader:
    """The handlers of one parse; a document type is refused before its entities could expand."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: list[str] = []
        self._nodes: dict[str, None] = {}
        self._edges: list[tuple[str, str, str, float | None]] = []
        self._edge: list[Any] | None = None
        self._keys: dict[str, tuple[str, str]] = {}
        self._weight_keys: dict[str, float | None] = {}  # networkx writes one for whole numbers and one for others
        self._text = ""
        self._data = ""
        self._graphs = 0
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def finished(self) -> tuple[list[str], list[Edge]]:
        """What was read, ends checked against the nodes."""
        defaults = {value for value in self._weight_keys.values() if value is not None} or {1.0}
        if len(defaults) > 1:
            raise UsageError(f"{self._path}: keys named 'weight' have the defaults {sorted(defaults)}; one is needed.")
        (default,) = defaults
        if self._graphs != 1:
            raise UsageError(f"{self._path}: holds {self._graphs} graphs, one is needed.")
        for where, u, v, _ in self._edges:
            for end in (u, v):
                if end not in self._nodes:
                    raise UsageError(f"{where}: the edge ends at '{shortened(end)}', which is not a node.")
        return list(self._nodes), [Edge(at, u, v, default if w is None else w) for at, u, v, w in self._edges]

    @property
    def _where(self) -> str:
        return f"{self._path}:{self.parser.CurrentLineNumber}"

    def _refuse(self, what: str) -> NoReturn:
        raise UsageError(f"{self._where}: {what}.")

    def _doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        self._refuse("has a document type (DTD), which is not allowed")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name, parent = tag.rpartition(" ")[2], self._open[-1] if self._open else ""
        self._open.append(name)
        self._text = ""
        if (name == "graphml") != (parent == ""):
            self._refuse(f"'{shortened(name)}' where GraphML begins with 'graphml'")
        match name:
            case "graph":
                self._graphs += 1
                if parent != "graphml" or self._graphs > 1:
                    self._refuse("more than one graph, or a nested one")
                if attributes.get("edgedefault") != "undirected":
                    self._refuse('the graph must say edgedefault="undirected"')
            case "node":
                node = self._attribute(attributes, "id", "node")
                if node in self._nodes:
                    self._refuse(f"the node '{shortened(node)}' was given before")
                self._nodes[node] = None
            case "edge":
                if parent != "graph":
                    self._refuse(f"an edge inside '{shortened(parent)}'")
                if attributes.get("directed") == "true":
                    self._refuse("a directed edge")
                ends = [self._attribute(attributes, end, "edge") for end in ("source", "target")]
                self._edge = [self._where, *ends, None]
            case "key":
                self._key(attributes)
            case "data":
                self._data = self._attribute(attributes, "key", "data")
            case _ if name in _REFUSED:
                self._refuse(f"{_REFUSED[name]} are not read")

    def _key(self, attributes: dict[str, str]) -> None:
        key, name = self._attribute(attributes, "id", "key"), attributes.get("attr.name", "")
        if key in self._keys:
            self._refuse(f"the key '{shortened(key)}' was given before")
        kind = attributes.get("attr.type", "string")
        self._keys[key] = (name, kind)
        if attributes.get("for", "all") in ("edge", "all") and name == "weight":
            if kind not in _NUMBERS:
                self._refuse(f"the weight must be a number ({', '.join(_NUMBERS)}), not '{shortened(kind)}'")
            self._weight_keys[key] = None

    def _end(self, tag: str) -> None:
        name = self._open.pop()
        if name == "default" and (key := next(reversed(self._keys), "")) in self._weight_keys:
            self._weight_keys[key] = finite(self._where, "default weight", self._text.strip())
        elif name == "data" and self._edge is not None and self._open[-1] == "edge":
            self._edge_data()
        elif name == "edge" and self._edge is not None:
            self._edges.append(tuple(self._edge))
            self._edge = None

    def _edge_data(self) -> None:
        assert self._edge is not None
        if self._data not in self._keys:
            self._refuse(f"the key '{shortened(self._data)}' is not declared")
        name, kind = self._keys[self._data]
        if self._data in self._weight_keys:
            if self._edge[3] is not None:
                self._refuse("the edge has two weights")
            self._edge[3] = finite(self._where, "weight", self._text.strip())
        elif kind in _NUMBERS and not self._weight_keys:
            self._refuse(f"the edge carries the number '{shortened(name)}'; rename that key 'weight' if it is meant")

    def _characters(self, text: str) -> None:
        self._text += text

    def _attribute(self, attributes: dict[str, str], name: str, element: str) -> str:
        value = attributes.get(name)
        if not value:
            self._refuse(f"a {element} has no '{name}'")
        return value
