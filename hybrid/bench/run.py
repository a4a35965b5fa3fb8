"""Rounds of fresh processes: every cell once per round, in shuffled order, until each has as many as asked.

Cells that the file already holds are not measured again; so the same command continues an interrupted run, and changes
nothing where all is done.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hybrid.base.randomness import child
from hybrid.bench import environment
from hybrid.bench.harness import Harness, ProcessOutcome
from hybrid.bench.measurable import Measurable
from hybrid.bench.rows import NULL_SUITE, Row, RowFile, with_checksum
from hybrid.bench.verification import Judge, judged

CLOSING = ("unsupported", "unavailable", "timeout", "oom", "crashed", "error")
"""A cell that ended like this is not tried again: a dozen timeouts say no more than one."""


class ProcessDone(NamedTuple):
    """One process done: `done` of `total` in this call, and the expected remaining time."""

    done: int
    total: int
    row: Row
    seconds_left: float


class Probed(NamedTuple):
    """A backend's environment, and the outcome of all its cells where it cannot be imported (else None): of which versions
    they would be is not known then."""

    environment: dict[str, Any]
    missing: ProcessOutcome | None


def run(
    cells: Sequence[Measurable],
    path: Path,
    bench: Harness,
    *,
    processes: int,
    suite: str = "",
    seed: int = 0,
    retry: bool = False,
    looks: Sequence[int] = (),
    session: str = "",
    watch: Callable[[ProcessDone], None] = lambda step: None,
) -> list[Row]:
    """Measure the cells that the file lacks and return all its rows; stops early where `bench.interrupted`.

    With `retry` cells that ended early are tried again; `looks` are announced in the rows (`hybrid.bench.until_decided`), and
    `session` is one where several calls are. Raises as `RowFile`; UsageError for a workload that cannot be built.
    """
    with RowFile(path) as file:
        probed = probe(cells, bench)
        todo = missing(cells, file.rows, probed, processes, suite, retry)
        judge, began = Judge(), time.monotonic()
        about = {"session": session or new_session(), "suite": suite} | ({"looks": list(looks)} if looks else {})
        done, total = 0, sum(todo.values())
        for cell in rounds(cells, todo, seed):
            if todo[cell.id] == 0:
                continue
            there = probed[cell.backend.text(defaults=False)]
            outcome = there.missing or bench.measure(cell)
            if bench.interrupted():
                break
            row = judged(cell, outcome, there.environment, bench.limits, judge) | about
            file.append(with_checksum(row))
            closed = todo[cell.id] - 1 if row["status"] in CLOSING else 0
            todo[cell.id] -= 1 + closed
            done, total = done + 1, total - closed
            watch(ProcessDone(done, total, row, (time.monotonic() - began) * (total - done) / done))
        return list(file.rows)


def new_session() -> str:
    """The name of a call of `run`."""
    return os.urandom(6).hex()


def verify(cells: Sequence[Measurable], bench: Harness, watch: Callable[[ProcessDone], None] = lambda step: None) -> list[Row]:
    """Every cell's first call once, judged; nothing is written."""
    probed, judge, session = probe(cells, bench), Judge(), new_session()
    rows: list[Row] = []
    began = time.monotonic()
    for cell in cells:
        there = probed[cell.backend.text(defaults=False)]
        outcome = there.missing or bench.measure(cell, repeat=False)
        if bench.interrupted():
            break
        row = judged(cell, outcome, there.environment, bench.limits, judge) | {"session": session, "suite": ""}
        rows.append(with_checksum(row))
        left = (time.monotonic() - began) * (len(cells) - len(rows)) / len(rows)
        watch(ProcessDone(len(rows), len(cells), rows[-1], left))
    return rows


def probe(cells: Sequence[Measurable], bench: Harness) -> dict[str, Probed]:
    """Environments by backend: adapters imported once, and again with other options where some were not available."""
    machine, probed, available = environment.here(bench.affinity), {}, {}
    for backend in {cell.backend.text(defaults=False): cell.backend for cell in cells}.values():
        adapter = str(backend.signature.file), backend.signature.name
        if adapter not in available:
            if bench.interrupted():
                break
            outcome = bench.probe(backend)
            about = {"python": outcome.report.get("python", ""), "versions": outcome.report.get("versions", {})}
            there = Probed(machine | about, outcome if outcome.status != "ok" else None)
            probed[backend.text(defaults=False)] = there
            if there.missing is None:
                available[adapter] = there
        else:
            probed[backend.text(defaults=False)] = available[adapter]
    return probed


def missing(
    cells: Sequence[Measurable], rows: Sequence[Row], probed: dict[str, Probed], processes: int, suite: str, retry: bool
) -> Counter[str]:
    """The number of processes that each cell still lacks, by its id."""
    null = suite.startswith(NULL_SUITE)
    earlier = [row for row in rows if row["suite"].startswith(NULL_SUITE) == null]
    todo: Counter[str] = Counter()
    for cell in cells:
        there = probed.get(cell.backend.text(defaults=False))
        if there is None:
            continue
        env = environment.env_id(there.environment)
        states = Counter(row["status"] for row in earlier if (row["cell_id"], row["env_id"]) == (cell.id, env))
        closed = not retry and any(states[status] for status in CLOSING)
        todo[cell.id] = 0 if closed else max(0, processes - states["ok"] - states["wrong"])
    return todo


def rounds(cells: Sequence[Measurable], todo: Counter[str], seed: int) -> Iterator[Measurable]:
    """Cells round by round in an order drawn from the seed; those that lack the most come in every round."""
    lacking = dict(todo)
    for number in range(max(lacking.values(), default=0)):
        due = [cell for cell in cells if lacking.get(cell.id, 0) > number]
        order = np.random.default_rng(child(seed, number)).permutation(len(due))
        yield from (due[k] for k in order)
