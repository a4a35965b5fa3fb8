"""The command line as a new user meets it: what every verb prints where, every exit code, and a clear word for every slip."""

import errno
import fcntl
import io
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
from contextlib import chdir
from pathlib import Path

import pytest
from conftest import Outcome
from rich.console import Console

from hybrid import catalog
from hybrid.cli import layout, run
from hybrid.cli.machine_time import duration
from hybrid.cli.progress import Display, clock
from hybrid.cli.run_view import RunView
from hybrid.device.device import Device
from hybrid.runs.spec import Spec, beside
from hybrid.runs.watching import RunProgress

ROOT = Path(__file__).parents[1]
HYBRID = [sys.executable, "-m", "hybrid"]
PROFILE = (ROOT / "hybrid" / "device" / "profiles" / "meluxina-q.toml").read_text(encoding="utf-8")
QUICK = ["run", "vqe", "h2", "--exact", "--max-iterations", "3"]
HEAVY = ("numpy", "scipy", "qiskit", "qiskit_aer", "matplotlib", "rich", "pydantic")


@pytest.fixture
def hybrid(command):
    return command


def process(*words: object, **options) -> Outcome:
    """The command, run as a user runs it."""
    options = {"capture_output": True, "text": True, "timeout": 100} | options
    done = subprocess.run([*HYBRID, *map(str, words)], **options)
    return Outcome(done.returncode, done.stdout, done.stderr)


def terminal(*words: object, columns: int = 80, **variables: str) -> str:
    """What a terminal of `columns` shows of the command, control codes included."""
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")} | {"TERM": "xterm"} | variables
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    child = subprocess.Popen([*HYBRID, *map(str, words)], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:  # how Linux tells that the other end closed
            break
        if not part:
            break
        seen += part
    os.close(ours)
    assert child.wait(10) == 0, seen
    return seen.decode().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def home(tmp_path_factory, command) -> Path:
    """A folder in which `hybrid run vqe h2 --exact --json` was given once; its answer is in answer.json."""
    path = tmp_path_factory.mktemp("home")
    with chdir(path):
        done = command("run", "vqe", "h2", "--exact", "--json")
    assert done.code == 0, done.err
    (path / "answer.json").write_text(done.out)
    return path


@pytest.fixture(scope="module")
def bad(tmp_path_factory) -> Path:
    """One file of every suffix that is read, in every state in which it cannot be."""
    path = tmp_path_factory.mktemp("bad")
    for suffix in ("edges", "pauli", "qasm", "toml", "txt"):
        (path / f"empty.{suffix}").write_text(" \n")
        (path / f"binary.{suffix}").write_bytes(b"0 1\n\xff\xfe\x00\x01" * 20)
        (path / f"nul.{suffix}").write_bytes(b"0 1\n0 \0 2\n")
        (path / f"garbage.{suffix}").write_text("hello = world is not anything\n!!\n")
        (path / f"folder.{suffix}").mkdir()
        (path / f"big.{suffix}").write_bytes(b"\xffgarbage\n")
        os.truncate(path / f"big.{suffix}", 10_000_000)
    (path / "broken.py").write_text("def mine(:\n")
    (path / "mine.py").write_text("def mine(x, rng, *, rate: complex = 1j):\n    yield\n")
    for name, old, new in (
        ("key", "[t1]", "[t1x]"),
        ("value", "value = 22\n", 'value = "22"\n'),
        ("inner", "value = 22\n", "valeu = 22\n"),
        ("unit", 'unit = "ms"', 'unit = "m"'),
        ("syntax", "[t1]", "[t1"),
    ):
        assert old in PROFILE
        (path / f"device_{name}.toml").write_text(PROFILE.replace(old, new), encoding="utf-8")
    for name, text in EXPERIMENTS.items():
        (path / f"{name}.toml").write_text(text)
    return path


EXPERIMENTS = {
    "typo": 'problem = "h2"\n\noptimiser = "adam"\n',
    "type": 'problem = "h2"\nshots = "many"\n',
    "float": 'problem = "h2"\nshots = 1.5\n',
    "bool": 'problem = "h2"\nseed = true\n',
    "member": 'algorithm = "vqe"\nproblem = "h3"\n',
    "option": 'problem = "h2"\noptimizer = "adam:rate=1"\n',
    "negative": 'problem = "h2"\nmax_evals = -1\n',
    "time": 'problem = "h2"\nmax_qpu = "soon"\n',
    "point": 'problem = "h2"\ninitial_point = [0.1, "a"]\n',
    "number": 'problem = "h2"\ninitial_point = 3\n',
    "nan": 'problem = "h2"\ninitial_point = [nan]\n',
    "table": '[run]\nproblem = "h2"\n',
    "syntax": 'problem = "h2"\nshots = \n',
    "twice": 'problem = "h2"\nshots = 1\nshots = 2\n',
    "nothing": "shots = 10\n",
}

BAD = [
    # a member that nobody knows
    ("run vqee h2", "unknown algorithm 'vqee'. Did you mean 'vqe'?"),
    ("run h3", "unknown problem 'h3'. Did you mean 'h2'?"),
    ("run h2 --ansatz efficient_su", "unknown ansatz 'efficient_su'. Did you mean 'efficient_su2'?"),
    ("run h2 --optimizer adamm", "unknown optimizer 'adamm'. Did you mean 'adam'?"),
    ("run h2 --backend aerr", "unknown backend 'aerr'. Did you mean 'aer'?"),
    ("run h2 --device meluxina", "unknown device 'meluxina'. Did you mean 'meluxina-q'?"),
    ("run maxcut:graph=peterson", "unknown graph 'peterson'. Did you mean 'petersen'?"),
    ("run h2 --gradient parametershift", "unknown gradient 'parametershift'. Did you mean 'parameter-shift'?"),
    ("run h2 --grouping qcw", "unknown grouping 'qcw'. Did you mean 'qwc'?"),
    ("list optimiser", "unknown family 'optimiser'. Did you mean 'optimizers'?"),
    ("show optimizer adamm", "unknown optimizer 'adamm'. Did you mean 'adam'?"),
    ("show device meluxina", "unknown device 'meluxina'. Did you mean 'meluxina-q'?"),
    ("runn h2", "unknown command 'runn'. Did you mean 'run'?"),
    # options of members
    ("run h2 --optimizer adam:learning=1", "unknown option of optimizer 'adam': 'learning'. Did you mean 'learning_rate'?"),
    ("run h2 --optimizer adam:beta1=x", "option 'beta1' takes a number, not 'x'"),
    ("run h2 --optimizer adam:beta1=nan", "option 'beta1' takes a finite number below 1e+150, not 'nan'"),
    ("run h2 --optimizer adam:beta1", "write options as key=value, not 'beta1'"),
    ("run tfim:n=2.5", "option 'n' takes a whole number, not '2.5'"),
    ("run h2 --backend aer:method=statevectr", "'statevectr'. Did you mean 'statevector'?"),
    ("run tfim:n=3,n=4", "option 'n' is given twice"),
    ("run vqe:r=1 h2", "algorithm 'vqe' has no options; 'r' was given"),
    ("run h2:r=1", "unknown option of problem 'h2': 'r'. Allowed: distance"),
    # flags
    ("run h2 --shot 5", "unknown option '--shot'. Did you mean '--shots'?"),
    ("run h2 --shots 5 --shots 6", "--shots is given twice"),
    ("run h2 --quiet --quiet", "--quiet is given twice"),
    ("run h2 --results x --shots", "'--shots' requires an argument"),
    ("run h2 --shots -5", "shots must be at least 0, not -5"),
    ("run h2 --shots ten", "--shots takes a whole number, not 'ten'"),
    ("run h2 --shots 1e3", "--shots takes a whole number, not '1e3'"),
    ("run h2 --seed -1", "seed must be at least 0, not -1"),
    ("run h2 --threads 0", "threads must be at least 1, not 0"),
    ("run h2 --max-evals -1", "max_evals must be at least 0, not -1"),
    ("run h2 --max-qpu soon --shots 9 --device meluxina-q", "takes a time such as 90s, 30min or 2h, not 'soon'"),
    ("run h2 --max-qpu 0s --shots 9 --device meluxina-q", "takes a time such as 90s, 30min or 2h, not '0s'"),
    ("run h2 --exact --shots 100", "--exact and --shots contradict each other"),
    ("run h2 --plot --dry-run", "--plot and --dry-run contradict each other"),
    ("run h2 --optimizer=", "optimizer takes a name, not ''"),
    # words
    ("run", "give an algorithm and a problem"),
    ("run vqe", "vqe of what?"),
    ("run vqe h2 tfim", "give an algorithm and a problem"),
    ("show", "missing argument 'FAMILY'"),
    ("show optimizer", "missing argument 'NAME'"),
    ("list optimizers problems", "unexpected extra argument"),
    # what does not fit together
    ("run h2 --max-qpu 1h", "--max-qpu needs --shots and a device"),
    ("run h2 --shots 10 --max-qpu 1h", "--max-qpu needs --shots and a device"),
    ("run h2 --shots 1", "cannot be divided over 2 measured groups"),
    ("run qaoa maxcut --ansatz efficient_su2", "'qaoa' builds its own ansatz"),
    ("run qaoa h2", "the Hamiltonian must consist of Z terms"),
    ("run tfim:n=11 --device meluxina-q", "the circuit has 11 qubits, device 'meluxina-q' has 10"),
    ("run tfim:n=40", "40 qubits need 16.0 TiB"),
    # the initial point
    ("run h2 --initial-point 0,nan,0", "'nan' is not a number"),
    ("run h2 --initial-point -inf,0", "'-inf' is not a number"),
    ("run h2 --initial-point 0.1,abc", "'abc' is not a number"),
    ("run h2 --initial-point abc", "run 'abc': there are no runs in"),
    ("run h2 --initial-point latest", "'latest': there are no runs in"),
    ("run h2 --initial-point 0.1,0.2", "the initial point has 2 numbers, ansatz 'efficient_su2:reps=1' has 8 parameters"),
    ("run h2 --initial-point -0.1,0.2", "the initial point has 2 numbers"),
    # code of one's own
    ("run h2 --optimizer ./broken.py:mine", "broken.py: not valid Python"),
    ("run h2 --optimizer ./mine.py", "name the function too"),
    ("run h2 --optimizer ./mine.py:mien", "Did you mean 'mine'?"),
    ("run h2 --optimizer ./mine.py:mine", "mine.py:1: option 'rate' has type complex"),
    ("run h2 --optimizer ./none.py:mine", "no such file"),
    ("run h2 --optimizer no.module:mine", "no such module"),
    ("run h2.abc", "no problem reads files ending in '.abc'"),
    # experiments: file, line and key
    ("run typo.toml", "typo.toml:3: unknown key 'optimiser'. Did you mean 'optimizer'?"),
    ("run type.toml", "type.toml:2: shots"),
    ("run float.toml", "float.toml:2: shots"),
    ("run bool.toml", "bool.toml:2: seed"),
    ("run member.toml", "member.toml:2: problem: unknown problem 'h3'. Did you mean 'h2'?"),
    ("run option.toml", "option.toml:2: optimizer"),
    ("run negative.toml", "negative.toml:2: max_evals"),
    ("run time.toml", "time.toml:2: max_qpu"),
    ("run point.toml", "point.toml:2: initial_point"),
    ("run number.toml", "number.toml:2: initial_point"),
    ("run nan.toml", "nan.toml:2: initial_point"),
    ("run table.toml", "table.toml:1: unknown key 'run'"),
    ("run syntax.toml", r"syntax.toml.*not valid TOML.*line 2"),
    ("run twice.toml", r"twice.toml.*not valid TOML.*line 3"),
    ("run nothing.toml", "problem"),
    # devices: file, line and key
    ("run h2 --device ./device_key.toml", "device_key.toml:79: t1x: unknown key 't1x'. Did you mean 't1'?"),
    ("run h2 --device ./device_value.toml", "device_value.toml:80: t1.value: '22' is not a number"),
    ("run h2 --device ./device_inner.toml", "device_inner.toml:80: t1.valeu: unknown key 'valeu'. Did you mean 'value'?"),
    ("show device ./device_unit.toml", "device_unit.toml:81: t1.unit"),
    ("run h2 --device ./device_syntax.toml", r"device_syntax.toml.*not valid TOML.*line 79"),
]
READERS = {
    "edges": "run {}",
    "pauli": "run {}",
    "qasm": "run h2 --ansatz {}",
    "toml": "run {}",
    "device": "run h2 --device ./{}",
    "txt": "run h2 --initial-point ./{}",
}
STATES = {
    "none": "no such file",
    "empty": "the file is empty",
    "binary": ":2: not a text file",
    "nul": ":2: not a text file",
    "garbage": "",
    "folder": "is a folder",
    "big": "9.5 MiB; an input file may have at most 8 MiB",
}
BAD += [
    (words.format(name := f"{state}.{'toml' if kind == 'device' else kind}"), f"{name}.*{message}")
    for kind, words in READERS.items()
    for state, message in STATES.items()
]


@pytest.mark.parametrize(("words", "message"), BAD, ids=[words for words, _ in BAD])
def test_a_slip_gets_one_clear_message_and_leaves_nothing_behind(hybrid, bad, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(bad)
    where = ["--results", tmp_path / "results"] if words.split()[0] == "run" and "--results" not in words else []
    done = hybrid(*words.split(), *where)
    assert re.search(message if ".*" in message else re.escape(message), done.err), done.err
    assert done.code == 2
    assert done.out == ""
    assert "Traceback" not in done.err
    assert done.err.startswith("hybrid: ")
    assert done.err.count("\n") == 1
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize("folder", ["/proc/nowhere", "README.md/results"])
def test_a_results_folder_that_cannot_be_written(hybrid, monkeypatch, folder):
    monkeypatch.chdir(ROOT)
    done = hybrid(*QUICK, "--results", folder)
    assert (done.code, done.out) == (2, "")
    assert f"{folder}: results cannot be written here" in done.err
    assert "choose --results DIR" in done.err


def fill_up(monkeypatch, room: int) -> None:
    """Let `os.write` to files stop with "no space left" behind `room` bytes, in the middle of a line as a disk does."""
    left, write = [room], os.write

    def limited(file: int, data: bytes) -> int:
        if file > 2 and len(data) > left[0]:
            if left[0] == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            data = data[: left[0]]
        left[0] -= len(data) if file > 2 else 0
        return write(file, data)

    monkeypatch.setattr(os, "write", limited)


@pytest.mark.parametrize("room", [0, 100, 1500, 2500, 3000])
def test_a_full_disk_loses_nothing(hybrid, tmp_path, monkeypatch, room):
    whole = json.loads(hybrid(*QUICK, "--json", "--results", tmp_path / "a").out)
    with monkeypatch.context() as patch:
        fill_up(patch, room)
        full = hybrid(*QUICK, "--results", tmp_path / "b")
    assert (full.code, full.out) == (75, "")
    assert "No space left on device" in full.err
    assert "make room and give the same command" in full.err
    assert "Traceback" not in full.err
    again = json.loads(hybrid(*QUICK, "--json", "--results", tmp_path / "b").out)
    assert (again["digest"], again["value"], again["x"]) == (whole["digest"], whole["value"], whole["x"])


@pytest.mark.slow
def test_a_really_full_disk_loses_nothing(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "none", disk], capture_output=True).returncode:
        pytest.skip("a small disk can be mounted as root only")
    try:
        words = ["run", "h2", "--max-iterations", "12", "--json"]
        full = process(*words, "--results", disk)
        assert (full.code, full.out) == (75, "")
        assert "No space left on device" in full.err
        subprocess.run(["mount", "-o", "remount,size=1m", disk], check=True)
        again = process(*words, "--results", disk)
    finally:
        subprocess.run(["umount", disk], check=True)
    whole = process(*words, "--results", tmp_path / "whole")
    assert json.loads(again.out)["digest"] == json.loads(whole.out)["digest"]


# ---- results


def test_the_result_as_json(home):
    answer = json.loads((home / "answer.json").read_text())
    wanted = (
        "id algorithm problem value stderr exact gap unit converged nfev njev shots qpu_seconds seconds x device backend "
        "record digest"
    )
    assert set(wanted.split()) <= set(answer)
    assert answer["value"] == pytest.approx(-1.137306036, abs=1e-6)
    assert answer["exact"] == pytest.approx(-1.137306036, abs=1e-9)
    assert answer["gap"] == pytest.approx(answer["value"] - answer["exact"])
    assert (answer["stderr"], answer["unit"], answer["converged"], answer["shots"]) == (0.0, "Ha", True, 0)
    assert len(answer["x"]) == 8
    assert (home / answer["record"]).is_file()


def test_a_maximum_is_reported_as_positive_cuts(hybrid, tmp_path):
    words = ["run", "qaoa", "maxcut:graph=ring,n=4", "--max-iterations", "3", "--results", tmp_path]
    answer = json.loads(hybrid(*words, "--json").out)
    assert answer["exact"] == 4
    assert 0 < answer["value"] <= 4
    assert answer["gap"] == pytest.approx(abs(answer["value"] - 4))
    assert answer["ratio"] == pytest.approx(answer["value"] / 4)
    assert f"ratio {answer['ratio']:.6f}" in hybrid(*words).out


def test_the_second_time_is_read_and_changes_no_byte(hybrid, home, monkeypatch):
    monkeypatch.chdir(home)
    (record,) = home.glob("results/*.jsonl")
    before = (record.read_bytes(), record.stat().st_mtime_ns)
    done = hybrid("run", "h2")
    assert done.code == 0
    assert f"read from results/{record.name}; for new randomness: --seed 1" in done.out
    assert done.err == ""
    again = json.loads(hybrid("run", "vqe", "h2", "--json").out)
    assert again == json.loads((home / "answer.json").read_text()) | {"replayed": True}
    assert (record.read_bytes(), record.stat().st_mtime_ns) == before
    assert list(home.glob("results/*")) == [record]


def test_the_report_says_what_matters_in_80_columns(hybrid, home, monkeypatch):
    monkeypatch.chdir(home)
    text = hybrid("run", "h2").out
    assert text.startswith("Without noise VQE is better than Hartree-Fock: ")
    joined = " ".join(text.split())
    for part in (
        "physics: ideal (",
        "computed by: Qiskit Aer, statevector",
        "vqe of h2",
        "Hartree-Fock -1.116998997 Ha electrons, ideal 2.000000000 reference state 2, gap 0 spin S^2, ideal",
        "converged",
        "no shots (exact values)",
        "defaults taken ansatz efficient_su2",
        "max_iterations 300",
        "next hybrid run vqe h2 --device meluxina-q --shots 1000",
        "No real machine is like this.",
    ):
        assert part in joined
    assert max(map(len, text.splitlines())) <= 80


def test_a_noisy_report_and_its_next_command(hybrid, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "run h2 --device meluxina-q --shots 100 --max-iterations 2 --ansatz real_amplitudes --optimizer spsa:c=0.2"
    words += " --backend exact --force"
    done = hybrid(*words.split(), "--results", "mine here")
    assert "± is the measurement" in done.out
    assert re.search(r"energy +-\d\.\d+\(\d+\) Ha", done.out)
    assert re.search(r"QPU time +\d.* s", done.out)
    assert "Not a prediction." in " ".join(done.out.split())
    assert max(map(len, done.out.splitlines())) <= 80
    suggested = re.search(r"^next +(hybrid explain(?:.*\\\n)*.*)", done.out, re.M).group(1)
    shown = subprocess.run(
        ["bash", "-c", f"hybrid() {{ printf '%s\\n' \"$@\"; }}; {suggested}"], capture_output=True, text=True
    )
    assert hybrid(*shown.stdout.splitlines(), "--realizations", 8).code == 0


def test_the_algorithm_may_be_left_out_and_files_say_the_same(hybrid, home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def plan(*words: object) -> dict:
        return json.loads(hybrid("run", *words, "--dry-run", "--json").out)

    assert plan("h2")["id"] == plan("vqe", "h2")["id"] == json.loads((home / "answer.json").read_text())["id"]
    (tmp_path / "e.toml").write_text(
        'algorithm = "vqe"\nproblem = "tfim:n=3"\nshots = 50\nseed = 4\nmax_qpu = "3min"\ndevice = "meluxina-q"\n'
    )
    flags = ["--shots", 50, "--seed", 4, "--max-qpu", "180s", "--device", "meluxina-q"]
    assert plan("e.toml")["id"] == plan("vqe", "tfim:n=3", *flags)["id"]
    over = plan("e.toml", "--shots", 60, "--optimizer", "spsa:c=0.2")
    assert over["spec"]["shots"] == 60
    assert over["spec"]["seed"] == 4
    assert over["spec"]["optimizer"].startswith("spsa:")
    assert "c=0.2" in over["spec"]["optimizer"]
    path = ROOT / "seeds" / "petersen.edges"
    assert plan(path)["spec"]["algorithm"].startswith("qaoa")
    shutil.copy(path, tmp_path)
    assert plan("petersen.edges")["id"] == plan("qaoa", path)["id"] == plan(f"maxcut:graph={path}")["id"]
    assert not (tmp_path / "results").exists()


def test_paths_in_an_experiment_are_relative_to_its_file(hybrid, tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    shutil.copy(ROOT / "seeds" / "petersen.edges", tmp_path / "data.edges")
    (tmp_path / "there" / "x.txt").write_text("0.1, 0.2")
    (tmp_path / "there" / "mine.toml").write_text(PROFILE)
    (tmp_path / "there" / "mine.py").write_text(
        "from hybrid.catalog.optimizers.spsa import spsa\n\n\n"
        "def halving(x, rng, *, rate: float = 0.5):\n    yield from spsa(x, rng, a=rate)\n"
    )
    lines = ['problem = "maxcut:graph=../data.edges"', 'device = "./mine.toml:two_qubit=today"', 'initial_point = "x.txt"']
    lines += ['optimizer = "./mine.py:halving:rate=0.25"']
    (tmp_path / "there" / "e.toml").write_text("\n".join(lines))
    seen = set()
    for folder, name in ((tmp_path, "there/e.toml"), (tmp_path / "there", "e.toml"), (ROOT, tmp_path / "there" / "e.toml")):
        monkeypatch.chdir(folder)
        plan = json.loads(hybrid("run", name, "--dry-run", "--json").out)
        assert plan["spec"]["initial_point"] == [0.1, 0.2] and plan["spec"]["problem"].startswith("maxcut:graph=data.edges#")
        seen.add(plan["id"])
    monkeypatch.chdir(tmp_path)
    flags = ["--device", "there/mine.toml:two_qubit=today", "--optimizer", "there/mine.py:halving:rate=0.25"]
    words = ["run", "data.edges", *flags, "--initial-point", "there/x.txt", "--dry-run", "--json"]
    assert seen == {json.loads(hybrid(*words).out)["id"]}
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("h2", "h2"),
        ("my.edges:penalty=2", "there/my.edges:penalty=2"),
        ("table:file=../a.csv,label=b.c,columns=x+y", "table:file=./a.csv,label=there/b.c,columns=x+y"),
        ("package.module:function:key=1", "package.module:function:key=1"),
        ("qiskit:object=package.module:name", "qiskit:object=package.module:name"),
        ("qiskit:object=./mine.py:name", "qiskit:object=there/mine.py:name"),
        ("mine.py:function:file=a.csv", "there/mine.py:function:file=there/a.csv"),
        ("/elsewhere/x.edges", "/elsewhere/x.edges"),
        ("0.1,0.2", "0.1,0.2"),
        ("latest", "latest"),
    ],
)
def test_which_words_of_an_experiment_are_paths(tmp_path, monkeypatch, text, moved):
    monkeypatch.chdir(tmp_path)
    assert beside(Path("there"), text) == moved
    assert beside(Path(), text) == text


def test_a_dry_run_measures_nothing(hybrid, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["run", "tfim:n=6", "--device", "meluxina-q", "--shots", 1000, "--dry-run"]
    done = hybrid(*words)
    joined = " ".join(done.out.split())
    for part in ("2 per evaluation", "two-qubit depth", "us per circuit", "600 evaluations", "601,000 shots", "43 min 34 s"):
        assert part in joined
    assert "shots 1000" in joined
    assert max(map(len, done.out.splitlines())) <= 80
    found = json.loads(hybrid(*words, "--json").out)
    assert found["total"] | {"qpu_seconds": 0} == {"nfev": 600, "njev": 0, "shots": 601_000, "qpu_seconds": 0}
    assert found["total"]["qpu_seconds"] == pytest.approx(360.6)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "told", "method"),
    [
        ("tfim:n=3 --device meluxina-q --shots 1000", "gradient none is asked for", None),
        ("h2 --optimizer nelder_mead --max-evals 20", "gradient none is asked for", None),
        ("h2", "gradient adjoint, 1 evaluation each; at most 300", "adjoint"),
        (
            "h2 --shots 100 --optimizer adam --max-iterations 5",
            "gradient parameter-shift, 17 evaluations",
            "parameter-shift",
        ),
        ("h2 --optimizer adam --gradient spsa --max-iterations 5", "gradient spsa, 3 evaluations each; at most 5", "spsa"),
        ("varqite h2 --max-iterations 4", "gradient adjoint, 1 evaluation each; at most 4", "adjoint"),
        ("vqc moons:n=12 --shots 100 --max-evals 2", "gradient none is asked for", None),
    ],
)
def test_a_dry_run_names_the_gradient_that_is_used(hybrid, words, told, method):
    assert told in " ".join(hybrid("run", *words.split(), "--dry-run").out.split())
    assert json.loads(hybrid("run", *words.split(), "--dry-run", "--json").out)["gradient"] == method


def test_require_converged_prints_the_result_first(hybrid, tmp_path):
    done = hybrid(*QUICK, "--results", tmp_path, "--require-converged", "--json")
    assert done.code == 3
    assert json.loads(done.out)["converged"] is False
    assert done.err == "hybrid: not converged: stopped by its budget of 3 iterations.\n"


def test_plot_lies_beside_the_record(hybrid, tmp_path):
    done = hybrid(*QUICK, "--results", tmp_path, "--plot", "--json")
    target = Path(json.loads(done.out)["record"]).with_suffix(".png")
    assert done.err == f"drawn: {target}\n"
    assert target.read_bytes().startswith(b"\x89PNG")
    done = hybrid(*QUICK, "--plot", tmp_path / "mine.svg", "--results", tmp_path, "--quiet")
    assert (done.code, done.err) == (0, "") and "<svg" in (tmp_path / "mine.svg").read_text()


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("run --plot h2 --max-evals 0 --initial-point 0,0,0,0,0,0,0,0 --results .", "{id}.png"),
        ("sample bell --shots 10 --plot", "bell.png"),
        ("sample --plot mine.svg bell --shots 10", "mine.svg"),
        ("show device meluxina-q:two_qubit=today --plot", "meluxina-q.png"),
        ("show device meluxina-q --plot=map.svg", "map.svg"),
        ("characterize spin-sige-6q --only bell --shots 100 --backend exact --plot", "spin-sige-6q-characterization.png"),
    ],
)
def test_plot_with_and_without_a_file(hybrid, tmp_path, monkeypatch, words, target):
    """Without FILE the verb's own name; a word that is no picture's name is not FILE; a picture is said on stderr."""
    monkeypatch.chdir(tmp_path)
    done = hybrid(*words.split())
    made = target.format(id=next((path.stem for path in tmp_path.glob("*.jsonl")), ""))
    assert done.code == 0 and done.err.endswith(f"drawn: {made}\n"), done.err
    assert (tmp_path / made).stat().st_size > 1000


@pytest.mark.parametrize("words", ["run h2", "sample bell", "show device meluxina-q", "characterize spin-sige-6q"])
def test_plot_refuses_other_formats(hybrid, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    done = hybrid(*words.split(), "--plot", "picture.eps")
    assert (done.code, done.out) == (2, "") and "picture.eps: a plot is written as .png, .svg or .pdf" in done.err
    assert not list(tmp_path.iterdir())


def test_debug_shows_where(hybrid):
    assert "Traceback" in hybrid("run", "h3", "--debug").err


def test_starting_where_another_run_ended(hybrid, tmp_path):
    first = json.loads(hybrid(*QUICK, "--json", "--results", tmp_path).out)
    for name in ("latest", first["id"][:6]):
        words = ["run", "h2", "--max-evals", 0, "--initial-point", name, "--json", "--results", tmp_path]
        second = json.loads(hybrid(*words).out)
        assert second["x"] == first["x"]
        assert second["value"] == pytest.approx(first["value"], abs=1e-12)
        os.utime(first["record"])  # "latest" again


# ---- progress


def test_progress_goes_to_a_terminal_and_leaves_it_clean(tmp_path):
    text = terminal("run", "h2", "--shots", 200, "--max-iterations", 30, "--results", tmp_path, columns=72)
    before, _, after = text.rpartition("\r\x1b[K")
    assert "iteration" in before, text
    assert all(len(line) < 72 for line in before.split("\r\x1b[K"))
    assert after.startswith("Without noise VQE ")
    assert "\x1b" not in after


def test_quiet_and_no_color_leave_no_control_codes(home, tmp_path):
    assert "\x1b" not in terminal("run", "h2", "--results", home / "results", NO_COLOR="1")
    quiet = terminal(*QUICK, "--quiet", "--results", tmp_path, NO_COLOR="1")
    assert quiet.startswith("Without noise VQE ")
    assert "\x1b" not in quiet


class Stream:
    """A text stream that is a terminal or not."""

    def __init__(self, terminal: bool) -> None:
        self.text, self._terminal = "", terminal

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return self._terminal


def test_a_log_gets_a_line_every_ten_seconds(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("hybrid.cli.progress.time.monotonic", lambda: now[0])
    stream = Stream(terminal=False)
    with Display(stream, quiet=False) as display:
        display.show(RunProgress(-1.0, 0.1, 3, 7, 2.0, 0.25, True))
        for step in range(26):
            now[0] = 100.0 + step
            display.show(RunProgress(-1.0, 0.1, step, 7, float(step), step / 100, False))
    assert stream.text.splitlines() == [
        "iteration 10  value -1.00(10)  evaluations 7, 1 answers from the record  0:10, about 1:30 left",
        "iteration 20  value -1.00(10)  evaluations 7, 1 answers from the record  0:20, about 1:20 left",
    ]


def test_quiet_is_quiet():
    stream = Stream(terminal=True)
    with Display(stream, quiet=True) as display:
        display.note("a note")
        display.show(RunProgress(-1.0, 0.1, 3, 7, 2.0, 0.25, False))
    assert stream.text == ""


def test_watching_a_run(hybrid, tmp_path):
    """A table on a terminal, removed before the result; lines in a pipe; refused where nothing runs that could be watched."""
    shown = terminal(*QUICK, "--watch", "--results", tmp_path)
    assert "vqe h2 on ideal, seed 0" in shown and "newest value" in shown and "evaluations" in shown
    table, _, result = shown.rpartition("cost so far")
    assert "Without noise VQE" in result and "Without noise VQE" not in table
    piped = hybrid(*QUICK, "--watch", "--seed", "1", "--results", tmp_path)
    assert piped.code == 0 and "newest value" not in piped.err and "\x1b" not in piped.err
    assert "--watch and --dry-run contradict each other" in hybrid("run", "h2", "--watch", "--dry-run").err
    assert "--watch does not apply" in hybrid("run", "a.qasm", "--watch").err


def test_what_a_watched_run_shows():
    """The newest value with its error, never the least; shots and machine time of all so far."""
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=100, no_color=True)
    view = RunView(console, "vqe h2[a] on meluxina-q")
    view.work("measuring")
    view.show(RunProgress(-1.2, 0.1, 2, 5, 1.0, 0.2, True, 900, 30.0))
    view.show(RunProgress(-1.0, 0.1, 3, 7, 2.0, 0.25, False, 1400, 90.0))
    console.print(view._table())
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in text.getvalue().splitlines()]
    assert lines[0] == "run            vqe h2[a] on meluxina-q" and "newest value   -1.00(10), in iteration 3" in lines
    assert lines[3].endswith("25%") and lines[5].startswith(
        "cost so far    7 evaluations, 1,400 shots, 1 min 30 s of machine time"
    )
    assert lines[-1].endswith("about 0:06 left")


@pytest.mark.parametrize(("seconds", "text"), [(7.4, "0:07"), (754, "12:34"), (3723, "1:02:03"), (59.9, "1:00")])
def test_clock(seconds, text):
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.5, "0.5 s"), (59.99, "1 min 0 s"), (119.7, "2 min 0 s"), (3599.9, "1 h 0 min"), (7230, "2 h 0 min")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


# ---- list, show, help


def test_list_names_every_member(hybrid):
    table = json.loads(hybrid("list", "--json").out)
    assert {family: list(found) for family, found in table.items()} == {f: catalog.names(f) for f in catalog.FAMILIES}
    assert all(line for found in table.values() for line in found.values())
    lines = hybrid("list").out.splitlines()
    assert max(map(len, lines)) <= 80 and len(lines) < 24  # one screen, with the next prompt
    told = " ".join(" ".join(lines).split())
    assert all(f"{family} {', '.join(catalog.names(family))}" in told for family in catalog.FAMILIES)
    assert hybrid("list", "optimizers").out == hybrid("list", "optimizer").out
    assert hybrid("list", "optimizers").out.startswith("optimizers\n  adam ")
    for family in catalog.FAMILIES:
        head, *rows = hybrid("list", family).out.splitlines()
        assert head == family and [row.split()[0] for row in rows] == catalog.names(family)
        assert max(map(len, rows)) <= 80
        for row, first in zip(rows, table[family].values(), strict=True):
            assert first.startswith(row.split(maxsplit=1)[1].removesuffix(" ..."))
    assert list(json.loads(hybrid("list", "devices", "--json").out)) == ["devices"]


@pytest.mark.parametrize("family", sorted(set(catalog.FAMILIES) - {"devices"}))
def test_show_tells_every_option(hybrid, family):
    for name in catalog.names(family):
        text = hybrid("show", family, name).out
        found = json.loads(hybrid("show", family, name, "--json").out)
        assert found["name"] == name
        assert text.startswith(f"{catalog.FAMILIES[family]} {name}\n\n")
        assert max(map(len, text.splitlines())) <= 80
        options = catalog.locate(family, name).options
        assert [option["name"] for option in found["options"]] == list(options)
        assert all(re.search(rf"^  {key} +\S.*", text, re.M) for key in options)


def test_show_an_optimizer(hybrid):
    text = hybrid("show", "optimizer", "spsa").out
    assert re.search(r"^  a +number \| none; default none$", text, re.M)
    assert re.search(r"^  alpha +number; default 0.602$", text, re.M)
    assert "Spall" in text


def test_show_a_device_tells_known_from_assumed(hybrid):
    done = hybrid("show", "devices", "meluxina-q")
    joined = " ".join(done.out.split())
    device = Device.load("meluxina-q")
    assert "known for MeluXina-Q itself: n_qubits; everything else is a choice" in joined
    for dotted, number in device.numbers.items():
        key = dotted.removeprefix("billing.")
        spread = f" range {number.range_text}" if number.range_text else ""
        star = "*" if number.known_for_target else " "
        assert re.search(rf"^{re.escape(star)} {re.escape(key)} ", done.out, re.M)
        assert " ".join(f"{key} {number} {number.mark}{spread} [{number.source}] {number.reason}".split()) in joined
    assert max(map(len, done.out.splitlines())) <= 80
    found = json.loads(hybrid("show", "devices", "meluxina-q", "--json").out)["numbers"]
    assert found["t1"] | {"reason": ""} == {
        "value": 22,
        "unit": "ms",
        "mark": "H",
        "source": "takeda2022",
        "reason": "",
        "known_for_target": False,
        "range": None,
    } | {key: value for key, value in found["t1"].items() if key in ("range", "ends")}
    assert [key for key, number in found.items() if number["known_for_target"]] == ["n_qubits"]


def test_help_and_version(hybrid):
    for words in ([], ["--help"], ["-h"]):
        done = hybrid(*words)
        assert (done.code, done.err) == (0, "")
        assert {"run", "list", "show"} <= set(done.out.split())
    assert hybrid("--version").out == "hybrid 0.2.0\n"
    text = hybrid("run", "--help").out
    assert all(f"--{name}" in text for name in ("shots", "max-qpu", "initial-point", "dry-run", "require-converged"))
    assert max(map(len, text.splitlines())) <= 80


def test_what_only_looks_loads_no_simulator(home):
    lines = ["--help", "run --help", "--version", "list", "show optimizer spsa", "show device meluxina-q", "run h2"]
    code = f"""if True:
        import sys
        from hybrid.cli.app import main
        for line in {lines!r}:
            sys.argv = ["hybrid", *line.split()]
            try:
                main()
            except SystemExit:
                pass
            print(line, [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"""
    done = subprocess.run([sys.executable, "-c", code], cwd=home, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == [f"{line} []" for line in lines]
    assert "read from" in done.stdout


def test_own_flags_are_no_fields_of_the_spec():
    names = set(run.command().__annotations__)
    assert set(run.OWN_FLAGS) | {"words", "shots", "initial_point", "max_qpu"} <= names


# ---- pipes


def test_a_reader_that_leaves_early_changes_no_exit_code(hybrid, home, tmp_path):
    assert hybrid(*QUICK, "--results", tmp_path).code == 0
    for words, code in (
        (["show", "device", "meluxina-q"], 0),
        (["run", "h2", "--json"], 0),
        ([*QUICK, "--require-converged", "--results", str(tmp_path)], 3),
    ):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([*HYBRID, *words], stdout=writing, stderr=subprocess.PIPE, text=True, cwd=home)
        os.close(writing)
        assert done.returncode == code
        assert "Broken" not in done.stderr
        assert "Traceback" not in done.stderr


def test_head_gets_its_lines(home):
    pipe = f"set -o pipefail; {sys.executable} -m hybrid list | head -n 1"
    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True, cwd=home)
    assert (done.returncode, done.stdout.split()[:2], done.stderr) == (0, ["adapters", "aer,"], "")


def test_a_command_to_paste_stays_one_command():
    text = layout.command_lines(["hybrid", "run", "a b.edges", *(f"--flag{i}=value" for i in range(9))], 40)
    assert max(map(len, text.splitlines())) <= 40
    assert text.count(" \\\n") == text.count("\n") > 1
    echoed = subprocess.run(["bash", "-c", f"printf '%s,' {text}"], capture_output=True, text=True).stdout
    assert echoed.startswith("hybrid,run,a b.edges,--flag0=value,--flag1")


@pytest.mark.parametrize("width", [20, 40, 63])
def test_long_words_and_quotes_survive_the_table(width):
    """A word longer than a line, and one with blanks in it, in the last row and before it."""
    words = [
        "hybrid",
        "run",
        f"portfolio:prices=/home/{'me/' * 30}a.csv,pick=3",
        "--device",
        "my own device.toml" * 5,
        "--quiet",
    ]
    for given in (words, words[:-1]):
        text = layout.table([("next", layout.command_lines(given, width))], 16)
        pasted = text.replace("next", "    ", 1)
        echoed = subprocess.run(["bash", "-c", f"printf '%s\\n' {pasted.strip()}"], capture_output=True, text=True).stdout
        assert echoed.splitlines() == given


# ---- exit codes, each by a real process


def test_exit_1_stdout_is_full(home):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*HYBRID, "list"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "hybrid: stdout cannot be written (No space left on device).\n"


def test_exit_2_usage():
    done = process("run", "h3")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("hybrid: unknown problem 'h3'. Did you mean 'h2'?")


def test_exit_3_not_converged(tmp_path):
    done = process(*QUICK, "--require-converged", "--results", tmp_path)
    assert done.code == 3
    assert "did its 3 iterations as planned" in done.out
    assert done.err.endswith("hybrid: not converged: stopped by its budget of 3 iterations.\n")


def test_exit_5_a_changed_record(home, tmp_path):
    (record,) = home.glob("results/*.jsonl")
    (tmp_path / record.name).write_text(changed := record.read_text().replace('"n":2,', '"n":3,', 1))
    done = process("run", "h2", "--results", tmp_path)
    assert (done.code, done.out) == (5, "")
    assert re.search(rf"{record.name}:\d+: the checksum does not fit", done.err)
    assert (tmp_path / record.name).read_text() == changed


def test_exit_69_a_part_is_missing(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['matplotlib'] = None\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = process(*QUICK, "--plot", "--results", tmp_path / "results", env=environment)
    assert (done.code, done.out) == (69, "")
    assert "pip install 'hybrid-sandbox[plot]'" in done.err
    assert not (tmp_path / "results").exists()


def test_exit_75_somebody_else_is_at_it(tmp_path):
    path = tmp_path / f"{Spec(algorithm='vqe', problem='h2', max_iterations=3).id}.jsonl"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = process(*QUICK, "--results", tmp_path)
    assert (done.code, done.out) == (75, "")
    assert "another process is working on this run" in done.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 75)])
def test_exit_130_or_75_when_told_to_stop(hybrid, tmp_path, number, code):
    words = ["run", "tfim:n=3", "--max-iterations", 8, "--backend", f"{ROOT}/tests/signalled.py:signalled", "--json"]
    signal_to_come = {"SIGNAL": f"{int(number)} 2 0", "RESULTS": str(tmp_path / "a")}
    done = process(*words, "--results", tmp_path / "a", env=os.environ | signal_to_come)
    assert (done.code, done.out) == (code, "")
    assert re.search(r"\d+ answers are saved in .*; the same command continues\.\nx = -?\d", done.err)
    again, whole = (hybrid(*words, "--results", tmp_path / name) for name in "ab")
    assert json.loads(again.out)["digest"] == json.loads(whole.out)["digest"]
