"""The installed software: versions of Python, of this package and of what it requires, which extras are there, its origin."""

import json
import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlparse

from hybrid.cli.doctor.finding import Finding

NAME = "hybrid-sandbox"
PACKAGE = Path(__file__).resolve().parents[2]


class Requirement(NamedTuple):
    """One line of the installed package's requirements: `qiskit>=2.2; extra == 'x'`."""

    name: str
    limits: str
    extra: str


def look() -> Iterator[Finding]:
    """Python, this package and its requirements."""
    yield Finding("software", "python", "ok", f"{platform.python_version()}, {sys.executable}")
    yield Finding("software", "system", "ok", platform.platform())
    own = version(NAME)
    if own is None:
        yield Finding("software", NAME, "note", "not installed; requirements unknown", f"pip install {PACKAGE.parent}")
        return
    yield Finding("software", NAME, "ok", own)
    for needed in requirements():
        if not needed.extra:
            yield _required(needed)


def _required(needed: Requirement) -> Finding:
    found, limits = version(needed.name), f"needs {needed.limits}" if needed.limits else ""
    remedy = f"pip install '{needed.name}{needed.limits}'"
    if found is None:
        return Finding("software", needed.name, "broken", f"missing; {limits}".rstrip("; "), remedy)
    if not satisfies(found, needed.limits):
        return Finding("software", needed.name, "note", f"{found}, but {limits}", remedy)
    return Finding("software", needed.name, "ok", f"{found} ({limits})" if limits else found)


def extras() -> Iterator[Finding]:
    """One finding per extra of the installed package, so that none can be forgotten here."""
    try:
        provided = metadata.metadata(NAME).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        return
    for extra in sorted(provided):
        parts = [needed.name for needed in requirements() if needed.extra == extra and plain(needed.name) != NAME]
        found = {name: version(name) for name in parts}
        missing = [name for name in parts if found[name] is None]
        present = ", ".join(f"{name} {found[name]}" for name in parts if found[name])
        if missing:
            text = f"missing: {', '.join(missing)}" + (f"; present: {present}" if present else "")
            yield Finding("optional parts", extra, "note", text, f"pip install '{home()}[{extra}]'")
        else:
            yield Finding("optional parts", extra, "ok", present)


def requirements() -> list[Requirement]:
    """The requirements of the installed package, those of extras last; empty when it is not installed."""
    try:
        listed = metadata.requires(NAME) or []
    except metadata.PackageNotFoundError:
        return []
    needs = []
    for line in listed:
        body, _, marker = line.partition(";")
        match = re.fullmatch(r"([\w.-]+)\s*(?:\[.*?\])?\s*\(?([^)]*)\)?\s*", body.strip())
        extra = re.search(r"extra\s*==\s*['\"]([\w.-]+)", marker)
        if match:
            needs.append(Requirement(match[1], match[2].strip(), extra[1] if extra else ""))
    return sorted(needs, key=lambda needed: (needed.extra, needed.name))


def satisfies(version: str, limits: str) -> bool:
    """Whether a version fits `>=2.2,<3`, compared by its leading numbers; a limit of another form is ignored."""

    def key(text: str) -> list[int]:
        return ([int(part) for part in re.findall(r"\d+", re.match(r"[\d.]*", text)[0])] + [0] * 6)[:6]  # type: ignore[index]

    for limit in filter(None, limits.replace(" ", "").split(",")):
        match = re.fullmatch(r"(>=|<=|<|>|==|!=)([\d.]+)", limit)
        if match is None:
            continue
        have, want = key(version), key(match[2])
        order = (have > want) - (have < want)
        if order not in {">=": (0, 1), "<=": (-1, 0), "<": (-1,), ">": (1,), "==": (0,), "!=": (-1, 1)}[match[1]]:
            return False
    return True


def version(name: str) -> str | None:
    """The installed version of a distribution, None where there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def origin() -> Path | None:
    """The folder that the package was installed from, None when it came from elsewhere."""
    try:
        source = json.loads(metadata.distribution(NAME).read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, ValueError):
        return None
    url = urlparse(source.get("url", ""))
    return Path(unquote(url.path)) if url.scheme == "file" and Path(unquote(url.path)).is_dir() else None


def home() -> str:
    """What to install this package from with pip: the folder it came from, else its name."""
    folder = origin()
    return NAME if folder is None else str(folder)


def reinstall(name: str) -> str:
    """The command that installs the files of a distribution again."""
    return f"pip install --no-deps --force-reinstall {name}"


def plain(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
