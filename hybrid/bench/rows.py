"""The file of a benchmark: JSON lines, one per process, appended and flushed. Files merge by concatenation."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, final

from hybrid.base import json_lines
from hybrid.base.errors import RecordError, Stopped, UsageError
from hybrid.base.files import check_file
from hybrid.base.locks import lock
from hybrid.bench.cells import cell_id
from hybrid.bench.environment import env_id
from hybrid.bench.schema import complaint, row_schema

Row = dict[str, Any]
NULL_SUITE = "null@"
"""Rows of these suites measure the machine's A/A floor and are not results."""


def with_checksum(row: Row) -> Row:
    """The row with `sum`, a checksum of everything else in it."""
    return row | {"sum": _checksum(row)}


def _checksum(row: Row) -> str:
    covered = {key: value for key, value in row.items() if key != "sum"}
    return hashlib.sha256(json_lines.dump(covered).encode()).hexdigest()[:16]


def read(path: Path) -> list[Row]:
    """Every row; a torn last line is left out. UsageError for a missing file, RecordError with the line of a damaged one."""
    check_file(path)
    with os.fdopen(json_lines.open_plain(path, os.O_RDONLY), "rb") as file:
        return [row for row, _ in _lines(path, file)]


def _lines(path: Path, file: Iterable[bytes]) -> Iterator[tuple[Row, int]]:
    """Rows and their lengths; ends at a torn line at the end of the file."""
    for number, raw in enumerate(file, start=1):
        if not raw.endswith(b"\n"):
            return
        yield _parsed(path, number, raw), len(raw)


def _parsed(path: Path, number: int, raw: bytes) -> Row:
    try:
        row = json_lines.load(raw)
    except (ValueError, RecursionError):
        raise RecordError(f"{path}:{number}: not a line of a benchmark's file; nothing was changed.") from None
    wrong = complaint(row, row_schema())
    if not wrong and row["cell_id"] != cell_id(row["cell"]):
        wrong = "'cell_id' is not the hash of its cell"
    if not wrong and row["env_id"] != env_id(row["environment"]):
        wrong = "'env_id' is not the hash of its environment"
    if not wrong and row.get("sum", "") not in ("", _checksum(row)):
        wrong = "its checksum does not fit, it was changed"
    if wrong:
        raise RecordError(f"{path}:{number}: not a row of a benchmark: {wrong}; nothing was changed.")
    return row


@final
class RowFile:
    """An open file of rows, this process's alone. A torn last line is dropped when the next row is written."""

    def __init__(self, path: Path) -> None:
        """Open or create; Stopped when another process has it open for writing, RecordError when it is damaged."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made = not path.exists()
            self._file = json_lines.open_plain(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written ({error.strerror}).") from None
        try:
            if not lock(self._file):
                raise Stopped(f"{path}: another process is writing it; nothing was done here.")
            with os.fdopen(json_lines.open_plain(path, os.O_RDONLY), "rb") as file:
                rows = list(_lines(path, file))
            self._size = sum(length for _, length in rows)
            json_lines.check_incomplete(path, self._file, self._size, b'{"')
        except OSError as error:
            os.close(self._file)
            raise UsageError(f"{path}: cannot be locked or read ({error.strerror}).") from None
        except BaseException:
            os.close(self._file)
            raise
        self.rows = [row for row, _ in rows]

    def __enter__(self) -> "RowFile":
        return self

    def __exit__(self, *_: object) -> None:
        if self._made and not self._size:
            json_lines.remove(self.path)
        os.close(self._file)

    def append(self, row: Row) -> None:
        """Write one row and sync it; Stopped when the disk is full, with what was there before."""
        try:
            length = json_lines.append(self._file, self._size, row, sync=True)
        except OSError as error:
            raise Stopped(
                f"{self.path}: writing failed ({error.strerror}). {len(self.rows)} rows are saved; free some "
                "space and give the same command to continue."
            ) from None
        self.rows.append(row)
        self._size += length


def merge(paths: Sequence[Path], target: Path) -> int:
    """Write the rows of all files, each once, into a new file; returns their number. UsageError when the target exists."""
    rows = {json.dumps(row, sort_keys=True): row for path in paths for row in read(path)}
    if target.exists():
        raise UsageError(f"{target}: exists already; merge writes a new file.")
    with RowFile(target) as file:
        for row in rows.values():
            file.append(row)
    return len(rows)
