"""Records made by earlier code (version 0.1.0, before modules moved into rooms) print, replay and resume as they did."""

import json
from dataclasses import fields
from pathlib import Path
from shutil import copy

import numpy as np
import pytest

from hybrid.base.errors import RecordError
from hybrid.compilation import COMPILER
from hybrid.review import replay_session
from hybrid.review.replay import repeat
from hybrid.runs import answer_log, device_interval
from hybrid.runs.results_folder import read
from hybrid.runs.run import run
from hybrid.runs.spec import FIRST_DEFAULTS, FIRST_RULES, Spec

RECORDS = sorted((Path(__file__).parent / "records").glob("*.jsonl"))
IDS = json.loads((Path(__file__).parent / "records" / "ids.json").read_text())
ROUNDING = 1e-9
"""Another processor adds in another order: some 1e-15 an operation for values of order one, and an optimiser amplifies it."""


@pytest.mark.parametrize(("given", "expected"), IDS, ids=[expected for _, expected in IDS])
def test_an_id_is_what_it_was(given, expected):
    spec = Spec.as_given(given)
    assert spec.id_under(FIRST_RULES) == expected
    assert (spec.id != expected) == (spec.newest_rules > FIRST_RULES)  # a newer rule never prints an old record as its own


def test_no_default_of_today_is_taken_for_the_first_one():
    """Every id of version 0.1 left out what was the default then."""
    assert Spec(problem="h2").id != Spec(problem="h2", backend="aer").id == Spec.as_given({"problem": "h2"}).id
    assert FIRST_DEFAULTS.keys() == {field.name for field in fields(Spec)}


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_it_is_printed_and_not_run_again(path, tmp_path):
    before, record = path.read_bytes(), tmp_path / path.name
    copy(path, record)
    old = read(path)
    if (spec := Spec.as_given(old.about["given"])).newest_rules > FIRST_RULES:
        assert spec.id != path.stem
        return
    result = run(spec, tmp_path)
    assert result.replayed and record.read_bytes() == before
    assert old.stop is not None and (result.id, result.digest) == (path.stem, old.stop["digest"])
    assert result.value == old.stop["solution"]["value"]


def noisy(path: Path) -> bool:
    """On a device with noise; its pulses are in another order today."""
    return "ideal" not in read(path).resolved["device"]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_it_replays(path, command, tmp_path, monkeypatch):
    """Identically; where the compiler has changed since, this is said, and no alarm is given."""
    monkeypatch.chdir(tmp_path)
    copy(path, tmp_path / path.name)
    done = command("runs", "replay", tmp_path / path.name, "--json")
    found = json.loads(done.out)
    assert done.code == 0, done.err
    assert found["digest"] == read(path).stop["digest"]
    assert (found["verdict"] == "compiled otherwise") == noisy(path)
    assert ({"what": "compiler", "a": 1, "b": COMPILER} in found["today"]) == noisy(path)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_an_interrupted_one_continues(path, tmp_path, monkeypatch):
    """The first two thirds of its lines are what an interruption leaves; the installed versions are taken for those of then."""
    old = read(path)
    if (spec := Spec.as_given(old.about["given"])).newest_rules > FIRST_RULES:
        assert spec.id != path.stem
        return
    monkeypatch.setattr(answer_log, "versions", lambda: old.about["versions"])
    monkeypatch.setattr(device_interval, "INTERVAL_QUBITS", 0)  # other devices are told of behind the last answer
    lines = path.read_bytes().splitlines(keepends=True)
    (tmp_path / path.name).write_bytes(b"".join(lines[: max(1, 2 * len(lines) // 3)]))
    if noisy(path):
        with pytest.raises(RecordError, match=f"was started with compiler = 1, today it is {COMPILER}"):
            run(spec, tmp_path)
        return
    result = run(spec, tmp_path)
    assert old.stop is not None and not result.replayed
    assert result.value == pytest.approx(old.stop["solution"]["value"], abs=ROUNDING)
    assert result.x == pytest.approx(old.stop["solution"]["x"], abs=1e3 * ROUNDING)
    assert len(read(tmp_path / path.name).answers) == len(old.answers)


def test_an_optimiser_that_rounds_otherwise_elsewhere(tmp_path, monkeypatch):
    """Its next point differs in the last digits: a fault on the record's own processor, rounding on another one."""
    result = run(Spec(problem="h2", backend="exact", optimizer="natural_gradient", max_iterations=3), tmp_path)
    solve = np.linalg.solve
    monkeypatch.setattr("numpy.linalg.solve", lambda matrix, right: solve(matrix, right) * (1 + 1e-14))
    with pytest.raises(RecordError, match="answers another question"):
        repeat(Path(result.record))
    monkeypatch.setattr(replay_session, "here", lambda: {"processor": "another", "kernel": "another"})
    assert repeat(Path(result.record)).verdict == "last digits"
    monkeypatch.setattr("numpy.linalg.solve", lambda matrix, right: solve(matrix, right) * (1 + 1e-6))
    with pytest.raises(RecordError, match="answers another question"):
        repeat(Path(result.record))
