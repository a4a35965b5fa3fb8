"""A graph from a GraphML file (Brandes et al., 2002): undirected nodes, edges and the edges' `weight`; no document types."""

import re
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from hybrid.base.errors import UsageError, shortened
from hybrid.base.files import read_text
from hybrid.catalog.problems._edge_list import Edge
from hybrid.catalog.problems._inputs import finite, is_number

_REFUSED = {"hyperedge": "hyperedges", "port": "ports", "locator": "locators"}
_PARENTS = {"key": ("graphml",), "node": ("graph",), "edge": ("graph",), "data": ("graphml", "graph", "node", "edge")}
"""Where the elements that are read may stand."""
_NAMESPACES = ("", "http://graphml.graphdrawing.org/xmlns", "http://graphml.graphdrawing.org/xmlns/graphml")
"""None, the one of the definition, and the one of yEd before version 3."""
_NUMBERS = ("int", "long", "float", "double")


def read_graphml(path: Path) -> tuple[list[str], list[Edge]]:
    """Node names and edges. UsageError with file and line: not well-formed, a DTD, directed or nested graphs, hyperedges,
    ports, edges whose data name no `weight`, weights on some edges only, unknown or repeated nodes.

    yEd draws weights as labels: a number there is the weight where no key is named `weight`.
    """
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
        self._label = ""
        self._graphs = 0
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.XmlDeclHandler = self._declaration
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def finished(self) -> tuple[list[str], list[Edge]]:
        """What was read, ends checked against the nodes."""
        defaults = {value for value in self._weight_keys.values() if value is not None}
        if len(defaults) > 1:
            raise UsageError(f"{self._path}: keys named 'weight' have the defaults {sorted(defaults)}; one is needed.")
        bare = next((where for where, _, _, weight in self._edges if weight is None), "")
        if bare and not defaults and any(weight is not None for *_, weight in self._edges):
            raise UsageError(f"{bare}: the edge has no weight; give one to every edge or to none, or a default.")
        default = next(iter(defaults), 1.0)
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

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding and encoding.lower() not in ("utf-8", "us-ascii"):
            self._refuse(f"the encoding '{shortened(encoding)}'; a text file is read as UTF-8, and must say so")

    def _doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        self._refuse("has a document type (DTD), which is not allowed")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        (namespace, _, name), parent = tag.rpartition(" "), self._open[-1] if self._open else ""
        if namespace not in _NAMESPACES and name != "EdgeLabel":
            if not parent:
                self._refuse(f"the namespace '{shortened(namespace)}' is not that of GraphML, {_NAMESPACES[1]}")
            name = f"other {name}"
        self._open.append(name)
        self._text = ""
        if (name == "graphml") != (parent == ""):
            self._refuse(f"'{shortened(name)}' where GraphML begins with 'graphml'")
        if parent not in _PARENTS.get(name, (parent,)):
            self._refuse(f"{'an edge' if name == 'edge' else f'a {name}'} inside '{shortened(parent)}'")
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
                if attributes.get("directed") == "true":
                    self._refuse("a directed edge")
                ends = [self._attribute(attributes, end, "edge") for end in ("source", "target")]
                self._edge = [self._where, *ends, None]
            case "key":
                self._key(attributes)
            case "EdgeLabel":
                self._label = ""
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
        if attributes.get("for", "all") in ("edge", "all") and name.lower() == "weight":
            if kind not in _NUMBERS:
                self._refuse(f"the weight must be a number ({', '.join(_NUMBERS)}), not '{shortened(kind)}'")
            self._weight_keys[key] = None

    def _end(self, tag: str) -> None:
        name = self._open.pop()
        if name == "default" and (key := next(reversed(self._keys), "")) in self._weight_keys:
            self._weight_keys[key] = finite(self._where, "default weight", self._text.strip())
        elif name == "data" and self._data not in self._keys:
            self._refuse(f"the key '{shortened(self._data)}' is not declared")
        elif name == "data" and self._edge is not None and self._open[-1] == "edge":
            self._edge_data()
        elif name == "edge" and self._edge is not None:
            self._edges.append(tuple(self._edge))
            self._edge = None
        elif name == "EdgeLabel" and self._edge is not None:
            self._edge_label(self._label.strip())
        self._text = ""

    def _edge_label(self, text: str) -> None:
        assert self._edge is not None
        if self._weight_keys or not re.search("[0-9]", text):
            return
        if self._edge[3] is not None or not is_number(text):
            self._refuse(f"the label '{shortened(text)}' is no weight; give weights in a key named 'weight'")
        self._edge[3] = float(text)

    def _edge_data(self) -> None:
        assert self._edge is not None
        name, kind = self._keys[self._data]
        if self._data in self._weight_keys:
            if self._edge[3] is not None:
                self._refuse("the edge has two weights")
            self._edge[3] = finite(self._where, "weight", self._text.strip())
        elif not self._weight_keys and (kind in _NUMBERS or is_number(self._text.strip())):
            self._refuse(f"the edge carries the number '{shortened(name)}'; rename that key 'weight' if it is meant")

    def _characters(self, text: str) -> None:
        self._text += text
        if self._open and self._open[-1] == "EdgeLabel":  # its text goes before elements inside it
            self._label += text

    def _attribute(self, attributes: dict[str, str], name: str, element: str) -> str:
        value = attributes.get(name)
        if not value:
            self._refuse(f"a {element} has no '{name}'")
        return value
