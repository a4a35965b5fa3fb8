"""One's own quadratic unconstrained binary optimisation problem from a file."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hybrid.base.errors import UsageError, shortened
from hybrid.base.files import read_text
from hybrid.base.types import Problem
from hybrid.catalog.problems._binary import BinaryProgram, Qubo
from hybrid.catalog.problems._inputs import MAX_QUBITS, finite, load_json, number, rows
from hybrid.catalog.problems._solve import binary_problem

ALGORITHM = "qaoa"
SUFFIXES = (".qubo", ".coo")
Entry = tuple[str, str, str, float]
"""Where it stands, the two variables, the value."""


def qubo(*, file: str) -> Problem:
    """QUBO from a file: least x'Qx over bits x.

    `file` has an entry `i j value` per line; or is .json, {"terms": [["a", "b", 1.5], ...]}.

    Diagonal entries are the linear terms. Entries (i, j) and (j, i) add up, as x'Qx says; an entry given twice is refused.
    Text files may have `#` comments, `c` comments where all variables are numbers, and the line `p qubo 0 MAX NODES COUPLERS`
    of qbsolv, whose counts are checked; `# vartype=SPIN` (COO of dimod) is refused. JSON may have an "offset". Variables are
    any words; sorted, as numbers if all are, they become qubits 0, 1, ... UsageError names file and line or entry.
    """
    path = Path(file)
    offset, entries = _from_json(path) if path.suffix.lower() == ".json" else (0.0, list(_from_lines(path)))
    program = _program(path, offset, entries)

    def decode(outcome: int) -> str:
        value = program.objective.values(np.array([outcome], dtype=np.uint64))[0]
        return f"value {value:g}: ones at {' '.join(program.chosen(outcome)) or 'none'}"

    return binary_problem("qubo", program, decode, quantity="value")


def _program(path: Path, offset: float, entries: list[Entry]) -> BinaryProgram:
    seen: dict[tuple[str, str], str] = {}
    for where, i, j, _ in entries:
        if (i, j) in seen:
            raise UsageError(f"{where}: the entry '{shortened(f'{i} {j}')}' was given before, at {seen[i, j]}.")
        seen[i, j] = where
    words = {word for _, i, j, _ in entries for word in (i, j)}
    if len(words) > MAX_QUBITS:
        raise UsageError(f"{path}: {len(words)} variables; at most {MAX_QUBITS} are allowed.")
    numeric = all(re.fullmatch(r"[0-9]{1,18}", word) for word in words)
    names = sorted(words, key=int) if numeric else sorted(words)
    place = {name: i for i, name in enumerate(names)}
    linear, quadratic = np.zeros(len(names)), {}
    for _, i, j, value in entries:
        if i == j:
            linear[place[i]] += value
        else:
            pair = (min(place[i], place[j]), max(place[i], place[j]))
            quadratic[pair] = quadratic.get(pair, 0.0) + value
    return BinaryProgram(names=tuple(names), objective=Qubo(offset, linear, quadratic))


def _from_lines(path: Path) -> Iterator[Entry]:
    """The entries of a COO or qbsolv file, the counts of its `p` line checked."""
    promised: tuple[str, int, int, int] | None = None
    diagonal = couplers = 0
    for where, words in _without_comments(path):
        if words[0] == "p":
            if promised or diagonal or couplers or len(words) != 6 or words[1] != "qubo" or not _whole(words[3:]):
                raise UsageError(f"{where}: write 'p qubo 0 MAX NODES COUPLERS' once, before the entries.")
            promised = (where, int(words[3]), int(words[4]), int(words[5]))
            continue
        if len(words) != 3:
            raise UsageError(f"{where}: write 'i j value', not '{shortened(' '.join(words))}'.")
        i, j = (str(int(word)) if re.fullmatch(r"[0-9]{1,18}", word) else word for word in words[:2])
        if promised and not (_whole([i, j]) and max(int(i), int(j)) < promised[1]):
            raise UsageError(f"{where}: '{shortened(f'{i} {j}')}' must be whole numbers below {promised[1]} ({promised[0]}).")
        diagonal, couplers = diagonal + (i == j), couplers + (i != j)
        yield where, i, j, finite(where, "value", words[2])
    if promised and (diagonal, couplers) != promised[2:]:
        raise UsageError(
            f"{promised[0]}: announces {promised[2]} nodes and {promised[3]} couplers; the file has {diagonal} and {couplers}."
        )
    if not diagonal + couplers:
        raise UsageError(f"{path}: holds no entry 'i j value'.")


def _without_comments(path: Path) -> list[tuple[str, list[str]]]:
    """The lines; those that begin with `c` are comments where all variables are numbers, elsewhere `c` may be a variable."""
    text = read_text(path)
    if (kind := re.search(r"#.*?vartype\s*=\s*(\S+)", text)) and kind[1].upper() != "BINARY":
        line = text.count("\n", 0, kind.end()) + 1
        raise UsageError(f"{path}:{line}: vartype {shortened(kind[1])}; a QUBO is of vartype BINARY.")
    lines = list(rows(path))
    others = [(where, words) for where, words in lines if words[0] != "c"]
    return others if all(words[0] == "p" or _whole(words[:2]) for _, words in others) else lines


def _whole(words: list[str]) -> bool:
    return all(re.fullmatch(r"[0-9]{1,9}", word) for word in words)


def _from_json(path: Path) -> tuple[float, list[Entry]]:
    table = load_json(path)
    if not isinstance(table, dict) or not isinstance(table.get("terms"), list) or not table["terms"]:
        raise UsageError(f'{path}: write {{"offset": 0, "terms": [["a", "b", 1.5], ...]}}.')
    for key in table:
        if key not in ("offset", "terms"):
            raise UsageError(f"{path}: unknown key '{shortened(key)}'. Allowed: offset, terms.")
    entries = []
    for k, term in enumerate(table["terms"]):
        where = f"{path}: terms[{k}]"
        if not isinstance(term, list) or len(term) != 3 or not all(_is_name(word) for word in term[:2]):
            raise UsageError(f"{where}: write [variable, variable, value], not '{shortened(json.dumps(term))}'.")
        entries.append((where, str(term[0]), str(term[1]), number(where, "value", term[2])))
    return number(f"{path}: offset", "offset", table.get("offset", 0)), entries


def _is_name(word: Any) -> bool:
    return (isinstance(word, str) and word.split() == [word]) or (isinstance(word, int) and not isinstance(word, bool))
