"""What the verbs that draw share."""

import sys
from importlib.util import find_spec
from pathlib import Path

from hybrid.base.errors import MissingPart, printable

WITHOUT_FILE = Path("")
"""What `--plot` without a FILE gives."""


def need_matplotlib(what: str = "--plot") -> None:
    """MissingPart with the command that installs it, before anything is measured; `what` needs it."""
    if find_spec("matplotlib") is None:
        raise MissingPart(f"{what} needs matplotlib. Install it with: pip install 'hybrid-sandbox[plot]'")


def picture(plot: Path | None, default: Path) -> Path | None:
    """The file that `--plot [FILE]` draws, None without the flag; MissingPart or UsageError before anything is measured."""
    if plot is None:
        return None
    need_matplotlib()
    from hybrid.figures.style import check_target

    target = default if plot == WITHOUT_FILE else plot
    check_target(target)
    return target


def say(line: str, quiet: bool) -> None:
    """A note on stderr, unless quiet."""
    if not quiet:
        print(printable(line), file=sys.stderr)
