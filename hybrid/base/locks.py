"""A lock on an open file for one process at a time; it ends with the process, however that ends, and leaves no file."""

import os

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

BEYOND = 2**30
"""Windows lets nobody else read the byte that is locked; this one is after the end of every record."""


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
