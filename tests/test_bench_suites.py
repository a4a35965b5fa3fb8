"""Suites that never change their meaning, and what the command line makes of ranges, outside members and mistakes."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import planted_faults
import pytest
from probes import probed_once

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.bench import suites
from hybrid.bench.cells import expanded, grid, thread_counts
from hybrid.bench.forecast import plan
from hybrid.bench.harness import affinity_of, bytes_of, interpreter
from hybrid.bench.job import Answer
from hybrid.bench.scores import ScoreCell
from hybrid.bench.workloads import _dense

FAKES = Path(__file__).parent / "bench_fakes.py"
GUIDE = Path(__file__).parent.parent / "hybrid" / "guide" / "benchmark.md"
QUASI_STATIC = "12,task=counts,dephasing=quasistatic,shots=3000"
FROZEN = {
    "grid@1": "309d7bfa9b9c4bea",
    "l@1": "b8c6dd5ddf3b02bf",
    "m@1": "7f57f1dd55b3a1da",
    "m@2": "4b824f3b7511c984",
    "null@1": "875d247d204bfb2b",
    "s@1": "f44e19cc2632b8aa",
    "vqe@1": "c336720f3ce23185",
}
"""A change here is a change of what published figures mean: make a new version of the suite instead. m@2 was changed once after
it was written, and before it was ever run or released."""


def meaning(suite):
    """Hash of everything that its figures depend on: circuits, observables, points, shots, backends, call paths, processes."""
    keys = ("workload", "version", "circuit", "task", "backend", "path")
    cells = sorted({json.dumps(_told(cell, keys)) for cell in (suite.scores() if suite.device else suite.cells())})
    threads = [block.get("threads", "1") for block in suite.blocks]
    text = json.dumps([cells, threads, suite.processes, suite.time_limit_s])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _told(cell, keys):
    """Of a score the circuit's file stands for what is asked: a profile may learn better numbers, as rows tell."""
    if isinstance(cell, ScoreCell):
        return [
            cell.plain["workload"],
            hashlib.sha256(cell.path.read_bytes()).hexdigest(),
            cell.device_text,
            cell.backend_text,
            cell.shots,
        ]
    return [cell.plain[key] for key in keys]


@pytest.mark.parametrize("name", FROZEN)
def test_a_published_suite_never_changes(name):
    assert meaning(suites.load(name)) == FROZEN[name]


def test_every_suite_is_frozen_and_keeps_to_its_size():
    assert suites.names() == sorted(FROZEN)
    assert all(suites.load(name).title and suites.load(name).about for name in FROZEN)
    small, middle = suites.load("s@1"), suites.load("m@1")
    assert 10 <= len(small.cells()) <= 12 and small.processes == 3
    assert {cell.backend.name for cell in small.cells()} == {"aer", "exact", "reference"}
    assert len(middle.cells()) <= 60 and middle.processes == 9 and middle.seconds <= 900
    again = suites.load("m@2")
    assert len(again.cells()) <= 65 and again.processes == 9 and again.seconds <= 2700
    wide = suites.load("l@1").cells()
    assert {cell.task.built.job.n_qubits for cell in wide} == set(range(20, 34))
    assert {cell.threads for cell in wide} == set(thread_counts("all"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("su4-brick:n=2..4", ["su4_brick:n=2", "su4_brick:n=3", "su4_brick:n=4"]),
        ("ghz:n=4..12..4", ["ghz:n=4", "ghz:n=8", "ghz:n=12"]),
        ("ghz:n=3,5..6,9", ["ghz:n=3", "ghz:n=5", "ghz:n=6", "ghz:n=9"]),
        ("a:n=1..2,m=x,y", ["a:n=1,m=x", "a:n=1,m=y", "a:n=2,m=x", "a:n=2,m=y"]),
        ("aer:method=statevector,stabilizer", ["aer:method=statevector", "aer:method=stabilizer"]),
        ("aer", ["aer"]),
        ("./my-file.py:a_name:n=1..2", ["./my-file.py:a_name:n=1", "./my-file.py:a_name:n=2"]),
        ("my_package.some:name", ["my_package.some:name"]),
        ("a:p=0.5", ["a:p=0.5"]),
    ],
)
def test_ranges_and_lists(text, found):
    assert expanded(text) == found


@pytest.mark.parametrize("text", ["ghz:n=4..2", "ghz:n=1..9..0", "ghz:n=1..1000000"])
def test_ranges_that_make_no_sense(text):
    with pytest.raises(UsageError, match=r"a range is first\.\.last"):
        expanded(text)


def test_threads_sizes_processors_and_interpreters():
    assert thread_counts("1,2") == [1, 2] and thread_counts("1..3") == [1, 2, 3]
    cores = len(os.sched_getaffinity(0))
    assert thread_counts("all")[-1] == cores and thread_counts("all")[0] == 1
    assert [bytes_of(text) for text in ("4GiB", "1.5 MB", "2048", "1k")] == [2**32, 1_500_000, 2048, 1000]
    assert affinity_of("1,0") == (0, 1) and affinity_of(None) == ()
    assert interpreter(f"aer={sys.executable}") == ("aer", sys.executable)
    for function, text in [
        *((thread_counts, text) for text in ("0", "two", "-1")),
        *((bytes_of, text) for text in ("much", "-4GB", "0")),
        *((interpreter, text) for text in ("aer", "axer=/bin/sh", "aer=/nowhere/python")),
        (affinity_of, "a"),
    ]:
        with pytest.raises(UsageError):
            function(text)


def test_a_cell_is_named_by_what_is_asked():
    base, same, other, faster, anew = (
        *grid(["ghz:n=4", "ghz:n=4,task=expectations"][:1], ["aer"]),
        *grid(["ghz:n=4"], ["aer:method=statevector"]),  # the default, written out
        *grid(["ghz:n=5"], ["aer"]),
        *grid(["ghz:n=4"], ["aer"], threads=[2]),
        *grid(["ghz:n=4"], ["aer"], paths=["rebuilt"]),
    )
    assert base.id == same.id
    assert len({cell.id for cell in (base, other, faster, anew)}) == 4
    assert len(grid(["ghz:n=4", "ghz:n=4"], ["aer", "aer:method=statevector"])) == 1


def test_the_plan_tells_dense_memory_and_no_other():
    backends = ["aer", "aer:precision=single", "aer:method=density_matrix", "aer:method=matrix_product_state", "exact"]
    found = plan(grid(["ghz:n=10", "noisy_hea:n=5"], backends), [], 3, None)
    of = {str(planned.cell): planned.memory_bytes for planned in found.cells}
    assert of["ghz:n=10 by aer"] == 16 * 2**10 and of["ghz:n=10 by aer:precision=single"] == 8 * 2**10
    assert of["ghz:n=10 by aer:method=density_matrix"] == 16 * 4**10
    assert of["ghz:n=10 by aer:method=matrix_product_state"] is None
    assert of["noisy_hea:n=5 by exact"] == 16 * 4**5 and of["noisy_hea:n=5 by aer"] == 16 * 2**5
    assert found.seconds == 10 * 3 * 2.0


def test_the_plan_of_wide_states_grows_with_them():
    """A nanosecond per gate and amplitude in two calls: doubled by a qubit, halved by a second thread. Beyond the time limit a
    cell is tried once; beyond the memory it ends at once."""
    seconds = {n: plan(grid([f"mirror:n={n},depth=2"], ["aer"]), [], 1, None).seconds for n in (24, 25, 40)}
    assert 1.9 < seconds[25] / seconds[24] < 2.2 and 20 < seconds[24] < 60 and seconds[40] == 2.0
    both = plan(grid(["mirror:n=25,depth=2"], ["aer"], threads=[2]), [], 1, None).seconds
    assert abs((seconds[25] - 2) / (both - 2) - 2) < 1e-9
    limited = plan(grid(["mirror:n=27,depth=2"], ["aer"]), [], 3, suites.load("s@1"))
    assert abs(limited.seconds - suites.load("s@1").time_limit_s) < 1e-6


# ---- the command line


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "--suite", "s@2", "--out", "r.jsonl"], 2, "unknown suite 's@2'. Did you mean 's@1'?"),
        (["run", "--suite", "s@1", "--backend", "aer", "--out", "r.jsonl"], 2, "--suite and --backend contradict each other"),
        (["run", "--backend", "aer", "--out", "r.jsonl"], 2, "name what to measure"),
        (["run", "--suite", "s@1"], 2, "--out"),
        (["plan", "--workload", "ghzz", "--backend", "aer"], 2, "unknown workload 'ghzz'. Did you mean 'ghz'?"),
        (["plan", "--workload", "ghz:m=3", "--backend", "aer"], 2, "unknown option of workload 'ghz'"),
        (["plan", "--workload", "ghz:n=1", "--backend", "aer"], 2, "n must lie between"),
        (["plan", "--workload", "ghz", "--backend", "aer", "--path", "both"], 2, "unknown call path 'both'"),
        (["plan", "--workload", "ghz", "--backend", "aer", "--threads", "0"], 2, "threads are whole numbers"),
        (["verify", "--workload", "ghz", "--backend", "aer", "--time-limit", "0"], 2, "--time-limit must be above 0"),
        (["verify", "--workload", "ghz", "--backend", "aer", "--affinity", "4096"], 2, "may not use processor 4096"),
        (["nul"], 2, "unknown command 'nul'. Did you mean 'null'?"),
    ],
)
def test_mistakes_are_told(monkeypatch, command, tmp_path, words, code, said):
    monkeypatch.chdir(tmp_path)
    found, out, err = command("bench", *words)
    assert (found, out) == (code, "")
    assert said in err and not list(tmp_path.iterdir())


def test_a_suite_of_ones_own_is_checked(tmp_path):
    good = 'title = "t"\nabout = "a"\nprocesses = 1\nseconds = 1\ntime_limit_s = 5\n'
    good += '[[cells]]\nworkloads = ["ghz:n=3"]\nbackends = ["aer"]\n'
    path = tmp_path / "mine.toml"
    path.write_text(good)
    assert [str(cell) for cell in suites.load(str(path)).cells()] == ["ghz:n=3 by aer"]
    for old, new, said in [
        ("processes = 1", "processes = 1.5", "mine.toml:3: 'processes' must be given as int"),
        ("seconds = 1", "second = 1", "'seconds' must be given"),
        ("title", "titel", "'title' must be given"),
        ("backends", "backend", "cells block 1: 'backends' must be given"),
        ("[[cells]]", 'device = "ideal"\n[[cells]]', "cells block 1: 'circuits' must be given"),
    ]:
        path.write_text(good.replace(old, new, 1))
        with pytest.raises(UsageError, match=said):
            suites.load(str(path))


OUTSIDE = """
import numpy as np
from hybrid.bench.job import Answer, Job, Step, Verdict, Workload


class Exactly:
    def __init__(self, off):
        self.off = off

    def load(self):
        return {"exactly": "0.1"}

    def refusal(self, job):
        return None

    def translate(self, job):
        return sum(step.angle for step in job.steps)

    def compile(self, native, job):
        return lambda: Answer(values=np.array([[np.cos(native) + self.off]]))


def exactly(*, off: float = 0.0):
    \"\"\"<Z> of one rotated qubit.\"\"\"
    return Exactly(off)


def turned(*, angle: float = 0.4):
    \"\"\"One qubit turned about y.\"\"\"
    job = Job(1, (Step("ry", (0,), angle),), "expectations", ((("Z", 1.0),),))

    def check(answer):
        error = abs(float(answer.values[0, 0]) - np.cos(angle))
        return Verdict(error < 1e-9, error, 1e-9, "error", "L2", "cosine")

    return Workload(job, 1, check)
"""


@pytest.mark.usefixtures(probed_once.__name__)
@pytest.mark.parametrize("head", ["./mine.py", "bench_mine.members"])
def test_workload_and_adapter_from_outside(monkeypatch, command, tmp_path, head):
    (tmp_path / "mine.py").write_text(OUTSIDE)
    (tmp_path / "bench_mine").mkdir()
    (tmp_path / "bench_mine" / "__init__.py").write_text("")
    (tmp_path / "bench_mine" / "members.py").write_text(OUTSIDE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    words = ["--workload", f"{head}:turned:angle=2.5", "--backend", f"{head}:exactly:off=0,0.5", "--quiet"]
    code, out, _ = command("bench", "run", *words, "--processes", "1", "--out", "r.jsonl", "--json")
    found = {(c["cell"]["workload"][-9:], c["cell"]["backend"][-7:]): c for c in json.loads(out)["cells"]}
    assert code == 0 and len(found) == 2
    assert sorted(c["status"] for c in found.values()) == ["ok", "wrong"]
    assert all(c["environment"]["versions"]["exactly"] == "0.1" for c in found.values())
    before = Path("r.jsonl").read_bytes()
    code, out, _ = command("bench", "run", *words, "--processes", "1", "--out", "r.jsonl")
    assert code == 0 and "WRONG" in out and Path("r.jsonl").read_bytes() == before
    code, out, err = command("bench", "verify", *words)
    assert code == 4 and "1 of 2 cells verified" in out and "1 of 2 cells have no right answer" in err
    Path("mine.py").write_text(OUTSIDE + "\n")
    Path("bench_mine/members.py").write_text(OUTSIDE + "\n")
    code, out, _ = command("bench", "plan", *words[:-1], "--out", "r.jsonl", "--json")
    assert all(cell["lacking"] == 9 for cell in json.loads(out)["cells"])  # another file is another member


def test_a_plan_says_what_this_machine_cannot_hold(command):
    """40 qubits take 16 TiB."""
    code, out, _ = command("bench", "plan", "--workload", "mirror:n=10,40,depth=1", "--backend", "aer")
    assert code == 0 and "1 cell takes more than the" in " ".join(out.split()) and "oom" in out
    _, out, _ = command("bench", "plan", "--workload", "mirror:n=10,depth=1", "--backend", "aer")
    assert "oom" not in out


def test_list_names_suites_workloads_and_backends(command):
    code, out, _ = command("bench", "list")
    assert code == 0 and all(word in out for word in (*FROZEN, "su4_brick", "qulacs"))
    _, out, _ = command("bench", "list", "--json")
    assert set(json.loads(out)) == {"suites", "workloads", "adapters"}


def test_what_is_absent_is_unavailable_with_the_command(monkeypatch, command, tmp_path):
    """Qulacs is an extra: an interpreter where it cannot be imported stands for one without it."""
    (tmp_path / "qulacs.py").write_text("raise ImportError('not here')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    words = ["run", "--workload", "ghz:n=3", "--backend", "qulacs", "--out", tmp_path / "r.jsonl", "--quiet"]
    code, out, _ = command("bench", *words)
    assert code == 0 and "UNAVAILABLE" in out
    assert "'hybrid-sandbox[qulacs]'" in out


@pytest.mark.parametrize("words", [["--help"], ["list"], ["run", "--help"]])
def test_looking_around_loads_nothing_heavy(words):
    code = f"""
import sys
sys.argv = ["hybrid", "bench", *{words!r}]
from hybrid.cli.app import main
try:
    main()
except SystemExit as left:
    assert not left.code, left.code
heavy = {{"numpy", "qiskit", "qiskit_aer", "scipy", "matplotlib", "jaxtyping"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_small_suite_ends_with_everything_right(tmp_path):
    """About a minute on two quiet cores; killed by nobody, it verifies every cell and a second run changes no byte."""
    path = tmp_path / "r.jsonl"
    command = [sys.executable, "-m", "hybrid", "bench", "run", "--suite", "s@1", "--out", str(path), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "11 of 11 cells verified." in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    before = path.read_bytes()
    subprocess.run(command, capture_output=True, check=True)
    assert path.read_bytes() == before


def test_noise_in_the_middle_suite():
    """Of the stand-in, both kinds of dephasing, every task, 4 to 12 qubits: all within a dense reference."""
    jobs = {cell.task.text: cell.task.built.job for cell in suites.load("m@2").cells() if "stand_in" in cell.task.text}
    assert {job.task for job in jobs.values()} == {"expectations", "gradient", "counts"}
    assert {job.n_qubits for job in jobs.values()} >= {4, 12}
    assert {"quasistatic" in text for text in jobs} == {True, False}


@pytest.mark.slow
@pytest.mark.parametrize("text", [f"stand_in:n={n}" for n in ("10,task=counts,shots=4000", QUASI_STATIC)])
@pytest.mark.parametrize("fault", [planted_faults.no_noise, planted_faults.reversed_qubits])
def test_shots_of_the_middle_suite_are_enough_to_see_a_fault(text, fault):
    """Counts drawn from the faulty distribution are called wrong, by more than a tenth of the tolerance."""
    job, _, check = catalog.load(catalog.parse("workloads", text))()
    exact = _dense.distribution(fault(job))
    drawn = np.random.default_rng(0).multinomial(job.shots, exact / exact.sum())
    verdict = check(Answer(counts={int(x): int(drawn[x]) for x in np.flatnonzero(drawn)}))
    assert verdict.right is False and verdict.metric > 1.1 * verdict.tolerance


def test_the_guide_shows_the_middle_suite():
    """Its table names every kind of circuit of m@2."""
    (table,) = re.findall(r"hybrid bench show m\.jsonl --brief\n.*?per call\n(.*?)\n\n", GUIDE.read_text(), re.DOTALL)
    named = {line.split()[0].partition(":")[0] for line in table.splitlines() if not line.startswith(" ")}
    assert named == {cell.plain["workload"].partition(":")[0] for cell in suites.load("m@2").cells()}


def test_a_run_that_cannot_decide_says_so_beforehand(tmp_path, capsys):
    """Two processes against two; nine take as long as the plan says. A run of one backend, and of nine, says nothing."""
    from hybrid.cli.bench_steps import foretell

    cells = grid(["ghz:n=3", "ghz:n=4"], ["aer", "exact"])
    foretell(None, cells, tmp_path / "r.jsonl", 2, quiet=False)
    assert "no verdict on speed with 2 processes a cell; 9 take about 1:12: --processes 9." in capsys.readouterr().err
    foretell(None, cells, tmp_path / "r.jsonl", 9, quiet=False)
    foretell(None, grid(["ghz:n=3"], ["aer"]), tmp_path / "r.jsonl", 1, quiet=False)
    foretell(None, cells, tmp_path / "r.jsonl", 2, quiet=True)
    assert capsys.readouterr().err == ""
