"""Disks that are full or cannot be written, files removed meanwhile, clocks that go back: nothing computed is lost, and what is
where is said. A full disk while a record is written: tests/test_record.py; no record is ever renamed."""

import errno
import json
import os
import tempfile
from pathlib import Path

import pytest

from hybrid.base import json_lines
from hybrid.base.errors import Interrupted, Stopped, UsageError
from hybrid.runs.results_index import entries
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.runs.watching import Watcher

SPEC = Spec(problem="h2", backend="exact", max_evals=12, shots=100, optimizer="spsa", seed=5)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The digest of the run that nothing happened to."""
    return run(SPEC, tmp_path_factory.mktemp("whole")).digest


def at_answer(number: int, act, error=None) -> Watcher:
    """Does something before the answer of this number is measured."""
    asked = iter(range(number + 1))

    def interruption():
        if next(asked, None) != number:
            return None
        act()
        return error

    return Watcher(interruption=interruption)


def refuse(number: int):
    def call(*arguments, **words):
        raise OSError(number, os.strerror(number))

    return call


def test_a_record_that_is_removed_meanwhile_is_written_anew(tmp_path, whole):
    path = tmp_path / f"{SPEC.id}.jsonl"
    notes: list[str] = []
    result = run(SPEC, tmp_path, watcher=at_answer(2, path.unlink)._replace(note=notes.append))
    assert result.digest == whole and Path(result.record) == path
    assert len(notes) == 1 and "was removed" in notes[0] and str(path) in notes[0]


def test_with_its_folder_too(tmp_path, whole):
    folder = tmp_path / "results"
    path = folder / f"{SPEC.id}.jsonl"

    def remove():
        path.unlink()
        folder.rmdir()

    assert run(SPEC, folder, watcher=at_answer(2, remove)).digest == whole


def test_removed_and_interrupted(tmp_path, whole):
    path = tmp_path / f"{SPEC.id}.jsonl"
    with pytest.raises(Interrupted):
        run(SPEC, tmp_path, watcher=at_answer(2, path.unlink, Interrupted("interrupted.")))
    assert path.exists() and entries(tmp_path)[0].glance.state == "unfinished"
    assert run(SPEC, tmp_path).digest == whole


def test_replaced_by_another_file(tmp_path, whole):
    """That file is left as it is."""
    path = tmp_path / f"{SPEC.id}.jsonl"

    def replace():
        path.unlink()
        path.write_text("")

    with pytest.raises(Stopped, match="all of the record is in") as stopped:
        run(SPEC, tmp_path, watcher=at_answer(2, replace))
    assert path.read_text() == ""
    (other,) = (found for found in tmp_path.glob("*.jsonl") if found != path)
    assert str(other) in str(stopped.value)
    assert json.loads(other.read_text().splitlines()[-1])["body"]["digest"] == whole


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fails_at_the_end_of_a_write(tmp_path, monkeypatch, whole, number):
    """Network file systems tell so late: `fsync` fails."""
    monkeypatch.setattr(json_lines.os, "fsync", refuse(number))
    with pytest.raises(Stopped, match="writing failed"):
        run(SPEC, tmp_path)
    monkeypatch.undo()
    assert run(SPEC, tmp_path).digest == whole


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, number):
    monkeypatch.setattr(json_lines.os, "open", refuse(number))
    with pytest.raises(UsageError, match="results cannot be written here"):
        run(SPEC, tmp_path)


def test_no_room_for_temporary_files(tmp_path, command, monkeypatch):
    """A benchmark hands its requests over in files; there is no record whose words could be used."""
    monkeypatch.setattr(tempfile, "mkdtemp", refuse(errno.ENOSPC))
    words = ["--workload", "ghz:n=2", "--backend", "exact", "--processes", "1", "--out", tmp_path / "r.jsonl"]
    done = command("bench", "run", *words)
    assert done.code == 75 and "No space left on device; what was recorded is saved" in done.err


def test_a_clock_that_goes_back(tmp_path, monkeypatch, whole, command):
    """By a year at every look; only `meta` holds times."""
    now = [1.8e9]

    def clock():
        now[0] -= 3.15e7
        return now[0]

    monkeypatch.setattr("time.time", clock)
    assert run(SPEC, tmp_path).digest == whole
    assert command("runs", "list", "--results", tmp_path).code == 0
    assert command("runs", "show", "latest", "--results", tmp_path).code == 0
