"""Files of JSON lines: canonical text, strict reading, and appending that leaves no part of a line."""

import json
import os
from typing import Any


def dump(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, floats that read back to the same bits, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def load(raw: bytes) -> Any:
    """The value of one line; ValueError or RecursionError for what is not JSON, and for NaN and Infinity."""
    return json.loads(raw, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


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
