"""Colours of a finished figure exchanged, in whatever they are drawn: one place makes a picture dark, or its ground white."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text


def recolour(drawn: Figure, colours: dict[str, str]) -> None:
    """Exchange colours of everything drawn; what has another colour keeps it, and every transparency."""
    if not colours:
        return
    artists = drawn.findobj()
    boxes = [text.get_bbox_patch() for text in artists if isinstance(text, Text)]
    for artist in [*artists, *filter(None, boxes)]:
        for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            read, write = getattr(artist, f"get_{name}", None), getattr(artist, f"set_{name}", None)
            if read is None or write is None or (name == "color" and hasattr(artist, "get_facecolor")):
                continue
            _exchange(read(), write, colours)


def _exchange(old: Any, write: Callable[[Any], None], colours: dict[str, str]) -> None:
    """Of one artist: a colour, or an array of them."""
    several = isinstance(old, np.ndarray) and old.ndim == 2
    new = [_exchanged(one, colours) for one in (old if several else [old])]
    if any(one is not None for one in new):
        write([one if one is not None else before for one, before in zip(new, old, strict=True)] if several else new[0])


def _exchanged(colour: Any, colours: dict[str, str]) -> Any:
    """What stands for a colour, with its transparency; None where it stays."""
    if isinstance(colour, str) and colour in ("none", "auto"):
        return None
    *_, alpha = to_rgba(colour)
    found = colours.get(to_hex(colour))
    return None if found is None else (*to_rgba(found)[:3], alpha)
