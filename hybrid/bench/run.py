"""Rounds of fresh processes: every cell once per round, in shuffled order, until each has as many as asked.

What a file already holds is not measured again; so the same command continues a run that was interrupted, and changes nothing
where all is done.
"""

import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hybrid.base.randomness import child
from hybrid.bench import environment
from hybrid.bench.cells import Cell
from hybrid.bench.job import Job, Verdict, decode_answer
from hybrid.bench.measure import Harness, Judge, ProcessOutcome
from hybrid.bench.rows import NULL_SUITE, Row, RowFile
from hybrid.bench.scores import Measurable

CLOSING = ("unsupported", "unavailable", "timeout", "oom", "crashed", "error")
"""A cell that ended so is not tried again: a dozen timeouts tell no more than one."""
PHASES = ("import_s", "translate_s", "compile_s", "first_s", "repeats_s", "loops", "cores_used")


class ProcessDone(NamedTuple):
    """One process done: `done` of `total` in this call, and what is about to be left."""

    done: int
    total: int
    row: Row
    seconds_left: float


class Probed(NamedTuple):
    """A backend's environment, and the outcome that stands for all its cells when it is not there."""

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
    watch: Callable[[ProcessDone], None] = lambda step: None,
) -> list[Row]:
    """Measure what the file still lacks and return all its rows; stops early where `bench.interrupted`.

    With `retry` cells that ended early are tried again. Raises as `RowFile`; UsageError for a workload that cannot be built.
    """
    with RowFile(path) as file:
        probed = probe(cells, bench)
        todo = missing(cells, file.rows, probed, processes, suite, retry)
        session, judge, began = os.urandom(6).hex(), Judge(), time.monotonic()
        done, total = 0, sum(todo.values())
        for cell in rounds(cells, todo, seed):
            if todo[cell.id] == 0:
                continue
            there = probed[cell.backend.text(defaults=False)]
            outcome = there.missing or bench.measure(cell)
            if bench.interrupted():
                break
            row = judged(cell, outcome, there.environment, bench, judge) | {"session": session, "suite": suite}
            file.append(row)
            closed = todo[cell.id] - 1 if row["status"] in CLOSING else 0
            todo[cell.id] -= 1 + closed
            done, total = done + 1, total - closed
            watch(ProcessDone(done, total, row, (time.monotonic() - began) * (total - done) / done))
        return list(file.rows)


def verify(cells: Sequence[Measurable], bench: Harness, watch: Callable[[ProcessDone], None] = lambda step: None) -> list[Row]:
    """Every cell's first call once, judged; nothing is written."""
    probed, judge, session = probe(cells, bench), Judge(), os.urandom(6).hex()
    found: list[Row] = []
    began = time.monotonic()
    for cell in cells:
        there = probed[cell.backend.text(defaults=False)]
        outcome = there.missing or bench.measure(cell, repeat=False)
        if bench.interrupted():
            break
        found.append(judged(cell, outcome, there.environment, bench, judge) | {"session": session, "suite": ""})
        left = (time.monotonic() - began) * (len(cells) - len(found)) / len(found)
        watch(ProcessDone(len(found), len(cells), found[-1], left))
    return found


def probe(cells: Sequence[Measurable], bench: Harness) -> dict[str, Probed]:
    """Environments by backend: adapters imported once, and again with other options where some were not available."""
    machine, found, there = environment.here(bench.affinity), {}, {}
    for backend in {cell.backend.text(defaults=False): cell.backend for cell in cells}.values():
        adapter = str(backend.signature.file), backend.signature.name
        if adapter not in there:
            if bench.interrupted():
                break
            outcome = bench.probe(backend)
            about = {"python": outcome.report.get("python", ""), "versions": outcome.report.get("versions", {})}
            missing = outcome if outcome.status == "unavailable" else None
            found[backend.text(defaults=False)] = Probed(machine | about, missing)
            if missing is None:
                there[adapter] = Probed(machine | about, None)
        else:
            found[backend.text(defaults=False)] = there[adapter]
    return found


def missing(
    cells: Sequence[Measurable], rows: Sequence[Row], probed: dict[str, Probed], processes: int, suite: str, retry: bool
) -> Counter[str]:
    """How many processes each cell still lacks, by its id."""
    null = suite.startswith(NULL_SUITE)
    had = [row for row in rows if row["suite"].startswith(NULL_SUITE) == null]
    todo: Counter[str] = Counter()
    for cell in cells:
        there = probed.get(cell.backend.text(defaults=False))
        if there is None:
            continue
        env = environment.env_id(there.environment)
        states = Counter(row["status"] for row in had if (row["cell_id"], row["env_id"]) == (cell.id, env))
        closed = not retry and any(states[status] for status in CLOSING)
        todo[cell.id] = 0 if closed else max(0, processes - states["ok"] - states["wrong"])
    return todo


def rounds(cells: Sequence[Measurable], todo: Counter[str], seed: int) -> Iterator[Measurable]:
    """Cells round by round in an order drawn from the seed; those that lack most come in every round."""
    lacking = dict(todo)
    for number in range(max(lacking.values(), default=0)):
        due = [cell for cell in cells if lacking.get(cell.id, 0) > number]
        order = np.random.default_rng(child(seed, number)).permutation(len(due))
        yield from (due[k] for k in order)


def judged(cell: Measurable, outcome: ProcessOutcome, machine: dict[str, Any], bench: Harness, judge: Judge) -> Row:
    """The row of a process, its answers verified; what the check itself stumbles over is an `error`."""
    status, note, report, verdict, answer = outcome.status, outcome.note, outcome.report, None, None
    answers = report.get("answers", [])
    if status == "ok" and isinstance(cell, Cell):
        try:
            verdict = judge.verdict(cell, answers)
        except Exception as error:  # a workload from outside may raise anything
            status, note = "error", f"the check of {cell.task.text} failed: {type(error).__name__}: {error}"
        if verdict is not None and verdict.right is None:
            answer = _scaled(cell.task.built.job, answers[-1])
        elif verdict is not None and not verdict.right:
            status, note = "wrong", wrong_text(verdict)
    phases = {key: report["phases"][key] for key in PHASES if key in report["phases"]}
    asked = cell.backend.options.get("precision")
    score = {"score": report["score"]} if "score" in report else {}
    return {
        **score,
        "schema": 1,
        "cell_id": cell.id,
        "env_id": environment.env_id(machine),
        "time": time.time(),
        "elapsed_s": outcome.elapsed_s,
        "cell": cell.plain,
        "environment": machine,
        "limits": {"time_s": bench.limits.time_s, "memory_bytes": bench.limits.memory_bytes},
        "phases": {**phases, "build_s": cell.build_s},
        "memory": report["memory"],
        "precision": {
            "asked": None if asked is None else str(asked),
            "observed": answers[0]["precision"] if answers else None,
        },
        "verification": None if verdict is None else _plain(verdict),
        "answer": answer,
        "status": status,
        "note": note,
    }


def wrong_text(verdict: Verdict) -> str:
    """`1 - fidelity is 0.34, at most 1e-10 is right`."""
    if not math.isfinite(verdict.metric):
        return f"{verdict.name} (by {verdict.reference})"
    return f"{verdict.name} is {verdict.metric:.2g}, at most {verdict.tolerance:.2g} is right (by {verdict.reference})"


def _scaled(job: Job, plain: dict[str, Any]) -> list[float] | None:
    """The answer in units of the metric: over the sum of |coefficients|; None for counts, which tell too little."""
    answer = decode_answer(plain)
    if job.task == "counts" or answer.values is None:
        return None
    norms = np.array([sum(abs(weight) for _, weight in terms) for terms in job.observables])
    parts = [(answer.values / norms[: answer.values.shape[1]]).ravel()]
    parts += [] if answer.gradient is None else [answer.gradient / norms[0]]
    return np.concatenate(parts).tolist()


def _plain(verdict: Verdict) -> dict[str, Any]:
    metric = float(verdict.metric)
    return {
        "tier": verdict.tier,
        "reference": verdict.reference,
        "name": verdict.name,
        "metric": metric if math.isfinite(metric) else None,
        "tolerance": float(verdict.tolerance),
        "right": None if verdict.right is None else bool(verdict.right),
    }
