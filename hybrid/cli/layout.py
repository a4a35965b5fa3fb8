"""Text for a terminal of 80 columns, and the function that prints every result on stdout."""

import csv
import io
import os
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hybrid.base.errors import HybridError, UsageError, printable

COLUMNS = 80
FORMULA = "=+-@"
"""First characters of what a spreadsheet computes."""
COMMAND_COLUMNS = 63
"""What a report's column of labels leaves for a command."""


def terminal_columns() -> int:
    """Columns of the terminal; 80 elsewhere."""
    return shutil.get_terminal_size((COLUMNS, 24)).columns if sys.stdout.isatty() else COLUMNS


def emit(text: str) -> None:
    """Print a result, what comes from files escaped.

    A closed pipe (`| head`) does not change the exit code; HybridError when stdout cannot be written.
    """
    try:
        print(printable(text), flush=True)
    except OSError as error:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())  # what is still in the buffer must not fail again at exit
        if not isinstance(error, BrokenPipeError):
            raise HybridError(f"stdout cannot be written ({error.strerror}).") from None


def wrapped(text: str, *, first: str = "", indent: int = 0) -> str:
    """One paragraph in lines of at most 80 columns (longer for a longer word): `first` before it, later lines indented."""
    return textwrap.fill(
        text, COLUMNS, initial_indent=first, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )


def paragraphs(text: str) -> str:
    """A docstring with every paragraph wrapped to 80 columns."""
    return "\n\n".join(wrapped(" ".join(part.split())) for part in text.split("\n\n"))


def table(rows: Iterable[tuple[str, str]], width: int) -> str:
    """Labels in a column of `width`, texts wrapped beside them line by line; rows without text are left out."""
    printed = []
    for label, text in rows:
        for i, line in enumerate(text.splitlines()):
            first = f"{'' if i else label:<{width}} "
            printed.append(first + line if isinstance(text, PastedCommand) else wrapped(line, first=first, indent=width + 1))
    return "\n".join(printed)


def one_line_each(lines: dict[str, str]) -> str:
    """Names in a column and a line of text beside each, cut with `...` where 80 columns end."""
    width = max(map(len, lines)) + 4
    shorten = textwrap.TextWrapper(COLUMNS - width, max_lines=1, placeholder=" ...", break_on_hyphens=False).fill
    return "\n".join(f"{f'  {name}':<{width}}{shorten(line)}" for name, line in lines.items())


class PastedCommand(str):
    """A shell command in lines that are printed as they are: another line break would make it another command."""


def command_lines(words: Iterable[str], width: int = COMMAND_COLUMNS) -> PastedCommand:
    """A shell command to paste, in lines of at most `width` columns that break between words alone; a longer word is never cut,
    its line is longer."""
    lines = [""]
    for word in map(shlex.quote, words):
        if lines[-1] and len(lines[-1]) + len(word) + 1 > width - 2:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return PastedCommand(" \\\n".join(lines))


def csv_text(rows: Sequence[Mapping[str, object]], columns: Sequence[str] = ()) -> str:
    """Rows as CSV, with the keys of the first one or else these columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0] if rows else columns)
    writer.writerows([_plain_cell(value) for value in row.values()] for row in rows)
    return text.getvalue().rstrip("\n")


def _plain_cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets a quote mark before it."""
    return f"'{value}" if type(value) is str and value[:1] in FORMULA and value else value


def write_text(path: Path, text: str) -> None:
    """Write a result into a file; UsageError where that cannot be."""
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}).") from None
