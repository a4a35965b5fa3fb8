"""OpenQASM 2 (Cross et al., arXiv:1707.03429), followed statement by statement."""

import math
import re
from typing import Any

import numpy as np

from readers import NotCompared, need
from readers.circuits import GATES, Machine, broadcast

TOKEN = re.compile(
    r"\s*([0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|[A-Za-z_]\w*|->|==|\"[^\"]*\"|[^\s\w])"
)
FUNCTIONS = {"sin": math.sin, "cos": math.cos, "tan": math.tan, "exp": math.exp, "ln": math.log, "sqrt": math.sqrt}


def read(text: str) -> Machine:
    """The circuit of a text without comments."""
    words = TOKEN.findall(text)
    need("".join(words) == "".join(text.split()) or '"' in text, "something between the words")
    return _Reader(words).machine()


class _Reader:
    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.qubits: dict[str, list[int]] = {}
        self.bits: dict[str, list[int]] = {}
        self.gates: dict[str, tuple[list[str], list[str], list[list[str]]]] = {}
        self.steps: list[tuple[Any, ...]] = []

    def machine(self) -> Machine:
        """The file read to its end, and what it does."""
        while self.words:
            self.statement(self.until(";") if self.words[0] != "gate" else self.definition())
        machine = Machine(sum(map(len, self.qubits.values())), sum(map(len, self.bits.values())))
        for act, *arguments in self.steps:
            act(machine, *arguments)
        return machine

    def until(self, end: str) -> list[str]:
        need(end in self.words, f"no {end}")
        place = self.words.index(end)
        taken, self.words = self.words[:place], self.words[place + 1 :]
        return taken

    def definition(self) -> list[str]:
        _, name, *head = self.until("{")
        angles, qubits = ([], head) if "(" not in head else (head[1 : head.index(")")], head[head.index(")") + 1 :])
        body: list[list[str]] = [[]]
        for word in self.until("}"):
            body[-1].append(word) if word != ";" else body.append([])
        need(not body[-1], "a gate without ;")
        self.gates[name] = [a for a in angles if a != ","], [q for q in qubits if q != ","], body[:-1]
        return []

    def statement(self, words: list[str]) -> None:
        match words:
            case [] | ["include", _] | ["OPENQASM", _]:
                return
            case ["qreg" | "creg" as kind, name, "[", size, "]"]:
                into = self.qubits if kind == "qreg" else self.bits
                need(name not in self.qubits and name not in self.bits and int(size) > 0, name)
                into[name] = [*range(first := sum(map(len, into.values())), first + int(size))]
            case ["barrier", *rest]:
                self.places(rest, self.qubits)
            case ["reset", *rest]:
                self.steps += [(Machine.measure, qubit, None) for qubit in self.places(rest, self.qubits)[0]]
            case ["measure", *rest] if "->" in rest:
                place = rest.index("->")
                (qubits,), (bits,) = self.places(rest[:place], self.qubits), self.places(rest[place + 1 :], self.bits)
                need(len(qubits) == len(bits), "measured into another number of bits")
                self.steps += [(Machine.measure, *pair) for pair in zip(qubits, bits, strict=True)]
            case ["if" | "opaque", *_]:
                raise NotCompared(words[0])
            case _:
                for qubits, matrix in self.applied(words, {}, self.qubits):
                    self.steps.append((Machine.gate, matrix, qubits))

    def places(self, words: list[str], known: dict[str, list[int]]) -> list[list[int]]:
        """Registers, or single members, between commas."""
        found = []
        for item in re.split(",", " ".join(words)):
            match = re.fullmatch(r"\s*(\w+)\s*(?:\[ ([0-9]+) \])?\s*", item)
            need(match and match[1] in known, item)
            assert match is not None
            found.append(known[match[1]] if match[2] is None else [known[match[1]][int(match[2])]])
        return found

    def applied(
        self, words: list[str], values: dict[str, float], known: dict[str, list[int]]
    ) -> list[tuple[list[int], np.ndarray]]:
        """Matrices of one application, with their qubits; those of a definition one by one."""
        name, *rest = words
        angles: list[float] = []
        if rest[0] == "(":
            end = _closing(rest)
            angles, rest = [number(part, values) for part in _parts(rest[1:end])], rest[end + 1 :]
        found = []
        for qubits in broadcast(self.places(rest, known)):
            need(len(set(qubits)) == len(qubits), "a qubit twice")
            if name in self.gates:
                names, own, body = self.gates[name]
                need(len(own) == len(qubits) and len(names) == len(angles), name)
                inner = dict(zip(names, angles, strict=True))
                for line in body:
                    if line[0] != "barrier":
                        found += self.applied(line, inner, {q: [place] for q, place in zip(own, qubits, strict=True)})
                continue
            if name not in GATES:
                raise NotCompared(name)
            need(GATES[name][0] == len(angles), f"angles of {name}")
            matrix = GATES[name][1](*angles)
            need(len(matrix) == 2 ** len(qubits), f"qubits of {name}")
            found.append((qubits, matrix))
        return found


def _closing(words: list[str]) -> int:
    depth = 0
    for i, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if not depth:
            return i
    raise AssertionError("an open bracket")


def _parts(words: list[str]) -> list[list[str]]:
    """Between commas; no function takes two arguments."""
    parts: list[list[str]] = [[]]
    for word in words:
        parts[-1].append(word) if word != "," else parts.append([])
    return [] if parts == [[]] else parts


def number(words: list[str], values: dict[str, float]) -> float:
    """An expression: ^ before * and /, those before + and -."""
    rest = [*words]
    value = _sum(rest, values)
    need(not rest, rest)
    return value


def _sum(rest: list[str], values: dict[str, float]) -> float:
    value = _product(rest, values)
    while rest and rest[0] in "+-":
        value = value + _product(rest, values) if rest.pop(0) == "+" else value - _product(rest, values)
    return value


def _product(rest: list[str], values: dict[str, float]) -> float:
    value = _signed(rest, values)
    while rest and rest[0] in "*/":
        value = value * _signed(rest, values) if rest.pop(0) == "*" else value / _signed(rest, values)
    return value


def _signed(rest: list[str], values: dict[str, float]) -> float:
    if rest and rest[0] in "+-":
        return -_signed(rest, values) if rest.pop(0) == "-" else _signed(rest, values)
    value = _atom(rest, values)
    if rest and rest[0] == "^":
        rest.pop(0)
        return value ** _signed(rest, values)
    return value


def _atom(rest: list[str], values: dict[str, float]) -> float:
    need(rest, "no number")
    word = rest.pop(0)
    if word == "(" or word in FUNCTIONS:
        if word != "(":
            need(rest and rest.pop(0) == "(", word)
        value = _sum(rest, values)
        need(rest and rest.pop(0) == ")", "an open bracket")
        return value if word == "(" else FUNCTIONS[word](value)
    return values[word] if word in values else math.pi if word == "pi" else float(word)
