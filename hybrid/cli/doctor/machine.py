"""Cores, threads and memory."""

import os
from collections.abc import Iterator
from pathlib import Path

from hybrid.base.machine import cores, memory_bytes, processor
from hybrid.cli.doctor.finding import Finding

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def look() -> Iterator[Finding]:
    """The processor, usable cores, limits on threads, free memory and how many qubits fit into it."""
    yield Finding("machine", "processor", "ok", processor())
    all_cores, allowed = os.cpu_count() or 1, cores()
    text = f"{allowed} of {all_cores} may be used by this process (--threads N, default 1)"
    quota = _quota()
    if quota is not None and quota < allowed:
        yield Finding("machine", "cores", "note", f"{text}; its control group gets the time of {quota:g}")
    else:
        yield Finding("machine", "cores", "ok", text)
    for name in THREAD_VARIABLES:
        value = os.environ.get(name, "")
        if value and (not value.isdigit() or int(value) > allowed):
            yield Finding("machine", name, "note", f"{value}: more threads than cores, which slows down", f"unset {name}")
        elif value:
            yield Finding("machine", name, "ok", value)
    if not any(os.environ.get(name) for name in THREAD_VARIABLES):
        yield Finding("machine", "thread limits", "ok", f"none set ({', '.join(THREAD_VARIABLES)})")
    total, free = memory_bytes()
    qubits = max(0, int(free / 16).bit_length() - 1)
    fits = f"room for exact values on {qubits} qubits, or on {qubits // 2} noisy ones"
    state = "ok" if free > 2**30 else "note"
    yield Finding("machine", "memory", state, f"{free / 2**30:.1f} GiB free of {total / 2**30:.1f} GiB; {fits}")
    yield from _job()


def _job() -> Iterator[Finding]:
    """The Slurm job that this process is in, and the quantum resources that QRMI's plugin gave it."""
    if job := os.environ.get("SLURM_JOB_ID"):
        counts = {name: os.environ.get(f"SLURM_{key}", "?") for name, key in (("nodes", "NNODES"), ("tasks", "NTASKS"))}
        yield Finding("machine", "Slurm job", "ok", f"{job}, " + ", ".join(f"{value} {name}" for name, value in counts.items()))
    if names := os.environ.get("QRMI_JOB_QPU_RESOURCES", os.environ.get("SLURM_JOB_QPU_RESOURCES")):
        kinds = os.environ.get("QRMI_JOB_QPU_TYPES", os.environ.get("SLURM_JOB_QPU_TYPES", "kind not named"))
        yield Finding("machine", "QPU of the job", "ok", f"{names} ({kinds}), by QRMI's variables")
    elif job:
        yield Finding("machine", "QPU of the job", "ok", "none; ask for one with --gres=qpu:1 where the site has it")


def _quota() -> float | None:
    """How many cores' time the control group may use; None without a limit."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None
