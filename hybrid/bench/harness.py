"""One measuring process: started, watched, and killed when it takes too much time or memory."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, final

from hybrid import catalog
from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.bench.measurable import Measurable
from hybrid.bench.mine.cells import OwnCell
from hybrid.bench.process_tree import ProcessTree
from hybrid.catalog import Member

WORKER = Path(__file__).with_name("worker.py")
POLL_SECONDS = 0.02
LOOP_SECONDS = 0.05
"""Least duration of a timed loop, so that the resolution of the clock and the scheduler does not matter."""
NEAR_LIMIT = 0.7
"""A process that the system killed above this share of its memory limit was killed for its memory."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "RAYON_NUM_THREADS")


class ProcessLimits(NamedTuple):
    """What one process may take."""

    time_s: float
    memory_bytes: int


class ProcessOutcome(NamedTuple):
    """How a process ended, and what it had reported."""

    status: str
    note: str
    report: dict[str, Any]
    elapsed_s: float


@final
@dataclass
class Harness:
    """How processes are run here: `interpreters` by adapter's name, `affinity` the processors they are held to."""

    limits: ProcessLimits
    affinity: tuple[int, ...] = ()
    interpreters: dict[str, str] = field(default_factory=dict)
    interrupted: Callable[[], bool] = bool

    def __post_init__(self) -> None:
        if self.affinity and not hasattr(os, "sched_getaffinity"):
            raise UsageError("--affinity: this system holds no process to processors.")
        missing = [str(cpu) for cpu in self.affinity if cpu not in os.sched_getaffinity(0)]
        if missing:
            allowed = ", ".join(map(str, sorted(os.sched_getaffinity(0))))
            raise UsageError(f"--affinity: this process may not use processor {missing[0]}. Allowed: {allowed}.")

    def probe(self, backend: Member) -> ProcessOutcome:
        """Import the simulator and nothing more: whether it is there, and its versions."""
        return self._run(backend, {}, 1)

    def measure(self, cell: Measurable, *, repeat: bool = True) -> ProcessOutcome:
        """Measure a cell once; without `repeat` only the first call."""
        return self._run(cell.backend, cell.request(repeat=repeat) | {"loop_s": LOOP_SECONDS}, cell.threads)

    def evidence(self, cell: OwnCell) -> ProcessOutcome:
        """What the backend of a cell is judged by, in the report's `evidence`; nothing is timed."""
        return self._run(cell.backend, cell.evidence_request(), cell.threads)

    def _run(self, backend: Member, request: dict[str, Any], threads: int) -> ProcessOutcome:
        with tempfile.TemporaryDirectory(prefix="hybrid-bench-") as name:
            folder = Path(name)
            request = {"adapter": _located(backend), **request, "affinity": self.affinity, "parent": os.getpid()}
            (folder / "request.json").write_text(json.dumps(request))
            interpreter = self.interpreters.get(backend.signature.name, sys.executable)
            environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
            with (folder / "log").open("wb") as log:
                process = subprocess.Popen(
                    [interpreter, "-P", str(WORKER), name],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=environment,
                    start_new_session=True,
                )
                began, tree = time.monotonic(), ProcessTree(process.pid)
                try:
                    ended = self._watch(process, tree)
                finally:
                    tree.kill()
                    process.wait()
            elapsed_s = time.monotonic() - began
            try:
                report = json.loads((folder / "report.json").read_text())
            except (OSError, ValueError):
                report = {"phase": "start", "phases": {}, "memory": {}}
            status, note = _ending(report, process.returncode, ended, folder / "log", backend)
            return ProcessOutcome(status, note, report, elapsed_s)

    def _watch(self, process: subprocess.Popen[bytes], tree: ProcessTree) -> tuple[str, str]:
        """Wait until it ends or must be killed; status and reason, both empty when it ended by itself."""
        limits = self.limits
        deadline, most = time.monotonic() + limits.time_s, 0
        while process.poll() is None:
            held = tree.resident_bytes()
            if held > limits.memory_bytes:
                held = tree.proportional_bytes()
            most = max(most, held)
            if most > limits.memory_bytes:
                return "oom", f"killed at {most / 2**20:.0f} MiB, the limit is {limits.memory_bytes / 2**20:.0f} MiB"
            if time.monotonic() > deadline:
                return "timeout", f"killed after {limits.time_s:g} s"
            if self.interrupted():
                return "interrupted", ""
            try:
                process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        if process.returncode == -getattr(signal, "SIGKILL", 9) and most > NEAR_LIMIT * limits.memory_bytes:
            return "oom", f"killed by the system at {most / 2**20:.0f} MiB"
        return "", ""


def affinity_of(text: str | None) -> tuple[int, ...]:
    """`0,1` as processors; UsageError for anything but numbers."""
    words = [word.strip() for word in text.split(",")] if text else []
    if not all(word.isdigit() for word in words):
        raise UsageError(f"--affinity takes processors' numbers, as in 0,1, not '{shortened(text or '')}'.")
    return tuple(sorted(set(map(int, words))))


def bytes_of(text: str) -> int:
    """`4GiB`, `500MB` or a number of bytes; UsageError for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d*)?)\s*([kMGT]?)(i?)B?", text.strip(), re.IGNORECASE)
    if match is None or not float(match[1]):
        raise UsageError(f"a size is written as 4GiB or 500MB, not '{shortened(text)}'.")
    power = " kmgt".index(match[2].lower() or " ")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** power)


def interpreter(text: str) -> tuple[str, str]:
    """`BACKEND=PATH` as adapter's name and interpreter; UsageError when there is no such program."""
    name, equals, path = text.partition("=")
    if not equals or not path:
        raise UsageError(f"--python takes BACKEND=PATH, as in qulacs=./other/bin/python, not '{shortened(text)}'.")
    name = name.replace("-", "_")
    if name not in catalog.names("adapters"):
        raise unknown("backend of --python", name, catalog.names("adapters"))
    if not os.access(path, os.X_OK) or Path(path).is_dir():
        raise UsageError(f"--python {text}: {path} is not an executable program.")
    return name, os.path.abspath(path)


def _located(backend: Member) -> dict[str, Any]:
    """How the worker finds the adapter: a module of this package by name, anything else by its file.

    A backend of `hybrid run` scores a device and is reached through `hybrid.bench.scores`.
    """
    if backend.family == "backends":
        return {"module": "hybrid.bench.scores", "file": "", "function": "Scorer", "options": {}}
    file, name = backend.signature.file.resolve(), backend.signature.name
    built_in = file.is_relative_to(catalog.PACKAGE.resolve())
    module = f"hybrid.bench.adapters.{name}" if built_in else ""
    return {"module": module, "file": str(file), "function": name, "options": backend.options}


def _ending(report: dict[str, Any], code: int, ended: tuple[str, str], log: Path, backend: Member) -> tuple[str, str]:
    """Status and note, from what the process reported or from how it ended."""
    where = f"in phase '{report['phase']}'"
    status, note = ended
    if status:
        return status, f"{note}, {where}"
    if "status" not in report:
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return "crashed", f"{how} {where}{_last_words(log)}"
    status, note = report["status"], report["note"]
    if status == "unavailable" and "Install it with" not in note and (extra := backend.signature.constants.get("EXTRA")):
        return status, f"{note}. Install it with: pip install 'hybrid-sandbox[{extra}]'"
    return status, f"{note}, {where}" if status in ("error", "oom") else note


def _last_words(log: Path) -> str:
    """The last printable line of what the process printed."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 2000))
        lines = file.read().decode("utf-8", "replace").splitlines()
    printed = [line.strip() for line in lines if line.strip() and line.isprintable()]
    return f"; its last output: {printed[-1][:200]}" if printed else ""
