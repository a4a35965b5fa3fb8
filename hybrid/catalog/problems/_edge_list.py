"""Edges from text: plain lists with an edge per line, and tables."""

import re
from pathlib import Path
from typing import NamedTuple

from hybrid.base.errors import UsageError, shortened
from hybrid.catalog.problems._inputs import finite, is_number, read_table, rows

COMMENTS = ("%", "//")
"""Line beginnings of comments, beside what follows `#`."""
DATA = re.compile(r"\{('weight': (?P<weight>[^,{}]*))?\}")
"""What networkx.write_edgelist writes after the ends of an edge."""
WEIGHTS = ("weight", "weights", "w", "capacity", "cost")

Line = tuple[str, list[str]]
"""Where it stands ("file:line") and its words."""


class Edge(NamedTuple):
    """Where an edge stands ("file:line"), its ends and its weight."""

    where: str
    u: str
    v: str
    weight: float


def lines_of(path: Path) -> list[Line]:
    """Every line that is neither empty nor a comment."""
    return [(where, words) for where, words in rows(path) if not words[0].startswith(COMMENTS)]


def edge_list(path: Path) -> list[Edge]:
    """`u v` on every line, or `u v weight` on every line; without weights every edge has weight 1.

    Lines that begin with `c` are comments where all vertices are numbers. UsageError names file and line: lines of different
    lengths, one line of words among numbers.
    """
    lines = [_without_braces(line) for line in lines_of(path)]
    named = [line for line in lines if line[1][0] != "c"]
    lines = named if all(map(_joins_numbers, named)) else lines
    words_only = [line for line in lines if not any(map(is_number, line[1][:2]))]
    if len(words_only) == 1 and sum(map(_joins_numbers, lines)) == len(lines) - 1 > 1:
        where, words = words_only[0]
        raise UsageError(
            f"{where}: '{shortened(' '.join(words))}' is no edge between numbers, as all others are; if it names columns or is "
            "a comment, begin it with #."
        )
    for where, words in lines:
        if len(words) not in (2, 3):
            raise UsageError(f"{where}: write 'u v' or 'u v weight', not '{shortened(' '.join(words))}'.")
        if len(words) != len(lines[0][1]):
            raise UsageError(
                f"{where}: '{shortened(' '.join(words))}' has {len(words)} words, the line at {lines[0][0]} has "
                f"{len(lines[0][1])}; write a weight on every line or on none."
            )
    return [edge_of(where, words) for where, words in lines]


def edge_table(path: Path) -> list[Edge]:
    """Two columns of vertices and at most one of weights; a first line that can only be an edge is no header.

    UsageError also for a first line that may be either.
    """
    table = read_table(path, lambda rows: _has_header(path, rows))
    names = list(table.columns)
    if len(names) not in (2, 3) or {name.lower() for name in names[:2]} & set(WEIGHTS):
        raise UsageError(
            f"{path}: a graph has two columns of vertices and after them at most one of weights, not {len(names)}: "
            f"{shortened(', '.join(names))}."
        )
    ends = zip(table.columns[names[0]], table.columns[names[1]], strict=True)
    weights = table.numbers(names[2], shortened(names[2])) if len(names) == 3 else [1.0] * len(table.where)
    return [Edge(where, u, v, weight) for where, (u, v), weight in zip(table.where, ends, weights, strict=True)]


def _has_header(path: Path, rows: list[list[str]]) -> bool:
    """Numbers name no columns, and neither do two vertices of the rows below."""
    first, *rest = rows
    known = {cell for row in rest for cell in row[:2]} & {*first[:2]}
    if all(map(is_number, first)) or (len(first) == 3 and is_number(first[2])) or len(known) == 2:
        return False
    if known:
        raise UsageError(
            f"{path}: the first line, '{shortened(', '.join(first))}', may name columns or be an edge, since "
            f"'{shortened(known.pop())}' is a vertex below; write names of columns, as in source,target."
        )
    return True


def edge_of(where: str, words: list[str]) -> Edge:
    """The edge `u v` or `u v weight`."""
    return Edge(where, words[0], words[1], finite(where, "weight", words[2]) if len(words) == 3 else 1.0)


def _joins_numbers(line: Line) -> bool:
    return all(map(is_number, line[1][:2]))


def _without_braces(line: Line) -> Line:
    """`u v {'weight': 2}` as `u v 2`, `u v {}` as `u v`."""
    where, words = line
    if len(words) < 3 or not words[2].startswith("{"):
        return line
    data = DATA.fullmatch(" ".join(words[2:]))
    if data is None:
        raise UsageError(f"{where}: of an edge's data only {{'weight': 2.5}} is read, not '{shortened(' '.join(words[2:]))}'.")
    return where, [*words[:2], *([data["weight"]] if data["weight"] else [])]
