"""Whether records can be written and locked."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hybrid.base.locks import lock
from hybrid.cli.doctor.finding import Finding


def look(results: Path) -> Iterator[Finding]:
    """Write, lock and remove a file where records would go, or in the nearest folder that exists."""
    folder = results.absolute()
    while not folder.exists():
        folder = folder.parent
    where = f"{folder}" if folder == results.absolute() else f"does not exist yet; {folder}"
    elsewhere = "choose --results DIR elsewhere"
    if not folder.is_dir():
        yield Finding("results", "folder", "note", f"{folder} is not a folder", elsewhere)
        return
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".hybrid-doctor-") as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            locked = _locks(file.fileno(), file.name)
    except OSError as error:
        yield Finding("results", "folder", "note", f"{where} cannot be written: {error.strerror}", elsewhere)
        return
    free = f"{shutil.disk_usage(folder).free / 2**30:.1f} GiB free"
    if locked:
        yield Finding("results", "folder", "note", f"{where} can be written but not locked: {locked}; {free}", elsewhere)
    else:
        yield Finding("results", "folder", "ok", f"{where} can be written and locked; {free}")


def _locks(file: int, path: str) -> str:
    """Why locks do not work here; empty where a second lock on a file is refused, as it should be."""
    try:
        lock(file)
    except OSError as error:
        return error.strerror or "no reason given"
    second = os.open(path, os.O_RDWR)
    try:
        return "two processes get the same lock" if lock(second) else ""
    finally:
        os.close(second)
