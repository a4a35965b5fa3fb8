"""This machine: the memory it lets a process have, and the versions installed on it."""

import os
import platform
import signal
from pathlib import Path

PR_SET_PDEATHSIG = 1
"""Of prctl(2)."""
PACKAGES = ("hybrid-sandbox", "qiskit", "qiskit-aer", "numpy")
"""Packages that the values of a run depend on."""


def memory_bytes() -> tuple[int, int]:
    """Bytes in all and free, the control group's limit taken into account."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        total, free = (int(lines[key].split()[0]) * 1024 for key in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError, ValueError):
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        free = total
    try:
        limit, used = (int(Path(f"/sys/fs/cgroup/memory.{name}").read_text()) for name in ("max", "current"))
    except (OSError, ValueError):
        return total, free
    return min(total, limit), min(free, max(0, limit - used))


def die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent ends, however that ends; on Linux alone."""
    import ctypes

    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(1)


def version(package: str) -> str | None:
    """The installed version of a distribution, None where there is none."""
    from importlib import metadata  # loads more than the rest of a start

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def versions() -> dict[str, str]:
    """Installed versions of everything that values depend on."""
    return {"python": platform.python_version()} | {package: version(package) or "not installed" for package in PACKAGES}
