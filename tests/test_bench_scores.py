"""The published grid: its files are MQT Bench's, perfect devices score as perfect shots do, noisy ones less; as a suite too."""

import json
import warnings
from dataclasses import replace

import pytest
from bench_rows import row
from probes import probed_once
from qiskit import qasm2

from hybrid.base.errors import UsageError
from hybrid.bench import rows as row_files
from hybrid.bench import suites
from hybrid.bench.cells import cell_id
from hybrid.bench.schema import complaint, row_schema
from hybrid.bench.scores import CIRCUITS, FOLDER, cells, score
from hybrid.bench.summary import figures
from hybrid.cli.bench_scores import scored
from hybrid.device.device import Device
from hybrid.figures.bench_page import report

NARROW = ["ghz:n=3", "qft:n=4", "grover:n=4"]
SUITE = """
title = "the narrow half of the grid: all of it takes minutes on a stand-in"
about = "for tests"
processes = 1
seconds = 9
time_limit_s = 120
device = "meluxina-q:dephasing=markov"

[[cells]]
circuits = ["ghz:n=3,10", "qft:n=4"]
backends = ["aer"]
shots = 300
"""


def test_the_files_are_what_mqt_bench_writes():
    bench = pytest.importorskip("mqt.bench")
    for cell in suites.load("grid@1").scores():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = qasm2.dumps(bench.get_benchmark(cell.circuit, bench.BenchmarkLevel.INDEP, cell.n))
        kept = cell.path.read_text().partition("\n")[2]
        assert qasm2.loads(kept, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS) == qasm2.loads(
            made, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS
        )


def test_the_suite_is_the_published_grid():
    found = suites.load("grid@1").scores()
    assert [f"{cell.circuit}_{cell.n}" for cell in found] == [
        *("ghz_3", "ghz_10", "qft_4", "qft_10", "qpeexact_4", "qpeexact_10", "grover_4", "grover_6")
    ]
    assert sorted(path.stem for path in FOLDER.glob("*.qasm")) == CIRCUITS == sorted(f"{c.circuit}_{c.n}" for c in found)
    assert {(cell.shots, cell.device.label) for cell in found} == {(10_000, "meluxina-q")}
    assert [cell.plain["n_qubits"] for cell in found] == [cell.n for cell in found]


def test_a_score_is_named_by_all_that_it_depends_on():
    (base,) = cells(["ghz:n=3"], ["aer"], "meluxina-q")
    others = [
        replace(base, **change)
        for change in ({"shots": 99}, {"seed": 1}, {"realizations": 7}, {"dephasing": "markov"}, {"device_text": "ideal"})
    ]
    assert len({cell.id for cell in (base, *others)}) == 6
    assert replace(base, backend_text="aer:method=automatic").plain["backend"] in ("aer", "aer:method=automatic")
    with pytest.raises(UsageError, match="unknown published circuit 'ghz:n=4'. Did you mean 'ghz:n=3'"):
        cells(["ghz:n=4"], ["aer"], "ideal")


def test_a_perfect_device_scores_as_perfect_shots_do():
    for one in score([replace(cell, shots=2000, seed=3) for cell in cells(NARROW, ["aer"], "ideal")]):
        assert one.found is not None
        assert abs(one.found["fidelity"] - one.found["perfect_fidelity"]) < 5 * max(one.found["fidelity_stderr"], 1e-3)
        assert one.found["blind_to_noise"] == one.cell["workload"].startswith("mqt/qft")
        if not one.found["blind_to_noise"]:
            assert abs(one.found["rescaled_fidelity"] - 1) < 5 * max(one.found["rescaled_fidelity_stderr"], 1e-3)


def test_a_stand_in_scores_less_and_says_what_it_is():
    found = score([replace(cell, shots=1000, seed=3) for cell in cells(NARROW[:2], ["aer"], "meluxina-q:dephasing=markov")])
    ghz = found[0].found
    assert ghz is not None
    assert 0.5 < ghz["fidelity"] < ghz["perfect_fidelity"] - 5 * ghz["fidelity_stderr"]
    text = scored(found)
    assert "blind" in text and "Not a prediction" in " ".join(text.split()) and max(map(len, text.splitlines())) <= 80


def test_what_does_not_fit_is_left_out():
    (only,) = score(cells(["ghz:n=10"], ["aer"], "spin-sige-6q", shots=10))
    assert only.found is None and only.to_json()["fidelity"] is None
    assert "10 qubits; spin-sige-6q has 6" in scored([only])


@pytest.mark.usefixtures(probed_once.__name__)
def test_a_suite_of_scores_runs_like_any_other(monkeypatch, command, tmp_path):
    """Rows by the schema, a table with uncertainty and caveat, no byte more the second time, nothing in the ranks."""
    (tmp_path / "mine.toml").write_text(SUITE)
    monkeypatch.chdir(tmp_path)
    words = ("run", "--suite", "./mine.toml", "--out", "r.jsonl", "--quiet")
    code, out, err = command("bench", *words, "--device", "spin-sige-6q:dephasing=markov")
    assert code == 0, err
    found = {found["cell"]["workload"]: found for found in row_files.read(tmp_path / "r.jsonl")}
    assert {name: one["status"] for name, one in found.items()} == {
        "mqt/ghz:n=3": "ok",
        "mqt/ghz:n=10": "unsupported",
        "mqt/qft:n=4": "ok",
    }
    ghz = found["mqt/ghz:n=3"]
    assert not complaint(ghz, row_schema()) and ghz["score"]["rescaled_fidelity_stderr"] > 0
    assert ghz["cell"]["device"] == "spin-sige-6q:dephasing=markov" and ghz["environment"]["versions"]["qiskit-aer"]
    assert max(map(len, out.splitlines())) <= 80 and "It is not MeluXina-Q" in " ".join(out.split())
    before = (tmp_path / "r.jsonl").read_bytes()
    assert command("bench", *words, "--device", "spin-sige-6q:dephasing=markov") == (0, out, "")
    assert (tmp_path / "r.jsonl").read_bytes() == before
    assert command("bench", "show", "r.jsonl")[1] == out
    told = json.loads(command("bench", "show", "r.jsonl", "--json")[1])
    assert told["cells"] == [] and len(told["scores"]) == 3
    rows = list(found.values())
    assert figures(rows) == [] and "It is not MeluXina-Q" in report(rows)
    assert "Scores of spin-sige-6q" in report([*rows, row("ghz:n=4", "aer", status="error")])
    _, out, _ = command("bench", "plan", "--suite", "./mine.toml", "--out", "r.jsonl", "--json")
    assert [cell["lacking"] for cell in json.loads(out)["cells"]] == [1, 1, 1]  # of the suite's own device there is nothing


def test_a_score_row_is_held_to_the_schema():
    good = row("ghz:n=4", "aer")
    assert not complaint(good, row_schema())
    assert "'score.fidelity' is missing" in complaint(good | {"score": {}}, row_schema())
    cell = good["cell"] | {"device": "ideal", "task": "score"}
    assert not complaint(good | {"cell": cell, "cell_id": cell_id(cell)}, row_schema())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "--suite", "s@1", "--device", "ideal"], "--device needs a suite that scores a device, such as grid@1"),
        (["plan", "--workload", "ghz", "--backend", "aer", "--device", "ideal"], "such as --suite grid@1"),
        (["plan", "--suite", "grid@1", "--device", "idael"], "unknown device 'idael'. Did you mean 'ideal'?"),
        (["verify", "--suite", "grid@1"], "grid@1 scores a device and has nothing to verify"),
        (["score", "nowhere"], "unknown device"),
    ],
)
def test_mistakes_are_told(command, words, said):
    code, _, err = command("bench", *words)
    assert code == 2 and said in err


def test_the_shortcut(monkeypatch, command):
    monkeypatch.setattr(suites.Suite, "scores", lambda self, device: cells(NARROW, ["aer"], device))
    code, out, _ = command("bench", "score", "ideal", "--shots", "100", "--json", "--quiet")
    told = json.loads(out)
    assert code == 0 and told["suite"] == "grid@1" and len(told["scores"]) == 3
    assert told["caveat"] == Device.load("ideal").caveat and told["scores"][0]["cell"]["shots"] == 100
