"""Sums of Pauli strings from text, JSON, and OpenFermion's print of a QubitOperator."""

import json
import re
from pathlib import Path

from hybrid.base.errors import UsageError, shortened
from hybrid.catalog.problems._inputs import MAX_QUBITS, finite, load_json, number, rows

_FACTOR = re.compile(r"([XYZ])([0-9]{1,4})", re.ASCII)
_TERM = re.compile(r"\s*(?P<coefficient>[^\[\]]*?)\s*\[(?P<factors>[^\[\]]*)\]\s*(?P<plus>\+?)\s*", re.ASCII)
_PLAIN = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_COMPLEX = re.compile(rf"\(?(?:(?P<real>{_PLAIN})(?=[+)-]|$))?(?:(?P<imaginary>{_PLAIN})j)?\)?", re.ASCII)


def read_paulis(path: Path) -> dict[str, float]:
    """Coefficient of every string, qubit 0 its rightmost letter; UsageError names file and line or entry."""
    match path.suffix.lower():
        case ".json":
            return _from_json(path)
        case ".openfermion":
            return _from_openfermion(path)
        case _:
            return _from_lines(path)


def _from_lines(path: Path) -> dict[str, float]:
    terms: dict[str, float] = {}
    for where, words in rows(path):
        if len(words) != 2:
            raise UsageError(f"{where}: write 'coefficient STRING' as in '0.5 XXI', not '{shortened(' '.join(words))}'.")
        _add(terms, where, words[1], finite(where, "coefficient", words[0]))
    return terms


def _from_json(path: Path) -> dict[str, float]:
    content = load_json(path)
    pairs = list(content.items()) if isinstance(content, dict) else content
    if not isinstance(pairs, list) or not pairs:
        raise UsageError(f'{path}: write {{"XXI": 0.18, ...}} or [["XXI", 0.18], ...].')
    terms: dict[str, float] = {}
    for k, pair in enumerate(pairs):
        where = f"{path}: entry {k + 1}"
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise UsageError(f"{where}: write [\"XXI\", 0.18], not '{shortened(json.dumps(pair))}'.")
        _add(terms, where, pair[0], number(where, "coefficient", pair[1]))
    return terms


def _add(terms: dict[str, float], where: str, string: str, coefficient: float) -> None:
    """One more term; UsageError for other letters than I, X, Y, Z, and strings of unequal lengths."""
    if not re.fullmatch("[IXYZ]+", string):
        raise UsageError(f"{where}: a Pauli string has the letters I, X, Y and Z only, not '{shortened(string)}'.")
    if len(string) > MAX_QUBITS:
        raise UsageError(f"{where}: {len(string)} qubits; at most {MAX_QUBITS} are allowed.")
    if terms and len(string) != len(first := next(iter(terms))):
        raise UsageError(f"{where}: '{shortened(string)}' has {len(string)} letters; the first has {len(first)}.")
    terms[string] = terms.get(string, 0.0) + coefficient


def _from_openfermion(path: Path) -> dict[str, float]:
    """Terms `coefficient [X0 Y2]`, one or more per line, a + between one and the next; [] is the identity."""
    products: list[tuple[dict[int, str], float]] = []
    joined, last = False, f"{path}"
    for where, words in rows(path):
        text, last = " ".join(words), where
        while text:
            match = _TERM.match(text)
            if match is None:
                raise UsageError(f"{where}: write '(0.18+0j) [X0 Y2] +', not '{shortened(text)}'.")
            if products and not joined:
                raise UsageError(f"{where}: a + must join '{shortened(match[0].strip())}' to the term before.")
            products.append((_factors(where, match["factors"]), _real(where, match["coefficient"])))
            joined, text = bool(match["plus"]), text[match.end() :]
    if joined or not products:
        raise UsageError(f"{last}: a term must follow the last +: is the file cut off?")
    n = 1 + max((qubit for factors, _ in products for qubit in factors), default=0)
    terms: dict[str, float] = {}
    for factors, coefficient in products:
        _add(terms, str(path), "".join(factors.get(q, "I") for q in reversed(range(n))), coefficient)
    return terms


def _factors(where: str, text: str) -> dict[int, str]:
    """Letter by qubit of `X0 Y2`."""
    factors: dict[int, str] = {}
    for word in text.split():
        match = _FACTOR.fullmatch(word)
        if match is None:
            ladder = " (a fermion operator: map it first, with jordan_wigner)" if re.fullmatch(r"[0-9]+\^?", word) else ""
            raise UsageError(f"{where}: a factor is X, Y or Z with a qubit, as in X0, not '{shortened(word)}'{ladder}.")
        if int(match[2]) in factors:
            raise UsageError(f"{where}: qubit {int(match[2])} has two factors in one term.")
        if int(match[2]) >= MAX_QUBITS:
            raise UsageError(f"{where}: qubit {int(match[2])}; at most {MAX_QUBITS} qubits are allowed.")
        factors[int(match[2])] = match[1]
    return factors


def _real(where: str, text: str) -> float:
    """The real number written `0.5`, `(0.5+0j)` or `0j`; UsageError for an imaginary part."""
    match = _COMPLEX.fullmatch(text)
    closed = text.startswith("(") == text.endswith(")")
    if match is None or not closed or (match["real"] is None and match["imaginary"] is None):
        raise UsageError(f"{where}: the coefficient must be a finite number as (0.18+0j), not '{shortened(text)}'.")
    if match["imaginary"] and float(match["imaginary"]):
        raise UsageError(f"{where}: the coefficient {shortened(text)} is complex, so the operator is not Hermitian.")
    return finite(where, "coefficient", match["real"] or "0")
