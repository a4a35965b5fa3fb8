"""Shared by the problems: checks of sizes and couplings, and what text files, JSON files and CSV tables hold.

A table is a header of distinct names, then rows of equally many cells; errors name file, line and column. JSON files hold
numbers: no repeated keys, no infinities.
"""

import csv
import io
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.base.files import NUMBER, read_text

MAX_QUBITS = 1000
"""A larger number is taken for a typing mistake: no simulator here could evaluate it."""
MAX_ROWS = 100_000


def check_size(owner: str, n: int, least: int, most: int = MAX_QUBITS) -> None:
    """UsageError unless `least` <= n <= `most`."""
    if not least <= n <= most:
        raise UsageError(f"problem '{owner}': n must lie between {least} and {most}, not {n}.")


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
    value = float(word) if NUMBER.fullmatch(word) else math.nan
    if not math.isfinite(value):
        raise UsageError(f"{where}: the {what} must be a finite number, not '{shortened(word)}'.")
    return value


def load_json(path: Path) -> Any:
    """The parsed file; UsageError with the line of a syntax error, for a repeated key, NaN or Infinity."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(name for i, name in enumerate(names) if name in names[:i])
            raise UsageError(f"{path}: the key '{shortened(twice)}' is given twice.")
        return table

    def refuse(word: str) -> None:
        raise UsageError(f"{path}: '{word}' is not a finite number.")

    try:
        return json.loads(read_text(path).removeprefix("\ufeff"), object_pairs_hook=unique, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}:{error.lineno}: not valid JSON: {error.msg}.") from None
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, and nesting without end
        raise UsageError(f"{path}: not valid JSON: {shortened(str(error))}.") from None


def number(where: str, what: str, value: Any) -> float:
    """The finite number `value`; UsageError naming `where` and `what` otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300 or not math.isfinite(value):
        raise UsageError(f"{where}: the {what} must be a finite number, not '{shortened(json.dumps(value))}'.")
    return float(value)


class Table(NamedTuple):
    """Columns by name, and the line of the file ("file:line") that each row stands on."""

    path: Path
    columns: dict[str, list[str]]
    where: list[str]

    def column(self, name: str) -> list[str]:
        """The cells of one column; UsageError with the nearest name where there is none."""
        if name not in self.columns:
            raise unknown(f"column in {self.path}:", name, self.columns)
        return self.columns[name]

    def numbers(self, name: str, what: str = "") -> list[float]:
        """The finite numbers in one column; UsageError with the line of a cell that is none, naming `what` it should be."""
        what = what or f"number in column '{shortened(name)}'"
        return [finite(where, what, cell) for where, cell in zip(self.where, self.column(name), strict=True)]


def is_number(word: str) -> bool:
    """Whether this is a decimal number."""
    return NUMBER.fullmatch(word) is not None


def read_table(path: Path, has_header: Callable[[list[list[str]]], bool] = lambda _: True) -> Table:
    """The table in a file: commas, or semicolons or tabs if the header has those and no comma; quotes as in RFC 4180.

    Lines that start with # are comments. Where `has_header` of all rows is False, the first is one like the others, and the
    columns are called column 1, column 2, ... UsageError: no rows, rows of another length, empty or repeated names, empty
    cells.
    """
    text = read_text(path).removeprefix("\ufeff")
    kept = [(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip() and not line.lstrip().startswith("#")]
    if not kept:
        raise UsageError(f"{path}: holds no table.")
    delimiter = next((d for d in ",;\t" if d in kept[0][1]), ",")
    rows: list[list[str]] = []
    where: list[str] = []
    for number, line in kept:
        try:
            cells = next(csv.reader(io.StringIO(line), delimiter=delimiter, strict=True, skipinitialspace=True))
        except csv.Error as error:
            raise UsageError(f"{path}:{number}: not a row of a table: {error}; a quoted cell must end on its line.") from None
        rows.append([cell.strip() for cell in cells])
        where.append(f"{path}:{number}")
    if not has_header(rows):
        rows.insert(0, [f"column {place}" for place in range(1, len(rows[0]) + 1)])
        where.insert(0, f"{path}")
    names = rows[0]
    for place, name in enumerate(names, 1):
        if not name:
            raise UsageError(f"{where[0]}: column {place} has no name.")
        if names.index(name) != place - 1:
            raise UsageError(f"{where[0]}: the name '{shortened(name)}' heads two columns.")
    for at, row in zip(where[1:], rows[1:], strict=True):
        if len(row) != len(names):
            raise UsageError(f"{at}: has {len(row)} cells, the header has {len(names)}.")
        if "" in row:
            raise UsageError(f"{at}: column '{shortened(names[row.index('')])}' is empty.")
    if len(rows) < 2:
        raise UsageError(f"{path}: holds a header and no rows.")
    if len(rows) > MAX_ROWS:
        raise UsageError(f"{path}: more than {MAX_ROWS:,} rows.")
    return Table(path, {name: [row[i] for row in rows[1:]] for i, name in enumerate(names)}, where[1:])
