"""Plots as SVG inside a page: no address, no text of a row, no style rule for the rest of it; ink has the page's colour."""

import re
import xml.etree.ElementTree as ElementTree

from hybrid.base.errors import shortened
from hybrid.figures.style import BLANK, INK, MUTED, PAPER, Drawing, encoded

COLOURS = {
    INK.lower(): "currentColor",
    PAPER.lower(): "var(--paper)",
    MUTED.lower(): "var(--muted)",
    BLANK.lower(): "var(--blank)",
}
"""What changes between light and dark."""
COLOUR = re.compile("|".join(COLOURS))
TARGET = re.compile(r"url\(#([^)]*)\)")
DROPPED = {"metadata", "style", "title"}


def svg(picture: Drawing, label: str, prefix: str) -> str:
    """One plot; its letters are outlines, so `label` says what it shows. `prefix` makes its ids differ from other plots'."""
    raw = encoded(picture, "svg")
    root = ElementTree.fromstring(raw)  # written by ourselves; the parser drops comments, which hold text
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    _clean(root, {name: f"{prefix}{number}" for number, name in enumerate(dict.fromkeys(ids))})
    width, height = (float(length.removesuffix("pt")) for length in (root.attrib.pop("width"), root.attrib.pop("height")))
    root.attrib |= {"role": "img", "aria-label": shortened(label, 400), "style": f"max-width: {width * 4 / 3:.0f}px"}
    root.attrib["viewBox"] = f"0 0 {width:g} {height:g}"
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _clean(element: ElementTree.Element, ids: dict[str, str]) -> None:
    """Remove namespaces and unwanted elements, number the ids (matplotlib's are random), use the page's colours."""
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
