"""The flags of `hybrid rehearse` for packages: what is wrong is said before anything is played, with exit code 2, 4 or 5."""

import json
import shutil

import pytest
from rehearsals import rehearsed

from hybrid.rehearsal.package import archive
from hybrid.rehearsal.package.contents import contents
from hybrid.runs.spec import Spec


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    rehearsal = rehearsed(Spec(problem="h2", shots=200, max_evals=2), folder / "results", devices=("iqm-star-24",))
    made = contents(rehearsal, folder / "results", lambda one: {})
    return archive.write(made.files, made.times, folder / "evidence").folder


WRONG = {
    "redact without package": (["h2", "--redact"], "name its folder with --package FOLDER"),
    "something else there": (["h2", "--package", "full"], "is not empty and holds no package; nothing was changed"),
    "a file there": (["h2", "--package", "full/mine.txt"], "is a file; --package takes a folder"),
    "no package": (["--verify", "full"], "holds no package: it has no checksums.txt"),
    "words beside it": (["h2", "--verify", "full"], "--verify takes everything from the package; leave h2 out"),
    "flags beside it": (["--verify", "full", "--max-evals", "3"], "leave --max-evals out"),
    "shots without a machine": (["--verify", "full", "--shots", "3"], "go with --backend qiskit:object=..."),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_in_words(case, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    words, message = WRONG[case]
    outcome = command("rehearse", *words)
    assert outcome.code == 2 and message in outcome.err and not outcome.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"] and not (tmp_path / "results").exists()


def test_an_edited_file_is_named_and_the_code_is_4(command, package, tmp_path):
    copy = shutil.copytree(package, tmp_path / "evidence")
    path = copy / "bill.md"
    path.write_text(path.read_text().replace("0.9 s", "0.1 s"))
    outcome = command("rehearse", "--verify", copy, "--quiet")
    assert outcome.code == 4 and "FAIL bill.md: was changed since" in outcome.out and "do not hold" in outcome.err


def test_code_that_a_package_brings_is_not_run_unasked(command, package, tmp_path):
    copy = shutil.copytree(package, tmp_path / "evidence")
    (copy / "inputs").mkdir()
    (copy / "inputs/mine.py").write_text("raise SystemExit(77)\n")
    outcome = command("rehearse", "--verify", copy, "--quiet")
    assert outcome.code == 2 and "mine.py: this package brings code" in outcome.err and "--with-code" in outcome.err
    assert "inputs/mine.py: was added since" in command("rehearse", "--verify", copy, "--with-code", "--quiet").out


def test_a_damaged_package_ends_with_5(command, package, tmp_path):
    copy = shutil.copytree(package, tmp_path / "evidence")
    (copy / "rehearsal.json").write_text("{}")
    outcome = command("rehearse", "--verify", copy, "--quiet")
    assert outcome.code == 5 and "rehearsal.json: cannot be read" in outcome.err


def test_a_machine_is_compared_with_a_p_for_each_circuit(command, package):
    backend = ["--backend", "qiskit:object=qiskit_aer:AerSimulator", "--shots", "5000", "--quiet"]
    outcome = command("rehearse", "--verify", package, *backend)
    assert outcome.code == 4 and "p (Holm)" in outcome.out and outcome.out.count("circuit-") == 2
    about = json.loads(command("rehearse", "--verify", package, *backend, "--json").out)
    assert {"file", "mean", "stderr", "rehearsed", "p", "p_holm"} <= about[0]["circuits"][0].keys()
