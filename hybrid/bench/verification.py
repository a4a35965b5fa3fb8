"""From the report of a process to its row: its answers verified, outside the clock."""

import hashlib
import json
import math
import time
from collections.abc import Sequence
from typing import Any, final

import numpy as np

from hybrid.bench import environment
from hybrid.bench.cells import Cell
from hybrid.bench.harness import ProcessLimits, ProcessOutcome
from hybrid.bench.job import Job, Verdict, Workload, decode_answer
from hybrid.bench.measurable import Measurable
from hybrid.bench.rows import Row
from hybrid.bench.scores import ScoreCell

PHASES = ("import_s", "translate_s", "compile_s", "first_s", "repeats_s", "loops", "cores_used")


@final
class Judge:
    """Verifies answers; equal ones only once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Verdict] = {}

    def verdict(self, cell: Cell, answers: Sequence[dict[str, Any]]) -> Verdict:
        """The worst verdict on any of the answers; Exception when the workload's check fails."""
        return min((self._one(cell, plain) for plain in answers), key=_rank)

    def _one(self, cell: Cell, plain: dict[str, Any]) -> Verdict:
        text = json.dumps(plain, sort_keys=True)
        key = cell.task.circuit, hashlib.sha256(text.encode()).hexdigest()
        if key not in self._known:
            self._known[key] = _checked(cell.task.built, plain)
        return self._known[key]


def _checked(workload: Workload, plain: dict[str, Any]) -> Verdict:
    """The workload's verdict; an answer of another kind or shape, or with values that are not finite, is wrong (L0)."""
    job, answer = workload.job, decode_answer(plain)
    shapes = {"expectations": (len(job.points), len(job.observables)), "gradient": (len(job.points[0]),)}
    values = {"expectations": answer.values, "gradient": answer.gradient, "counts": answer.counts}[job.task]
    if values is None:
        problem = f"no {job.task}"
    elif isinstance(values, np.ndarray) and values.shape != shapes[job.task]:
        problem = f"{job.task} of shape {values.shape}, not {shapes[job.task]}"
    elif isinstance(values, np.ndarray) and not np.isfinite(values).all():
        problem = f"{job.task} that are not finite numbers"
    else:
        return workload.check(answer)
    return Verdict(False, math.inf, 0.0, problem, "L0", "what was asked")


def _rank(verdict: Verdict) -> tuple[int, float]:
    """Order of severity: wrong, not judged, right; within each the largest metric first."""
    metric = math.inf if math.isnan(verdict.metric) else verdict.metric
    return {False: 0, None: 1, True: 2}[verdict.right], -metric


def judged(cell: Measurable, outcome: ProcessOutcome, machine: dict[str, Any], limits: ProcessLimits, judge: Judge) -> Row:
    """The row of a process, its answers verified; an exception of the check itself is an `error`."""
    status, note, report, verdict, answer = outcome.status, outcome.note, outcome.report, None, None
    answers = report.get("answers", [])
    if status == "ok" and not isinstance(cell, ScoreCell):
        try:
            verdict = judge.verdict(cell, answers) if isinstance(cell, Cell) else cell.verdict(answers)
        except Exception as error:  # a workload from outside may raise anything
            status, note = "error", f"the check of {cell} failed: {type(error).__name__}: {error}"
        if verdict is not None and verdict.right is None and isinstance(cell, Cell):
            answer = _scaled(cell.task.built.job, answers[-1])
        elif verdict is not None and verdict.right is not None and not verdict.right:
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
        "limits": limits._asdict(),
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
    """The answer in units of the metric: over the sum of |coefficients|; None for counts, which are random."""
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
