"""Reading input files: size and encoding are checked first; every error names file, line and key."""

import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from hybrid.base.errors import UsageError, shortened

MAX_BYTES = 8 * 2**20
"""A text input above this is a mistake: the largest real one (an integral file of 30 orbitals) is a few megabytes."""
ODD_BREAK = re.compile("\r(?!\n)|[\v\f\x1c-\x1e\x85\u2028\u2029]")
"""Where some programs begin a new line and others do not, so that one file would hold two things."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""A decimal number, as files hold it: no nan, no hexadecimal, no 1_000."""


def looks_like_path(text: str) -> bool:
    """Whether a name or an option's value is meant as a file: it holds a slash or ends in a suffix such as `.edges`."""
    return "/" in text or re.search(r"\w\.[A-Za-z][A-Za-z0-9]*$", text) is not None


def check_file(path: Path) -> None:
    """UsageError when the path is missing, a folder, no plain file, or cannot be looked at."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last: a NUL in its name
        raise UsageError(f"{path}: no such file.") from None
    except OSError as error:
        raise UsageError(f"{shortened(str(path), 300)}: cannot be read ({error.strerror}).") from None
    if stat.S_ISDIR(mode):
        raise UsageError(f"{path}: is a folder, a file is needed.")
    if not stat.S_ISREG(mode):
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
    """The file as UTF-8 text; UsageError as `read_bytes`, for binary content, and for odd ends of lines."""
    content = read_bytes(path)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}:{line}: not a text file (byte {error.start} is not UTF-8).") from None
    if "\0" in text:
        raise UsageError(f"{path}:{text[: text.index(chr(0))].count(chr(10)) + 1}: not a text file (it holds a NUL byte).")
    if odd := ODD_BREAK.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise UsageError(
            f"{path}:{line}: the character U+{ord(odd[0]):04X} ends a line for some programs only; end lines by LF or by CR LF."
        )
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
