"""A lock on an open file for one process at a time; it ends with the process, however that ends, and leaves no file."""

import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

BEYOND = 2**30
"""Windows lets nobody else read the byte that is locked; this one is after the end of every record."""
MOUNTS = Path("/proc/mounts")
OWN_HOST = ("tmpfs", "ramfs", "devtmpfs")
"""Not disks at all: another host has others under the same name."""


def lock(file: int) -> bool:
    """Lock without waiting; False where another process holds it. OSError where the file system knows no locks."""
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
    import msvcrt

    os.lseek(file, BEYOND, os.SEEK_SET)
    try:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except PermissionError:
        return False
    return True


def not_shared(path: Path, mounts: Path = MOUNTS) -> str:
    """Why a lock on this file would not hold between hosts, in words; empty where it does or where that is not known.

    File systems that are not shared belong to one host.
    """
    folder, kind, _ = _mount(path, mounts)
    of_one_host = f"{folder} is {kind}, with locks and files of this host alone" if kind in OWN_HOST else ""
    return without_locks(path, mounts) or of_one_host


def without_locks(path: Path, mounts: Path = MOUNTS) -> str:
    """Why a lock on this file of a shared disk would not hold between hosts, in words; empty where it does.

    NFS and Lustre have locks between hosts unless mounted without (nfs(5): nolock, local_lock; mount.lustre(8): flock).
    """
    folder, kind, options = _mount(path, mounts)
    if kind.startswith("nfs") and {"nolock", "local_lock=all", "local_lock=flock"} & {*options}:
        return f"{folder} is {kind} without locks between hosts (its mount option)"
    if kind == "lustre" and "flock" not in options:
        return f"{folder} is Lustre without locks between hosts (the mount option flock)"
    return ""


def _mount(path: Path, mounts: Path) -> tuple[str, str, list[str]]:
    """Folder, file system and options of the mount that a path lies on; empty where that is not known."""
    try:
        lines = [line.split() for line in mounts.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return "", "", []
    place = path.resolve()
    inside = [line for line in lines if len(line) > 3 and place.is_relative_to(line[1].replace("\\040", " "))]
    if not inside:
        return "", "", []
    _, folder, kind, flags, *_ = max(inside, key=lambda line: len(line[1]))
    return folder, kind, flags.split(",")
