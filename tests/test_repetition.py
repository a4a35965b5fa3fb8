"""--repeat: the same records as single runs, told by median and quartiles, interrupted and continued like one."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import hybrid
from hybrid.base.errors import Interrupted, UsageError
from hybrid.base.machine import cores
from hybrid.runs.executors import local
from hybrid.runs.repeat import Repetitions, repeat
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.runs.worklist import SweepWatcher

SPEC = Spec(problem="h2", shots=100, max_evals=6, backend="exact", seed=5)


@pytest.fixture(scope="module")
def repeated(tmp_path_factory):
    """Three runs in two processes of their own."""
    folder = tmp_path_factory.mktemp("repeated")
    return folder, repeat(SPEC, 3, folder, processes=2)


def test_every_run_is_that_of_its_seed(repeated, tmp_path):
    _, found = repeated
    alone = [run(Spec(**{**SPEC.given(), "seed": seed}), tmp_path) for seed in (5, 6, 7)]
    assert [result.digest for result in found.runs] == [result.digest for result in alone]
    assert found.median == sorted(result.value for result in alone)[1]
    assert found.gap == pytest.approx(found.median - alone[0].exact)


def test_again_reads_the_records_and_starts_no_process(repeated, monkeypatch):
    folder, found = repeated
    monkeypatch.setattr(local, "walk", None)
    monkeypatch.setattr(local, "_Workers", None)
    again = hybrid.repeat(SPEC, 3, folder)
    assert again.values == found.values
    assert all(result.replayed for result in again.runs)


def test_quartiles_are_interpolated_linearly(repeated):
    """Of 1, 2, 3, 4, 10: 2 and 4; the best is nowhere told."""
    first = repeated[1].runs[0]
    found = Repetitions(tuple(replace(first, value=value) for value in (3.0, 10.0, 1.0, 4.0, 2.0)))
    assert (found.median, *found.quartiles) == (3.0, 2.0, 4.0)
    assert Repetitions((first,)).quartiles == (first.value, first.value)


@pytest.mark.parametrize("processes", [1, 2])
def test_interrupted_and_continued(repeated, tmp_path, processes):
    """Stopped when asked the second time whether to stop: some runs are unfinished, and the same call ends them all alike."""
    asked = iter(range(1))
    stop = SweepWatcher(interruption=lambda: None if next(asked, None) is not None else Interrupted("interrupted."))
    with pytest.raises(Interrupted, match="the same command continues"):
        repeat(Spec(**{**SPEC.given(), "max_evals": 400}), 3, tmp_path, processes=processes, watcher=stop)
    done = repeat(SPEC, 3, tmp_path, processes=1)
    assert [result.digest for result in done.runs] == [result.digest for result in repeated[1].runs]


def test_an_error_in_a_worker_is_the_error(tmp_path):
    bad = Spec(problem="h2", initial_point=[0.1], backend="exact")
    with pytest.raises(UsageError, match="the initial point has 1 numbers"):
        repeat(bad, 2, tmp_path, processes=2)
    with pytest.raises(UsageError, match="at least 1, not 0"):
        repeat(SPEC, 0, tmp_path)


def test_command(repeated, command):
    folder, found = repeated
    words = f"run h2 --shots 100 --max-evals 6 --backend exact --seed 5 --repeat 3 --results {folder}"
    code, text, _ = command(*words.split())
    assert code == 0
    assert "median" in text and "interquartile range" in text and "best" not in text
    assert "seeds            5 to 7" in text
    parsed = json.loads(command(*words.split(), "--json").out)
    assert parsed["seeds"] == [5, 6, 7]
    assert [one["digest"] for one in parsed["runs"]] == [result.digest for result in found.runs]
    assert parsed["quartiles"] == list(found.quartiles)
    code, _, err = command(*words.split(), "--require-converged")
    assert code == 3
    assert "3 of 3 runs did not converge" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("run h2 --repeat 0", "at least 1, not 0"),
        ("run h2 --repeat two", "--repeat takes a whole number, not 'two'"),
        ("run h2 --repeat 2 --plot", "--repeat and --plot contradict each other"),
        ("run h2 --repeat 2 --dry-run", "--repeat and --dry-run contradict each other"),
    ],
)
def test_bad_commands(command, words, message):
    code, _, err = command(*words.split())
    assert code == 2
    assert message in err


@pytest.mark.skipif(cores() < 2, reason="on one core repetitions start no process")
def test_workers_end_with_the_parent_however_it_ends(tmp_path):
    """kill -9 of the parent alone: the kernel ends its workers, so that nothing holds the records' locks."""
    words = ["run", "h2", "--shots", "1000", "--max-evals", "100000", "--repeat", "2", "--backend", "exact"]
    command = [sys.executable, "-m", "hybrid", *words, "--results", str(tmp_path), "--quiet"]
    parent = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until(lambda: len([path for path in tmp_path.glob("*.jsonl") if path.stat().st_size]) > 0)
        workers = [int(pid) for pid in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()]
        assert workers
    finally:
        parent.kill()
        parent.wait()
    _until(lambda: not any(_alive(pid) for pid in workers))


def _until(holds, seconds=60.0):
    """Wait until it holds; the limit is for a machine that is busy with other work."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def _alive(pid):
    """Whether the process works; one that has ended may wait to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
