"""Plots as SVG inside a page: no address, no text of a row, no rule for the rest of the page; ink follows the page."""

import io
import re
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

import matplotlib

from hybrid.base.errors import shortened
from hybrid.bench.rows import Row
from hybrid.bench.summary import Figure
from hybrid.figures.bench.kinds import RC, picture
from hybrid.figures.style import INK, PAPER

COLOURS = {
    INK.lower(): "currentColor",
    PAPER.lower(): "var(--paper)",
    "#555555": "var(--muted)",
    "#e4e4e0": "var(--blank)",
}
"""What changes between light and dark."""
COLOUR = re.compile("|".join(COLOURS))
TARGET = re.compile(r"url\(#([^)]*)\)")
DROPPED = {"metadata", "style", "title"}


def svg(found: Sequence[Figure], kind: str, rows: Sequence[Row], label: str, prefix: str) -> str:
    """One plot; letters are outlines, so `label` says what it shows. `prefix` keeps its ids apart from other plots'.

    UsageError: nothing of that kind to draw.
    """
    with matplotlib.rc_context({**RC, "svg.fonttype": "path"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # a box stands for it; the table has the letter
        drawn = picture(found, kind, rows)
        raw = io.BytesIO()
        drawn.savefig(raw, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(raw.getvalue())  # our own; comments, which hold text, are left behind here
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    _clean(root, {name: f"{prefix}{number}" for number, name in enumerate(dict.fromkeys(ids))})
    width, height = (float(length.removesuffix("pt")) for length in (root.attrib.pop("width"), root.attrib.pop("height")))
    root.attrib |= {"role": "img", "aria-label": shortened(label, 400), "style": f"max-width: {width * 4 / 3:.0f}px"}
    root.attrib["viewBox"] = f"0 0 {width:g} {height:g}"
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _clean(element: ElementTree.Element, ids: dict[str, str]) -> None:
    """Strip namespaces and what is dropped, number ids (matplotlib's differ from time to time), let the page's colours in."""
    element.tag = element.tag.rpartition("}")[2]
    element.tail = None
    for key, value in list(element.attrib.items()):
        del element.attrib[key]
        name = key.rpartition("}")[2]
        if name == "id":
            value = ids[value]
        elif name == "href":
            value = f"#{ids[value.removeprefix('#')]}"
        else:
            value = TARGET.sub(lambda match: f"url(#{ids[match[1]]})", COLOUR.sub(lambda match: COLOURS[match[0]], value))
        element.set(name, value)
    for child in list(element):
        if child.tag.rpartition("}")[2] in DROPPED:
            element.remove(child)
        else:
            _clean(child, ids)
