"""What the verbs that draw share."""

from importlib.util import find_spec

from hybrid.base.errors import MissingPart


def need_matplotlib(what: str = "--plot") -> None:
    """MissingPart with the command that installs it, before anything is measured; `what` needs it."""
    if find_spec("matplotlib") is None:
        raise MissingPart(f"{what} needs matplotlib. Install it with: pip install 'hybrid-sandbox[plot]'")
