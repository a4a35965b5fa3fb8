"""Graphs in the formats of benchmark collections: G-set (rudy), DIMACS, Matrix Market and METIS; others are refused by name.

G-set: Helmberg and Rendl, SIAM J. Optim. 10, 673, 2000. DIMACS: Johnson and Trick, 1996. Matrix Market: Boisvert et al.,
NISTIR 5935, 1996. METIS: Karypis, manual 5.1, section 4.1.1.
"""

import re
from pathlib import Path

from hybrid.base.errors import UsageError, shortened
from hybrid.base.files import read_text
from hybrid.catalog.problems._edge_list import COMMENTS, Edge, Line, edge_of, lines_of
from hybrid.catalog.problems._inputs import MAX_QUBITS

METIS, DIMACS, GSET = (".graph", ".metis"), (".col", ".clq"), (".mc", ".rud", ".rudy")
"""Endings of names whose files are read as nothing else: one that is cut off may look like a list of edges."""
FOREIGN = {
    r"\*(vertices|network)\b": "Pajek",
    r"(creator\b.*|graph\s*(\[.*)?)$": "GML",
    r"(strict\s+)?(di)?graph\b.*\{": "DOT",
    r"leda\.graph\b": "LEDA",
    r"<": "XML (GraphML files end in .graphml)",
    r"[{\[]": "JSON",
}
"""How the first line of a format that is not read begins, and its name."""

Listed = tuple[list[str], list[Edge]]
"""All vertices that the file declares, and its edges."""


def benchmark_graph(path: Path) -> Listed | None:
    """The graph of a file in one of these formats, isolated vertices included; None for a plain list.

    UsageError names file and line: counts that are wrong, a first line of two numbers that may be either an edge or a header,
    directed graphs, weights of vertices.
    """
    lines = lines_of(path)
    first = next((line.strip() for line in read_text(path).removeprefix("\ufeff").splitlines() if line.strip()), "")
    if first.lower().startswith("%%matrixmarket"):
        return _matrix_market(path, first.lower().split(), lines)
    for beginning, name in FOREIGN.items():
        if re.match(beginning, first, re.IGNORECASE):
            raise UsageError(f"{path}: {name} is not read; networkx converts it to GraphML or to a list of edges.")
    suffix = path.suffix.lower()
    if suffix in DIMACS or _is_dimacs(lines):
        return _dimacs(path, lines)
    if suffix in METIS or _is_metis(path):
        return _metis(path)
    return _gset(path, lines) if suffix in GSET or (lines and _is_header(lines)) else None


def _is_count(word: str) -> bool:
    return re.fullmatch("[0-9]{1,9}", word) is not None


def _vertices(where: str, count: str) -> list[str]:
    """The names of so many vertices, numbered from 1."""
    if int(count) > MAX_QUBITS:
        raise UsageError(f"{where}: {shortened(count)} vertices are too large a graph; at most {MAX_QUBITS} are allowed.")
    return [str(v) for v in range(1, int(count) + 1)]


def _counted(where: str, said: str, found: int, what: str = "edges") -> None:
    if int(said) != found:
        raise UsageError(f"{where}: says {shortened(said)} {what}, {found} follow.")


def _once(edges: list[Edge]) -> list[Edge]:
    """Every edge once where each is given in both directions with one weight; otherwise as they are."""
    weights = {(edge.u, edge.v): edge.weight for edge in edges}
    if len(weights) < len(edges) or any(weights.get((v, u)) != weight for (u, v), weight in weights.items()):
        return edges
    return [edge for edge in edges if int(edge.u) <= int(edge.v)]


def _is_header(lines: list[Line]) -> bool:
    """Whether the first line says how many vertices and edges follow (G-set); UsageError where it may be an edge as well."""
    (where, first), *rest = lines
    if len(first) != 2 or not all(_is_count(word) for word in first):
        return False
    vertices, edges = map(int, first)
    if not rest and 1 <= edges <= vertices * (vertices - 1) // 2:
        raise UsageError(
            f"{where}: '{' '.join(first)}' may be an edge, or the number of vertices and edges in a file that is cut off; give "
            "an edge a weight."
        )
    labels = [word for _, words in rest for word in words[:2]]
    if not all(_is_count(word) and 1 <= int(word) <= vertices for word in labels):
        return False
    widths = {len(words) for _, words in rest}
    if widths == {2} and edges == len(rest):
        raise UsageError(
            f"{where}: '{' '.join(first)}' may be an edge, or the number of vertices and edges; write the edge as "
            f"'{' '.join(first[::-1])}', or begin the line with #."
        )
    return widths == {3}


def _gset(path: Path, lines: list[Line]) -> Listed:
    """`VERTICES EDGES`, then `u v weight`."""
    (where, head), *rest = lines or [(f"{path}:1", [])]
    if len(head) != 2 or not all(map(_is_count, head)):
        raise UsageError(f"{where}: a G-set file begins with 'VERTICES EDGES'; name a list of edges {path.stem}.edges.")
    vertices, edges = head
    _counted(where, edges, len(rest))
    for at, words in rest:
        if len(words) != 3:
            raise UsageError(f"{at}: write 'u v weight', not '{shortened(' '.join(words))}'.")
        _check_ends(at, words[:2], vertices, where)
    return _vertices(where, vertices), [edge_of(at, words) for at, words in rest]


def _is_dimacs(lines: list[Line]) -> bool:
    if any(words[0] == "p" and len(words) == 4 for _, words in lines):
        return True
    rest = [words for _, words in lines if words[0] not in ("c", "p")]
    return bool(rest) and all(
        words[0] in ("e", "a") and len(words) > 2 and _is_count(words[1]) and _is_count(words[2]) for words in rest
    )


def _dimacs(path: Path, lines: list[Line]) -> Listed:
    """Lines `c` are comments, `p KIND VERTICES EDGES` comes once and first, then `e u v`, or `a u v weight`."""
    (where, head), *rest = [(where, words) for where, words in lines if words[0] != "c"] or [(f"{path}:1", [""])]
    if head[0] != "p" or len(head) != 4 or not (_is_count(head[2]) and _is_count(head[3])):
        raise UsageError(f"{where}: a DIMACS file begins with 'p edge VERTICES EDGES'.")
    vertices, edges = head[2:]
    for at, words in rest:
        if (words[0], len(words)) not in (("e", 3), ("e", 4), ("a", 4)):
            raise UsageError(f"{at}: write 'e u v' or 'e u v weight', not '{shortened(' '.join(words))}'.")
        if len(words) != len(rest[0][1]):
            raise UsageError(f"{at}: write a weight on every line or on none, not '{shortened(' '.join(words))}'.")
        _check_ends(at, words[1:3], vertices, where)
    _counted(where, edges, len(rest))
    return _vertices(where, vertices), _once([edge_of(at, words[1:]) for at, words in rest])


def _check_ends(at: str, ends: list[str], vertices: str, where: str) -> None:
    if not all(_is_count(word) and 1 <= int(word) <= int(vertices) for word in ends):
        raise UsageError(f"{at}: vertices are numbers from 1 to {vertices}, as {where} says.")


def _matrix_market(path: Path, banner: list[str], lines: list[Line]) -> Listed:
    """A sparse symmetric matrix: an edge per entry below (or above) the diagonal; `general` gives every edge twice."""
    kind = " ".join(banner[1:])
    if not re.fullmatch(r"matrix coordinate (real|integer|pattern) (symmetric|general)", kind):
        raise UsageError(
            f"{path}:1: a graph is a Matrix Market 'matrix coordinate real|integer|pattern symmetric|general', not "
            f"'{shortened(kind)}'."
        )
    if not lines or len(lines[0][1]) != 3 or not all(_is_count(word) for word in lines[0][1]):
        raise UsageError(f"{path}: after its comments a Matrix Market file has the line 'ROWS COLUMNS ENTRIES'.")
    (where, (vertices, columns, entries)), *rest = lines
    if int(columns) != int(vertices):
        raise UsageError(f"{where}: a graph's matrix is square, not {shortened(vertices)} by {shortened(columns)}.")
    width = 2 if "pattern" in banner else 3
    for at, words in rest:
        if len(words) != width:
            raise UsageError(f"{at}: write {'row column' if width == 2 else 'row column value'}, not '{' '.join(words)}'.")
        _check_ends(at, words[:2], vertices, where)
    _counted(where, entries, len(rest), "entries")
    edges = [edge_of(at, words) for at, words in rest]
    once = _once(edges)
    if banner[-1] == "general" and len(once) == len(edges) and not all(edge.u == edge.v for edge in edges):
        raise UsageError(f"{path}:1: the matrix is not symmetric: a directed graph is not read.")
    return _vertices(where, vertices), once if banner[-1] == "general" else edges


def _adjacency(path: Path) -> list[Line]:
    """The lines of a METIS file, empty ones after the header included: a vertex without neighbours."""
    numbered = enumerate(read_text(path).removeprefix("\ufeff").splitlines(), 1)
    kept = [(f"{path}:{number}", line.split()) for number, line in numbered if not line.lstrip().startswith(COMMENTS)]
    while kept and not kept[0][1]:
        kept.pop(0)
    size = int(kept[0][1][0]) + 1 if kept and _is_count(kept[0][1][0]) else 1
    while len(kept) > size and not kept[-1][1]:
        kept.pop()
    return kept


def _is_metis(path: Path) -> bool:
    """Whether the first line counts the lines after it and the neighbours on them, and is no header of a list of edges."""
    (_, head), *rest = _adjacency(path) or [("", [])]
    if not 2 <= len(head) <= 4 or not all(_is_count(word) for word in head):
        return False
    words = [word for _, words in rest for word in words]
    total = 2 * int(head[1]) * (2 if len(head) > 2 and head[2].endswith("1") else 1)
    fits = bool(words) and len(rest) == int(head[0]) and len(words) == total and all(_is_count(word) for word in words)
    return fits and not (len(head) == 2 and {len(words) for _, words in rest} == {2})


def _metis(path: Path) -> Listed:
    """`VERTICES EDGES [FORMAT]`, then the neighbours of vertex 1, 2, ... each on its line, with weights where FORMAT is 1."""
    (where, head), *rest = _adjacency(path) or [(f"{path}:1", [])]
    if len(head) not in (2, 3, 4) or not all(_is_count(word) for word in head):
        raise UsageError(f"{where}: a METIS file begins with 'VERTICES EDGES'; name a list of edges {path.stem}.edges.")
    vertices, edges, style = head[0], head[1], int((head[2:] or ["0"])[0])
    if style not in (0, 1):
        raise UsageError(f"{where}: METIS format {style} gives weights or sizes to vertices, which are not read.")
    names = _vertices(where, vertices)
    _counted(where, vertices, len(rest), "vertices, each with a line")
    found = []
    for name, (at, words) in zip(names, rest, strict=True):
        if len(words) % (1 + style):
            raise UsageError(f"{at}: a neighbour has no weight.")
        _check_ends(at, words[:: 1 + style], vertices, where)
        weights = words[1::2] if style else ["1"] * len(words)
        found += [edge_of(at, [name, v, weight]) for v, weight in zip(words[:: 1 + style], weights, strict=True)]
    once = _once(found)
    if 2 * len(once) != len(found):
        raise UsageError(f"{path}: of every edge both ends must name each other, once and with one weight.")
    _counted(where, edges, len(once))
    return names, once
