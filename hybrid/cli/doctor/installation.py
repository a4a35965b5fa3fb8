"""Other packages named `hybrid`, and whether the installed files were changed."""

import base64
import csv
import hashlib
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from itertools import groupby
from pathlib import Path

from hybrid import catalog
from hybrid.cli.doctor import software
from hybrid.cli.doctor.finding import Finding


def look() -> Iterator[Finding]:
    """Other packages and commands named `hybrid`; changed files; packages that offer members."""
    others = sorted(
        {name for name in metadata.packages_distributions().get("hybrid", []) if software.plain(name) != software.NAME}
    )
    where = _package()
    if others:
        text = f"also installed by {', '.join(others)}: one overwrites the other's files"
        remedy = f"pip uninstall {others[0]}; {software.reinstall(software.home())}"
        yield Finding("installation", "import hybrid", "note", text, remedy)
    elif where is not None and where != software.PACKAGE:
        text = f"{software.NAME} is installed in {where}, but {software.PACKAGE} is running"
        yield Finding("installation", "import hybrid", "note", text, "check PYTHONPATH and the working folder")
    else:
        yield Finding("installation", "import hybrid", "ok", str(software.PACKAGE))
    if changed := _changed_files():
        text = f"changed since installation: {', '.join(changed[:3])}{', ...' if len(changed) > 3 else ''}"
        yield Finding("installation", "own files", "note", text, software.reinstall(software.home()))
    for rival in _rival_files():
        text = f"{rival} has the same name; Python started in its folder imports it instead"
        yield Finding("installation", "import hybrid", "note", text, "rename it or work in another folder")
    yield _command()
    yield from _packages()


def _packages() -> Iterator[Finding]:
    """The packages that offer members, and what they offer that cannot be used."""
    for package, group in groupby(catalog.offers(), lambda offer: offer.origin):
        offers = [*group]
        usable = [f"{catalog.FAMILIES[offer.family]} {offer.name}" for offer in offers if not offer.refusal]
        refused = [f"{offer.entry}: {offer.refusal}" for offer in offers if offer.refusal]
        text = "; ".join([f"offers {', '.join(usable) or 'nothing usable'}", *refused])
        yield Finding("installation", package, "note" if refused else "ok", text)


def _rival_files() -> Iterator[Path]:
    """Other modules named hybrid in the working folder and on the path; the source of this one does not count."""
    folder = software.origin()
    seen = {software.PACKAGE, software.PACKAGE if folder is None else (folder / "hybrid").resolve()}
    for entry in [os.getcwd(), *sys.path]:
        for path in (Path(entry or ".") / "hybrid.py", Path(entry or ".") / "hybrid" / "__init__.py"):
            rival = (path if path.name == "hybrid.py" else path.parent).resolve()
            if rival not in seen and path.is_file():
                seen.add(rival)
                yield rival


def _changed_files() -> list[str]:
    """Files of the package whose hash is not the recorded one; an editable installation records none."""
    changed: list[str] = []
    if software.version(software.NAME) is None:
        return changed
    own = metadata.distribution(software.NAME)
    for name, recorded, _ in csv.reader((own.read_text("RECORD") or "").splitlines()):  # `files` leaves out what is missing
        if name.partition("/")[0] == "hybrid" and recorded:
            mode, _, value = recorded.partition("=")
            try:
                digest = hashlib.new(mode, Path(str(own.locate_file(name))).read_bytes()).digest()
            except (OSError, ValueError):
                digest = b""
            if base64.urlsafe_b64encode(digest).decode().rstrip("=") != value:
                changed.append(name)
    return changed


def _package() -> Path | None:
    """Where the installed distribution keeps the package; None when it is not installed or does not say."""
    try:
        files = metadata.distribution(software.NAME).files or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.parts == ("hybrid", "__init__.py"):
            return Path(str(file.locate())).resolve().parent
    folder = software.origin()
    return None if folder is None else (folder / "hybrid").resolve()


def _command() -> Finding:
    """Which program `hybrid` starts in a shell."""
    ours, first = Path(sysconfig.get_path("scripts")) / "hybrid", shutil.which("hybrid")
    if first is None:
        text = f"not on PATH; it is {ours}" if ours.exists() else "not on PATH"
        return Finding("installation", "command hybrid", "note", text, f"export PATH={ours.parent}:$PATH")
    if Path(first).resolve() != ours.resolve():
        text = f"a shell starts {first}; this environment's is {ours}"
        return Finding("installation", "command hybrid", "note", text, f"export PATH={ours.parent}:$PATH")
    return Finding("installation", "command hybrid", "ok", first)
