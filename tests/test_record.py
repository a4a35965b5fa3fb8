"""The record is the checkpoint: interrupted anywhere and started again, a run ends with the same digest."""

import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hybrid.base import json_lines
from hybrid.base.errors import HybridError, Interrupted, RecordError, Stopped, UsageError
from hybrid.base.locks import without_locks
from hybrid.cli.report import result_text
from hybrid.runs import record
from hybrid.runs.loss import Measurement
from hybrid.runs.record import Record
from hybrid.runs.run import run
from hybrid.runs.spec import Spec
from hybrid.runs.watching import Watcher

SHORT = {"problem": "h2", "device": "meluxina-q", "shots": 200, "max_evals": 12, "seed": 7, "backend": "exact"}
MAIN = [sys.executable, "-m", "hybrid"]


def interrupt_at(answer: int) -> Watcher:
    """A watcher that stops the run before its answer of this number is measured."""
    asked = iter(range(answer + 1))
    return Watcher(interruption=lambda: None if next(asked, None) != answer else Interrupted("interrupted."))


@pytest.fixture(scope="module")
def untroubled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("untroubled")
    return run(Spec(**SHORT), folder)


@pytest.fixture(scope="module")
def sampled():
    """Point and randomness of the run SHORT -> its values on other devices, which take longer than all its answers."""
    return {}


@pytest.fixture
def sampled_once(sampled, monkeypatch):
    """The same point with the same randomness has the same values, in runs that differ in nothing else."""
    compute = Measurement.on_devices

    def call(self, x, devices, seed, without=frozenset()):
        key = x.tobytes(), len(devices), seed.entropy, seed.spawn_key, without
        if key not in sampled:
            sampled[key] = compute(self, x, devices, seed, without)
        return sampled[key]

    monkeypatch.setattr(Measurement, "on_devices", call)


def bodies(path: str | Path) -> list[tuple[str, object]]:
    return [(kind, body) for _, kind, body, _, _ in record.lines(Path(path))]


def test_interrupted_before_every_answer_in_turn(tmp_path, untroubled):
    """One record, stopped before answer 0, 1, 2, ... of each attempt: six questions and the final one, none asked twice."""
    attempts = 0
    while True:
        attempts += 1
        try:
            result = run(Spec(**SHORT), tmp_path, watcher=interrupt_at(1))
            break
        except Interrupted as error:
            assert "the same command continues" in str(error)
            assert "x = " in str(error)
    assert attempts > 5
    assert result.digest == untroubled.digest
    assert bodies(result.record) == bodies(untroubled.record)


@pytest.mark.usefixtures("sampled_once")
@pytest.mark.parametrize("answer", range(7))
def test_interrupted_once_at_every_answer(tmp_path, untroubled, answer):
    with pytest.raises(Interrupted):
        run(Spec(**SHORT), tmp_path, watcher=interrupt_at(answer))
    assert len(bodies(tmp_path / f"{untroubled.id}.jsonl")) == answer + 1
    assert run(Spec(**SHORT), tmp_path).digest == untroubled.digest


@pytest.mark.parametrize("optimizer", ["adam", "gradient_descent", "lbfgs", "nelder_mead", "rotosolve", "spsa"])
@pytest.mark.parametrize("shots", [0, 100])
def test_every_optimizer_resumes(tmp_path, optimizer, shots):
    spec = Spec(problem="h2", ansatz="real_amplitudes:reps=1", optimizer=optimizer, shots=shots, max_iterations=4, seed=3)
    whole = run(spec, tmp_path / "whole")
    with pytest.raises(Interrupted):
        run(spec, tmp_path / "parts", watcher=interrupt_at(2))
    assert run(spec, tmp_path / "parts").digest == whole.digest


@pytest.mark.usefixtures("sampled_once")
def test_torn_last_line_is_healed_at_any_byte(tmp_path, untroubled):
    content = Path(untroubled.record).read_bytes()
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    rng = np.random.default_rng(5)
    for cut in [1, ends[0] - 1, ends[-1] - 1, *rng.integers(1, len(content), 6).tolist()]:
        if cut in ends:
            continue
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / f"{untroubled.id}.jsonl").write_bytes(content[:cut])
        notes: list[str] = []
        assert run(Spec(**SHORT), folder, watcher=Watcher(note=notes.append)).digest == untroubled.digest
        assert "torn" in notes[0]


@pytest.mark.parametrize("line", range(1, 9))
def test_changed_line_is_refused_and_kept(tmp_path, untroubled, line):
    path = tmp_path / f"{untroubled.id}.jsonl"
    rows = Path(untroubled.record).read_text().splitlines(keepends=True)
    rows[line - 1] = rows[line - 1].replace("0", "1", 1)
    path.write_text("".join(rows))
    before = path.read_bytes()
    with pytest.raises(RecordError, match=f"{path.name}:{line}: "):
        run(Spec(**SHORT), tmp_path)
    assert path.read_bytes() == before


def test_missing_and_swapped_lines_are_refused(tmp_path, untroubled):
    path = tmp_path / f"{untroubled.id}.jsonl"
    rows = Path(untroubled.record).read_text().splitlines(keepends=True)
    for broken in (rows[:2] + rows[3:], [rows[0], rows[2], rows[1], *rows[3:]], rows[1:], [*rows, rows[-1]]):
        path.write_text("".join(broken))
        before = path.read_bytes()
        with pytest.raises(RecordError):
            run(Spec(**SHORT), tmp_path)
        assert path.read_bytes() == before


def test_finished_run_changes_no_byte(tmp_path):
    spec = Spec(**SHORT)
    first = run(spec, tmp_path)
    before = Path(first.record).stat()
    content = Path(first.record).read_bytes()
    again = run(spec, tmp_path)
    assert again.replayed
    assert not first.replayed
    assert (again.digest, again.value, again.x) == (first.digest, first.value, first.x)
    assert Path(first.record).read_bytes() == content
    assert Path(first.record).stat().st_mtime_ns == before.st_mtime_ns


def test_digest_depends_on_seed_but_not_on_folder(tmp_path, untroubled):
    assert run(Spec(**SHORT), tmp_path / "elsewhere").digest == untroubled.digest
    assert run(Spec(**SHORT | {"seed": 8}), tmp_path).digest != untroubled.digest


def test_edited_input_file_is_a_new_run(tmp_path):
    graph = tmp_path / "my.edges"
    graph.write_text("0 1\n1 2\n")
    spec = Spec(problem=str(graph), max_evals=0)
    before = spec.id
    assert before == Spec(problem=str(graph), max_evals=0).id
    moved = tmp_path / "sub"
    moved.mkdir()
    (moved / "my.edges").write_text("0 1\n1 2\n")
    assert Spec(problem=str(moved / "my.edges"), max_evals=0).id == before
    graph.write_text("0 1\n1 2\n0 2\n")
    assert spec.id != before


def test_unfinished_record_of_another_version_is_refused(tmp_path, untroubled, monkeypatch):
    with pytest.raises(Interrupted):
        run(Spec(**SHORT), tmp_path, watcher=interrupt_at(3))
    path = tmp_path / f"{untroubled.id}.jsonl"
    before = path.read_bytes()
    monkeypatch.setattr("hybrid.runs.answer_log.versions", lambda: {"qiskit": "99"})
    with pytest.raises(RecordError, match="qiskit"):
        run(Spec(**SHORT), tmp_path)
    assert path.read_bytes() == before


def elsewhere(monkeypatch, kernel="Sandybridge"):
    monkeypatch.setattr("hybrid.base.machine.kernel", lambda: kernel)


@pytest.mark.usefixtures("sampled_once")
def test_continued_on_another_processor_says_so(tmp_path, untroubled, monkeypatch):
    """On a third one too, and when it comes home again; the digest is of the answers alone."""
    notes: list[str] = []
    for kernel, answers in (("Zen", 2), ("Sandybridge", 1), ("SkylakeX", 1)):
        elsewhere(monkeypatch, kernel)
        with pytest.raises(Interrupted):
            run(Spec(**SHORT), tmp_path, watcher=interrupt_at(answers)._replace(note=notes.append))
    elsewhere(monkeypatch, "Zen")
    result = run(Spec(**SHORT), tmp_path, watcher=Watcher(note=notes.append))
    assert len(notes) == 2 and "continued on another processor" in notes[0] and "kernel Sandybridge) than" in notes[0]
    assert [one["kernel"] for one in result.continued_on] == ["Sandybridge", "SkylakeX"]
    assert "continued on another processor" in " ".join(result_text(result, Spec(**SHORT)).split())
    assert result.digest == untroubled.digest and untroubled.continued_on == ()


def test_strict_refuses_another_processor(tmp_path, untroubled, monkeypatch, command):
    with pytest.raises(Interrupted):
        run(Spec(**SHORT), tmp_path, watcher=interrupt_at(3))
    path = tmp_path / f"{untroubled.id}.jsonl"
    before = path.read_bytes()
    elsewhere(monkeypatch)
    words = [f"--{key.replace('_', '-')}={value}" for key, value in SHORT.items() if key != "problem"]
    done = command("run", "h2", *words, "--results", tmp_path, "--strict")
    assert done.code == 5 and "kernel Sandybridge (--strict)" in done.err
    assert path.read_bytes() == before


def test_a_record_that_names_no_processor_continues_without_a_remark(tmp_path, untroubled, monkeypatch):
    monkeypatch.setattr("hybrid.runs.answer_log.here", dict)
    with pytest.raises(Interrupted):
        run(Spec(**SHORT), tmp_path, watcher=interrupt_at(3))
    monkeypatch.undo()
    notes: list[str] = []
    assert run(Spec(**SHORT), tmp_path, watcher=Watcher(note=notes.append), strict=True).continued_on == ()
    assert notes == []


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names of other processors")
def test_the_kernel_is_the_one_that_numpy_chose():
    """OpenBLAS takes the name of another from its environment, and gives it in its own words."""
    code = "import numpy; from hybrid.base.machine import here; print(here()['kernel'])"
    kernels = set()
    for kernel in ("Haswell", "Prescott"):
        line = [sys.executable, "-c", code]
        done = subprocess.run(line, env=os.environ | {"OPENBLAS_CORETYPE": kernel}, capture_output=True, text=True, check=True)
        kernels.add(done.stdout.strip())
    assert len(kernels) == 2


def test_second_process_leaves_with_75(tmp_path, untroubled):
    path = tmp_path / f"{untroubled.id}.jsonl"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Stopped, match="another process"):
            run(Spec(**SHORT), tmp_path)


@pytest.mark.usefixtures("sampled_once")
def test_full_disk_keeps_whole_lines(tmp_path, monkeypatch, untroubled):
    path = tmp_path / f"{untroubled.id}.jsonl"
    write, room = os.write, [2000]

    def limited(file: int, raw: bytes) -> int:
        if len(raw) > room[0]:
            write(file, raw[: room[0]])
            room[0] = 0
            raise OSError(28, "No space left on device")
        room[0] -= len(raw)
        return write(file, raw)

    monkeypatch.setattr("hybrid.base.json_lines.os.write", limited)
    with pytest.raises(Stopped, match="No space left"):
        run(Spec(**SHORT), tmp_path)
    assert path.read_bytes().endswith(b"\n")
    monkeypatch.undo()
    assert run(Spec(**SHORT), tmp_path).digest == untroubled.digest


def test_optimizer_that_leaves_the_numbers_is_stopped(tmp_path):
    outside = tmp_path / "wild.py"
    outside.write_text(
        "import numpy as np\nfrom hybrid.base.types import Values\n\n\ndef wild(x, rng):\n    yield Values(x, x[None], 0)\n"
        "    yield Values(x * np.nan, x[None], 1)\n"
    )
    with pytest.raises(HybridError, match="not finite"):
        run(Spec(problem="h2", optimizer=f"{outside}:wild"), tmp_path)


def test_record_grows_by_bounded_bytes_per_answer(tmp_path):
    """An answer of SPSA on p parameters holds x and four numbers: at most 25 bytes per number and 300 of frame."""
    result = run(Spec(problem="tfim:n=4", shots=50, max_evals=40), tmp_path)
    raw = Path(result.record).read_bytes().splitlines()[1:-1]
    assert max(map(len, raw)) < 300 + 25 * (len(result.x) + 4)


def digest_of(folder: Path) -> str:
    (path,) = folder.glob("*.jsonl")
    return json.loads(path.read_text().splitlines()[-1])["body"]["digest"]


WORDS = ["run", "h2", "--device", "meluxina-q", "--realizations", "4", "--shots", "40", "--max-evals", "160", "--seed", "7"]
WORDS += ["--quiet", "--backend", f"{Path(__file__).parent}/signalled.py:signalled", "--results"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory, command) -> str:
    """The digest of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    assert command(*WORDS, folder).code == 0
    return digest_of(folder)


def stopped(folder: Path, number: int, lines: int, seconds: float = 0.0) -> subprocess.CompletedProcess[str]:
    """The run in a process of its own, to which a signal comes so long after its record has so many lines."""
    environment = os.environ | {"SIGNAL": f"{int(number)} {lines} {seconds}", "RESULTS": str(folder)}
    return subprocess.run([*MAIN, *WORDS, folder], env=environment, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 75)])
def test_signals_save_everything(tmp_path, whole, command, number, code):
    done = stopped(tmp_path, number, lines=5)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "x = " in done.stderr
    assert done.stdout == ""
    assert command(*WORDS, tmp_path).code == 0
    assert digest_of(tmp_path) == whole


def test_kill_9_at_random_times(tmp_path, whole, command):
    rng, kills = np.random.default_rng(11), 0
    for lines in sorted(rng.integers(1, 75, 4).tolist()):
        kills += stopped(tmp_path, signal.SIGKILL, lines, rng.uniform(0, 0.01)).returncode == -signal.SIGKILL
    assert kills >= 2
    assert command(*WORDS, tmp_path).code == 0
    assert digest_of(tmp_path) == whole


def test_empty_record_leaves_no_file(tmp_path):
    path = tmp_path / "none.jsonl"
    Record(path).close()
    assert not path.exists()


def rewritten(path: Path, change) -> None:
    """The record with its lines changed and every checksum made anew, as somebody who knows how might."""
    out, previous = [], ""
    for row in path.read_text().splitlines():
        line = json.loads(row)
        change(line)
        line["sum"] = previous = record.line_sum(previous, line["kind"], line["body"], line["meta"])
        out.append(json_lines.dump(line))
    path.write_text("\n".join(out) + "\n")


def test_finished_record_of_another_schema_is_refused(tmp_path, untroubled):
    path = tmp_path / f"{untroubled.id}.jsonl"
    path.write_bytes(Path(untroubled.record).read_bytes())
    rewritten(path, lambda line: line["body"].update(schema=99) if line["kind"] == "start" else None)
    with pytest.raises(RecordError, match="schema 99"):
        run(Spec(**SHORT), tmp_path)


@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "[" * 5000])
def test_what_is_no_number_is_no_line(tmp_path, untroubled, wrong):
    path = tmp_path / f"{untroubled.id}.jsonl"
    rows = Path(untroubled.record).read_text().splitlines(keepends=True)
    rows[2] = rows[2].replace('"n":1', f'"n":{wrong}')
    path.write_text("".join(rows))
    with pytest.raises(RecordError, match=f"{path.name}:3: not a line"):
        run(Spec(**SHORT), tmp_path)


def test_latest_passes_over_what_is_no_record(tmp_path, untroubled):
    path = tmp_path / f"{untroubled.id}.jsonl"
    path.write_bytes(Path(untroubled.record).read_bytes())
    (tmp_path / "foreign.jsonl").write_text('{"kind":"stop","body":{},"meta":{}}\n')
    (tmp_path / "text.jsonl").write_text("hello\n")
    assert record.find(tmp_path, "latest") == path


def test_a_shared_disk_without_locks_is_refused(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw,local_lock=all 0 0\n")
    monkeypatch.setattr("hybrid.runs.record.without_locks", lambda path: without_locks(path, mounts))
    with pytest.raises(UsageError, match="nfs4 without locks between hosts .*choose --results DIR elsewhere"):
        Record(tmp_path / "r" / "a.jsonl")
    assert not (tmp_path / "r").exists()
