"""What the verbs that draw share."""

import importlib.util

from hybrid.base.errors import MissingPart


def need_matplotlib(what: str = "--plot") -> None:
    """MissingPart with the command that installs it, before anything is measured; `what` needs it."""
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingPart(f"{what} needs matplotlib. Install it with: pip install 'hybrid-sandbox[plot]'")
