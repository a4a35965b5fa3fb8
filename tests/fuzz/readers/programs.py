"""Tables, QUBO and LP files: RFC 4180, JSON and the CPLEX LP format, read by hand; values compared at random choices."""

import json
import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hybrid.base.types import Dataset, Problem
from readers import NotCompared, need
from readers.graphs import csv_rows, diagonal, in_order, lines_of, real, text_of


class Program(NamedTuple):
    """What a file says: names of the bits, the reported value of a choice, and whether it is allowed."""

    names: list[str]
    value: Callable[[np.ndarray], float]
    allowed: Callable[[np.ndarray], bool]
    scale: float


def agrees(read: Callable[[Path], Program]) -> Callable[[Path, Problem], None]:
    """Values and feasibility at random choices, and the Hamiltonian where nothing is forbidden."""

    def agree(path: Path, found: Problem) -> None:
        program = read(path)
        n = len(program.names)
        assert found.choices is not None and found.choices.n_variables == n <= 63
        for x in np.random.default_rng(0).integers(0, 2, (16, n)):
            outcome = np.array([sum(1 << int(i) for i in np.flatnonzero(x))], dtype=np.uint64)
            assert found.choices.feasible(outcome)[0] == program.allowed(x), "allowed by one"
            tolerance = 1e-12 * program.scale  # sums of doubles, in another order
            assert abs(found.choices.objective(outcome)[0] - program.value(x)) <= tolerance, "another value"
            if not found.choices.penalty:
                assert abs(found.sign * diagonal(found, x) - program.value(x)) <= tolerance, "another Hamiltonian"

    return agree


def always(x: np.ndarray) -> bool:
    """Every choice is allowed."""
    return True


def columns(path: Path) -> dict[str, list[str]]:
    """A table by the names in its header."""
    names, *rows = csv_rows(path)
    need(len(set(names)) == len(names) and rows and all(len(row) == len(names) for row in rows), "no table")
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def knapsack(path: Path) -> Program:
    """Values and whole weights, at most 4 in all."""
    table = columns(path)
    values, weights = ([real(cell) for cell in table[name]] for name in ("value", "weight"))
    need(all(weight == int(weight) > 0 for weight in weights), weights)
    return Program(table["item"], lambda x: float(x @ values), lambda x: bool(x @ weights <= 4), sum(map(abs, values)))


def number_partition(path: Path) -> Program:
    """The squared difference of two parts."""
    table = columns(path)
    weights = np.array([real(cell) for cell in table["weight"]])
    return Program(table["item"], lambda x: float(((1 - 2 * x) @ weights) ** 2), always, np.abs(weights).sum() ** 2)


def prices(path: Path) -> Program:
    """Mean and covariance of relative changes; two assets in equal shares."""
    dates, *assets = columns(path).items()
    for before, after in pairwise(dates[1]):
        need(not (len(before) == len(after) == 10 and before[4] == after[4] == "-") or before < after, "not oldest first")
    table = np.array([[real(cell) for cell in cells] for _, cells in assets])
    changes = (table[:, 1:] - table[:, :-1]) / table[:, :-1]
    away = changes - changes.mean(axis=1, keepdims=True)
    return portfolio([name for name, _ in assets], changes.mean(axis=1), away @ away.T / (changes.shape[1] - 1))


def covariances(path: Path) -> Program:
    """Returns and a symmetric matrix."""
    table = columns(path)
    matrix = np.array([[real(cell) for cell in table[name]] for name in table["asset"]])
    need(np.allclose(matrix, matrix.T) and {*table} == {"asset", "return", *table["asset"]}, "no symmetric matrix")
    return portfolio(table["asset"], np.array([real(cell) for cell in table["return"]]), matrix)


def portfolio(names: list[str], returns: np.ndarray, matrix: np.ndarray) -> Program:
    """Return less variance of two assets."""

    def value(x: np.ndarray) -> float:
        return float(x @ returns / 2 - x @ matrix @ x / 4)

    return Program(names, value, lambda x: x.sum() == 2, 1e3 * (np.abs(returns).sum() + np.abs(matrix).sum()))


def points(path: Path, found: Dataset) -> None:
    """The same points with their classes, features stretched by one line each."""
    table = columns(path)
    labels = table.pop("verdict")
    values = np.array([[real(cell) for cell in cells] for cells in table.values()]).T
    rows = np.concatenate([found.train_x, found.test_x])
    classes = [found.classes[k] for k in np.concatenate([found.train_y, found.test_y])]
    assert (*table,) == found.features and Counter(classes) == Counter(labels)
    spread, other = (np.where(np.ptp(part, axis=0) > 0, np.ptp(part, axis=0), 1) for part in (values, rows))
    scaled = [(part - part.min(axis=0)) / width for part, width in ((values, spread), (rows, other))]
    kept = [
        sorted(zip(map(tuple, np.round(part, 6)), names, strict=True))
        for part, names in zip(scaled, (labels, classes), strict=True)
    ]
    for (mine, name), (theirs, other_name) in zip(*kept, strict=True):
        assert name == other_name and np.allclose(mine, theirs, atol=2e-6), "another point"  # rounded to 6 digits


def polynomial(entries: list[tuple[str, str, float]], offset: float = 0.0) -> Program:
    """x'Qx over bits; an entry comes once."""
    need(len({entry[:2] for entry in entries}) == len(entries), "an entry twice")
    names = in_order([*{name for entry in entries for name in entry[:2]}])
    place = {name: i for i, name in enumerate(names)}
    scale = abs(offset) + sum(abs(value) for *_, value in entries)
    return Program(names, lambda x: offset + sum(v * x[place[i]] * x[place[j]] for i, j, v in entries), always, scale)


def qubo(path: Path) -> Program:
    """COO lines, or qbsolv's format: p qubo 0 MAX NODES COUPLERS; `c` begins comments where variables are numbers."""
    rows = lines_of(path, "#")
    if all(re.fullmatch("[0-9]+", word) for row in rows if row[0] not in ("c", "p") for word in row[:2]):
        rows = [row for row in rows if row[0] != "c"]
    if rows[0][0] == "p":
        _, kind, _, most, nodes, couplers = rows.pop(0)
        single = sum(int(row[0]) == int(row[1]) for row in rows)
        need((kind, int(nodes), int(couplers)) == ("qubo", single, len(rows) - single), "other counts")
        need(all(int(word) < int(most) for row in rows for word in row[:2]), "a variable beyond the largest")
    need(all(len(row) == 3 for row in rows), rows)
    return polynomial([(i, j, real(value)) for i, j, value in rows])


def qubo_json(path: Path) -> Program:
    """An offset and terms of two names and a number."""
    content = json.loads(text_of(path), parse_constant=lambda word: need(False, word))
    need({*content} <= {"offset", "terms"}, content)
    return polynomial([(str(i), str(j), float(value)) for i, j, value in content["terms"]], float(content.get("offset", 0)))


SECTIONS = {
    "objective": r"(maximize|maximise|maximum|max|minimize|minimise|minimum|min)\b",
    "rows": r"(subject\s+to|such\s+that|s\.t\.|st)(?=[\s:]|$)",
    "bounds": r"(bounds|bound)\b",
    "binary": r"(binaries|binary|bin)\b",
    "general": r"(generals|general|gen|integers|integer)\b",
    "end": r"end\b",
}
TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\s0-9.+*/^:<>=\[\]\\-][^\s+*/^:<>=\[\]\\-]*(?:\[[\w.,]*\])?)|(?P<op><=|>=|=<|=>|[-+*/^:<>=\[\]]))"
)
Terms = dict[tuple[str, ...], Fraction]
"""Coefficient of every product of names; () is the constant."""


def lp(path: Path) -> Program:
    """Objective, rows, bounds and names of binary variables."""
    parts: dict[str, str] = {}
    section = ""
    for line in text_of(path).split("\n"):
        line = line.split("\\")[0].strip()
        for name, beginning in SECTIONS.items():
            if match := re.match(beginning, line, re.IGNORECASE):
                need(name not in parts or name != "objective", f"{name} twice")
                section, line = name, match[1] + line[match.end() :] if name == "objective" else line[match.end() :]
                break
        need(section or not line, "text before the objective")
        need(section != "end" or not line, "text after the end")
        parts[section] = f"{parts.get(section, '')} {line}"
    need("end" in parts, "no end")
    word, _, text = parts["objective"].strip().partition(" ")
    names: dict[str, None] = {}
    value = _Tokens(text, names).expression_alone()
    rows = _Tokens(parts.get("rows", ""), names).rows()
    limits = _Tokens(parts.get("bounds", ""), names).bounds()
    binary = set(parts.get("binary", "").split())
    return Program(*_over(names, binary, parts, limits), *_judged(names, value, rows, limits), _scale(value))


def _over(names: dict[str, None], binary: set[str], parts: dict[str, str], limits: Any) -> tuple[list[str]]:
    whole = set(parts.get("general", "").split())
    for name in binary | whole:
        names.setdefault(name)
    for name in whole - binary:
        low, high = limits.get(name, (0, None))
        need({low, high} <= {0, 1}, f"{name} is no bit")
    need({*names} <= binary | whole, "variables that are not binary")
    return ([*names],)


def _judged(names: dict[str, None], value: Terms, rows: list[Any], limits: Any) -> tuple[Any, Any]:
    def at(terms: Terms, x: np.ndarray) -> Fraction:
        bit = dict(zip(names, map(int, x), strict=True))
        return sum((c for product, c in terms.items() if all(bit[name] for name in product)), Fraction(0))

    def allowed(x: np.ndarray) -> bool:
        bit = dict(zip(names, map(int, x), strict=True))
        within = all(low <= bit[name] and (high is None or bit[name] <= high) for name, (low, high) in limits.items())
        return within and all(OPS[op](at(left, x), right) for left, op, right in rows)

    return (lambda x: float(at(value, x))), allowed


def _scale(value: Terms) -> float:
    return float(sum(map(abs, value.values())))


OPS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    **dict.fromkeys(("<=", "=<", "<"), lambda a, b: a <= b),
    **dict.fromkeys((">=", "=>", ">"), lambda a, b: a >= b),
    "=": lambda a, b: a == b,
}
MIRRORED = {"<=": ">=", "=<": ">=", "<": ">=", ">=": "<=", "=>": "<=", ">": "<=", "=": "="}


class _Tokens:
    """The words of one section, read from the left."""

    def __init__(self, text: str, names: dict[str, None]) -> None:
        self.words: list[tuple[str, str]] = []
        self.names = names
        at = 0
        while text[at:].strip():
            match = TOKEN.match(text, at)
            need(match, f"what is {text[at : at + 9]!r}")
            assert match is not None
            self.words.append((str(match.lastgroup), match[0].strip()))
            at = match.end()

    def next(self, place: int = 0) -> tuple[str, str]:
        return self.words[place] if place < len(self.words) else ("", "")

    def take(self, word: str = "") -> str:
        need(self.words and word in ("", self.words[0][1]), f"{word} is missing")
        return self.words.pop(0)[1]

    def label(self) -> None:
        if self.next()[0] == "name" and self.next(1)[1] == ":":
            self.take()
            self.take()

    def expression_alone(self) -> Terms:
        self.label()
        terms = self.expression(constants=True)
        need(not self.words, self.words)
        return terms

    def expression(self, *, constants: bool = False) -> Terms:
        terms: Terms = {}
        first = True
        while self.next()[1] in ("+", "-", "[") or self.next()[0] in ("number", "name"):
            need(first or self.next()[1] in ("+", "-"), "no sign between two terms")
            sign = self.sign()
            if self.next()[1] == "[":
                for product, value in self.square().items():
                    terms[product] = terms.get(product, Fraction(0)) + sign * value
            else:
                product, value = self.term()
                need(product or constants, "a constant in a row")
                terms[product] = terms.get(product, Fraction(0)) + sign * value
            first = False
        return terms

    def sign(self) -> int:
        sign = 1
        while self.next()[1] in ("+", "-"):
            sign *= -1 if self.take() == "-" else 1
        return sign

    def term(self) -> tuple[tuple[str, ...], Fraction]:
        value = Fraction(self.take()) if self.next()[0] == "number" else None
        if self.next()[0] == "name":
            self.names.setdefault(name := self.take())
            return (name,), Fraction(1) if value is None else value
        need(value is not None, "no term")
        assert value is not None
        return (), value

    def square(self) -> Terms:
        self.take("[")
        terms: Terms = {}
        while self.next()[1] != "]":
            sign = self.sign()
            product, value = self.term()
            if self.next()[1] == "^":
                self.take("^")
                need(self.take() == "2", "a power other than 2")
            else:
                self.take("*")
                product = tuple(sorted({*product, *self.term()[0]}))
            terms[product] = terms.get(product, Fraction(0)) + sign * value
        self.take("]")
        self.take("/")
        need(self.take() == "2", "halves are written / 2")
        return {product: value / 2 for product, value in terms.items()}

    def rows(self) -> list[tuple[Terms, str, Fraction]]:
        found = []
        while self.words:
            self.label()
            place = self.words[:3]
            if [kind for kind, _ in place][:2] == ["number", "op"] and place[1][1] in OPS:
                low, op = Fraction(self.take()), MIRRORED[self.take()]
                left = self.expression()
                found.append((left, op, low))
            else:
                left = self.expression()
            if self.next()[1] in OPS:
                found.append((left, self.take(), self.sign() * Fraction(self.number())))
        return found

    def number(self) -> str:
        need(self.next()[0] == "number", "no number")
        return self.take()

    def bounds(self) -> dict[str, tuple[Fraction, Fraction | None]]:
        limits: dict[str, Any] = {}

        def limit(name: str, op: str, value: Fraction) -> None:
            low, high = limits.get(name, (Fraction(0), None))
            low = value if OPS[op](value + 1, value) or op == "=" else low
            high = value if OPS[op](value - 1, value) or op == "=" else high
            limits[name] = low, high

        while self.words:
            if self.next()[0] != "name":
                value, op = self.sign() * Fraction(self.number()), MIRRORED[self.take()]
                self.names.setdefault(name := self.take())
                limit(name, op, value)
                if self.next()[1] not in OPS:
                    continue
            else:
                self.names.setdefault(name := self.take())
                if self.next()[1].lower() == "free":
                    raise NotCompared("free")
            limit(name, self.take(), self.sign() * Fraction(self.number()))
        return limits
