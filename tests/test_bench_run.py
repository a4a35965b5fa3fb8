"""Processes measured: every way to fail ends in its own status, and a file survives whatever happens to its writer."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from bench_rows import cell, write
from probes import probed_once

from hybrid.base.errors import RecordError, Stopped
from hybrid.bench import harness, worker
from hybrid.bench import rows as row_files
from hybrid.bench.cells import grid
from hybrid.bench.environment import env_id
from hybrid.bench.harness import Harness, ProcessLimits, interpreter
from hybrid.bench.process_tree import ProcessTree
from hybrid.bench.run import rounds, run, verify
from hybrid.bench.schema import complaint, row_schema
from hybrid.bench.statistics import compare
from hybrid.bench.summary import figures

pytestmark = pytest.mark.usefixtures(probed_once.__name__)
HERE = Path(__file__).parent / "bench_fakes.py"
FAKE, PLAIN = f"{HERE}:fake", f"{HERE}:plain"
OTHER_PYTHON = os.environ.get("HYBRID_OTHER_PYTHON")
BENCH = Harness(ProcessLimits(120.0, 2**30))  # generous: other tests may be keeping the machine busy
ENDS = {
    "honest": ("ok", ""),
    "garbage": ("ok", ""),
    "threads": ("ok", ""),
    "reversed": ("wrong", "largest error is"),
    "negated": ("wrong", "largest error is"),
    "zeros": ("wrong", "largest error is"),
    "nan": ("wrong", "not finite numbers"),
    "shape": ("wrong", "of shape (2, 0), not (2, 2)"),
    "refuse": ("unsupported", "it does no such thing"),
    "absent": ("unavailable", "a_simulator_that_nobody_has"),
    "crash": ("crashed", "signal SIGSEGV in phase 'compile'"),
    "exit": ("crashed", "exit code 3 in phase 'compile'; its last output: last words"),
    "raise": ("error", "ValueError: nothing fits, in phase 'compile'"),
    "bad_alloc": ("oom", "MemoryError"),
}


@pytest.fixture(scope="module")
def ended():
    """What each kind of failure is taken for."""
    cells = grid([PLAIN], [f"{FAKE}:mode={','.join(ENDS)}"])
    return dict(zip(ENDS, verify(cells, BENCH), strict=True))


@pytest.mark.parametrize("mode", ENDS)
def test_every_fake_ends_in_its_status(ended, mode):
    row = ended[mode]
    assert row["status"] == ENDS[mode][0], row["note"]
    assert ENDS[mode][1] in row["note"]
    assert not complaint(row, row_schema())


@pytest.mark.parametrize(
    ("mode", "status", "why"),
    [
        ("hang", "timeout", "after 3 s"),
        ("leak", "oom", "limit is 256 MiB"),
        ("helper", "oom", "limit is 256 MiB"),  # a child of the process, in a session of its own
    ],
)
def test_what_never_ends_is_killed(mode, status, why, tmp_path, monkeypatch):
    monkeypatch.setenv("HYBRID_FAKE_FOLDER", str(tmp_path))  # its child bears this name: other tests run such children too
    cells = grid([PLAIN], [f"{FAKE}:mode={mode}"])
    (row,) = verify(cells, Harness(ProcessLimits(3.0 if mode == "hang" else 120.0, 2**28)))
    assert row["status"] == status and why in row["note"] and "in phase '" in row["note"]
    assert row["elapsed_s"] < 600  # an hour if it were not
    _wait_for(lambda: not [line for line in _commands() if str(tmp_path) in line])  # a process ends some time after its signal


def _commands():
    """Command lines of everything that runs."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")


def test_pages_that_are_shared_count_once():
    """A forked child is as large as its parent as long as it writes nothing."""
    # one write each: two processes that print to one pipe may mix their lines
    script = "import os, time; held = bytearray(b'1') * 2**28; os.fork(); os.write(1, b'ready\\n'); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        family = ProcessTree(process.pid)
        summed, held = family.resident_bytes(), family.proportional_bytes()
        family.kill()
    assert lines == [b"ready\n"] * 2
    assert summed > 2**29 and 2**28 < held < 1.2 * 2**28


def test_the_answers_that_were_timed_are_judged(tmp_path):
    """A simulator that is right when it is called first and wrong from then on."""
    (row,) = run(grid([PLAIN], [f"{FAKE}:mode=drift"]), tmp_path / "r.jsonl", BENCH, processes=1)
    assert row["status"] == "wrong" and row["phases"]["repeats_s"]  # it keeps its time


def test_a_check_that_fails_is_an_error_and_no_verdict():
    (row,) = verify(grid([f"{PLAIN}:broken=true"], [FAKE]), BENCH)
    assert row["status"] == "error" and "no reference today" in row["note"]


def test_nobody_ranks_unjudged():
    (figure,) = figures(verify(grid([f"{PLAIN}:judged=false"], [FAKE]), BENCH))
    assert (figure.status, figure.verified, figure.state) == ("ok", False, "unverified")


def test_one_process_leaves_a_whole_row(tmp_path):
    path = tmp_path / "r.jsonl"
    run(grid([PLAIN], [f"{FAKE}:delay_s=0.004,hold_mb=64"]), path, BENCH, processes=1, suite="mine@1")
    (row,) = map(json.loads, path.read_text().splitlines())
    assert not complaint(row, row_schema())
    phases, memory = row["phases"], row["memory"]
    assert set(phases) == {*("import_s", "build_s", "translate_s", "compile_s", "first_s"), "repeats_s", "loops", "cores_used"}
    assert 1 <= len(phases["repeats_s"]) <= 5  # fewer where the machine is so busy that they take a second
    assert all(seconds >= 0.004 for seconds in [phases["first_s"], *phases["repeats_s"]])
    held = memory["peak_bytes"] - memory["baseline_bytes"]
    assert 64 * 2**20 <= held < 72 * 2**20  # the array, and little else
    assert row["precision"] == {"asked": None, "observed": "double"}
    assert row["verification"]["right"] is True and row["suite"] == "mine@1"
    assert row["environment"]["versions"] == {"fake": "1.0", "numpy": np.__version__}


@pytest.mark.parametrize("seconds", [1e-7, 0.0031, 0.049, 0.3, 7.0])
def test_loops_are_long_enough_and_end(monkeypatch, seconds):
    """By a clock that nothing disturbs: each timed loop lasts 50 ms, there are five, or no more once a second is full."""
    monkeypatch.setattr(worker, "timed", lambda call, loops: worker.TimedCalls(seconds * loops, 0.0, call()))
    phases = {}
    answers = worker.repeated(lambda: 1, phases, 0.05)
    assert phases["loops"] * seconds >= 0.05 and (phases["loops"] == 1) == (seconds >= 0.05)
    assert phases["loops"] * seconds < 0.2 or phases["loops"] == 1  # and not needlessly long
    assert len(answers) == len(phases["repeats_s"]) == {0.3: 4, 7.0: 1}.get(seconds, 5)


def test_rebuilt_translates_at_every_call(tmp_path):
    cells = grid([PLAIN], [f"{FAKE}:mode=once"], paths=["compiled", "rebuilt"])
    once, anew = verify(cells, BENCH)
    assert once["status"] == "ok"
    assert anew["status"] == "error" and "translated twice" in anew["note"]
    assert once["cell_id"] != anew["cell_id"]


def test_a_second_run_changes_no_byte_and_more_processes_are_added(tmp_path):
    path, cells = tmp_path / "r.jsonl", grid([PLAIN], [f"{FAKE}:mode=honest,refuse"])
    run(cells, path, BENCH, processes=1)
    before = path.read_bytes()
    run(cells, path, BENCH, processes=1)
    assert path.read_bytes() == before
    rows = run(cells, path, BENCH, processes=2)
    assert path.read_bytes().startswith(before)
    assert Counter(row["status"] for row in rows) == {"ok": 2, "unsupported": 1}  # one refusal says it all
    assert len({row["session"] for row in rows}) == 2


def test_retry_tries_again_what_ended_early(tmp_path):
    path, cells = tmp_path / "r.jsonl", grid([PLAIN], [f"{FAKE}:mode=raise"])
    run(cells, path, BENCH, processes=2)
    assert len(run(cells, path, BENCH, processes=2)) == 1
    assert len(run(cells, path, BENCH, processes=2, retry=True)) == 2


def test_what_is_installed_later_is_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    path, cells = tmp_path / "r.jsonl", grid([PLAIN], [f"{FAKE}:mode=absent"])
    assert [row["status"] for row in run(cells, path, BENCH, processes=1)] == ["unavailable"]
    (tmp_path / "a_simulator_that_nobody_has.py").write_text("")
    assert [row["status"] for row in run(cells, path, BENCH, processes=1)] == ["unavailable", "ok"]


def test_rounds_are_balanced_and_shuffled():
    cells = grid([f"{PLAIN}:n=2..9"], [FAKE])
    todo = Counter({cell.id: 3 for cell in cells})
    todo[cells[0].id] = 1
    order = [cell.id for cell in rounds(cells, todo, seed=4)]
    first, second, third = order[:8], order[8:15], order[15:]
    assert set(first) == set(todo) and set(second) == set(third) == set(todo) - {cells[0].id}
    assert len({tuple(round) for round in (first, second, third)}) == 3
    assert order == [cell.id for cell in rounds(cells, todo, seed=4)]
    assert order != [cell.id for cell in rounds(cells, todo, seed=5)]


def test_another_interpreter_needs_only_numpy(tmp_path, monkeypatch):
    """Everything else that hybrid uses is made unimportable there."""
    for name in ("qiskit", "qiskit_aer", "scipy", "jaxtyping", "typer", "rich", "threadpoolctl"):
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('{name} is not for this interpreter')\n")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    bench = Harness(BENCH.limits, interpreters={"fake": str(python)})
    (row,) = verify(grid([PLAIN], [FAKE]), bench)
    assert row["status"] == "ok", row["note"]


@pytest.mark.parametrize("name", ["ddsim", "lightning", "qsim", "quimb", "qulacs"])
def test_a_simulator_in_an_interpreter_of_its_own(name):
    """HYBRID_OTHER_PYTHON is one that has some of these simulators, and need have neither this package nor Qiskit."""
    if OTHER_PYTHON is None:
        pytest.skip("HYBRID_OTHER_PYTHON names no second interpreter")
    bench = Harness(BENCH.limits, interpreters=dict([interpreter(f"{name}={OTHER_PYTHON}")]))
    for row in verify(grid(["ghz:n=4", "qft_basis:n=4"], [name]), bench):
        assert row["status"] == "ok" or (row["status"] == "unavailable" and "Install it with" in row["note"]), row["note"]


def test_processes_keep_to_their_processors(tmp_path):
    only = min(os.sched_getaffinity(0))
    (row,) = verify(grid([PLAIN], [FAKE]), Harness(BENCH.limits, affinity=(only,)))
    assert row["environment"]["affinity"] == [only]
    assert row["env_id"] == env_id(row["environment"])


# ---- what happens to the file


SCRIPT = f"""
import sys
from pathlib import Path
from hybrid.bench.cells import grid
from hybrid.bench.harness import Harness, ProcessLimits
from hybrid.bench.run import run
run(grid([{PLAIN!r}], [{FAKE!r} + ":mode=held"]), Path(sys.argv[1]), Harness(ProcessLimits(120.0, 2**30)), processes=3)
"""


def test_killed_at_any_time_it_loses_only_the_cell_in_flight(tmp_path, monkeypatch):
    path, held = tmp_path / "r.jsonl", tmp_path / "held"
    monkeypatch.setenv("HYBRID_FAKE_FOLDER", str(tmp_path))
    held.touch()  # the second process that is measured waits until this is gone: nothing here depends on time
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(path)])
    _wait_for(lambda: path.exists() and path.read_bytes().count(b"\n") and _workers(process.pid))
    process.kill()
    process.wait()
    before = path.read_bytes()
    _wait_for(lambda: not _workers(process.pid))  # the worker ends with its parent, also one that only just began
    held.unlink()
    path.write_bytes(before + before[: len(before) // 3])  # as if it had been killed in the middle of a line
    run(grid([PLAIN], [f"{FAKE}:mode=held"]), path, BENCH, processes=3)
    assert path.read_bytes().startswith(before)
    assert [row["status"] for row in row_files.read(path)] == ["ok"] * 3


def _wait_for(condition: Callable[[], object]) -> None:
    """Look again and again, on a busy machine for minutes."""
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def _workers(parent: int) -> list[str]:
    """Running workers whose request names this parent."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            request = Path(words[-2].decode()) / "request.json" if len(words) > 2 else None
            if b"worker.py" in b"".join(words) and request and json.loads(request.read_text())["parent"] == parent:
                found.append(folder.name)
        except (OSError, ValueError):
            continue
    return found


def test_sigterm_kills_what_is_measured_and_keeps_the_rows(tmp_path):
    command = [sys.executable, "-m", "hybrid", "bench", "run", "--workload", PLAIN, "--backend", f"{FAKE}:mode=hang"]
    process = subprocess.Popen([*command, "--out", str(tmp_path / "r.jsonl")], stderr=subprocess.PIPE, text=True)
    _wait_for(lambda: _workers(process.pid))
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 75, said
    assert "the same command continues" in said
    _wait_for(lambda: not _workers(process.pid))


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """A file of three rows."""
    path = tmp_path_factory.mktemp("rows") / "r.jsonl"
    run(grid([f"{PLAIN}:n=2..4"], [f"{FAKE}:mode=refuse"]), path, BENCH, processes=1)
    return path


def test_a_torn_line_is_healed_wherever_it_broke(three, tmp_path):
    whole = three.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    path = tmp_path / "torn.jsonl"
    for end in (start, start + 1, (start + len(whole)) // 2, len(whole) - 1):
        path.write_bytes(whole[:end])
        assert len(row_files.read(path)) == 2
        with row_files.RowFile(path) as file:
            file.append(row_files.read(three)[2])
        assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b'"status":"unsupported"', b'"status":"fine"', "'status' is 'fine'"),
        (b'"n_qubits":2', b'"n_qubits":"2"', "'cell.n_qubits' is not of type integer"),
        (b'"threads":1', b'"threads":2', "'cell_id' is not the hash of its cell"),
        (b'"host":"', b'"host":"other', "'env_id' is not the hash"),
        (b'"note":', b'"remark":', "'note' is missing"),
        (b'"time":', b'"time":NaN,"x":', "not a line"),
        (b'"time":', b'"time":1e400,"x":', "not a line"),
        (b'{"answer"', b'{"answer', "not a line"),
        (b'"suite":""', b'"suite":"s@1"', "its checksum does not fit"),
        (b'"elapsed_s":', b'"elapsed_s":1', "its checksum does not fit"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(three, tmp_path, old, new, complaint):
    path = tmp_path / "bad.jsonl"
    first, second, third = three.read_bytes().splitlines(keepends=True)
    lines = sorted([first, second, third], key=lambda line: b'"n_qubits":2' not in line)
    assert old in lines[0]
    path.write_bytes(lines[1] + lines[0].replace(old, new, 1) + lines[2])
    before = path.read_bytes()
    for read in (row_files.read, row_files.RowFile):
        with pytest.raises(RecordError, match="bad.jsonl:2:") as error:
            read(path)
        assert complaint in str(error.value)
    assert path.read_bytes() == before


def test_rows_without_checksum_are_read_and_named(tmp_path, command):
    """Those of earlier versions: a ranking says which, and a merge does not give them one."""
    kept, bare = cell("ghz:n=4", "a"), cell("ghz:n=4", "b", seconds=0.1)
    for row in bare[:2]:
        del row["sum"]
    path = write(tmp_path / "r.jsonl", kept + bare)
    shown = command("bench", "show", path).out
    assert shown.count("without checksum") == 1 and "2 of 9 rows without checksum" in shown
    assert "1 of 2 cells have rows without checksum" in " ".join(command("bench", "show", path, "--brief").out.split())
    row_files.merge([path], tmp_path / "m.jsonl")
    assert [("sum" in row) for row in row_files.read(tmp_path / "m.jsonl")].count(False) == 2
    (tmp_path / "whole").mkdir()
    assert "without checksum" not in command("bench", "show", write(tmp_path / "whole" / "r.jsonl", kept)).out


def test_two_writers_are_kept_apart(three):
    with row_files.RowFile(three), pytest.raises(Stopped, match="another process"):
        row_files.RowFile(three)


def test_files_merge_by_concatenation(three, tmp_path):
    lines = three.read_bytes().splitlines(keepends=True)
    one, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    one.write_bytes(lines[0] + lines[1])
    other.write_bytes(lines[1] + lines[2])
    assert row_files.merge([one, other], tmp_path / "c.jsonl") == 3
    assert (tmp_path / "c.jsonl").read_bytes() == three.read_bytes()


# ---- real times


def pool(path: Path, backends: list[str], processes: int) -> list[list[float]]:
    """Seconds of so many processes of each backend, interleaved."""
    cells = grid([f"{PLAIN}:n=5"], backends)
    rows = run(cells, path, BENCH, processes=processes)
    found = {figure.cell["backend"]: figure.seconds for figure in figures(rows)}
    return [found[cell.backend.text(defaults=False)] for cell in cells]


@pytest.mark.slow
def test_real_identical_runs_are_the_same(tmp_path):
    """100 comparisons of nine against nine among 96 identical processes: at most 4 may be called a difference."""
    (seconds,) = pool(tmp_path / "r.jsonl", [FAKE], 96)
    rng = np.random.default_rng(1)
    words = []
    for _ in range(100):
        start = rng.integers(0, 96 - 18 + 1)
        order = rng.permutation(18) + start  # neighbours in time, as two interleaved sides are
        chosen = np.array(seconds)[order]
        words.append(compare([(chosen[:9], chosen[9:])])[0].word)
    assert words.count("same") >= 96


@pytest.mark.slow
def test_an_injected_slowdown_is_found(tmp_path, monkeypatch):
    """Added busy loops of 20, 27 and 20.4 ms: 1.3x and 1.02x, with the simulation they come on top of."""
    monkeypatch.setattr(harness, "LOOP_SECONDS", 0.05)
    base, slower, little = pool(tmp_path / "r.jsonl", [f"{FAKE}:delay_s={s}" for s in (0.02, 0.027, 0.0204)], 9)
    found, claimed = compare([(base, slower), (base, little)])
    assert found.word == "slower"
    assert claimed.word == "same"
