"""Tables from CSV files: a header of distinct names, then rows of equally many cells; errors name file, line and column."""

import csv
import io
from pathlib import Path
from typing import NamedTuple

from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.base.files import read_text

MAX_ROWS = 100_000


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


def read_table(path: Path) -> Table:
    """The table in a file: commas, or semicolons or tabs if the header has those and no comma; quotes as in RFC 4180.

    Lines that start with # are comments. UsageError: no rows, rows of another length, empty or repeated names, empty cells.
    """
    text = read_text(path).removeprefix("\ufeff")
    kept = [(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip() and not line.lstrip().startswith("#")]
    if not kept:
        raise UsageError(f"{path}: holds no table.")
    header = kept[0][1]
    delimiter = next((d for d in ",;\t" if d in header), ",")
    rows: list[list[str]] = []
    where: list[str] = []
    for number, line in kept:
        try:
            cells = next(csv.reader(io.StringIO(line), delimiter=delimiter, strict=True, skipinitialspace=True))
        except csv.Error as error:
            raise UsageError(f"{path}:{number}: not a row of a table: {error}; a quoted cell must end on its line.") from None
        rows.append([cell.strip() for cell in cells])
        where.append(f"{path}:{number}")
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
