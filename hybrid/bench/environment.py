"""The machine and the versions of a measurement. Times from different environments are never pooled."""

import hashlib
import json
import platform
from pathlib import Path
from typing import Any

from hybrid.base.machine import cores, memory_bytes, processor

GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
COVERED = ("host", "cpu", "cores", "governor", "affinity", "python", "versions")


def here(affinity: tuple[int, ...] = ()) -> dict[str, Any]:
    """This machine as rows describe it; `affinity` are the processors that measurements may use (empty: all)."""
    return {
        "host": platform.node(),
        "cpu": processor(),
        "cores": cores(),
        "governor": _read(GOVERNOR) or "unknown",
        "affinity": list(affinity),
        "memory_bytes": memory_bytes()[0],
        "system": platform.platform(),
    }


def env_id(environment: dict[str, Any]) -> str:
    """Hash of host, CPU, governor, affinity, interpreter and versions."""
    covered = {key: environment.get(key) for key in COVERED}
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()[:12]


def same_machine(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether times of these two environments may be compared: same host, same processor."""
    return (one["host"], one["cpu"]) == (other["host"], other["cpu"])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
