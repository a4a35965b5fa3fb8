"""Versions of Python, of this package and of what it requires; which extras are there."""

import platform
import sys
from collections.abc import Iterator
from importlib import metadata

from hybrid.cli.doctor import distribution
from hybrid.cli.doctor.finding import Finding


def look() -> Iterator[Finding]:
    """Python, this package and its requirements."""
    yield Finding("software", "python", "ok", f"{platform.python_version()}, {sys.executable}")
    yield Finding("software", "system", "ok", platform.platform())
    own = distribution.version(distribution.NAME)
    if own is None:
        yield Finding(
            "software",
            distribution.NAME,
            "note",
            "not installed; requirements unknown",
            f"pip install {distribution.PACKAGE.parent}",
        )
        return
    yield Finding("software", distribution.NAME, "ok", own)
    for needed in distribution.requirements():
        if not needed.extra:
            yield _required(needed)


def _required(needed: distribution.Requirement) -> Finding:
    version, limits = distribution.version(needed.name), f"needs {needed.limits}" if needed.limits else ""
    remedy = f"pip install '{needed.name}{needed.limits}'"
    if version is None:
        return Finding("software", needed.name, "broken", f"missing; {limits}".rstrip("; "), remedy)
    if not distribution.satisfies(version, needed.limits):
        return Finding("software", needed.name, "note", f"{version}, but {limits}", remedy)
    return Finding("software", needed.name, "ok", f"{version} ({limits})" if limits else version)


def extras() -> Iterator[Finding]:
    """One finding per extra of the installed package, so that none can be forgotten here."""
    try:
        provided = metadata.metadata(distribution.NAME).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        return
    for extra in sorted(provided):
        parts = [
            needed
            for needed in distribution.requirements()
            if needed.extra == extra and distribution.plain(needed.name) != distribution.NAME
        ]
        versions = {needed.name: distribution.version(needed.name) for needed in parts}
        missing = [name for name, version in versions.items() if version is None]
        present = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
        if missing:
            text = f"missing: {', '.join(missing)}" + (f"; present: {present}" if present else "")
            yield Finding("optional parts", extra, "note", text, f"pip install '{distribution.home()}[{extra}]'")
        else:
            yield Finding("optional parts", extra, "ok", present)
