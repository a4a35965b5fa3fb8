"""A package executed again: it holds, an edited file is named, and a machine's answers are compared with a p-value each."""

import json
import shutil
from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from rehearsals import rehearsed

from hybrid.base.errors import RecordError, UsageError
from hybrid.rehearsal.package import archive
from hybrid.rehearsal.package.contents import contents
from hybrid.rehearsal.package.on_machine import compare, g_test
from hybrid.rehearsal.package.verification import verify
from hybrid.runs.spec import Spec

SPEC = Spec(problem="h2", shots=200, max_evals=2)


def same(rehearsal, records):
    return rehearsal


def undrawn(rehearsal):
    return {}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Without pictures, which take longer than all the rest; tests/test_package_page.py verifies them."""
    folder = tmp_path_factory.mktemp("whole")
    rehearsal = rehearsed(SPEC, folder / "results", devices=("iqm-star-24",))
    made = contents(rehearsal, folder / "results", undrawn)
    return archive.write(made.files, made.times, folder / "evidence").folder


@pytest.fixture
def copy(package, tmp_path):
    return Path(shutil.copytree(package, tmp_path / "evidence"))


def test_a_package_holds(package):
    verification = verify(package, undrawn, same)
    assert not verification.failed and verification.sentence.startswith("The package holds")
    records = [one for one in verification.findings if one.what.startswith("records/")]
    assert len(records) == 2 and all("identical" in one.words for one in records)
    assert json.loads(json.dumps(verification.to_json()))["holds"] is True


@pytest.mark.parametrize("name", ["README.md", "bill.md", "form.json", "circuits/iqm-star-24/circuit-0.qasm"])
def test_an_edited_text_is_named_and_is_not_what_follows(copy, name):
    path = copy / name
    path.write_text(path.read_text().replace("0", "1", 1))
    failed = {one.what: one.words for one in verify(copy, undrawn, same).failed}
    assert "texts, bill, form, circuits and pictures" in failed and name in failed


def test_an_edited_text_with_its_checksum_made_anew_is_still_found(copy):
    """Checksums are against accidents; that a number follows from the others is what is verified."""
    path = copy / "bill.md"
    path.write_text(path.read_text().replace("**0.0015**", "**0.0005**"))
    (copy / "checksums.txt").write_bytes(archive.checksums(archive.held(copy)))
    verification = verify(copy, undrawn, same)
    assert [one.what for one in verification.failed] == ["bill.md", "texts, bill, form, circuits and pictures"]


def test_an_edited_record_is_named(copy):
    path = sorted((copy / "records").iterdir())[0]
    path.write_text(path.read_text().replace('"nfev":2', '"nfev":1'))
    failed = [one for one in verify(copy, undrawn, same).failed if one.what == f"records/{path.name}"]
    assert len(failed) == 2 and "was changed since" in failed[0].words and "checksum does not fit" in failed[1].words


def test_files_missing_and_added_are_named(copy):
    (copy / "bill.md").unlink()
    (copy / "more.txt").write_text("more")
    failed = {one.what: one.words for one in verify(copy, undrawn, same).failed}
    assert failed["more.txt"] == "was added since" and "bill.md" in failed


def test_a_number_that_is_not_its_records_is_found(copy):
    path = copy / "rehearsal.json"
    about = json.loads(path.read_text())
    about["devices"][0]["runs"][0]["value"] -= 0.1
    path.write_text(json.dumps(about))
    failed = {one.what: one.words for one in verify(copy, undrawn, same).failed}
    assert "its record" in failed["raw on iqm-star-24"]


def test_a_verdict_that_is_not_made_again_is_found(package):
    failed = verify(package, undrawn, lambda rehearsal, records: replace(rehearsal, n_qubits=3)).failed
    assert {one.what: one.words for one in failed}["verdict"] == "n_qubits is 2 in the package, 3 made again"


def test_what_is_no_package_is_refused(tmp_path, copy):
    with pytest.raises(UsageError, match="holds no package: it has no checksums.txt"):
        verify(tmp_path, undrawn, same)
    (copy / "rehearsal.json").write_text("{")
    with pytest.raises(RecordError, match="rehearsal.json: cannot be read"):
        verify(copy, undrawn, same)
    (copy / "rehearsal.json").unlink()
    with pytest.raises(RecordError, match="rehearsal.json: is missing"):
        verify(copy, undrawn, same)


VLQ = """
from hybrid import Device


def vlq():
    return Device.load("iqm-star-24").backend()


def worse():
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, depolarizing_error

    noise = NoiseModel()
    noise.add_all_qubit_quantum_error(depolarizing_error(0.1, 2), ["cz", "cx"])
    return AerSimulator(noise_model=noise, max_parallel_threads=1)
"""


@pytest.fixture
def machines(tmp_path, monkeypatch):
    (tmp_path / "machines.py").write_text(VLQ)
    monkeypatch.chdir(tmp_path)


def test_the_profile_as_a_machine_answers_as_rehearsed(package, machines):
    """The device's own noise behind Qiskit's interface: by chance one in a thousand seeds would differ; this one is fixed."""
    (comparison,) = compare(package, "qiskit:object=./machines.py:vlq", 4000, seed=1)
    assert comparison.differing == 0 and len(comparison.circuits) == 2 and comparison.sentence.startswith("iqm-star-24")
    for one in comparison.circuits:
        assert abs(one.mean - one.rehearsed) < 4 * one.stderr  # 4 standard errors: 6e-5 each


def test_another_machine_is_found(package, machines):
    (comparison,) = compare(package, "qiskit:object=./machines.py:worse", 20_000, seed=1)
    assert comparison.differing == 2 and min(one.p_holm for one in comparison.circuits) < 1e-6
    assert "2 of 2 circuits differ" in comparison.sentence


def test_only_a_machine_is_compared_with(package, copy):
    with pytest.raises(UsageError, match="name a machine"):
        compare(package, "exact", 100)
    shutil.rmtree(copy / "circuits")
    with pytest.raises(UsageError, match="holds no circuits"):
        compare(copy, "qiskit:object=qiskit_aer:AerSimulator", 100)


@pytest.mark.statistics
def test_p_is_as_rare_as_it_says():
    """2,000 draws from the distribution itself: p < 0.05 in 5 % of them, within 4 standard errors; with a small rest too."""
    rng, n = np.random.default_rng(3), 2000
    for rest in (0.2, 0.0005):
        listed = np.array([0.5, 0.3, 0.15, 0.05]) * (1 - rest)
        low = 0
        for _ in range(n):
            drawn_counts = rng.multinomial(1000, [*listed, rest])
            counts = {f"{i:03b}": int(count) for i, count in enumerate(drawn_counts)}
            low += g_test(counts, {f"{i:03b}": float(q) for i, q in enumerate(listed)})[2] < 0.05
        assert low / n < 0.05 + 4 * sqrt(0.05 * 0.95 / n)
    assert low / n > 0.01  # twice the smaller of two p-values is careful, not blind


def test_the_likelihood_ratio_by_hand():
    """60 and 40 where 50 and 50 are expected: G = 2 (60 ln 1.2 + 40 ln 0.8) = 4.0271, p = 0.0448 with one degree of freedom."""
    g, cells, p = g_test({"0": 60, "1": 40}, {"0": 0.5, "1": 0.5})
    assert (g, cells, p) == (pytest.approx(4.02710, abs=1e-5), 2, pytest.approx(2 * 0.044774, abs=1e-5))
    assert g_test({"0": 99, "1": 1}, {"0": 1.0})[2] == 0.0  # what cannot happen, happened
    assert g_test({"0": 100}, {"0": 1.0})[2] == 1.0
