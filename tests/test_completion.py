"""Shell completion through the shells' own protocol, answered by real processes; and what bash makes of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hybrid import catalog
from hybrid.cli import completion

HEAVY = ("numpy", "scipy", "qiskit", "qiskit_aer", "matplotlib", "jaxtyping")


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    """A command named hybrid that fails if it loads anything heavy."""
    path = tmp_path_factory.mktemp("bin") / "hybrid"
    path.write_text(
        f"#!{sys.executable}\n"
        "import atexit, sys\n"
        "from hybrid.cli.app import main\n"
        f"atexit.register(lambda: [print('HEAVY', name) for name in {HEAVY!r} if name in sys.modules])\n"
        "main()\n"
    )
    path.chmod(0o755)
    return path


def variables(shell: str, line: str, separator: str = " ") -> dict[str, str]:
    """What this shell's script puts into the environment for a line whose words are divided by single blanks."""
    told = {
        "bash": {"COMP_WORDS": line.replace(" ", separator), "COMP_CWORD": str(line.count(" "))},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }
    return told[shell] | {"_HYBRID_COMPLETE": f"complete_{shell}"}


@pytest.fixture
def ask(program, tmp_path):
    """What a shell is told for a line, by a process of its own."""

    def answers(shell: str, line: str) -> list[str]:
        environment = os.environ | variables(shell, line)
        done = subprocess.run([program], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        assert "HEAVY" not in done.stdout
        return done.stdout.split("\n")[:-1]

    return answers


FORKS = f"""
import functools, json, os, sys
import typer.main
sys.argv = ["hybrid"]
from hybrid.cli.app import app, main
typer.main.get_command = functools.cache(typer.main.get_command)
typer.main.get_command(app)
for variables in json.load(sys.stdin):
    if not os.fork():
        os.environ |= variables
        code = 1
        try:
            main()
        except SystemExit as left:
            code = left.code or 0
        print(*["HEAVY " + name for name in {HEAVY!r} if name in sys.modules], sep="\\n", end="", flush=True)
        sys.stderr.flush()
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.wait()[1])
    print("=", code, flush=True)
"""


def ask_all(questions: list[dict[str, str]], folder: Path) -> list[list[str]]:
    """The answers to many questions: one process imports and builds the command line, and forks for each."""
    done = subprocess.run(
        [sys.executable, "-c", FORKS], input=json.dumps(questions), cwd=folder, capture_output=True, text=True, timeout=100
    )
    assert done.stderr == "" and "HEAVY" not in done.stdout
    parts = done.stdout.split("= 0\n")
    assert (len(parts), parts.pop()) == (len(questions) + 1, "")
    return [[line for line in part.splitlines() if line] for part in parts]


LINES = [
    ("hybrid ru", ["run", "runs"]),
    ("hybrid run vq", ["vqc", "vqd", "vqe"]),
    ("hybrid run qa", ["qaoa"]),
    ("hybrid run he", ["heisenberg"]),
    ("hybrid run vqe tf", ["tfim"]),
    ("hybrid run vqe vq", []),
    ("hybrid run h2 --optimizer ad", ["adam"]),
    ("hybrid run h2 --optimizer adam", ["adam", "adam:"]),
    ("hybrid run h2 --optimizer adam:lea", ["adam:learning_rate=", "adam:learning_rate=0.05"]),
    ("hybrid run h2 --optimizer adam:beta", ["adam:beta1=", "adam:beta2="]),
    ("hybrid run h2 --optimizer adam:beta1=0.8,beta", ["adam:beta1=0.8,beta2=", "adam:beta1=0.8,beta2=0.999"]),
    ("hybrid run h2 --optimizer adam:nothing", []),
    ("hybrid run h2 --optimizer nobody:", []),
    ("hybrid run h2 --optimizer=adam:lea", ["adam:learning_rate=", "adam:learning_rate=0.05"]),
    ("hybrid run h2 --device me", ["meluxina-q"]),
    ("hybrid run h2 --device meluxina-q", ["meluxina-q", "meluxina-q:"]),
    ("hybrid run h2 --backend aer:method=st", ["aer:method=statevector"]),
    ("hybrid run h2 --backend aer:pre", ["aer:precision=double", "aer:precision=single"]),
    ("hybrid run h2 --backend aer:max", ["aer:max_bond_dimension=", "aer:max_bond_dimension=none"]),
    ("hybrid run h2 --ansatz efficient_su2:ent", [f"efficient_su2:entanglement={word}" for word in
                                                  ("linear", "reverse_linear", "full", "circular")]),
    ("hybrid run maxcut:graph=p", ["maxcut:graph=petersen"]),
    ("hybrid run h2 --gradient ", ["auto", "adjoint", "parameter-shift", "finite-difference", "spsa"]),
    ("hybrid run h2 --grouping q", ["qwc"]),
    ("hybrid run h2 --initial-point ", ["latest"]),
    ("hybrid run h2 --shots ", []),
    ("hybrid run ./no", []),
    ("hybrid list opt", ["optimizer", "optimizers"]),
    ("hybrid show optimizer sp", ["spsa"]),
    ("hybrid show optimizers sp", ["spsa"]),
    ("hybrid show device ", catalog.names("devices")),
    ("hybrid show nothing ", []),
    ("hybrid sample gh", ["ghz"]),
    ("hybrid guide ph", ["physics"]),
    ("hybrid run --shots 5 --shots 6 qa", ["qaoa"]),  # what is wrong in front of the cursor is told when the line is run
]  # fmt: skip


def test_lines(tmp_path):
    answers = ask_all([variables("bash", line) for line, _ in LINES], tmp_path)
    assert [(line, answer) for (line, _), answer in zip(LINES, answers, strict=True)] == LINES


BROKEN = [  # bash breaks words at ':' and '=', and replaces the last piece alone
    (
        "hybrid run h2 --optimizer adam :",
        ["learning_rate=", "beta1=", "beta2=", "epsilon=", "decay=", "gtol=", "window="],
    ),
    ("hybrid run h2 --optimizer adam : lea", ["learning_rate=", "learning_rate=0.05"]),
    ("hybrid run h2 --optimizer = adam : lea", ["learning_rate=", "learning_rate=0.05"]),
    ("hybrid run h2 --optimizer = ad", ["adam"]),
    ("hybrid run h2 --optimizer =", catalog.names("optimizers")),
    ("hybrid run h2 --backend aer : method =", ["automatic", "statevector", "density_matrix", "matrix_product_state"]),
    ("hybrid run h2 --backend aer : method = st", ["statevector"]),
    ("hybrid run h2 --optimizer adam : beta1 = 0.8,beta", ["0.8,beta2=", "0.8,beta2=0.999"]),
    ("hybrid run tfim : n = 4 --optimizer ad", ["adam"]),
    ("hybrid run tfim : n = 4 --optimizer adam : lea", ["learning_rate=", "learning_rate=0.05"]),
    ("hybrid run vqe tfim : n = 4 ", []),
]


@pytest.mark.parametrize("separator", [" ", "\n"])
def test_words_that_bash_broke(tmp_path, separator):
    answers = ask_all([variables("bash", line, separator) for line, _ in BROKEN], tmp_path)
    assert [(line, answer) for (line, _), answer in zip(BROKEN, answers, strict=True)] == BROKEN


def test_every_member_is_offered(tmp_path):
    families = {"optimizer": "optimizers", "ansatz": "ansatze", "backend": "backends", "device": "devices"}
    expected = {f"run h2 --{flag} ": catalog.names(family) for flag, family in families.items()} | {
        "run ": catalog.names("algorithms") + catalog.names("problems"),
        "sample ": catalog.names("circuits"),
        "list ": list(catalog.FAMILIES.values()),
        "run h2 --max": ["--max-evals", "--max-iterations", "--max-qpu", "--max-time"],
    }
    answers = ask_all([variables("bash", f"hybrid {line}") for line in expected], tmp_path)
    assert dict(zip(expected, answers, strict=True)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("hybrid run qa", "qaoa"),
        ("hybrid run h2 --device me", "meluxina-q"),
        ("hybrid show optimizer sp", "spsa"),
        ("hybrid run h2 --optimizer adam:lea", "adam:learning_rate="),
    ],
)
def test_it_loads_nothing_heavy(ask, line, expected):
    assert ask("bash", line)[0] == expected


def test_zsh_and_fish(tmp_path):
    asked = [
        ("zsh", "hybrid run qa"),
        ("zsh", "hybrid run h2 --optimizer adam:lea"),
        ("zsh", "hybrid run ./nothing"),
        ("fish", "hybrid run h2 --optimizer adam:lea"),
    ]
    assert ask_all([variables(shell, line) for shell, line in asked], tmp_path) == [
        ["""_arguments '*: :(("qaoa"))'"""],
        ["""_arguments '*: :(("adam\\\\:learning_rate=\"""", """"adam\\\\:learning_rate=0.05"))'"""],
        ["_files"],
        ["adam:learning_rate=", "adam:learning_rate=0.05"],
    ]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_itself(program, tmp_path):
    """Typer's own script, sourced by bash, fills COMPREPLY."""
    script = """
        eval "$(_HYBRID_COMPLETE=source_bash hybrid)"
        try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hybrid_completion hybrid; echo "${COMPREPLY[*]}"; }
        try hybrid run qa
        try hybrid run h2 --optimizer adam : lea
        try hybrid run h2 --optimizer adam :
        try hybrid run h2 --backend aer : method = dens
        try hybrid run '"a b.edges"' --device me
    """
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "--norc", "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "qaoa",
        "learning_rate= learning_rate=0.05",
        "learning_rate= beta1= beta2= epsilon= decay= gtol= window=",
        "density_matrix",
        "meluxina-q",
    ]


def test_runs_are_offered_newest_first(tmp_path):
    (tmp_path / "results").mkdir()
    for age, name in enumerate(("ab12", "ab34", "cd56")):
        (tmp_path / "results" / f"{name}.jsonl").write_text("")
        os.utime(tmp_path / "results" / f"{name}.jsonl", (1000 - age, 1000 - age))
    lines = ("hybrid run h2 --initial-point ab", "hybrid runs show ")
    assert ask_all([variables("bash", line) for line in lines], tmp_path) == [
        ["ab12", "ab34"],
        ["latest", "ab12", "ab34", "cd56"],
    ]


def test_options_of_a_file_of_ones_own_are_read_and_not_run(tmp_path):
    (tmp_path / "mine.py").write_text("raise SystemExit\ndef halving(x, rng, *, rate: float = 0.2, fast: bool = True): ...\n")
    lines = [f"hybrid run h2 --optimizer ./{text}" for text in ("mine.py:halving:", "mine.py:halving:fa", "none.py:halving:")]
    assert ask_all([variables("bash", line) for line in lines], tmp_path) == [
        ["./mine.py:halving:rate=", "./mine.py:halving:fast="],
        ["./mine.py:halving:fast=true", "./mine.py:halving:fast=false"],
        [],
    ]


def test_a_fault_prints_nothing(monkeypatch, capsys):
    monkeypatch.setenv(completion.VARIABLE, "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "hybrid run ")
    monkeypatch.setenv("COMP_CWORD", "2")

    def app(**options):
        print("half an ans")
        raise RuntimeError("a fault")

    with pytest.raises(SystemExit) as left:
        completion.answer(app)
    assert left.value.code == 1
    assert capsys.readouterr().err == ""
