"""Hundreds of short runs in two processes: how much time is lost, and what kill -9 at random moments changes (nothing).

HYBRID_SWEEP_RUNS is the number of runs, 600 by default; HYBRID_SWEEP_KILLS the number of kills, 50 by default.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from test_kills import family, working_in

import hybrid
from hybrid.runs.worklist import SweepWatcher

pytestmark = pytest.mark.slow
RUNS = int(os.environ.get("HYBRID_SWEEP_RUNS", "600"))
KILLS = int(os.environ.get("HYBRID_SWEEP_KILLS", "50"))
SHORT = {"problem": "h2", "shots": 100, "max_evals": 6, "backend": "exact"}
MOST_LOST = 1.15
"""Wall time over the ideal one: what the runs took in their processes, divided by two. A start takes a second or two."""


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    """The digests of the runs one after the other in one process."""
    found = hybrid.sweep(results=tmp_path_factory.mktemp("serial"), executor="local:processes=1", seed=range(RUNS), **SHORT)
    return [result.digest for result in found.results]


def test_two_processes_lose_little_time(serial, tmp_path, capsys):
    begun, took = {}, []

    def event(one):
        if one.what == "begin":
            begun[one.number] = time.monotonic()
        elif one.what == "finished":
            took.append(time.monotonic() - begun[one.number])

    start = time.monotonic()
    words = {"results": tmp_path, "executor": "local:processes=2", "watcher": SweepWatcher(event)}
    found = hybrid.sweep(**words, seed=range(RUNS), **SHORT)
    wall, ideal = time.monotonic() - start, sum(took) / 2
    with capsys.disabled():
        print(f"\n{RUNS} runs: {wall:.1f} s in two processes, ideal {ideal:.1f} s, ratio {wall / ideal:.3f}")
    assert [result.digest for result in found.results] == serial
    assert wall < MOST_LOST * ideal


def test_killed_at_random_moments(serial, tmp_path, capsys):
    """Parents, workers, whole groups; the same command again until all is done."""
    rng, kills, starts = np.random.default_rng(1), 0, 0
    words = ["sweep", "h2", "--shots", "100", "--max-evals", "6", "--backend", "exact", "--seed", f"0..{RUNS - 1}"]
    line = [sys.executable, "-m", "hybrid", *words, "--executor", "local:processes=2", "--quiet"]
    while True:
        starts += 1
        process = subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            while kills < KILLS and process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(rng.uniform(0.5, 8))
                kills += attacked(process, ("parent", "worker", "group")[kills % 3])
            code = process.wait()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        gone = time.monotonic() + 20
        while working_in(tmp_path) and time.monotonic() < gone:
            time.sleep(0.05)
        assert not working_in(tmp_path)
        if code == 0:
            break
    with capsys.disabled():
        print(f"\n{RUNS} runs, {kills} kills, {starts} starts")
    records = [json.loads(path.read_text().splitlines()[-1]) for path in (tmp_path / "results").glob("*.jsonl")]
    assert sorted(line["body"]["digest"] for line in records) == sorted(serial)
    assert all(line["kind"] == "stop" for line in records) and not [*Path(tmp_path, "results").glob("*.failed")]
    stops = sum(path.read_bytes().count(b'"kind":"stop"') for path in (tmp_path / "results").glob("*.jsonl"))
    assert stops == RUNS  # nothing ran to its end twice


def attacked(process, victim):
    """Kill; whether there was somebody to kill."""
    others = family(process.pid)
    with suppress(ProcessLookupError):
        if victim == "worker":
            if others:
                os.kill(others[-1], signal.SIGKILL)
            return bool(others)
        if victim == "group":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        return True
    return False
