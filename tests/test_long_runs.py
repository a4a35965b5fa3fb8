"""Long runs and long records take no more memory than short ones."""

import json
import subprocess
import sys

import pytest

from hybrid.base import json_lines
from hybrid.runs import record
from hybrid.runs.results_folder import read
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

MOST_GROWTH = 16 * 2**20
"""Bytes: what the allocator and the interpreter's own caches move by."""
RUNNING = """
import sys
from pathlib import Path
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.runs.watching import Watcher
held = {}
def look(progress):
    if progress.nfev in (10_000, 100_000):
        held[progress.nfev] = int(Path("/proc/self/statm").read_text().split()[1])
spec = Spec(problem="h2", backend="exact", optimizer="spsa", max_evals=100_000)
run(spec, sys.argv[1], watcher=Watcher(progress=look))
print(held[10_000], held[100_000])
"""
SHOWING = """
import resource, sys
from hybrid.cli.app import main
try:
    main()
except SystemExit as left:
    print(left.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
else:
    print(0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def long_record(path, short, n_answers: int) -> None:
    """A record whose second answer is repeated."""
    lines = [json.loads(line) for line in short.read_text().splitlines()]
    start, answer = lines[0], lines[2]
    previous = ""
    with path.open("w") as file:
        for n in range(n_answers + 1):
            line = start if n == 0 else answer | {"body": answer["body"] | {"n": n - 1}}
            line["sum"] = previous = record.line_sum(previous, line["kind"], line["body"], line["meta"])
            file.write(json_lines.dump(line) + "\n")


def test_in_brief_is_the_same(tmp_path):
    path = run(Spec(problem="h2", max_iterations=6), tmp_path).record
    whole = tmp_path / path
    lines = whole.read_text().splitlines(keepends=True)
    for count in range(1, len(lines) + 1):
        part = tmp_path / "part.jsonl"
        part.write_text("".join(lines[:count]))
        full, brief = read(part), read(part, brief=True)
        assert full.to_json() == brief.to_json() and len(brief.answers) <= 2
        assert (full.n_answers, full.spent) == (len(full.answers), (full.evaluations() or [0])[-1])


@pytest.mark.slow
def test_a_hundred_thousand_evaluations(tmp_path):
    done = subprocess.run([sys.executable, "-c", RUNNING, tmp_path], capture_output=True, text=True, check=True)
    early, late = (4096 * int(word) for word in done.stdout.split())
    assert late - early < MOST_GROWTH


@pytest.mark.slow
def test_a_record_of_a_million_answers_is_streamed(tmp_path):
    """Every checksum is computed: that takes time, but no memory."""
    short = run(Spec(problem="h2", backend="exact", optimizer="spsa", max_evals=12), tmp_path / "short").record
    most = []
    for count in (100, 10**6):
        path = tmp_path / "long.jsonl"
        long_record(path, tmp_path / short, count)
        line = [sys.executable, "-c", SHOWING, "runs", "show", str(path)]
        done = subprocess.run(line, capture_output=True, text=True, check=True)
        code, peak = map(int, done.stdout.splitlines()[-1].split())
        assert code == 0 and f"{count}; the checksum of every line is right" in done.stdout
        most.append(peak)
    assert most[1] - most[0] < MOST_GROWTH
