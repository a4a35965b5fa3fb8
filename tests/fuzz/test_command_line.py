"""Random flags with random values: every command ends with a documented exit code and in words; `--json` is always JSON."""

import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import bench_rows
import numpy as np
import pytest
import typer.main
from limits import check_ended, limited, timed

from hybrid.bench import suites
from hybrid.cli.app import app
from hybrid.review import published_checks
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures(limited.__name__)]
TOTAL = int(os.environ.get("HYBRID_FUZZ_LINES", "1000"))
WORDS = {
    "run": (
        "h2",
        "tfim:n=3",
        "vqe h2",
        "qaoa maxcut:graph=ring,n=4",
        "vqd h2",
        "h2:distance=1e308",
        "nope",
        "",
        "x.toml",
        "r.jsonl",
    ),
    "sample": ("ghz:n=3", "bell", "qft:n=2", "ghz:n=1e9", "x.qasm", "nope", ""),
    "schedule": ("ghz:n=3", "bell", "nope"),
    "show": ("device meluxina-q", "optimizer spsa", "problem h2", "nope nope", "device", ""),
    "list": ("", "devices", "problems", "nope"),
    "guide": ("", "run", "nope"),
    "explain": ("latest", "bell", "nope", "ghz:n=2"),
    "mitigate": ("latest", "bell", "nope", "ghz:n=2"),
    "runs list": ("",),
    "runs show": ("latest", "1", "nope", "r.jsonl"),
    "runs diff": ("latest latest", "latest nope", "latest"),
    "runs replay": ("latest", "nope"),
    "runs export": ("latest", "nope"),
    "runs verify": ("latest", "nope"),
    "bench list": ("",),
    "bench plan": ("",),
    "bench show": ("r.jsonl", "nope.jsonl", "x.toml"),
    "bench compare": ("r.jsonl", "r.jsonl r.jsonl"),
    "bench merge": ("r.jsonl", "r.jsonl x.toml"),
    "bench plot": ("r.jsonl", "nope.jsonl"),
    "bench report": ("r.jsonl", "nope.jsonl"),
    "runs plot": ("latest", "1", "nope"),
    "runs sign": ("latest", "nope"),
    "check": ("",),
    "doctor": ("",),
    "characterize": ("meluxina-q", "spin-simos-10q", "ideal", "nope"),
    "bench capability": ("meluxina-q", "nope"),
    "bench score": ("meluxina-q", "spin-simos-10q", "nope"),
    "bench verify": ("",),
    "bench run": ("",),
    "bench null": ("",),
}
"""Verb -> its words."""
SMALL = "--workload ghz:n=2 --backend exact"
CHEAP = {
    "run": ("--dry-run", "--max-evals 0", "--max-evals 1", "--max-iterations 1"),
    "characterize": ("--only readout --shots 100", "--only bell --shots 100", "--only t1 --shots 100", "--only nope"),
    "bench capability": ("--only mirror --shots 10", "--only nope"),
    "bench score": ("--shots 10",),
    "bench verify": (SMALL, "--suite l@1", ""),
    "bench run": (f"{SMALL} --processes 1 --out new.jsonl", f"{SMALL} --processes 1 --out r.jsonl", ""),
    "bench null": ("--out null.jsonl", "--out r.jsonl", ""),
}
"""Verb -> flags that let it measure little, if others do not follow."""
SUITE = """title = "small"
about = "one cell"
processes = 2
seconds = 1
time_limit_s = 20
[[cells]]
"""
VALUES = (
    *(
        "0",
        "1",
        "2",
        "7",
        "-1",
        "1e400",
        "nan",
        "inf",
        "1e308",
        "99999999999999999999",
        "0x10",
        "1_0",
        "",
        " ",
        "a",
        "a,b",
        "=",
        ":",
    ),
    *("\x1b[2J", "\u202e", "\udcff", "../x", "/dev/null", "/", ".", "none", "all", "on", "off", "x.toml", "r.jsonl", "x.edges"),
    *("latest", "90s", "1ns", "4GiB", "0,1", "s@1", "ghz:n=2", "name=value"),
)
LIKELY = {
    "--device": ("ideal", "meluxina-q", "meluxina-q:two_qubit=today", "spin-simos-10q"),
    "--backend": ("exact", "aer", "auto", "aer:method=statevector"),  # `reference` takes minutes for a replay with noise
    "--optimizer": ("adam", "spsa", "spsa:a=nan", "nelder_mead", "lbfgs"),
    "--ansatz": ("real_amplitudes:reps=1", "uccsd", "efficient_su2"),
    "--shots": ("10", "100"),
    "--realizations": ("2", "3"),
    "--mitigate": ("readout", "zne", "twirl"),
    "--dd": ("xy4", "hahn"),
    "--threads": ("1", "2"),
    "--results": ("results", "new"),
    "--workload": ("ghz:n=2", "ghz:n=2..4"),
    **dict.fromkeys(("--seed", "--processes", "--max-evals", "--max-iterations", "--repeat"), ("1", "2")),
    **{"--out": ("new.jsonl", "new.svg"), "--plot": ("new.svg",), "--only": ("readout", "mirror"), "--affinity": ("0",)},
    **{"--time-limit": ("5",), "--memory-limit": ("1GiB",), "--dephasing": ("markov", "quasistatic"), "--path": ("compiled",)},
}


def line(rng: np.random.Generator) -> list[str]:
    """A command line: its verb, words, and up to five flags with values."""
    verb = str(rng.choice(list(WORDS)) if rng.random() < 0.6 else "run")
    command: Any = typer.main.get_command(app)
    for name in verb.split():
        command = command.commands[name]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    options = [option for option in options if not {"--debug", "--help"} & {*option.opts}]
    words = [*verb.split(), *WORDS[verb][rng.integers(len(WORDS[verb]))].split()]
    words += CHEAP[verb][rng.integers(len(CHEAP[verb]))].split() if verb in CHEAP else []
    for k in rng.permutation(len(options))[: rng.integers(5)]:
        flag, likely = options[k].opts[0], LIKELY.get(options[k].opts[0], ())
        words.append(flag)
        if not options[k].is_flag:
            chosen = likely if likely and rng.random() < 0.8 else VALUES
            words.append(str(chosen[rng.integers(len(chosen))]))
    return words + (["--json"] if rng.random() < 0.5 and any("--json" in option.opts for option in options) else [])


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Suites of one cell, and two of the published numbers."""
    cells = 'workloads = ["ghz:n=2"]\nbackends = ["exact"]\n'
    for name in suites.names():
        (tmp_path / f"{name}.toml").write_text(SUITE + cells)
    scored = SUITE.replace("[[", 'device = "meluxina-q"\n[[') + 'circuits = ["ghz:n=3"]\nbackends = ["exact"]\nshots = 10\n'
    (tmp_path / "grid@1.toml").write_text(scored)
    monkeypatch.setattr(suites, "FOLDER", tmp_path)
    monkeypatch.setattr(published_checks, "CHECKS", published_checks.CHECKS[2:4])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two finished runs, rows of a benchmark and a few files."""
    folder = tmp_path_factory.mktemp("lines")
    for seed in (1, 2):
        run(Spec(problem="h2", max_evals=2, seed=seed, backend="exact"), folder / "results")
    bench_rows.write(folder / "r.jsonl", bench_rows.everything())
    (folder / "x.toml").write_text('problem = "h2"\nmax_evals = 1\n')
    (folder / "x.edges").write_text("a b\nb c\n")
    (folder / "x.qasm").write_text("OPENQASM 3.0;\nqubit q;\nh q;\nbit c = measure q;\n")
    return folder


def test_random_command_lines(folder, small, command, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    codes: Counter[int] = Counter()
    seconds: dict[float, list[str]] = {}
    wrong: list[str] = []
    for i in range(TOTAL):
        words = line(np.random.default_rng(i))
        begun = time.monotonic()
        try:
            with timed():
                done = command(*words)
            codes[done.code] += 1
            check_ended(done, as_json="--json" in words)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            wrong.append(f"{i}: {words}: {type(error).__name__}: {error}"[:1200])
        seconds[time.monotonic() - begun] = words
    with capsys.disabled():
        print(f"\n{TOTAL} command lines, exit codes {dict(sorted(codes.items()))}, {len(wrong)} wrong")
        print(f"{sum(seconds):.0f} s, the longest {max(seconds):.1f} s: {' '.join(seconds[max(seconds)])[:200]}")
    assert not wrong, "\n".join(wrong)
