"""Pauli sums, integrals, geometries and points, read by hand from the formats' definitions."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from hybrid.base.types import Problem
from readers import need
from readers.graphs import lines_of, real, text_of


def same_sum(found: Problem, terms: list[tuple[str, float]]) -> None:
    """The Hamiltonian is this sum of strings, equal ones added up."""
    sums: dict[str, float] = {}
    for string, value in terms:
        sums[string] = sums.get(string, 0.0) + value
    read = dict(zip(found.hamiltonian.paulis.to_labels(), found.hamiltonian.coeffs.tolist(), strict=True))
    assert read == {string: value for string, value in sums.items() if value}, "another sum"


def paulis(path: Path, found: Problem) -> None:
    """COEFFICIENT STRING."""
    rows = lines_of(path, "#")
    need(all(len(row) == 2 for row in rows), rows)
    same_sum(found, [(string, real(value)) for value, string in rows])


def pauli_json(path: Path, found: Problem) -> None:
    """A table, or a list of pairs."""
    content = json.loads(text_of(path), parse_constant=lambda word: need(False, word), object_pairs_hook=list)
    same_sum(found, [(string, float(value)) for string, value in content])


def openfermion(path: Path, found: Problem) -> None:
    """Terms `coefficient [X0 Y2]` with a + between each and the next."""
    text = " ".join(" ".join(row) for row in lines_of(path, "#"))
    pieces = re.split(r"(?<=\])\s*\+", text)
    terms: list[tuple[complex, dict[int, str]]] = []
    for piece in pieces:
        match = re.fullmatch(r"\s*([^\[\]\s]*)\s*\[([^\[\]]*)\]\s*", piece)
        need(match, piece)
        assert match is not None
        terms.append((complex(match[1].replace(" ", "")), {int(word[1:]): word[0] for word in match[2].split()}))
    need(all(value.imag == 0 for value, _ in terms), "complex")
    n = 1 + max(q for _, factors in terms for q in factors)
    same_sum(found, [("".join(factors.get(q, "I") for q in range(n))[::-1], value.real) for value, factors in terms])


def fcidump(path: Path, found: Any) -> None:
    """Every integral at each of its eight places."""
    text = "\n".join(line.split("!")[0] for line in text_of(path).split("\n"))
    head = re.match(r"\s*[&$]FCI(.*?)([&$]END|/)[ \t]*\n(.*)", text, re.DOTALL | re.IGNORECASE)
    need(head, "no header")
    assert head is not None
    keys = {
        key.upper(): value.replace(",", " ").split()
        for key, value in re.findall(r"(\w+)\s*=([^=]*?)(?=\w+\s*=|\Z)", head[1], re.DOTALL)
    }
    m, electrons, excess = (int(keys.get(key, ["0"])[0]) for key in ("NORB", "NELEC", "MS2"))
    one, two, core, set_ = np.zeros((m, m)), np.zeros((m,) * 4), None, {}
    for line in head[3].split("\n"):
        if not line.split():
            continue
        word, *indices = line.split()
        value, (i, j, k, n) = real(re.sub("[dD]", "e", word)), (int(index) - 1 for index in indices)
        if k >= 0:
            for p, q, r, s in ((i, j, k, n), (j, i, k, n), (i, j, n, k), (j, i, n, k)):
                for place in ((p, q, r, s), (r, s, p, q)):
                    need(abs(set_.setdefault(place, value) - value) <= 1e-9, f"two values of one integral {place}")
                    two[place] = set_[place]
        elif j >= 0:
            for place in ((i, j), (j, i)):
                need(abs(set_.setdefault(place, value) - value) <= 1e-9, f"two values of one integral {place}")
                one[place] = set_[place]
        elif i < 0:
            need(core is None or abs(core - value) <= 1e-9, "two core energies")
            core = value if core is None else core
    assert found.core == core and (found.one == one).all() and (found.two == two).all(), "other integrals"
    assert (found.n_alpha + found.n_beta, found.n_alpha - found.n_beta) == (electrons, excess)


def xyz(path: Path, found: list[Any]) -> None:
    """The number of atoms, a comment, then an atom per line."""
    lines = text_of(path).split("\n")
    while not lines[0].split("#")[0].strip():
        lines.pop(0)
    rows = [row for row in (line.split("#")[0].split() for line in lines[2:]) if row]
    need(len(rows) == int(lines[0].split("#")[0]) and all(len(row) == 4 for row in rows), rows)
    assert found == [(row[0], [real(word) for word in row[1:]]) for row in rows], "other atoms"


def point(path: Path, found: list[float]) -> None:
    """Numbers between commas, brackets and spaces."""
    words = text_of(path).translate(str.maketrans("[],", "   ")).split()
    assert found == [real(word) for word in words], "another point"
