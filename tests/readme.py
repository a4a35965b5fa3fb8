"""The README's commands, for the tests and for `.ci/run`: `python tests/readme.py test` prints the one that tests.

A block is named by the comment in front of it: `<!-- run: NAME -->`. Standard library only.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def blocks() -> dict[str, str]:
    """Name -> shell text of every named block."""
    found = re.findall(r"<!-- run: (\S+) -->\s*```(?:sh|python)\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return dict(found)


if __name__ == "__main__":
    print(blocks()[sys.argv[1]])
