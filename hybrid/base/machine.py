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
        return _without_proc()
    try:
        limit, used = (int(Path(f"/sys/fs/cgroup/memory.{name}").read_text()) for name in ("max", "current"))
    except (OSError, ValueError):
        return total, free
    return min(total, limit), min(free, max(0, limit - used))


def _without_proc() -> tuple[int, int]:
    """Bytes in all and free on other systems; macOS tells how much it has, not how much of it is free."""
    if hasattr(os, "sysconf"):
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return total, total
    import ctypes

    status = (ctypes.c_uint64 * 8)(64)  # MEMORYSTATUSEX: its length, then bytes in all and free
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return status[1], status[2]


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent ends, however that ends; on Linux alone."""
    import ctypes

    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError, TypeError):
        return
    if os.getppid() != parent:
        os._exit(1)


def here() -> dict[str, str]:
    """What the last digits of linear algebra depend on besides versions: the processor, and the kernels chosen for it."""
    return {"processor": processor(), "kernel": kernel()}


def processor() -> str:
    """The model of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "CPU part")))
    return next(named, "") or platform.processor() or platform.machine()


def kernel() -> str:
    """The architecture for which NumPy's BLAS chose its kernels at its start; of a BLAS that says none, its name."""
    from threadpoolctl import threadpool_info

    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    found.sort(key=lambda library: "numpy" not in library["filepath"])  # SciPy and Aer may bring others
    return str(found[0].get("architecture") or found[0]["internal_api"]) if found else "unknown"


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
