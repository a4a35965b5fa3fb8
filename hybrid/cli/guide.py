"""`hybrid guide`: the pages of the guide, Markdown files in `hybrid/guide/`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from hybrid.base.errors import unknown
from hybrid.cli import completion
from hybrid.cli.layout import emit, table

HELP = """List the pages of the guide, or show one of them.

For example: hybrid guide physics. A terminal shows the page in a pager; a pipe or a file gets the Markdown text.
"""
FOLDER = Path(__file__).parent.parent / "guide"
NAMES = sorted(path.stem for path in FOLDER.glob("*.md"))
NAME_COLUMNS = 12
PAGER_COLUMNS = 100
"""Longer lines are hard to read; a wider terminal leaves the rest empty."""


def guide(
    page: Annotated[
        str | None,
        typer.Argument(help="A page; left out, all are listed.", metavar="[PAGE]", autocompletion=completion.of_words(NAMES)),
    ] = None,
) -> None:
    """Print the list of pages, or one page. UsageError for a page that does not exist."""
    if page is None:
        emit(table([(name, first_sentence(text_of(name))) for name in NAMES], NAME_COLUMNS))
    elif page not in NAMES:
        raise unknown("page", page, NAMES)
    elif sys.stdout.isatty():
        _show_in_pager(text_of(page))
    else:
        emit(text_of(page).rstrip("\n"))


def text_of(page: str) -> str:
    """The Markdown text of a page."""
    return (FOLDER / f"{page}.md").read_text(encoding="utf-8")


def first_sentence(text: str) -> str:
    """What a page answers: its first paragraph, which is one sentence after the title."""
    return " ".join(text.split("\n\n")[1].split())


def _show_in_pager(text: str) -> None:
    """Render the page for this terminal. A page that fits the screen is printed at once, unless LESS says otherwise."""
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.theme import Theme

    os.environ.setdefault("LESS", "-FRX")  # R: colours; F and X: leave at once if the page fits
    console = Console(width=min(Console().width, PAGER_COLUMNS), theme=Theme({"markdown.code": "cyan"}))
    with console.pager(styles=True):
        console.print(Markdown(text, code_theme="ansi_light", hyperlinks=False))
