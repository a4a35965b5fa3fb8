"""Edges from text: lists of edges, the two formats of MaxCut benchmarks, and tables."""

import re
from pathlib import Path
from typing import NamedTuple

from hybrid.base.errors import UsageError, shortened
from hybrid.catalog.problems._inputs import finite, read_table, rows

COMMENTS = ("%", "//")
"""Line beginnings of comments, beside what follows `#`."""


class Edge(NamedTuple):
    """Where an edge stands ("file:line"), its ends and its weight."""

    where: str
    u: str
    v: str
    weight: float


def edge_list(path: Path) -> list[Edge]:
    """`u v` or `u v weight` per line; G-set (rudy), whose first line is "vertices edges"; DIMACS, with lines `p` and `e`.

    An edge without a weight has weight 1. UsageError names file and line: a header whose counts are wrong, a first line of two
    numbers that may be either an edge or a header.
    """
    lines = [(where, words) for where, words in rows(path) if not words[0].startswith(COMMENTS)]
    if any(words[0] == "p" and len(words) == 4 for _, words in lines):
        return _dimacs(path, lines)
    if lines and _is_header(lines):
        lines = lines[1:]
    for where, words in lines:
        if len(words) not in (2, 3):
            raise UsageError(f"{where}: write 'u v' or 'u v weight', not '{shortened(' '.join(words))}'.")
    return [_edge(where, words) for where, words in lines]


def edge_table(path: Path) -> list[Edge]:
    """Two columns of vertices and at most one of weights; a first line of numbers alone is an edge, not a header."""
    table = read_table(path)
    names = list(table.columns)
    if len(names) not in (2, 3):
        raise UsageError(
            f"{path}: a graph has two columns of vertices and at most one of weights, not {len(names)}: "
            f"{shortened(', '.join(names))}."
        )
    ends = zip(table.columns[names[0]], table.columns[names[1]], strict=True)
    weights = table.numbers(names[2], shortened(names[2])) if len(names) == 3 else [1.0] * len(table.where)
    edges = [Edge(where, u, v, weight) for where, (u, v), weight in zip(table.where, ends, weights, strict=True)]
    return [_edge(f"{path}:1", names), *edges] if all(map(_is_number, names)) else edges


def _edge(where: str, words: list[str]) -> Edge:
    return Edge(where, words[0], words[1], finite(where, "weight", words[2]) if len(words) == 3 else 1.0)


def _is_number(word: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]+([.][0-9]*)?", word) is not None


def _is_header(lines: list[tuple[str, list[str]]]) -> bool:
    """Whether the first line says how many vertices and edges follow (G-set); UsageError where it may be an edge as well."""
    (where, first), *rest = lines
    if len(first) != 2 or not rest or not all(word.isdecimal() for word in first):
        return False
    vertices, edges = map(int, first)
    labels = [word for _, words in rest for word in words[:2]]
    if not all(word.isdecimal() and 1 <= int(word) <= vertices for word in labels):
        return False
    widths = {len(words) for _, words in rest}
    if widths == {3} and edges != len(rest):
        raise UsageError(f"{where}: says {edges} edges, {len(rest)} follow.")
    if widths == {2} and edges == len(rest):
        raise UsageError(
            f"{where}: '{' '.join(first)}' may be an edge, or the number of vertices and edges; write the edge as "
            f"'{' '.join(first[::-1])}', or begin the line with #."
        )
    return widths == {3}


def _dimacs(path: Path, lines: list[tuple[str, list[str]]]) -> list[Edge]:
    """Lines `c` are comments, `p KIND VERTICES EDGES` comes once and first, then `e u v`, or `a u v weight`."""
    kept = [(where, words) for where, words in lines if words[0] != "c"]
    (where, (mark, *_, vertices, edges)), *rest = kept
    if mark != "p" or not (vertices.isdecimal() and edges.isdecimal()):
        raise UsageError(f"{where}: a DIMACS file begins with 'p edge VERTICES EDGES'.")
    for at, words in rest:
        if (words[0], len(words)) not in (("e", 3), ("e", 4), ("a", 4)):
            raise UsageError(f"{at}: write 'e u v' or 'e u v weight', not '{shortened(' '.join(words))}'.")
        if not all(word.isdecimal() and 1 <= int(word) <= int(vertices) for word in words[1:3]):
            raise UsageError(f"{at}: vertices are numbers from 1 to {vertices}, as {where} says.")
    if len(rest) != int(edges):
        raise UsageError(f"{where}: says {edges} edges, {len(rest)} follow.")
    return [_edge(at, words[1:]) for at, words in rest]
