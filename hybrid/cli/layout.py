"""Text for a terminal of 80 columns, and the one way to stdout."""

import os
import shlex
import sys
import textwrap
from collections.abc import Iterable

from hybrid.base.errors import HybridError

COLUMNS = 80


def emit(text: str) -> None:
    """Print a result. A reader who left early (`| head`) changes no exit code; HybridError when stdout is full."""
    try:
        print(text, flush=True)
    except OSError as error:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())  # what is still buffered must not fail again at exit
        if not isinstance(error, BrokenPipeError):
            raise HybridError(f"stdout cannot be written ({error.strerror}).") from None


def wrapped(text: str, *, first: str = "", indent: int = 0) -> str:
    """One paragraph in lines of at most 80 columns (longer where a word is): `first` leads in, the rest is indented."""
    return textwrap.fill(
        text, COLUMNS, initial_indent=first, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )


def paragraphs(text: str) -> str:
    """Every paragraph of a docstring wrapped anew."""
    return "\n\n".join(wrapped(" ".join(part.split())) for part in text.split("\n\n"))


def table(rows: Iterable[tuple[str, str]], width: int) -> str:
    """Labels in a column of `width`, every line of a text wrapped beside them, rows without text left out."""
    lines = [(label if i == 0 else "", line) for label, text in rows for i, line in enumerate(text.splitlines())]
    return "\n".join(wrapped(line, first=f"{label:<{width}} ", indent=width + 1) for label, line in lines)


def command_lines(words: Iterable[str], width: int) -> str:
    """A shell command in lines of at most `width` columns, each but the last ending in a backslash: safe to paste."""
    text = textwrap.fill(shlex.join(words), width - 2, break_long_words=False, break_on_hyphens=False)
    return text.replace("\n", " \\\n")
