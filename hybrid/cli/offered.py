"""What installed packages offer, for `hybrid list`: read from their files, so that none of their code is run."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from hybrid import catalog
from hybrid.base.errors import HybridError
from hybrid.cli.layout import one_line_each, table, wrapped


class OfferedMember(NamedTuple):
    """A member of a package, and the first line about it."""

    family: str
    name: str
    origin: str
    line: str


def from_packages(families: Sequence[str], first_line: Callable[[str, str], str]) -> tuple[list[OfferedMember], list[str]]:
    """The members that packages offer in these families, and what is left out, with the reason."""
    found, refused = [], []
    for offer in catalog.offers():
        if offer.family and offer.family not in families:
            continue
        if offer.refusal:
            refused.append(f"left out: '{offer.entry}' of {offer.origin}: {offer.refusal}.")
            continue
        try:
            found.append(OfferedMember(offer.family, offer.name, offer.origin, first_line(offer.family, offer.name)))
        except HybridError as error:
            refused.append(f"left out: {error}")
    return found, refused


def overview(found: Sequence[OfferedMember]) -> list[str]:
    """A paragraph with a line for every package: its members with their families. None without packages."""
    rows = []
    for origin, group in groupby(found, lambda one: one.origin):
        rows.append((f"  {origin}", ", ".join(f"{catalog.FAMILIES[one.family]} {one.name}" for one in group)))
    return [f"of other packages\n{table(rows, max(len(label) for label, _ in rows) + 1)}"] if rows else []


def by_package(found: Sequence[OfferedMember]) -> list[str]:
    """A paragraph for every package: its members of one family with a line each."""
    groups = [(origin, [*group]) for origin, group in groupby(found, lambda one: one.origin)]
    return [f"{wrapped(f'of {origin}')}\n{one_line_each({one.name: one.line for one in group})}" for origin, group in groups]
