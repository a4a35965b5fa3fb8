"""What a run would measure, how long it takes and how much memory: known before anything is started."""

from collections.abc import Sequence
from statistics import mean
from typing import Any, NamedTuple

from hybrid.bench.cells import Cell
from hybrid.bench.rows import Row
from hybrid.bench.run import CLOSING
from hybrid.bench.suites import Suite

GUESS_SECONDS = 2.0
"""A process of which nothing is known: a second of imports, half a second of loops, and what it waits for."""


class Planned(NamedTuple):
    """A cell, the processes it still lacks, and seconds that one takes: measured before, or None."""

    cell: Cell
    lacking: int
    seconds: float | None

    @property
    def dense_bytes(self) -> int:
        """A state vector in double precision; other methods need less or more."""
        return 16 << self.cell.plain["n_qubits"]


class Plan(NamedTuple):
    """All cells of a run; `processes` each, `guess_s` a process of which nothing is known."""

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
            {"cell_id": p.cell.id, **p.cell.plain, "lacking": p.lacking, "seconds": p.seconds, "dense_bytes": p.dense_bytes}
            for p in self.cells
        ]
        return {"processes": self.processes, "seconds": self.seconds, "cells": cells}


def plan(cells: Sequence[Cell], rows: Sequence[Row], processes: int, suite: Suite | None) -> Plan:
    """The plan of a run that continues `rows`, whatever environment they came from; builds every workload."""
    found = []
    for cell in cells:
        mine = [row for row in rows if row["cell_id"] == cell.id]
        closed = any(row["status"] in CLOSING for row in mine)
        took = [row["elapsed_s"] for row in mine]
        found.append(Planned(cell, 0 if closed else max(0, processes - len(mine)), mean(took) if took else None))
    guess = suite.seconds / (suite.processes * len(cells)) if suite else GUESS_SECONDS
    return Plan(found, processes, guess, suite)
