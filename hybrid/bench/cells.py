"""Cells: a cell is one workload by one backend on one call path with a number of threads.

On the command line and in suites members are written as usual, `-` counts as `_` in their names, and values may be lists
and ranges: `su4-brick:n=12..20`, `ghz:n=4..12..4`, `aer:method=statevector,matrix_product_state`.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, final

from hybrid import catalog
from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.base.files import looks_like_path
from hybrid.base.machine import cores
from hybrid.catalog import ranges

if TYPE_CHECKING:
    from hybrid.bench.job import Workload

PATHS = ("compiled", "rebuilt")
"""Call paths: translate and compile once and call many times, or translate and compile at every call."""
MOST = 100_000


@final
@dataclass(frozen=True)
class CellWorkload:
    """A workload by name, built when it is first needed."""

    member: catalog.Member

    @property
    def text(self) -> str:
        """As on the command line, defaults left out."""
        return self.member.text(defaults=False)

    @cached_property
    def timed_build(self) -> "tuple[Workload, float]":
        """The job with its check, and the seconds that it took to build; UsageError when the member returns anything else."""
        from hybrid.bench.job import Workload

        began = time.perf_counter()
        workload = catalog.load(self.member)()
        if not isinstance(workload, Workload):
            raise UsageError(f"workload '{self.text}': gives {type(workload).__name__}, not a hybrid.bench.job.Workload.")
        return workload, time.perf_counter() - began

    @property
    def built(self) -> "Workload":
        """The job with its check."""
        return self.timed_build[0]

    @cached_property
    def circuit(self) -> str:
        """Hash of the whole job: gates, observables, points, shots, seed."""
        from hybrid.bench.job import encode_job

        plain = encode_job(self.built.job._replace(threads=1))
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


@final
@dataclass(frozen=True)
class Cell:
    """One thing to measure; its `id` never changes."""

    task: CellWorkload
    backend: catalog.Member
    path: str
    threads: int

    @cached_property
    def plain(self) -> dict[str, Any]:
        """What the id covers, and sizes for reading."""
        job = self.task.built.job
        return {
            "workload": self.task.text,
            "version": self.task.built.version,
            "circuit": self.task.circuit,
            "task": job.task,
            "backend": self.backend.text(defaults=False),
            "path": self.path,
            "threads": self.threads,
            "n_qubits": job.n_qubits,
            "n_steps": len(job.steps),
            "n_points": len(job.points),
            "shots": job.shots,
        }

    @property
    def id(self) -> str:
        """Hash of workload, version, circuit, task, backend, call path and threads."""
        return cell_id(self.plain)

    @property
    def build_s(self) -> float:
        """Seconds that the workload took to build."""
        return self.task.timed_build[1]

    def request(self, *, repeat: bool) -> dict[str, Any]:
        """The job, timed in loops or (without `repeat`) called once."""
        from hybrid.bench.job import encode_job

        job = encode_job(self.task.built.job._replace(threads=self.threads))
        return {"job": job, "path": self.path, "repeat": repeat}

    def __str__(self) -> str:
        threads = f", {self.threads} threads" if self.threads > 1 else ""
        path = "" if self.path == PATHS[0] else f", {self.path}"
        return f"{self.task.text} by {self.backend.text(defaults=False)}{path}{threads}"


def cell_id(plain: dict[str, Any]) -> str:
    """The id of a cell from its description in a row."""
    covered = [plain[key] for key in ("workload", "version", "circuit", "task", "backend", "path", "threads")]
    return hashlib.sha256(json.dumps(covered).encode()).hexdigest()[:12]


def grid(
    workloads: Sequence[str], backends: Sequence[str], paths: Sequence[str] = PATHS[:1], threads: Sequence[int] = (1,)
) -> list[Cell]:
    """Every combination, each once, in the order given; UsageError for a member or an option that does not exist."""
    for path in paths:
        if path not in PATHS:
            raise unknown("call path", path, PATHS)
    tasks = [CellWorkload(member) for text in workloads for member in members("workloads", text)]
    simulators = [member for text in backends for member in members("adapters", text)]
    if len(tasks) * len(simulators) * len(paths) * len(threads) > MOST:
        raise UsageError(f"{len(tasks)} workloads by {len(simulators)} backends: at most {MOST:,} cells in one run.")
    cells = [Cell(*parts) for parts in product(tasks, simulators, paths, threads)]
    return list({str(cell): cell for cell in cells}.values())


def members(family: str, text: str) -> list[catalog.Member]:
    """Every member of a text with lists and ranges."""
    return [catalog.parse(family, written) for written in expanded(text)]


def expanded(text: str) -> list[str]:
    """The texts without lists and ranges, in order: `a:n=1..2,m=x,y` is a:n=1,m=x a:n=1,m=y a:n=2,m=x a:n=2,m=y."""
    head, rest = _split(text)
    options = [[f"{key}={value}" for value in values] or [key] for key, values in ranges.options(rest, text)]
    return [f"{head}:{','.join(chosen)}" if chosen else head for chosen in product(*options)]


def _split(text: str) -> tuple[str, str]:
    """The member's name, `-` written as `_` unless it is an outside member, and the options' text."""
    head, _, rest = text.partition(":")
    if looks_like_path(head) or "." in head:
        function, _, rest = rest.partition(":")
        return (f"{head}:{function}", rest) if function else (head, rest)
    return head.replace("-", "_"), rest


def thread_counts(text: str) -> list[int]:
    """`1,2`, `1..4` or `all` (1, 2, 4, ... up to the processors this process may use) as numbers."""
    if text.strip() == "all":
        most = cores()
        return sorted({most, *(2**k for k in range(most.bit_length()) if 2**k <= most)})
    written = ranges.listed(text)
    if not all(value.strip().isdigit() and int(value) for value in written):
        raise UsageError(f"threads are whole numbers from 1, as in 1,2 or 1..4, or all; not '{shortened(text)}'.")
    return list(dict.fromkeys(map(int, written)))
