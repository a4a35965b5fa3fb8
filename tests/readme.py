"""The fenced blocks of the README and of the guide, for the tests and for `.ci/run`.

`python tests/readme.py test` prints the README's command that passes the tests: a comment `<!-- run: NAME -->` before a block
names it. The word after the three backquotes says what a block is: `sh` and `python` are run, `text` is output. A second word
is the name of a file that holds the block. Standard library only.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "hybrid" / "guide").glob("*.md"))]
FENCED = re.compile(
    r"^(?:<!-- run: (?P<name>\S+) -->\n)?```(?P<kind>\S*)(?: (?P<file>\S+))?\n(?P<text>.*?)^```\n", re.DOTALL | re.MULTILINE
)


class Block(NamedTuple):
    """One fenced block: place, kind, name and file ("" for none), text, whether another block ends right above, and where in
    the page the text begins."""

    where: str
    section: str
    kind: str
    name: str
    file: str
    text: str
    adjacent: bool
    at: int


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page in their order."""
    text, end = page.read_text(encoding="utf-8"), -1
    for match in FENCED.finditer(text):
        where = f"{page.name}:{text.count(chr(10), 0, match.start()) + 1}"
        section = (["", *re.findall("^## (.*)", text[: match.start()], re.MULTILINE)])[-1]
        name, kind, file, inside = (match[group] or "" for group in ("name", "kind", "file", "text"))
        yield Block(where, section, kind, name, file, inside, match.start() == end, match.start("text"))
        end = match.end()


def named(name: str) -> str:
    """The text of a named block of the README."""
    return next(block.text for block in blocks(README) if block.name == name)


if __name__ == "__main__":
    print(named(sys.argv[1]))
