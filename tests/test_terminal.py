"""What comes from files never reaches the screen as something a terminal acts on; lists and files are safe to read."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hybrid.base.errors import printable
from hybrid.cli.app import _note
from hybrid.cli.layout import csv_text
from hybrid.runs import record
from hybrid.runs.results_folder import short
from hybrid.runs.results_index import entries
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

ESCAPE = "\x1b[2J\x1b]0;owned\x07\u202eevil\x9b31m"


def test_printable_keeps_text_and_escapes_the_rest():
    assert printable("E = \u22121.137(12) Ha\nnext") == "E = \u22121.137(12) Ha\nnext"
    assert printable(ESCAPE) == r"\x1b[2J\x1b]0;owned\x07\u202eevil\x9b31m"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("graph.edges", f"a {ESCAPE}\n{ESCAPE} c\n"),
        ("items.csv", f"item,value,weight\n{ESCAPE},1,1\nb,2,1\n"),
        ("prices.csv", f"date,{ESCAPE},b\n2024-01-01,1,1\n2024-01-02,x,1\n"),
    ],
)
def test_names_in_files_are_escaped_wherever_they_are_printed(name, text, tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    problem = f"./{name}" if name != "items.csv" else f"knapsack:items={name},capacity=1"
    problem = problem if name != "prices.csv" else f"portfolio:prices={name},budget=1"
    done = command("run", problem, "--max-evals", "0", "--quiet")
    for stream in (done.out, done.err):
        assert not set(stream) & set("\x1b\x07\u202e\x9b")


def test_words_of_a_record_are_escaped_wherever_they_are_printed(tmp_path, command, monkeypatch):
    """Unit, quantity, caveat and host as somebody else may have written them, with the right checksums; pictures too."""
    monkeypatch.chdir(tmp_path)
    path = Path(run(Spec(problem="h2", max_evals=2, backend="exact"), "results").record)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0]["meta"] |= dict.fromkeys(("unit", "quantity", "caveat", "host"), ESCAPE)
    previous = ""
    for line in lines:
        line["sum"] = previous = record.line_sum(previous, line["kind"], line["body"], line["meta"])
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    verbs = ("list", "show latest", "show latest --json", "diff latest latest", "replay latest", "plot latest --out a.svg")
    for words in verbs:
        done = command("runs", *words.split())
        assert done.code == 0 and not set(done.out + done.err) & set("\x1b\x07\u202e\x9b"), words
    picture = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert not set(picture) & set("\x1b\x07\u202e\x9b")
    ElementTree.fromstring(picture)


def test_a_warning_is_escaped(capsys):
    _note(f"gate {ESCAPE}", UserWarning, "a.py", 1)
    assert not set(capsys.readouterr().err) & set("\x1b\x07\u202e\x9b")


def test_names_of_files_are_escaped_in_completion(tmp_path):
    """A record under a hostile name is offered as a run."""
    path = tmp_path / run(Spec(problem="h2", max_evals=0, backend="exact"), tmp_path / "results").record
    path.rename(path.with_name(f"a{ESCAPE}.jsonl"))
    told = {"COMP_WORDS": "hybrid runs show ", "COMP_CWORD": "3", "_HYBRID_COMPLETE": "complete_bash"}
    hybrid = Path(sys.executable).with_name("hybrid")
    done = subprocess.run([hybrid], env=os.environ | told, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "owned" in done.stdout and not set(done.stdout + done.stderr) & set("\x1b\x07\u202e\x9b")


def test_a_long_word_does_not_stall_the_list():
    """A quadratic pattern took 12 s for 100 kB."""
    begun = time.perf_counter()
    assert short("maxcut:graph=" + "a" * 10**6) == "maxcut:graph=" + "a" * 10**6
    assert time.perf_counter() - begun < 5
    assert short("maxcut:graph=/home/me/my.edges,n=3") == "maxcut:graph=my.edges,n=3"
    assert short("./a/mine.py:foo") == "mine.py:foo"


def test_a_cell_is_no_formula():
    text = csv_text([{"question": "=1+1", "value": -1.5, "x": "-2"}])
    (row,) = csv.DictReader(io.StringIO(text))
    assert row == {"question": "'=1+1", "value": "-1.5", "x": "'-2"}


def test_records_are_private(tmp_path):
    spec = Spec(problem="h2", max_evals=0)
    run(spec, tmp_path / "new" / "results")
    mode = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").rglob("*")}
    assert mode == {"results": 0o700, f"{spec.id}.jsonl": 0o600}


def test_what_show_refuses_is_not_listed_as_finished(tmp_path, command):
    """An answer in the middle changed: the ends alone look right."""
    for seed in (0, 1):
        spec = Spec(problem="h2", max_iterations=2, seed=seed)
        run(spec, tmp_path)
    path = tmp_path / f"{spec.id}.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace('"iteration":0', '"iteration":7')
    path.write_text("".join(lines))
    found = json.loads(command("runs", "list", "--json", "--results", tmp_path).out)["runs"]
    listed = {one["id"]: one["state"] for one in found}
    assert sorted(listed.values()) == ["damaged", "finished"] and listed[spec.id] == "damaged"
    assert command("runs", "show", path).code == 5


def test_a_list_checks_a_bounded_part(tmp_path):
    run(Spec(problem="h2", max_evals=0), tmp_path)
    (one,) = entries(tmp_path, most_bytes=10)
    assert one.glance.state == "unchecked" and not one.row
    assert entries(tmp_path)[0].glance.state == "finished"


def test_an_endless_number_is_refused_before_the_parser_sees_it(tmp_path, command):
    path = tmp_path / "a.qasm"
    path.write_text('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nh q[99999999999999999999999];\n')
    done = command("sample", path)
    assert done.code == 2 and "a.qasm:4" in done.err and "panick" not in done.err
