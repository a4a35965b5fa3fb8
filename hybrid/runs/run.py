"""run(Spec) -> Result: opens or continues the record, runs the algorithm and writes the report; or reads a finished record."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from hybrid.base.errors import Stopped, UsageError
from hybrid.base.types import Choices, Problem, Solution
from hybrid.base.uncertainty import duration
from hybrid.device.device import Device
from hybrid.runs.answer_log import RecordingLog
from hybrid.runs.live_session import LiveSession
from hybrid.runs.look import LONG_S, look
from hybrid.runs.proposal import STAND_IN, entangling_pays
from hybrid.runs.record import Record
from hybrid.runs.result import Result, agreeing, finished
from hybrid.runs.setup import Prepared, as_begun, billed, prepare
from hybrid.runs.spec import Spec, duration_s
from hybrid.runs.watching import SILENT, Before, Watcher
from hybrid.runs.way_out import command, refusal

SLOW = 10.0
"""A run whose backend is estimated so many times slower than `auto` says so."""


def run(
    spec: Spec,
    results: str | Path = "results",
    *,
    watcher: Watcher = SILENT,
    device_interval: bool = True,
    force: bool = False,
    max_time: float | str | None = None,
    strict: bool = False,
    label: str | None = None,
) -> Result:
    """Run `spec`; continue it where its record in `results` is unfinished; read the result where it is finished.

    Without `device_interval` nothing is said of other devices; id, answers and digest are the same. A new run that could show
    nothing is refused unless `force`; see `hybrid.runs.look`. `max_time`, seconds or a text like "10min", ends the loop once
    the recorded answers have taken so long; the record keeps where it ended. With `strict` a record is not continued on another
    processor, where the last digits of linear algebra may differ; else a note says so, and the result. `label` is a project of
    your own that the run is booked on.
    Raises UsageError for bad input, RecordError when the record disagrees, Stopped or Interrupted with everything saved,
    CheckFailed where Aer disagrees with the exact engine.
    """
    max_time_s = duration_s("max_time", max_time)
    path = Path(results) / f"{spec.id}.jsonl"
    if before := finished(path):
        return agreeing(before)
    record = Record(path)  # before anything that takes long: another process may have the run
    try:
        watcher.work("loading the problem")
        prepared = prepare(spec)
        if record.stop is None:
            leap = partial(_look, prepared, force, watcher.note) if record.start is None else None
            before = Before(leap, watcher.work)
            log = RecordingLog(record, watcher.interruption, watcher.note, strict=strict, label=label)
            _work(prepared, record, log, watcher, before, device_interval, inf if max_time_s is None else max_time_s)
    finally:
        moved = record.close()
        if moved:
            watcher.note(moved)
    result = finished(path, replayed=False)
    if result is None:
        raise Stopped(moved or f"{path}: was removed as soon as it was finished.")
    return agreeing(result)


def _look(prepared: Prepared, force: bool, note: Callable[[str], None], *asked: Any) -> None:
    """The look before a new run: UsageError where it is hopeless, a note where it takes long or is forced."""
    at = look(prepared, *asked)
    if at is None:
        return
    if at.hopeless and not force:
        raise UsageError(refusal(prepared, at))
    if at.hopeless:
        note(f"forced, although it could show nothing: {'; '.join(at.hopeless)}.")
    if at.seconds is not None and at.seconds > LONG_S:
        note(f"estimate: about {duration(at.seconds)} for {at.evaluations:,} evaluations.")
    noisy = prepared.device.noisy
    if at.slower_than_engine >= SLOW and (noisy or (at.seconds or 0.0) > LONG_S):
        quicker = "auto" if noisy else "exact"  # without noise auto is Aer too
        words = command(replace(prepared.spec, backend="auto", threads=1), verb="bench mine")
        times = f"about {at.slower_than_engine:,.0f} times as fast by estimate"
        note(f"--backend {quicker}: {times}; to measure all simulators: {words}")


def _work(
    prepared: Prepared,
    record: Record,
    log: RecordingLog,
    watcher: Watcher,
    before: Before,
    device_interval: bool,
    max_time_s: float,
) -> None:
    begun = time.monotonic()
    if record.healed:
        watcher.note(f"{record.path}: the last line was torn and has been dropped; its answer is asked again.")
    prepared = as_begun(prepared, record.start)
    session = LiveSession(prepared, log, watcher.progress, before=before, max_time_s=max_time_s)
    solution = prepared.algorithm(session, prepared.problem)
    watcher.work("computing the value again with another simulator")
    solution = session.checked(solution)
    body, report = session.solution_body(solution), _report(prepared, session, solution)
    concluded = session.conclusion(solution)
    report["outcomes"], report["parts"] = concluded.outcomes(), concluded.error_parts()
    report["observables"] = concluded.observables()
    watcher.work("computing the value on other devices within the profile's ranges")
    report["device_interval"] = concluded.device_interval(off=not device_interval)
    watcher.work("")
    stop = {"solution": body, "report": report, "digest": record.digest(body)}
    about: dict[str, Any] = {"seconds": round(time.monotonic() - begun, 3), "time": round(time.time(), 3)}
    if choices := _choices(prepared):
        about["classical_seconds"] = round(choices.seconds, 6)
    if log.continued_on:
        about["continued_on"] = log.continued_on
    record.append("stop", stop, about)


def _pays(prepared: Prepared) -> bool | None:
    """After a run on ideal hardware: whether entangling circuits are worth it on the machine's stand-in; None elsewhere."""
    problem = prepared.problem
    if prepared.device.noisy or not isinstance(problem, Problem):
        return None
    return entangling_pays(problem, Device.load(STAND_IN))


def _choices(prepared: Prepared) -> Choices | None:
    """What is known of single outcomes, in an optimisation problem."""
    return prepared.problem.choices if isinstance(prepared.problem, Problem) else None


def _report(prepared: Prepared, session: LiveSession, solution: Solution) -> dict[str, Any]:
    problem, value = prepared.problem, prepared.problem.sign * solution.value
    maximize = problem.maximize
    choices = _choices(prepared)
    penalised = choices is not None and choices.penalty != ""  # then a value has no natural zero
    gap = (abs(value - problem.exact) if maximize else value - problem.exact) if problem.exact is not None else None
    return {
        "quantity": problem.quantity,
        "unit": problem.unit,
        "exact": problem.exact,
        "gap": gap,
        "ratio": value / problem.exact if maximize and problem.exact and not penalised else None,
        "baseline": problem.baseline,
        "baseline_name": problem.baseline_name,
        "entangling_pays": _pays(prepared),
        "majority": None if isinstance(problem, Problem) else problem.majority,
        "maximize": maximize,
        "physics": session.physics,
        "simulator": session.simulator,
        "n_qubits": session.n_qubits,
        **({"certificate": session.certificate | {"error": solution.stderr}} if session.certificate else {}),
        "caveat": session.caveat,
        "recomputed": session.agreement and session.agreement._asdict() | {"agrees": session.agreement.agrees},
        "billed": billed(prepared.device, session.spent),
        **({"mitigated": session.mitigated} if session.mitigated else {}),
    }
