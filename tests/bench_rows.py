"""Rows of benchmarks that were never run, valid by the schema: every status, many widths, hostile names."""

import json
from pathlib import Path
from typing import Any

from hybrid.bench.cells import cell_id
from hybrid.bench.environment import env_id
from hybrid.bench.rows import with_checksum

ENVIRONMENT = {
    "host": "here",
    "cpu": "A Processor @ 2 GHz",
    "cores": 2,
    "governor": "performance",
    "affinity": [],
    "memory_bytes": 2**34,
    "system": "Linux",
    "python": "3.12.1",
    "versions": {"numpy": "2.1.0"},
}
LATE = ("timeout", "oom", "crashed", "error", "unsupported", "unavailable")


def row(workload: str, backend: str, *, process: int = 0, n: int = 4, seconds: float = 1e-3, status: str = "ok", **more: Any):
    """One process; `more`: right, tier, error (of 1e-10), memory, host, path, threads, note, suite, answer, environment."""
    measured = status not in LATE
    right = more.get("right", status == "ok")
    cell = {
        "workload": workload,
        "version": 1,
        "circuit": "0" * 16,
        "task": "expectations",
        "backend": backend,
        "path": more.get("path", "compiled"),
        "threads": more.get("threads", 1),
        "n_qubits": n,
        "n_steps": 10 * n,
        "n_points": 1,
        "shots": 0,
    }
    environment = {**ENVIRONMENT, "host": more.get("host", "here"), **more.get("environment", {})}
    took = seconds * (1 + 0.01 * process)
    phases = {"first_s": 3 * took, "repeats_s": [took, 1.2 * took], "loops": 10, "cores_used": 1.0} if measured else {}
    verdict = {"tier": more.get("tier", "L1"), "reference": "NumPy", "name": "largest error", "tolerance": 1e-10}
    verdict |= {"metric": more.get("error", 1e-12 if status == "ok" else 1.0), "right": right}
    baseline = 50_000_000
    memory = {"baseline_bytes": baseline, "peak_bytes": baseline + more.get("memory", 16 << n)}
    made = {
        "schema": 1,
        "cell_id": cell_id(cell),
        "env_id": env_id(environment),
        "session": "0" * 12,
        "suite": more.get("suite", ""),
        "time": 1_700_000_000.0 + process,
        "elapsed_s": 2.0,
        "cell": cell,
        "environment": environment,
        "limits": {"time_s": 60.0, "memory_bytes": 2**32},
        "phases": phases,
        "memory": memory if measured else {},
        "precision": {"asked": None, "observed": "double" if measured else None},
        "verification": verdict if measured else None,
        "answer": more.get("answer"),
        "status": status,
        "note": more.get("note", "" if status == "ok" else f"why it is {status}"),
    }
    return with_checksum(made)


def cell(workload: str, backend: str, *, processes: int = 9, **more: Any) -> list[dict[str, Any]]:
    """All processes of a cell; those that ended early are one."""
    n = next((int(part[2:]) for part in workload.split(":")[-1].split(",") if part.startswith("n=")), 4)
    count = 1 if more.get("status") in LATE else processes
    return [row(workload, backend, **{"process": k, "n": n, **more}) for k in range(count)]


def everything() -> list[dict[str, Any]]:
    """Three families by five backends: right, wrong, unjudged, ended early, and absent."""
    found = []
    for n in (4, 8, 12, 16):
        for depth in (2, 8):
            name = f"su4_brick:n={n},depth={depth}"
            found += cell(name, "aer:method=statevector", seconds=1e-5 * depth * 2**n / 16)
            found += cell(name, "exact", seconds=3e-4 + 2e-6 * depth * 2**n)
            wrong = {"status": "wrong", "error": 0.3} if n > 8 else {"error": 3e-11}
            found += cell(name, "aer:method=matrix_product_state,bond=8", seconds=2e-4 * n, **wrong)
        name = f"ghz:n={n}"
        found += cell(name, "aer:method=statevector", seconds=1e-5 * 2**n / 16)
        found += cell(name, "aer:method=stabilizer", seconds=1e-5 * n, tier="L2")
        late = {"status": "timeout"} if n > 12 else {"seconds": 4e-5 * 2**n}
        found += cell(name, "reference", **late)
        found += cell(name, "qulacs", status="unavailable")
        found += cell(f"hea_depth:n={n}", "aer:method=statevector", seconds=2e-5 * 2**n / 16, right=None, tier="L3")
        found += cell(f"hea_depth:n={n}", "exact", status="oom" if n > 12 else "ok", path="rebuilt", threads=2)
    return found


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows as a file."""
    path.write_text("".join(json.dumps(entry) + "\n" for entry in rows))
    return path
