"""The flags of a picture: size, style, title, caveat. Every verb that draws has them; none reads them but by `page`."""

from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from typer.core import TyperOption

from hybrid.base.errors import UsageError
from hybrid.figures.page import SCREEN, STYLES, Page, length_cm

_PAGE: ContextVar[Page] = ContextVar("page", default=SCREEN)
"""Of the command in progress."""


def options() -> list[TyperOption]:
    """A new option for each flag; its value makes the page, and does not go to the verb."""
    styles = "|".join(STYLES)
    return [
        _option("--width", "width_cm", "Width of the picture. Default: of its style.", "8.6cm"),
        _option("--style", "style", f"{', '.join(STYLES)}: size of text and colours. Default: {SCREEN.style}.", styles),
        _option("--title", "title", "Title of the picture; '' for none.", "TEXT"),
        _option("--no-caveat", "caveat", "Write the caveat into the file's metadata, not below the picture."),
    ]


def _option(flag: str, field: str, help: str, metavar: str | None = None) -> TyperOption:
    def keep(_: Any, __: Any, value: Any) -> None:
        if value is None or value is False:
            return
        given = length_cm(value) if field == "width_cm" else not value if field == "caveat" else value
        _PAGE.set(replace(page(), **{field: given}))

    settings: dict[str, Any] = {"metavar": metavar} if metavar else {"is_flag": True}
    return TyperOption(param_decls=[flag, f"page_{field}"], expose_value=False, callback=keep, help=help, **settings)


def page() -> Page:
    """The page that the flags of the command in progress describe."""
    return _PAGE.get()


def forget() -> None:
    """What an earlier command of this process was given."""
    _PAGE.set(SCREEN)


def refuse() -> None:
    """UsageError where a flag of a picture is given and nothing is drawn."""
    if page() != SCREEN:
        raise UsageError("--width, --style, --title and --no-caveat are of a picture: they go with --plot.")
