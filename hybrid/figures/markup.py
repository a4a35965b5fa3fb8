"""HTML in which all text is escaped: only `tag` makes markup."""

import html
from typing import final

from hybrid.base.errors import printable


@final
class Markup(str):
    """Text that is HTML already."""


def escaped(content: str | Markup) -> str:
    """HTML for a piece of content."""
    return content if isinstance(content, Markup) else html.escape(printable(content, ""), quote=True)


def tag(element: str, /, *content: str | Markup, **attributes: str | bool) -> Markup:
    """`tag("th", "qubits", scope="col")`; an attribute's `_` is `-`, a trailing one keeps off Python's own words."""
    written = []
    for key, value in attributes.items():
        key = key.removesuffix("_").replace("_", "-")
        if value is not False:
            written.append(f" {key}" if value is True else f' {key}="{html.escape(printable(str(value), ""), quote=True)}"')
    opening = f"<{element}{''.join(written)}>"
    return Markup(opening if element == "meta" else f"{opening}{''.join(map(escaped, content))}</{element}>")
