"""Files of JSON lines: canonical text, strict reading, and appending that leaves no part of a line."""

import json
import os
import stat
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from hybrid.base.errors import RecordError

PLAIN = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Flags to open with, where the system has them: a FIFO is not waited for, and Windows does not rewrite ends of lines."""


def dump(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, floats that read back to the same bits, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def load(raw: bytes) -> Any:
    """The value of one line; ValueError or RecursionError for what is not JSON, and for numbers that are not finite."""
    return json.loads(raw, parse_constant=_refuse, parse_float=_finite)


def _finite(text: str) -> float:
    value = float(text)
    return value if isfinite(value) else _refuse(text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def open_plain(path: Path, flags: int) -> int:
    """Open a regular file without waiting, for writing without following a link; RecordError for what is not one."""
    if flags != os.O_RDONLY:
        if path.is_symlink():
            raise RecordError(f"{path}: is a link; nothing was changed. Only a plain file is written; move the link away.")
        flags |= getattr(os, "O_NOFOLLOW", 0)
    file = os.open(path, flags | PLAIN, 0o600)  # on a shared system nobody else reads it
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise RecordError(f"{path}: is not a plain file; nothing was changed. Move it away, or choose another folder.")


def remove(path: Path) -> None:
    """Remove a file without lines that is open here; Windows cannot, and such a file does no harm."""
    with suppress(PermissionError):
        path.unlink(missing_ok=True)


def check_incomplete(path: Path, file: int, end: int, beginning: bytes) -> bool:
    """Whether something stands after `end`; RecordError unless it begins as a line of ours does."""
    rest = read_at(file, len(beginning), end)
    if not beginning.startswith(rest) and rest != beginning:
        raise RecordError(f"{path}: ends with text that is not a line of ours; nothing was changed. Move the file away.")
    return bool(rest)


def read_at(file: int, length: int, offset: int) -> bytes:
    """So many bytes from there on; fewer at the end of the file."""
    os.lseek(file, offset, os.SEEK_SET)
    return os.read(file, length)


def append(file: int, end: int, value: Any, *, sync: bool) -> int:
    """Write one line at `end`, the end of the last complete line; its number of bytes.

    What stands after `end` is dropped: a line without its newline, left by a process that died while writing. OSError when the
    disk is full; no part of the new line is then left.
    """
    raw = (dump(value) + "\n").encode()
    try:
        os.ftruncate(file, end)
        written = os.write(file, raw)
        if written < len(raw):
            os.write(file, raw[written:])
        if sync:
            os.fsync(file)
    except OSError:
        os.ftruncate(file, end)
        raise
    return len(raw)
