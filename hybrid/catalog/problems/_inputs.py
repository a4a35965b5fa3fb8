"""Shared by the problems: checks of sizes and couplings, and the rows of text files."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from hybrid.base.errors import UsageError, shortened
from hybrid.base.files import read_text

MAX_QUBITS = 1000
"""A larger number is taken for a typing mistake: no simulator here could evaluate it."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def check_size(owner: str, n: int, least: int) -> None:
    """UsageError unless `least` <= n <= MAX_QUBITS."""
    if not least <= n <= MAX_QUBITS:
        raise UsageError(f"problem '{owner}': n must lie between {least} and {MAX_QUBITS}, not {n}.")


def check_couplings(owner: str, **couplings: float) -> None:
    """UsageError unless every coupling is finite and at least one differs from zero."""
    for name, value in couplings.items():
        if not math.isfinite(value):
            raise UsageError(f"problem '{owner}': {name} must be a finite number, not {value}.")
    if not any(couplings.values()):
        raise UsageError(f"problem '{owner}': {' and '.join(couplings)} may not be zero: nothing would be left.")


def rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    """("file:line", words) of every line that holds more than a `#` comment; UsageError as `read_text`."""
    for number, line in enumerate(read_text(path).removeprefix("\ufeff").splitlines(), start=1):
        if words := line.partition("#")[0].split():
            yield f"{path}:{number}", words


def finite(where: str, what: str, word: str) -> float:
    """The finite decimal number written as `word`; UsageError naming `where` and `what` otherwise."""
    value = float(word) if _NUMBER.fullmatch(word) else math.nan
    if not math.isfinite(value):
        raise UsageError(f"{where}: the {what} must be a finite number, not '{shortened(word)}'.")
    return value
