"""`hybrid runs`: every verb on real records, on damaged and foreign ones, and on records that somebody forged."""

import contextlib
import copy
import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2, norm

from hybrid import catalog
from hybrid.base import json_lines
from hybrid.base.errors import HybridError, Interrupted, RecordError, UsageError
from hybrid.base.json_lines import dump
from hybrid.cli.runs import show_run
from hybrid.review.cross_check import cross_check, judge
from hybrid.review.replay import repeat
from hybrid.runs import device_interval, record
from hybrid.runs import results_folder as runs
from hybrid.runs import run as session
from hybrid.runs.answer_log import AuditedAnswer
from hybrid.runs.results_index import entries
from hybrid.runs.spec import Spec
from hybrid.runs.watching import Watcher

SHOTS = {"problem": "h2", "device": "meluxina-q", "shots": 200, "max_evals": 12}
SPECS = {
    **{f"seed{seed}": Spec(**SHOTS, seed=seed) for seed in range(5)},
    "quick": Spec(**SHOTS, backend="exact"),
    "exact": Spec(problem="h2", max_iterations=3),
    "simplex": Spec(problem="tfim:n=2", optimizer="nelder_mead", max_evals=20),
    "gradients": Spec(problem="h2", shots=100, optimizer="adam", max_iterations=3),
    "search": Spec(problem="h2", optimizer="lbfgs", max_evals=60),
    "cut": Spec(problem="maxcut:graph=ring,n=4", gradient="parameter-shift", max_iterations=3),
    "evaluated": Spec(problem="h2", max_evals=0),
}
WRONG = '''
import numpy as np
from hybrid.simulators.aer import aer


def wrong(*, loss: float = 1.0):
    """Aer with its qubits reversed; exact values scaled."""
    return Wrong(aer(), loss)


class Wrong:
    def __init__(self, inner, loss):
        self.inner, self.loss = inner, loss
        self.memory_bytes, self.describe = inner.memory_bytes, inner.describe

    def compile(self, task):
        return Runner(self.inner.compile(task), task.n_qubits, self.loss)


class Runner:
    def __init__(self, inner, n, loss):
        self.inner, self.n, self.loss = inner, n, loss

    def expectations(self, angles):
        return self.inner.expectations(angles) * self.loss

    def distributions(self, angles):
        raise NotImplementedError

    def counts(self, angles, shots, seeds):
        seen = self.inner.counts(angles, shots, seeds)
        return [[c._replace(outcomes=self.mirrored(c.outcomes)) for c in row] for row in seen]

    def mirrored(self, outcomes):
        one = np.uint64(1)
        return sum(((outcomes >> np.uint64(q)) & one) << np.uint64(self.n - 1 - q) for q in range(self.n))
'''


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Path]:
    """A folder with every run of SPECS in results/, which is also where this module's tests run."""
    path = tmp_path_factory.mktemp("home")
    before = Path.cwd()
    os.chdir(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device_interval, "INTERVAL_QUBITS", 0)  # nothing here looks at other devices
        for spec in SPECS.values():
            session.run(spec)
    yield path
    os.chdir(before)


@pytest.fixture
def hybrid(home, monkeypatch, command):
    """`hybrid runs`, in the folder `home`."""
    monkeypatch.chdir(home)
    return partial(command, "runs")


def path_of(name: str) -> Path:
    return Path("results") / f"{SPECS[name].id}.jsonl"


def interrupted(spec: Spec, folder: Path, answers: int) -> Path:
    """An unfinished record of so many answers."""
    left = iter(range(answers))
    stop = Watcher(interruption=lambda: None if next(left, None) is not None else Interrupted("interrupted."))
    with pytest.raises(Interrupted):
        session.run(spec, folder, watcher=stop)
    return folder / f"{spec.id}.jsonl"


def forged(source: Path, target: Path, change: Callable[[str, dict, dict], None]) -> Path:
    """The record with `change(kind, body, meta)` made to every line, and every checksum and the digest computed anew."""
    with closing(record.Record(target)) as file:
        for _, kind, body, meta, _ in record.lines(source):
            change(kind, body, meta)
            if kind == "stop":
                body["digest"] = file.digest(body["solution"])
            file.append(kind, body, meta)
    return target


# ---- list


def test_list_in_80_columns_newest_first(hybrid):
    found = json.loads(hybrid("list", "--json").out)["runs"]
    assert [run["id"] for run in found] == [spec.id for spec in SPECS.values()][::-1]
    assert {run["state"] for run in found} == {"finished"}
    by_id = {run["id"]: run for run in found}
    cut, noisy = by_id[SPECS["cut"].id], by_id[SPECS["seed3"].id]
    assert (cut["algorithm"], cut["problem"], cut["device"], cut["shots"]) == ("qaoa", "maxcut:graph=ring,n=4", "ideal", 0)
    assert cut["value"] > 0
    assert cut["gap"] == pytest.approx(4 - cut["value"])
    result = runs.read(path_of("seed3")).result
    assert (noisy["value"], noisy["stderr"], noisy["unit"]) == (result.value, result.stderr, "Ha")
    text = hybrid("list").out.splitlines()
    assert text[0].split() == ["id", "written", "run", "device", "shots", "seed", "value", "gap", "state"]
    assert len(text) == len(SPECS) + 1
    assert max(map(len, text)) <= 80
    assert all(spec.id.startswith(line.split()[0]) for line, spec in zip(text[1:], reversed(SPECS.values()), strict=True))
    assert re.search(r"vqe h2 +meluxin\S+ +200 +0 +-[01]\.\d+\(\d+\) Ha +-?0\.\d+ finished", text[-1])
    assert [line.split()[0] for line in hybrid("list", "-n", 2).out.splitlines()] == [line.split()[0] for line in text[:3]]


def test_list_has_damaged_foreign_and_unfinished_ones_too(hybrid, tmp_path):
    shutil.copy(path_of("exact"), tmp_path / "good.jsonl")
    whole = path_of("exact").read_bytes()
    (tmp_path / "foreign.jsonl").write_text('{"a": 1}\n')
    (tmp_path / "list.jsonl").write_text("[1]\n[2]\n")
    (tmp_path / "null.jsonl").write_text('{"kind": "start", "body": {"schema": 1}, "meta": {}}\n')
    (tmp_path / "deep.jsonl").write_text("[" * 100_000 + "\n")
    (tmp_path / "words.jsonl").write_text("hello\x1b[31m\n")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00" * 9000)
    (tmp_path / "schema.jsonl").write_bytes(whole.replace(b'"schema":1', b'"schema":2', 1))
    (tmp_path / "last.jsonl").write_bytes(whole + b"nonsense\n")
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "empty.jsonl").touch()
    lines = whole.splitlines(keepends=True)
    (tmp_path / "begun.jsonl").write_bytes(lines[0])
    (tmp_path / "torn.jsonl").write_bytes(b"".join(lines[:3]) + lines[3][:40])
    done = hybrid("list", "--results", tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    state = {run.id: run.state for run, _ in entries(tmp_path)}
    assert {name for name, word in state.items() if word == "unfinished"} == {"empty", "begun", "torn"}
    assert {name for name, word in state.items() if word == "finished"} == {"good"}
    assert len(done.out.splitlines()) == len(state) + 1
    torn = next(run for run, _ in entries(tmp_path) if run.id == "torn")
    assert torn.value == json.loads(lines[2])["body"]["loss"]


def places(value, at=()):
    """Where every value of a JSON object stands, objects and lists included."""
    yield at
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*at, key))


@pytest.mark.parametrize("instead", [None, [], {}, "x", -1, 10**400, True])
def test_a_glance_survives_any_value_anywhere(home, tmp_path, instead):
    lines = [json.loads(line) for line in path_of("exact").read_text().splitlines()]
    for line in (0, -1):
        for at in places(lines[line]):
            changed = copy.deepcopy(lines)
            inner = changed
            for key in (line, *at[:-1]):
                inner = inner[key]
            inner[at[-1] if at else line] = instead
            (tmp_path / "a.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in changed))
            assert entries(tmp_path)[0].glance.state in ("finished", "unfinished", "damaged"), at


@pytest.mark.parametrize("as_json", [False, True])
def test_a_forged_record_is_shown_or_refused(home, tmp_path, capsys, as_json):
    """Checksums and digest are right, one value anywhere is of another kind: never an error of ours. 150 places, fixed seed."""
    whole = [json.loads(line) for line in path_of("exact").read_text().splitlines()]
    every = [(line, at) for line in (0, -1) for at in places(whole[line]) if at and at[0] in ("body", "meta")]
    rng = np.random.default_rng(3)
    for place in rng.permutation(len(every))[:150]:
        line, at = every[place]
        lines = copy.deepcopy(whole)
        inner = lines
        for key in (line, *at[:-1]):
            inner = inner[key]
        inner[at[-1]] = [None, [], {}, "x", -1, 1e300, True][rng.integers(7)]
        forged = tmp_path / "forged.jsonl"
        forged.write_text(_signed(lines))
        with contextlib.suppress(HybridError):
            show_run(str(forged), tmp_path, as_json)
        capsys.readouterr()


def _signed(lines):
    """The lines with the checksums and the digest that they would have."""
    digest, previous, text = hashlib.sha256(), "", ""
    for line in lines:
        if line["kind"] in ("start", "answer"):
            with contextlib.suppress(AttributeError, KeyError, TypeError):
                digest.update(record.digest_part(line["body"]))
        elif line["kind"] == "stop" and isinstance(line["body"], dict) and "solution" in line["body"]:
            digest.update(dump(line["body"]["solution"]).encode())
            line["body"]["digest"] = digest.hexdigest()
        line["sum"] = previous = record.line_sum(previous, line["kind"], line["body"], line["meta"])
        text += f"{dump(line)}\n"
    return text


def test_list_of_nothing(hybrid, tmp_path):
    assert hybrid("list", "--results", tmp_path).out == f"there are no runs in {tmp_path}.\n"
    assert hybrid("list", "--results", tmp_path, "--json").out == '{"runs": []}\n'
    done = hybrid("list", "--results", tmp_path / "no")
    assert (done.code, done.err) == (2, f"hybrid: {tmp_path / 'no'}: no such folder.\n")


def test_a_glance_reads_a_bounded_part_and_2000_are_quick(home, tmp_path, monkeypatch):
    text = path_of("seed0").read_text()
    first, *answers, last = text.splitlines(keepends=True)
    long = tmp_path / "long.jsonl"
    long.write_text(first + "".join(answers) * 3000 + last)
    assert long.stat().st_size > 5e6
    read: list[int] = []
    read_at = json_lines.read_at
    monkeypatch.setattr(json_lines, "read_at", lambda *words: read.append(len(found := read_at(*words))) or found)
    found = runs.glance(long)
    assert found.value == runs.glance(path_of("seed0")).value
    assert 0 < sum(read[:2]) <= 4 * record.CHUNK
    long.unlink()
    for i in range(2000):
        (tmp_path / f"{i:012x}.jsonl").write_text(text)
    begun = time.perf_counter()
    found = entries(tmp_path)
    print(f"a glance at 2,000 records: {time.perf_counter() - begun:.3f} s")
    assert len(found) == 2000
    assert max(read) <= record.CHUNK


def test_lines_longer_than_a_chunk_are_read_whole(home, tmp_path):
    def pad(kind: str, body: dict, meta: dict) -> None:
        meta["pad"] = "x" * (5 * record.CHUNK)

    path = forged(path_of("seed0"), tmp_path / "a.jsonl", pad)
    assert runs.glance(path).value == runs.glance(path_of("seed0")).value
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:3]))
    assert runs.glance(path).state == "unfinished"


# ---- names


def test_latest_prefixes_and_files_name_a_run(hybrid, tmp_path):
    last = SPECS["evaluated"].id
    for name in ("latest", last, last[:8], path_of("evaluated"), f"./{path_of('evaluated')}"):
        assert json.loads(hybrid("show", name, "--json").out)["id"] == last
    done = hybrid("show", last[:6] + "zz")
    assert done.code == 2
    assert f"no run in results has an id that starts with it. Did you mean '{last}'? See: hybrid runs list." in done.err
    (tmp_path / "ab1.jsonl").touch()
    (tmp_path / "ab2.jsonl").touch()
    done = hybrid("show", "ab", "--results", tmp_path)
    assert (done.code, done.err) == (2, f"hybrid: run 'ab': the ids of 2 runs in {tmp_path} start with it: ab1, ab2.\n")
    assert "no runs in" in hybrid("show", "latest", "--results", tmp_path / "none").err
    assert hybrid("show", "none.jsonl").err == "hybrid: none.jsonl: no such file.\n"


def test_latest_is_the_first_of_the_list_whatever_copied_the_files(hybrid, tmp_path):
    for name in ("exact", "seed0"):
        shutil.copyfile(path_of(name), tmp_path / path_of(name).name)
    os.utime(tmp_path / path_of("seed0").name, (2e9, 2e9))
    (tmp_path / "foreign.jsonl").write_text("newer\n")
    found = json.loads(hybrid("show", "latest", "--results", tmp_path, "--json").out)
    assert found["id"] == SPECS["exact"].id


# ---- show


@pytest.mark.parametrize("name", SPECS)
def test_show_prints_what_run_prints(hybrid, command, name):
    text = hybrid("show", SPECS[name].id).out
    flags = [
        f"--{key.replace('_', '-')}={value}"
        for key, value in SPECS[name].given().items()
        if key not in ("algorithm", "problem")
    ]
    done = command("run", SPECS[name].algorithm, SPECS[name].problem, *flags)
    assert text.startswith(done.out.rstrip())
    assert "the checksum of every line is right" in text
    assert max(map(len, text.splitlines())) <= 80


def test_show_as_json(hybrid):
    found = json.loads(hybrid("show", SPECS["seed1"].id, "--json").out)
    assert (found["state"], found["answers"], len(found["digest"])) == ("finished", 8, 64)  # one of them is Aer's check
    assert found["versions"]["qiskit"]
    assert found["host"]
    assert found["given"]["seed"] == 1


def test_show_an_unfinished_run_and_the_command_that_continues_it(hybrid, tmp_path):
    path = interrupted(SPECS["cut"], tmp_path, 2)
    text = hybrid("show", "latest", "--results", tmp_path).out
    value = runs.read(path).last_value[0]
    assert value > 0
    assert f"last cut         {value:.9f}" in text
    assert "evaluations      34 so far, in iteration 1" in text
    command = re.search(r"^continue +(hybrid run(?:.*\\\n)*.*)", text, re.M).group(1)
    found = json.loads(hybrid("show", path, "--json").out)
    assert (found["state"], found["digest"], found["answers"], found["value"]) == ("unfinished", None, 2, value)
    shell = f'hybrid() {{ {sys.executable} -m hybrid "$@"; }}; {command} --quiet'
    subprocess.run(["bash", "-c", shell], check=True, capture_output=True)
    assert runs.read(path).stop["digest"] == runs.read(path_of("cut")).stop["digest"]


@pytest.mark.parametrize("verb", ["show", "replay", "export", "plot", "diff"])
def test_an_edited_record_is_refused(hybrid, tmp_path, verb):
    text = path_of("seed0").read_text()
    (tmp_path / "a.jsonl").write_text(text.replace('"n":2,', '"n":3,', 1))
    done = hybrid(verb, *["a"] * (2 if verb == "diff" else 1), "--results", tmp_path)
    assert (done.code, done.out) == (5, "")
    assert "a.jsonl:4: the checksum does not fit" in done.err


def test_a_record_with_another_digest_is_refused(home, tmp_path):
    path = tmp_path / "a.jsonl"
    with closing(record.Record(path)) as file:
        for _, kind, body, meta, _ in record.lines(path_of("exact")):
            file.append(kind, body | {"digest": "0" * 64} if kind == "stop" else body, meta)
    with pytest.raises(RecordError, match=r"a.jsonl:6: the digest is not that of this record"):
        runs.read(path)


def test_a_record_without_a_line_is_refused(home, tmp_path):
    (tmp_path / "a.jsonl").touch()
    with pytest.raises(RecordError, match="holds no whole line"):
        runs.read(tmp_path / "a.jsonl")


# ---- diff


def test_diff_of_two_seeds(hybrid):
    one, other = runs.read(path_of("seed0")), runs.read(path_of("seed1"))
    a, b = one.result, other.result
    found = json.loads(hybrid("diff", SPECS["seed0"].id, SPECS["seed1"].id, "--json").out)
    assert found["inputs"] == [{"what": "seed", "a": 0, "b": 1}]
    assert found["circumstances"] == []
    z = (a.value - b.value) / np.hypot(a.stderr, b.stderr)
    assert found["sigmas"] == pytest.approx(z)
    assert found["p"] == pytest.approx(2 * norm.sf(abs(z)))
    assert not found["same_digest"]
    assert found["parting"]["n"] == 0
    assert found["parting"]["change"]["what"] == "x[0]"
    text = hybrid("diff", SPECS["seed0"].id, SPECS["seed1"].id).out
    assert re.search(r"inputs\n  seed +A 0\n +B 1\n", text)
    assert f"{abs(z):.1f} sigma, p = {2 * norm.sf(abs(z)):.2g} (two-sided)" in text
    assert max(map(len, text.splitlines())) <= 80


def test_diff_of_the_same_run_elsewhere(hybrid, tmp_path):
    def move(kind: str, body: dict, meta: dict) -> None:
        if kind == "start":
            meta |= {"host": "elsewhere", "versions": meta["versions"] | {"qiskit": "1.0"}}

    path = forged(path_of("exact"), tmp_path / "a.jsonl", move)
    text = hybrid("diff", SPECS["exact"].id, path).out
    joined = " ".join(text.split())
    for part in (
        "inputs: the same",
        "versions and host (not inputs) qiskit A",
        "B 1.0",
        "B elsewhere",
        "digests equal",
        "all equal",
    ):
        assert part in joined
    assert "A - B 0 Ha both exact" in joined


def test_diff_of_what_cannot_be_compared(hybrid, tmp_path):
    text = hybrid("diff", SPECS["cut"].id, SPECS["exact"].id).out
    assert "the runs measure different quantities" in text
    path = interrupted(SPECS["quick"], tmp_path, 3)
    found = json.loads(hybrid("diff", path, SPECS["quick"].id, "--json").out)
    assert found["inputs"] == []
    assert (found["parting"]["n"], found["parting"]["change"]["a"]) == (3, None)


# ---- replay


@pytest.mark.parametrize("name", SPECS)
def test_replay_is_identical(home, name):
    before = path_of(name).read_bytes()
    found = repeat(path_of(name))
    assert (found.verdict, found.differing, found.first, found.today) == ("identical", 0, None, [])
    assert found.answers == len(runs.read(path_of(name)).answers)
    assert path_of(name).read_bytes() == before


def test_replay_says_so(hybrid):
    digest = runs.read(path_of("quick")).stop["digest"]
    done = hybrid("replay", SPECS["quick"].id)
    assert (done.code, done.out) == (0, f"identical: 7 answers, digest {digest[:12]}\n")
    assert json.loads(hybrid("replay", SPECS["quick"].id, "--json").out)["verdict"] == "identical"


@pytest.mark.parametrize("name", ["exact", "seed0"])
def test_replay_with_other_threads(hybrid, name):
    done = hybrid("replay", SPECS[name].id, "--threads", 2)
    assert done.code == 0
    assert re.match("identical|agrees except for rounding", done.out)
    assert "threads: 1 then, 2 now" in done.out


@pytest.mark.parametrize(("change", "word"), [(1e-15, "last digits"), (1e-9, "different")])
def test_replay_tells_the_last_digits_from_a_difference(hybrid, tmp_path, change, word):
    """Somebody edits an answer and computes every checksum and the digest anew: only measuring again tells."""

    def edit(kind: str, body: dict, meta: dict) -> None:
        if kind == "answer" and body["question"] == "final":
            body["values"][0] *= 1 + change
        if kind == "stop":
            body["solution"]["value"] *= 1 + change

    path = forged(path_of("exact"), tmp_path / "a.jsonl", edit)
    done = hybrid("replay", path)
    if word == "last digits":
        assert (done.code, done.err) == (0, "")
        assert "except for rounding: 1 of 4 answers" in " ".join(done.out.split())
    else:
        assert done.code == 4
        assert "DIFFERS: 1 of 4 answers" in done.out
        assert "hybrid: the record is not confirmed: it first differs in answer 3 (final), values[0]: recorded -1.1" in done.err
        assert json.loads(hybrid("replay", path, "--json").out)["first"]["n"] == 3


def test_replay_finds_a_forged_solution(hybrid, tmp_path):
    def edit(kind: str, body: dict, meta: dict) -> None:
        if kind == "stop":
            body["solution"] |= {"value": -1.2, "converged": True}

    done = hybrid("replay", forged(path_of("exact"), tmp_path / "a.jsonl", edit))
    assert done.code == 4
    assert "the solution, value: recorded -1.2, -1.1" in done.err


def test_replay_finds_answers_to_other_questions(hybrid, tmp_path):
    def edit(kind: str, body: dict, meta: dict) -> None:
        if kind == "answer" and body["n"] == 2:
            body["x"][0] += 1e-9
        if kind == "start":
            meta["versions"]["numpy"] = "1.0"

    done = hybrid("replay", forged(path_of("exact"), tmp_path / "a.jsonl", edit))
    assert (done.code, done.out) == (5, "")
    assert re.search(r"a.jsonl:4: answers another question than .*: numpy 1.0 then, \S+ now", done.err)


def test_replay_as_far_as_a_record_goes(hybrid, tmp_path):
    path = interrupted(SPECS["quick"], tmp_path, 3)
    done = hybrid("replay", path)
    assert (done.code, done.out) == (0, "identical: 3 answers, as far as the unfinished record goes\n")
    assert "3 answers, as far as the unfinished record goes" in " ".join(hybrid("replay", path, "--backend", "aer").out.split())
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    assert hybrid("replay", path).out.startswith("identical: 0 answers")


def test_replay_finds_the_files_of_the_run_or_says_what_became_of_them(hybrid, tmp_path, monkeypatch):
    there, elsewhere = tmp_path / "there", tmp_path / "elsewhere"
    there.mkdir()
    elsewhere.mkdir()
    (there / "my.edges").write_text("0 1\n1 2\n")
    monkeypatch.chdir(there)
    path = Path(session.run(Spec(problem="./my.edges", max_iterations=2)).record).resolve()
    assert hybrid("replay", path).out.startswith("identical: 3 answers")  # from the folder `home`
    (there / "my.edges").write_text("0 1\n1 2\n0 2\n")
    done = hybrid("replay", path)
    assert (done.code, done.out) == (5, "")
    assert re.search(r"jsonl:1: cannot be measured again: .* my.edges changed \(sha256 \w{16} then, \w{16} now\)", done.err)
    (there / "my.edges").unlink()
    assert "my.edges: no such file" in hybrid("replay", path).err
    shutil.move(there, elsewhere / "there")
    (Path.cwd() / "my.edges").write_text("0 1\n1 2\n")  # now where the command is given
    assert hybrid("replay", elsewhere / "there" / "results" / path.name).out.startswith("identical: 3 answers")
    (Path.cwd() / "my.edges").unlink()


def test_replay_reads_the_code_of_the_run_not_what_has_its_name_here(home, tmp_path, monkeypatch):
    mine = "from hybrid.base.types import Gradient\n\n\ndef mine(x, rng, *, rate: float = 0.1):\n    while True:\n"
    mine += "        _, gradient = yield Gradient(x, 0)\n        x = x - rate * gradient\n"
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(mine)
    path = Path(session.run(Spec(problem="h2", optimizer="./mine.py:mine:rate=0.2", max_evals=40)).record).resolve()
    monkeypatch.chdir(home)
    Path("mine.py").write_text("def mine(x, rng, *, other: int = 3):\n    yield\n")
    catalog.signature.cache_clear()
    assert set(catalog.parse("optimizers", "./mine.py:mine").options) == {"other"}
    assert repeat(path).verdict == "identical"
    assert set(catalog.parse("optimizers", "./mine.py:mine").options) == {"other"}


def test_replay_flags_that_do_not_fit(hybrid):
    assert "--seed needs --backend" in hybrid("replay", "latest", "--seed", 3).err
    assert "Did you mean 'aer'?" in hybrid("replay", "latest", "--backend", "aerr").err
    assert "threads must be at least 1" in hybrid("replay", "latest", "--threads", 0).err
    assert "Did you mean 'meluxina-q'?" in hybrid("replay", "latest", "--device", "meluxina").err


# ---- replay by another


def test_another_backend_agrees_with_every_seed(home):
    """Fifteen p-values: sane means neither small nor all the same; standard errors lean to the safe side."""
    found = [cross_check(path_of(f"seed{i}"), backend="exact", seed=k) for i in range(5) for k in range(3)]
    assert all(one.agrees and one.finished for one in found)
    values = [one.p for one in found]
    assert len(set(values)) == 15
    assert min(values) > 1e-3
    assert min(values) < 0.9
    assert 0.5 < np.mean([one.chi_squared / one.degrees for one in found]) < 1.3
    assert {one.degrees for one in found} == {13}


def test_its_randomness_is_its_own(home):
    """The same backend with the same shots: were the draws the record's, every z would be zero."""
    found = cross_check(path_of("quick"), backend="exact")
    again = cross_check(path_of("quick"), backend="exact")
    other = cross_check(path_of("quick"), backend="exact", seed=1)
    assert found == again
    z = np.array([answer.z[0] for answer in found.answers])
    assert np.count_nonzero(z == 0) <= 1
    assert found.p != other.p


def test_exact_values_agree_to_nine_digits(hybrid):
    done = hybrid("replay", SPECS["exact"].id, "--backend", "reference")
    assert done.code == 0
    assert "exact numbers    equal to nine digits" in done.out
    found = json.loads(hybrid("replay", SPECS["search"].id, "--backend", "reference", "--json").out)
    assert (found["p"], found["unequal"], found["agrees"]) == (None, 0, True)


def test_exact_values_judge_sampled_ones_and_the_other_way_round(home):
    for name, shots in (("gradients", 0), ("exact", 400), ("quick", 5000)):
        found = cross_check(path_of(name), shots=shots)
        assert found.agrees
        assert found.p > 1e-3
        assert found.degrees > 0
    assert len(cross_check(path_of("gradients"), shots=0).answers[0].z) == 9


def test_wrong_backends_are_caught(hybrid, home):
    (home / "wrong.py").write_text(WRONG)
    done = hybrid("replay", SPECS["seed0"].id, "--backend", "./wrong.py:wrong")
    assert done.code == 4
    assert "DO NOT AGREE" in done.out
    assert re.search(r"do not measure the same: p (= \S+e-\d+|< 1e-300), below 0.001", done.err)
    done = hybrid("replay", SPECS["exact"].id, "--backend", "./wrong.py:wrong:loss=0.9999999")
    assert done.code == 4
    assert "4 exact answers differ" in done.err
    assert hybrid("replay", SPECS["exact"].id, "--backend", "./wrong.py:wrong:loss=0.9999999999").code == 0
    assert max(map(len, done.out.splitlines())) <= 80


def test_another_device_counts_otherwise_and_is_asked_the_same(hybrid):
    """On the stand-in a gradient takes more evaluations: the budget that ended the run must not end the audit."""
    done = hybrid("replay", SPECS["exact"].id, "--device", "meluxina-q", "--json")
    found = json.loads(done.out)
    assert done.code == 4
    assert len(found["answers"]) == len(runs.read(path_of("exact")).answers)
    done = hybrid("replay", SPECS["seed0"].id, "--device", "ideal", "--shots", 2000)
    assert "7 answers" in done.out
    assert hybrid("replay", SPECS["cut"].id, "--shots", 100).code == 0


def test_z_and_p_of_one_answer():
    def body(loss: float, gradient: list[float], stderr: list[float]) -> dict:
        about = {"n": 4, "question": "gradient", "iteration": 2, "x": [0.0, 0.0]}
        return about | {"loss": loss, "loss_stderr": stderr[0], "gradient": gradient, "gradient_stderr": stderr[1:]}

    found = judge(AuditedAnswer(4, body(1.0, [2.0, 3.0], [0.3, 0.0, 0.0]), body(1.5, [2.0, 2.0], [0.4, 0.0, 2.0])), -1)
    assert found.z == [pytest.approx(1.0), None, pytest.approx(-0.5)]
    assert found.recorded == [-1.0, -2.0, -3.0]
    assert found.p_each == [pytest.approx(2 * norm.sf(1.0)), None, pytest.approx(2 * norm.sf(0.5))]
    assert found.p == pytest.approx(chi2.sf(1.25, 2))
    assert found.agrees
    assert not judge(AuditedAnswer(0, body(1.0, [2.0, 3.0], [0.3, 0.0, 0.0]), body(1.5, [2.1, 2.0], [0.4, 0.0, 2.0])), 1).agrees


# ---- plot and export


def test_five_runs_in_one_picture(hybrid, home):
    from hybrid.figures.convergence import draw
    from hybrid.figures.style import COLOURS
    from hybrid.figures.trace import read_trace

    done = hybrid("plot", *(SPECS[f"seed{i}"].id[:8] for i in range(5)))
    assert (done.code, done.out, done.err) == (0, "results/runs.png\n", "")
    assert (home / "results/runs.png").read_bytes().startswith(b"\x89PNG")
    figure = draw(*(read_trace(path_of(f"seed{i}")) for i in range(5)))
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels[:2] == ["Hartree-Fock", "exact"]
    assert [label.split(":")[0] for label in labels[2:]] == [f"seed {i}" for i in range(5)]
    assert len({line.get_color() for line in figure.axes[0].lines} & set(COLOURS)) >= 5
    texts = " ".join(text.get_text() for text in figure.texts)
    assert "5 runs, real_amplitudes, spsa, 200 shots" in texts
    assert "Not a prediction" in texts


def test_what_tells_runs_apart(home):
    from hybrid.figures.convergence import draw
    from hybrid.figures.trace import differing, read_trace

    def told(*names: str) -> list[str]:
        return differing([read_trace(path_of(name)) for name in names])

    sampled, exact = told("seed0", "exact")
    assert [sampled.split(", ")[i] for i in (1, -1)] == ["spsa", "200 shots"]
    assert {"meluxina-q", "real_amplitudes"} <= {*sampled.split(", ")}
    assert [exact.split(", ")[i] for i in (1, -1)] == ["adam", "exact values"]
    assert {"ideal", "efficient_su2"} <= {*exact.split(", ")}
    assert [text.split(", ")[-1] for text in told("exact", "gradients")] == ["exact values", "100 shots"]
    assert told("exact", "exact")[0] == SPECS["exact"].id
    figure = draw(read_trace(path_of("seed0")), read_trace(path_of("exact")))
    footer = figure.texts[-1].get_text()
    assert "meluxina-q: " in footer
    assert "ideal: " in footer


def test_plot_where_and_what_not(hybrid, tmp_path):
    target = tmp_path / "a.svg"
    assert hybrid("plot", SPECS["exact"].id, SPECS["search"].id, "--out", target).out == f"{target}\n"
    assert b"<svg" in target.read_bytes()
    assert hybrid("plot", SPECS["exact"].id).out == f"{path_of('exact').with_suffix('.png')}\n"
    done = hybrid("plot", SPECS["exact"].id, SPECS["cut"].id)
    assert (done.code, done.out) == (2, "")
    assert "measures energy (Ha)" in done.err
    unfinished = interrupted(SPECS["quick"], tmp_path, 3)
    assert hybrid("plot", unfinished, path_of("seed1"), "--out", target).code == 0
    assert "written as .png, .svg or .pdf" in hybrid("plot", "latest", "--out", "a.eps").err


@pytest.mark.parametrize("name", SPECS)
def test_export_one_row_per_answer(hybrid, name, tmp_path):
    run = runs.read(path_of(name))
    text = hybrid("export", SPECS[name].id).out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [int(row["n"]) for row in rows] == list(range(len(run.answers)))
    assert [row["question"] for row in rows] == [answer["question"] for answer in run.answers]
    result, last = run.result, rows[-1]
    assert (float(last["value"]), float(last["stderr"]), int(last["nfev"])) == (result.value, result.stderr, result.nfev)
    assert [float(last[f"x_{i}"]) for i in range(len(result.x))] == list(result.x)
    found = json.loads(hybrid("export", SPECS[name].id, "--format", "json").out)
    assert [[str(value) if value is not None else "" for value in row.values()] for row in found] == [
        list(row.values()) for row in rows
    ]
    for suffix in ("csv", "json"):
        assert hybrid("export", SPECS[name].id, "--out", target := tmp_path / f"a.{suffix}").out == ""
        assert target.read_text() == (text if suffix == "csv" else hybrid("export", SPECS[name].id, "--format", "json").out)


def test_export_has_every_value_in_the_reported_sign(home):
    run = runs.read(path_of("cut"))
    rows = list(runs.rows(run))
    assert all(row["value"] > 0 for row in rows)
    assert rows[0]["gradient_1"] == -run.answers[0]["gradient"][1]
    assert rows[-1]["gradient_1"] is None
    run = runs.read(path_of("simplex"))
    first, second, *_ = runs.rows(run)
    assert first["points"] == len(run.answers[0]["values"]) == first["nfev"]
    assert [first[f"value_{i}"] for i in range(1, first["points"])] == run.answers[0]["values"][1:]
    assert (second["points"], second["value_1"], second["nfev"]) == (1, None, first["nfev"] + 1)


def test_export_has_what_was_measured_besides_as_it_is(tmp_path):
    run = runs.read(Path(session.run(Spec(algorithm="quantum_kernel", problem="moons:n=6"), tmp_path).record))
    measured = [(answer, row) for answer, row in zip(run.answers, runs.rows(run), strict=True) if row["question"] == "measure"]
    assert measured
    for answer, row in measured:
        found = [row["value"], *(row[f"value_{i}"] for i in range(1, row["points"]))]
        assert (found, row["stderr"]) == (answer["values"], answer["stderr"][0])


def test_export_of_an_unfinished_run_counts_too(home, tmp_path):
    rows = list(runs.rows(runs.read(interrupted(SPECS["cut"], tmp_path, 2))))
    assert [row["nfev"] for row in rows] == [17, 34]
    assert all(row["value"] > 0 for row in rows)


def test_export_that_cannot_be_written(hybrid, tmp_path):
    done = hybrid("export", "latest", "--out", tmp_path / "no" / "a.csv")
    assert (done.code, done.out) == (2, "")
    assert "cannot be written" in done.err


# ---- the command


@pytest.mark.parametrize(
    "words",
    ["list", "list --json", "show latest", "show latest --json", "diff {0} {1} --json", "replay {0} --json", "export {0}"],
)
def test_everything_works_in_pipes(hybrid, home, words):
    """A reader that leaves after one line, of a process of its own; a reader of everything, in this process."""
    words = words.format(SPECS["quick"].id, SPECS["seed1"].id)
    command = f"set -o pipefail; {sys.executable} -m hybrid runs {words} | head -n 1"
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "80"}
    done = subprocess.run(["bash", "-c", command], cwd=home, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout and "\x1b" not in done.stdout
    whole = hybrid(*words.split())
    assert (whole.code, whole.err) == (0, "")
    assert whole.out.startswith(done.stdout) and "\x1b" not in whole.out
    if "--json" in words:
        json.loads(whole.out)


def test_looking_at_runs_loads_no_simulator(home):
    lines = ["list", "show latest", f"diff {SPECS['seed0'].id} latest", "export latest", "show nothing", "--help"]
    code = f"""if True:
        import sys
        from hybrid.cli.app import main
        for line in {lines!r}:
            sys.argv = ["hybrid", "runs", *line.split()]
            try:
                main()
            except SystemExit:
                pass
        heavy = [name for name in ("numpy", "scipy", "qiskit", "matplotlib") if name in sys.modules]
        assert not heavy, heavy"""
    subprocess.run([sys.executable, "-c", code], cwd=home, capture_output=True, text=True, check=True)


def test_help_names_every_verb(hybrid):
    verbs = {"list", "show", "diff", "replay", "plot", "export"}
    for words in ([], ["--help"]):
        assert verbs <= set(hybrid(*words).out.split())
    assert "Did you mean 'replay'?" in hybrid("repaly").err
    for verb in verbs:
        text = hybrid(verb, "--help").out
        assert "--results" in text
        assert max(map(len, text.splitlines())) <= 80
    assert hybrid("list", "-n", 0).code == 2
    with pytest.raises(UsageError):
        record.find(Path("results"), "")
