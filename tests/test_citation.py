"""CITATION.cff says what pyproject.toml says; it is read by the rules of its format, version 1.2.0, as far as it uses them."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REQUIRED = ("cff-version", "message", "title", "authors")
ALLOWED = {*REQUIRED, "type", "abstract", "version", "license", "keywords"}
"""Of the keys that the format has, those that are used here."""


def parsed(text: str) -> dict:
    """The part of YAML that the file uses: scalars, folded text, and lists of scalars or of one-key mappings."""
    found: dict = {}
    for line in text.splitlines():
        if line and not line.startswith(" "):
            key, colon, value = line.partition(":")
            assert colon, line
            found[key] = value.strip().strip('"') if value.strip() not in ("", ">-") else [] if not value.strip() else ""
        elif line.strip().startswith("- "):
            found[key].append(line.strip()[2:])
        else:
            found[key] = f"{found[key]} {line.strip()}".strip()
    return found


@pytest.fixture
def citation() -> dict:
    return parsed((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def test_the_citation_has_what_its_format_requires(citation):
    assert {*REQUIRED} <= citation.keys() <= ALLOWED
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert citation["authors"] and all(author.startswith("name: ") for author in citation["authors"])


def test_the_citation_says_what_the_package_says(citation):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["version"] == project["version"] and citation["license"] == project["license"]
    assert [author.removeprefix("name: ") for author in citation["authors"]] == [one["name"] for one in project["authors"]]
