"""Versions and licences of the software that a rehearsal used, as its distributions state them."""

import re
from importlib import metadata
from typing import NamedTuple

DISTRIBUTION = "hybrid-sandbox"
DRAWS = "matplotlib"
"""Used besides the requirements where there are pictures."""
NAME = re.compile(r"[A-Za-z0-9._-]+")
LONGEST = 60
"""A licence field of more characters holds the licence's text, not its name."""


class Software(NamedTuple):
    """One distribution: its licence and repository as it states them, empty where it states none."""

    name: str
    version: str
    licence: str
    repository: str


def used() -> tuple[Software, ...]:
    """This package, then what it requires, by name; matplotlib where it is installed."""
    required = [text for text in metadata.requires(DISTRIBUTION) or () if "extra ==" not in text]
    names = sorted({match[0] for text in (*required, DRAWS) if (match := NAME.match(text))})
    found = [_software(name) for name in (DISTRIBUTION, *names)]
    return tuple(one for one in found if one is not None)


def _software(name: str) -> Software | None:
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    links = (link.partition(", ") for link in about.get_all("Project-URL") or ())
    addresses = {label.lower(): address for label, _, address in links}
    repository = next((addresses[key] for key in ("repository", "source", "source code", "homepage") if key in addresses), "")
    return Software(name, about["Version"], _licence(about), repository)


def _licence(about: metadata.PackageMetadata) -> str:
    """The SPDX expression, the short text of the older field, or the classifier."""
    stated = {field: " ".join(" ".join(about.get_all(field) or ()).split()) for field in ("License-Expression", "License")}
    if expression := stated["License-Expression"]:
        return expression
    if 0 < len(stated["License"]) <= LONGEST:
        return stated["License"]
    classifiers = [text for text in about.get_all("Classifier") or () if text.startswith("License ::")]
    return ", ".join(text.rpartition(" :: ")[2] for text in classifiers)


def markdown(software: tuple[Software, ...]) -> str:
    """A table."""
    lines = ["# Software that was used", "", "| name | version | licence | repository |", "|---|---|---|---|"]
    lines += [f"| {one.name} | {one.version} | {one.licence or 'not stated'} | {one.repository} |" for one in software]
    return "\n".join([*lines, "", "Licences and repositories as the installed distributions state them.", ""])
