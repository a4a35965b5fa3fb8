"""Reading input files: size and encoding are checked first; every error names file, line and key."""

import re
import tomllib
from pathlib import Path
from typing import Any

from hybrid.base.errors import UsageError

MAX_BYTES = 8 * 2**20
"""A text input above this is a mistake: the largest real one (an integral file of 30 orbitals) is a few megabytes."""


def looks_like_path(text: str) -> bool:
    """Whether a name or an option's value is meant as a file: it holds a slash or ends in a suffix such as `.edges`."""
    return "/" in text or re.search(r"\w\.[A-Za-z][A-Za-z0-9]*$", text) is not None


def check_file(path: Path) -> None:
    """UsageError when the path is missing, a folder, or no plain file."""
    if path.is_dir():
        raise UsageError(f"{path}: is a folder, a file is needed.")
    if not path.exists():
        raise UsageError(f"{path}: no such file.")
    if not path.is_file():
        raise UsageError(f"{path}: is no plain file.")


def read_bytes(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """The file's bytes; UsageError when it is missing, no plain file, empty or too large."""
    check_file(path)
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise UsageError(f"{path}: {size / 2**20:.1f} MiB; an input file may have at most {max_bytes / 2**20:.0f} MiB.")
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}).") from None
    if not content.strip():
        raise UsageError(f"{path}: the file is empty.")
    return content


def read_text(path: Path) -> str:
    """The file as UTF-8 text; UsageError as `read_bytes`, and for binary content."""
    content = read_bytes(path)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}:{line}: not a text file (byte {error.start} is not UTF-8).") from None
    if "\0" in text:
        raise UsageError(f"{path}:{text[: text.index(chr(0))].count(chr(10)) + 1}: not a text file (it holds a NUL byte).")
    return text


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """The parsed TOML and its text (for `line_of`); UsageError with the line of a syntax error."""
    text = read_text(path)
    try:
        return tomllib.loads(text), text
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and nesting without end
        raise UsageError(f"{path}: not valid TOML: {error}.") from None


def line_of(text: str, *keys: str) -> int:
    """The line (from 1) where the last of `keys` is set, looking below the earlier ones' tables; 1 when not found."""
    lines = text.splitlines()
    start = 0
    for depth, key in enumerate(keys):
        name = rf"[\"']?{re.escape(key)}[\"']?"
        patterns = (
            rf"^\s*(?:[\w\"'.-]+\.)?{name}\s*[=.]",
            rf"^\s*\[\[?(?:.*\.)?{name}(?:\.[^\]]*)?\]",
            rf"[{{,]\s*{name}\s*=",
        )
        line = next(
            (i for pattern in patterns for i in range(start, len(lines)) if re.search(pattern, lines[i])),
            None,
        )
        if line is None:
            return (start if depth else 0) + 1
        start = line
    return start + 1
