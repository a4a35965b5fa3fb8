"""The plan of a run before it starts: its cells, the expected time, and the memory of each."""

from collections.abc import Sequence
from math import inf
from statistics import mean
from typing import Any, NamedTuple

from hybrid.base.machine import memory_bytes
from hybrid.bench.cells import Cell
from hybrid.bench.job import NOISE
from hybrid.bench.measurable import Measurable
from hybrid.bench.rows import Row
from hybrid.bench.run import CLOSING
from hybrid.bench.suites import Suite

STRUCTURED = (
    "matrix_product_state",
    "stabilizer",
    "extended_stabilizer",
    "tensor_network",
    "ddsim",
    "quimb",
    "stim",
    "pauli_prop",
)
"""Methods, and simulators of one method, whose memory depends on the circuit and not only on its width."""
GUESS_SECONDS = 2.0
"""Guess for a process that was never measured: a second of imports, half a second of loops, and waiting."""
WIDE_QUBITS, STEP_S, CALLS, MOST_PARALLEL = 20, 1e-9, 2, 8
"""From so many qubits on the state decides: a nanosecond per gate and amplitude (measured: 0.5 to 1.5 by Aer, Lightning and
Qulacs), in two calls, over threads as far as the memory's bandwidth goes."""


class Planned(NamedTuple):
    """A cell, the processes it still lacks, seconds that one takes (measured before, or None), and bytes (None: unknown)."""

    cell: Measurable
    lacking: int
    seconds: float | None
    memory_bytes: int | None


class BenchPlan(NamedTuple):
    """All cells of a run; `processes` each, `guess_s` for a process that was never measured."""

    cells: list[Planned]
    processes: int
    guess_s: float
    suite: Suite | None

    @property
    def seconds(self) -> float:
        """What the whole run is expected to take."""
        return sum(p.lacking * (self.guess_s if p.seconds is None else p.seconds) for p in self.cells)

    def to_json(self) -> dict[str, Any]:
        """The plan as one JSON object."""
        cells = [
            {"cell_id": p.cell.id, **p.cell.plain, "lacking": p.lacking, "seconds": p.seconds, "memory_bytes": p.memory_bytes}
            for p in self.cells
        ]
        return {"processes": self.processes, "seconds": self.seconds, "cells": cells}


def plan(cells: Sequence[Measurable], rows: Sequence[Row], processes: int, suite: Suite | None) -> BenchPlan:
    """The plan of a run that continues `rows`, whatever environment they came from; builds every workload."""
    planned = []
    for cell in cells:
        mine = [row for row in rows if row["cell_id"] == cell.id]
        closed = any(row["status"] in CLOSING for row in mine)
        elapsed = [row["elapsed_s"] for row in mine]
        lacking = 0 if closed else max(0, processes - len(mine))
        memory_bytes = dense_bytes(cell) if isinstance(cell, Cell) else None
        planned.append(Planned(cell, lacking, mean(elapsed) if elapsed else None, memory_bytes))
    guess = suite.seconds / (suite.processes * len(cells)) if suite else GUESS_SECONDS
    if unknown := [p for p in planned if p.lacking and p.seconds is None]:
        limit_s = float(suite.time_limit_s) if suite else inf
        wide = [_wide_seconds(p, limit_s) for p in unknown]
        if any(wide):
            guess = sum(p.lacking * GUESS_SECONDS if s is None else s for p, s in zip(unknown, wide, strict=True))
            guess /= sum(p.lacking for p in unknown)
    return BenchPlan(planned, processes, guess, suite)


def _wide_seconds(planned: Planned, limit_s: float) -> float | None:
    """Expected seconds of all processes of a wide dense cell; None of any other. What reaches the time limit is tried once, and
    what this machine cannot hold ends at once."""
    cell, needed = planned.cell, planned.memory_bytes
    if not isinstance(cell, Cell) or needed is None or cell.task.built.job.n_qubits < WIDE_QUBITS:
        return None
    if needed > memory_bytes()[0]:
        return GUESS_SECONDS
    job, amplitudes = cell.task.built.job, needed / 16
    calls_s = CALLS * STEP_S * len(job.steps) * len(job.points) * amplitudes / min(cell.threads, MOST_PARALLEL)
    return limit_s if GUESS_SECONDS + calls_s > limit_s else planned.lacking * (GUESS_SECONDS + calls_s)


def dense_bytes(cell: Cell) -> int | None:
    """Bytes of the state vector, or of the density matrix where the method needs one; None where it depends on the circuit."""
    options, job = cell.backend.options, cell.task.built.job
    method = options.get("method", cell.backend.signature.name)
    if method in STRUCTURED:
        return None
    mixed = method == "density_matrix" or (any(step.name in NOISE for step in job.steps) and "method" not in options)
    width = 8 if options.get("precision") == "single" else 16
    return width << (2 * job.n_qubits if mixed else job.n_qubits)
