"""Random flags with random values: every command ends with a documented exit code and in words; `--json` is always JSON."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import bench_rows
import numpy as np
import pytest
import typer.main
from limits import check_ended, limited, timed

from hybrid.cli.app import app
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
}
"""Verb -> its words. Verbs that measure for long are left out: check, characterize, doctor, those of bench."""
CHEAP = {"run": (["--dry-run"], ["--max-evals", "0"], ["--max-evals", "1"], ["--max-iterations", "1"])}
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
    "--backend": ("exact", "aer", "reference", "auto", "aer:method=statevector"),
    "--optimizer": ("adam", "spsa", "spsa:a=nan", "nelder_mead", "lbfgs"),
    "--ansatz": ("real_amplitudes:reps=1", "uccsd", "efficient_su2"),
    "--shots": ("10", "100"),
    "--realizations": ("2", "3"),
    "--mitigate": ("readout", "zne", "twirl"),
    "--dd": ("xy4", "hahn"),
    "--threads": ("1", "2"),
    "--results": ("results", "new"),
    "--workload": ("ghz:n=2", "ghz:n=2..4"),
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
    words += CHEAP[verb][rng.integers(len(CHEAP[verb]))] if verb in CHEAP else []
    for k in rng.permutation(len(options))[: rng.integers(5)]:
        flag, likely = options[k].opts[0], LIKELY.get(options[k].opts[0], ())
        words.append(flag)
        if not options[k].is_flag:
            chosen = likely if likely and rng.random() < 0.8 else VALUES
            words.append(str(chosen[rng.integers(len(chosen))]))
    return words + (["--json"] if rng.random() < 0.5 and any("--json" in option.opts for option in options) else [])


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


def test_random_command_lines(folder, command, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    codes: Counter[int] = Counter()
    wrong: list[str] = []
    for i in range(TOTAL):
        words = line(np.random.default_rng(i))
        try:
            with timed():
                done = command(*words)
            codes[done.code] += 1
            check_ended(done, as_json="--json" in words)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            wrong.append(f"{i}: {words}: {type(error).__name__}: {error}"[:1200])
    with capsys.disabled():
        print(f"\n{TOTAL} command lines, exit codes {dict(sorted(codes.items()))}, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)
