"""A package as a folder and one archive beside it, written so that an interruption leaves either none or the whole.

Both are made under names of their own and moved to their places at the end. The same package written twice has the same
bytes: names are sorted and the archive holds no times. `times.json` stands outside checksums and archive.
"""

import hashlib
import io
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hybrid.base.errors import UsageError

CHECKSUMS, TIMES = "checksums.txt", "times.json"
OUTSIDE = (CHECKSUMS, TIMES)
"""Files of a package that its checksums do not cover."""
NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip archive can hold."""
ORDINARY_FILE, UNIX = 0o100644 << 16, 3


class Written(NamedTuple):
    """Where a package is, how many files it has, and the sha256 of its archive."""

    folder: Path
    archive: Path
    files: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return {"folder": str(self.folder), "archive": str(self.archive), "files": self.files, "sha256": self.sha256}


def check_folder(folder: Path) -> None:
    """UsageError for a folder that holds something else than a package; one that is empty or missing will do."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; --package takes a folder, which is made.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / CHECKSUMS).is_file():
        raise UsageError(f"{folder}: is not empty and holds no package; nothing was changed. Name a new folder.")
    if not folder.name:
        raise UsageError(f"{folder}: has no name of its own; name a new folder.")


def write(files: Mapping[str, bytes], times: bytes, folder: Path) -> Written:
    """Write the folder and its archive. The same package once more is left as it is.

    UsageError: the folder, or the archive's name, holds something else, or they cannot be written.
    """
    check_folder(folder)
    whole = {**files, CHECKSUMS: checksums(files)}
    packed = _packed(whole, folder.name)
    archive = folder.with_name(f"{folder.name}.zip")
    _check_same(folder, archive, whole, packed)
    unfinished, loose = (folder.with_name(f".{folder.name}.{kind}") for kind in ("unfinished", "zip"))
    try:
        if not (folder.is_dir() and any(folder.iterdir())):
            shutil.rmtree(unfinished, ignore_errors=True)
            for name, content in {**whole, TIMES: times}.items():
                (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
                (unfinished / name).write_bytes(content)
            if folder.is_dir():
                folder.rmdir()
            os.replace(unfinished, folder)
        loose.write_bytes(packed)
        os.replace(loose, archive)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: cannot be written ({error.strerror}).") from None
    return Written(folder, archive, len(whole) + 1, hashlib.sha256(packed).hexdigest())


def checksums(files: Mapping[str, bytes]) -> bytes:
    """Lines as `sha256sum --check` reads them, by name."""
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)).encode()


def listed(folder: Path) -> dict[str, str]:
    """File -> its sha256 as the checksums of a package say; UsageError for a folder that holds no package."""
    path = folder / CHECKSUMS
    if not path.is_file():
        raise UsageError(f"{folder}: holds no package: it has no {CHECKSUMS}.")
    pairs = (line.split("  ", 1) for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2}


def held(folder: Path) -> dict[str, bytes]:
    """Every file of a package but times and checksums, by name."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    names = ((path.relative_to(folder).as_posix(), path) for path in paths)
    return {name: path.read_bytes() for name, path in names if name not in OUTSIDE}


def _check_same(folder: Path, archive: Path, whole: Mapping[str, bytes], packed: bytes) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        there = held(folder) | {CHECKSUMS: (folder / CHECKSUMS).read_bytes()}
        differing = sorted(name for name in {*there, *whole} if there.get(name) != whole.get(name))
        if differing:
            more = f" and {len(differing) - 1} more" if len(differing) > 1 else ""
            raise UsageError(
                f"{folder}: holds another package ({differing[0]} differs{more}); nothing was changed. Name a new folder."
            )
    if archive.exists() and archive.read_bytes() != packed:
        raise UsageError(f"{archive}: is there already and is not the archive of this package; move it away.")


def _packed(files: Mapping[str, bytes], name: str) -> bytes:
    """The archive: one folder, files sorted, without times."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for place in sorted(files):
            entry = zipfile.ZipInfo(f"{name}/{place}", NO_TIME)
            entry.create_system, entry.external_attr = UNIX, ORDINARY_FILE
            archive.writestr(entry, files[place], zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()
