"""The command that a report proposes, pasted into a shell at several widths: the same words, and it does what it says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import copy

import pytest

from hybrid.runs import record
from hybrid.runs.result import finished

PROFILES = Path(record.__file__).parents[1] / "device" / "profiles"
NOISY = ["--device", "meluxina-q", "--shots", "100", "--max-evals", "6", "--backend", "exact"]
QUICK = {
    "ideal": ["h2"],
    "a file with blanks": ["portfolio:prices=my own prices.csv,pick=2", *NOISY],
    "a device with blanks": ["h2", "--device", "./my own device.toml", *NOISY[2:]],
    "adapt": ["adapt_vqe:max_operators=1", "hubbard:n=2", "--max-evals", "4"],
}
SLOW = {
    "shots": ["h2", "--shots", "100", "--max-evals", "6"],
    "noisy": ["h2", *NOISY],
    "mitigated": ["h2", "--mitigate", "readout", *NOISY],
    "chain": ["tfim:n=3", "--dd", "echo", *NOISY],
    "seed": ["tfim:n=3", "--seed", "3", "--initial-point", "-0.1,0.2,-1e-3,1,2,0.5", *NOISY],
    "cut": ["maxcut:graph=ring,n=4", *NOISY],
    "two layers": ["qaoa:p=2", "maxcut:graph=ring,n=4", *NOISY],
    "tail": ["qaoa:cvar=0.5", "maxcut:graph=ring,n=4", *NOISY],
    "knapsack": ["knapsack:items=my items.csv,capacity=4", *NOISY],
    "edges": ["my own graph.edges", *NOISY],
    "levels": ["vqd", "h2", *NOISY],
    "classifier": ["vqc:layers=1", "moons:n=12", "--max-iterations", "2", "--backend", "exact"],
    "noisy classifier": ["vqc:layers=1", "moons:n=12", "--device", "meluxina-q", "--max-evals", "2", "--backend", "exact"],
    "kernel": ["quantum_kernel", "circles:n=12"],
    "noisy kernel": ["quantum_kernel", "circles:n=8", *NOISY[:4], "--backend", "exact"],
    "imaginary time": ["varqite", "h2", "--max-iterations", "3"],
    "adjoint": ["h2", "--gradient", "adjoint", "--max-iterations", "3"],
    "infinite": ["h2:distance=1.2", "--device", "meluxina-q", "--realizations", "16", "--max-evals", "3", "--backend", "exact"],
}
STUB = f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n"
EVERY = QUICK | SLOW


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A folder with the files, and a `hybrid` that prints its words in bin/."""
    path = tmp_path_factory.mktemp("home")
    (path / "my own prices.csv").write_text("week,a,b,c\n1,10,20,5\n2,11,19,5.1\n3,10.5,21,5.2\n4,11,20,5.1\n")
    (path / "my items.csv").write_text("item,value,weight\na,3,2\nb,2,1\nc,4,3\n")
    copy(PROFILES / "meluxina-q.toml", path / "my own device.toml")
    (path / "my own graph.edges").write_text("a b\nb c\nc d\nd a\n")
    (path / "bin").mkdir()
    (path / "bin" / "hybrid").write_text(STUB)
    (path / "bin" / "hybrid").chmod(0o755)
    return path


def proposed(report: str) -> str:
    """What somebody marks with the mouse: from the first word to the end of the last line."""
    found = re.search(r"^next +(.*(?:(?<=\\)\n.*)*)", report, re.M)
    assert found, report
    return found[1]


def pasted(text: str, home: Path) -> list[str]:
    """The words that a program named hybrid gets from `sh`."""
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, cwd=home, env=os.environ | {"PATH": path})
    assert done.returncode == 0 and done.stderr == "", text
    return json.loads(done.stdout)


def does_what_it_says(words: list[str], command, report: str) -> None:
    """Every word has its effect: a run by its dry run, an explanation or a ledger by the run that it names."""
    if words[0] in ("explain", "mitigate"):
        told = json.loads(command(*words, "--realizations", 8, "--json").out)
        assert told["id"] == words[1]
        return
    done = command(*words, "--dry-run", "--json")
    assert done.code == 0, (words, done.err, report)
    spec, flags = json.loads(done.out)["spec"], dict(zip(words[3::2], words[4::2], strict=True))
    assert spec["algorithm"].startswith(words[1].partition(":")[0])
    for flag, field in (("--shots", "shots"), ("--seed", "seed"), ("--mitigate", "mitigate"), ("--device", "device")):
        if flag in flags:
            assert str(spec[field]).startswith(flags[flag].removeprefix("./"))
    if (known := flags.get("--initial-point", "")) and "," not in known:
        found = finished(Path(flags["--results"]) / f"{known}.jsonl")
        assert found is not None and spec["initial_point"] == list(found.x)


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_pasted_at_any_width_it_does_what_it_says(name, home, command, monkeypatch):
    monkeypatch.chdir(home)
    reports = []
    for columns in (60, 80, 120):  # the first time it runs, then the record is read
        monkeypatch.setenv("COLUMNS", str(columns))
        done = command("run", *EVERY[name], "--results", "my results")
        assert done.code == 0, done.err
        reports.append(done.out)
    texts = [proposed(report) for report in reports]
    for text in texts:  # a line breaks where a blank is, and nowhere else
        assert all(line.endswith(" \\") for line in text.splitlines()[:-1])
    words = [pasted(text, home) for text in texts]
    assert words[0] == words[1] == words[2]
    assert "my results" in words[0] and not [word for word in words[0] if "\n" in word or "\\" in word]
    does_what_it_says(words[0], command, reports[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ideal", "a file with blanks", "levels"])
def test_a_real_process_does_it_too(name, home, command, monkeypatch):
    """The installed `hybrid`, in a shell of its own."""
    monkeypatch.chdir(home)
    text = proposed(command("run", *EVERY[name], "--results", "my results").out)
    more = " --realizations 8" if "explain" in text or "mitigate" in text.split() else " --dry-run"
    real = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["sh", "-c", text + more], capture_output=True, text=True, env=os.environ | {"PATH": real})
    assert done.returncode == 0, done.stderr
