"""Only plain files are read and written as records and results; somebody else's text is never healed away."""

import json
import os

import pytest

from hybrid.base.errors import RecordError
from hybrid.bench.rows import RowFile
from hybrid.runs.spec import Spec

ID = Spec(problem="h2", max_evals=0).id
RUN = ("run", "h2", "--max-evals", "0", "--quiet")


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    return tmp_path / "results" / f"{ID}.jsonl"


def test_a_pipe_does_not_hang(record, command):
    os.mkfifo(record)
    done = command(*RUN)
    assert done.code == 5 and "not a plain file" in done.err


def test_a_link_to_an_endless_device(record, command):
    record.symlink_to("/dev/zero")
    done = command(*RUN)
    assert done.code == 5 and "not a plain file" in done.err


def test_a_folder(record, command):
    record.mkdir()
    done = command(*RUN)
    assert done.code == 5 and str(record.name) in done.err


@pytest.mark.parametrize("text", ["my notes", "", '{"body":'])
def test_a_link_is_not_followed(record, command, tmp_path, text):
    notes = tmp_path / "notes.txt"
    notes.write_text(text)
    record.symlink_to(notes)
    done = command(*RUN)
    assert done.code == 5 and "is a link" in done.err
    assert notes.read_text() == text


def test_text_of_somebody_else_is_not_healed(record, command):
    record.write_text("my notes, without a newline")
    done = command(*RUN)
    assert done.code == 5 and "not a line of ours" in done.err
    assert record.read_text() == "my notes, without a newline"


@pytest.mark.parametrize("torn", ["{", '{"bod', '{"body":{"x":1'])
def test_a_line_of_ours_is_healed(record, command, torn):
    record.write_text(torn)
    assert command(*RUN).code in (0, 3)
    assert json.loads(record.read_text().splitlines()[0])["kind"] == "start"


def test_results_of_a_benchmark(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text("my notes")
    with pytest.raises(RecordError, match="not a line of ours"):
        RowFile(path)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RecordError, match="is a link"):
        RowFile(path)


@pytest.mark.parametrize(
    "words",
    [
        *("run {}.edges", "run h2 --results {}", "run h2 --backend ./{}.py:x", "run h2 --initial-point {}.txt", "run {}.toml"),
        *("show device {}.toml", "sample {}.qasm", "runs show {}.jsonl", "runs list --results {}", "bench show {}.jsonl"),
    ],
)
def test_a_name_that_is_too_long(words, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command(*words.format("a" * 300).split())
    assert done.code == 2 and "File name too long" in done.err and len(done.err) < 400
