"""Steps that several verbs of `hybrid bench` share: choose cells, set limits, measure, read and show rows."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybrid.base.errors import HybridError, UsageError
from hybrid.cli.bench_flags import PROCESSES, SCORES, TIME_LIMIT_S
from hybrid.cli.layout import emit
from hybrid.cli.progress import Display
from hybrid.cli.signals import pending_stop

if TYPE_CHECKING:
    from hybrid.bench.cells import Cell
    from hybrid.bench.harness import Harness
    from hybrid.bench.measurable import Measurable
    from hybrid.bench.scores import ScoreCell
    from hybrid.bench.suites import Suite

TOO_FEW = "too few processes for an A/A floor: at least four of one cell in one session are needed"
MEMORY_SHARE = 0.8
"""Part of the free memory that a process may take where --memory-limit is not given."""


def chosen_cells(
    suite: str | None,
    workloads: list[str],
    backends: list[str],
    threads: str | None,
    paths: str | None,
    device: str | None = None,
) -> tuple["Suite | None", "list[Cell] | list[ScoreCell]"]:
    """The suite and its cells; or None and the cells that the flags describe. `device` goes with a suite of scores only."""
    from hybrid.bench import suites
    from hybrid.bench.cells import PATHS, grid, thread_counts

    if suite is not None:
        given = {"--workload": workloads, "--backend": backends, "--threads": threads, "--path": paths}
        if extra := [flag for flag, value in given.items() if value]:
            raise UsageError(f"--suite and {extra[0]} contradict each other: a suite is frozen.")
        chosen = suites.load(suite)
        if chosen.device:
            return chosen, chosen.scores(device)
        if device is not None:
            raise UsageError(f"--device needs a suite that scores a device, such as {SCORES}; {suite} scores none.")
        return chosen, chosen.cells()
    if device is not None:
        raise UsageError(f"--device needs a suite that scores a device, such as --suite {SCORES}.")
    if not workloads or not backends:
        raise UsageError("name what to measure: --suite NAME@VERSION, or --workload and --backend. See: hybrid bench list.")
    chosen_paths = [name.strip() for name in paths.split(",")] if paths else list(PATHS[:1])
    return None, grid(workloads, backends, chosen_paths, thread_counts(threads or "1"))


def time_limit_of(given: float | None, suite: "Suite | None") -> float:
    """Seconds that a process may take."""
    limit = given if given is not None else suite.time_limit_s if suite else TIME_LIMIT_S
    if not limit > 0:
        raise UsageError(f"--time-limit must be above 0, not {limit:g}.")
    return limit


def make_bench(
    time_limit: float, memory_limit: str | None, affinity: str | None, python: list[str], pending: list[HybridError]
) -> "Harness":
    """How processes are run, from the flags; it stops when an error is `pending`."""
    from hybrid.base.machine import memory_bytes
    from hybrid.bench.harness import Harness, ProcessLimits, affinity_of, bytes_of, interpreter

    most = bytes_of(memory_limit) if memory_limit else int(MEMORY_SHARE * memory_bytes()[1])
    interpreters = dict(map(interpreter, python))
    return Harness(ProcessLimits(time_limit, most), affinity_of(affinity), interpreters, lambda: bool(pending))


def foretell(suite: "Suite | None", cells: "Sequence[Measurable]", out: Path, processes: int, quiet: bool) -> None:
    """Say before a run of times that it will decide nothing, and what a run that decides takes."""
    from hybrid.bench import forecast, rows
    from hybrid.bench.statistics import ALPHA, smallest_p
    from hybrid.cli.pictures import say
    from hybrid.cli.progress import clock

    rivals = Counter(cell.plain["circuit"] for cell in cells if cell.plain["task"] != "score")
    pairs = sum(n * (n - 1) // 2 for n in rivals.values())
    if not pairs or pairs * smallest_p(processes, processes) < ALPHA:
        return
    enough = next(n for n in count(PROCESSES) if pairs * smallest_p(n, n) < ALPHA)
    plan = forecast.plan(cells, rows.read(out) if out.exists() else [], enough, suite)
    given = "1 process" if processes == 1 else f"{processes} processes"
    say(f"no verdict on speed with {given} a cell; {enough} take about {clock(plan.seconds)}: --processes {enough}.", quiet)


def foretell_looks(suite: "Suite | None", cells: "Sequence[Measurable]", out: Path, quiet: bool) -> None:
    """Say before a run until all is decided what its first look takes, and what it takes at most."""
    from hybrid.bench import forecast, rows
    from hybrid.bench.looks import LOOKS
    from hybrid.cli.pictures import say
    from hybrid.cli.progress import clock

    earlier = rows.read(out) if out.exists() else []
    first, most = (clock(forecast.plan(cells, earlier, look, suite).seconds) for look in (LOOKS[0], LOOKS[-1]))
    say(f"{LOOKS[0]} processes a cell take about {first}; {LOOKS[-1]}, if nothing is decided before, {most}", quiet)


def suggest_looks(rows: list[dict[str, Any]], cells: "Sequence[Measurable]", quiet: bool) -> None:
    """Say after a run what it left undecided, and how to go on."""
    from hybrid.bench.looks import LOOKS
    from hybrid.bench.until_decided import undecided
    from hybrid.cli.pictures import say

    if count := len(undecided(rows, {cell.id for cell in cells}, LOOKS[0])):
        say(f"{count} cells are in questions left undecided: --until-decided measures them further", quiet)


def measured(
    cells: "Sequence[Measurable]",
    out: Path,
    limits: tuple[float, str | None, str | None, list[str]],
    quiet: bool,
    *,
    until_decided: bool = False,
    **how: Any,
) -> list[dict[str, Any]]:
    """The rows of a run; Interrupted or Stopped where a signal ended it."""
    from hybrid.bench import run as running
    from hybrid.bench.until_decided import run_until_decided
    from hybrid.cli import bench_text

    with pending_stop() as pending, Display(sys.stderr, quiet=quiet) as display:
        bench = make_bench(*limits, pending)
        how |= {"watch": lambda step: display.line(bench_text.progress(step))}
        if until_decided:
            rows = run_until_decided(cells, out, bench, note=display.note, **how)
        else:
            rows = running.run(cells, out, bench, **how)
    if pending:
        raise type(pending[0])(f"{pending[0]} {len(rows)} rows are in {out}; the same command continues.")
    return rows


def read_rows(paths: list[Path]) -> list[dict[str, Any]]:
    """The rows of all files."""
    from hybrid.bench.rows import read

    return [row for path in paths for row in read(path)]


def show(rows: list[dict[str, Any]], noise: list[dict[str, Any]], as_json: bool, brief: bool = False) -> None:
    """Print the tables of `rows`: times (shortened with `brief`) and scores. The A/A floor is measured from `noise`."""
    from hybrid.bench.naming import machines
    from hybrid.bench.scores import of_rows
    from hybrid.bench.summary import figures, measured_floor
    from hybrid.cli import bench_brief, bench_scores, bench_text

    cells, scores = figures(rows), of_rows(rows)
    if as_json:
        floor = measured_floor(noise, cells[0].environment) if cells else None
        table: dict[str, Any] = {"floor": floor, "cells": [cell.to_json() for cell in cells]}
        if scores:
            table["scores"] = [score.to_json() for group in scores for score in group]
        emit(json.dumps(table, indent=2))
        return
    write = bench_brief.brief if brief else bench_text.shown
    texts = [write(here, measured_floor(noise, here[0].environment)) for here in machines(cells).values()]
    if not texts and not scores and noise:
        floor = measured_floor(noise, noise[0]["environment"])
        texts = [TOO_FEW if floor is None else bench_text.floor_text(floor)]
    texts += map(bench_scores.scored, scores)
    emit("\n\n".join(texts) or "no results.")
