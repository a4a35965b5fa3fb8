"""The published grid: its files are MQT Bench's, perfect devices score as perfect shots do, noisy ones less."""

import json
import warnings

import pytest
from bench_command import call
from qiskit import qasm2

from hybrid.bench import scores
from hybrid.bench.scores import FOLDER, GRID, score
from hybrid.cli.bench_text import scored
from hybrid.device import Device


def test_the_files_are_what_mqt_bench_writes():
    bench = pytest.importorskip("mqt.bench")
    assert sorted(path.stem for path in FOLDER.glob("*.qasm")) == sorted(f"{name}_{n}" for name, n in GRID)
    for name, n in GRID:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = qasm2.dumps(bench.get_benchmark(name, bench.BenchmarkLevel.INDEP, n))
        kept = (FOLDER / f"{name}_{n}.qasm").read_text().partition("\n")[2]
        assert qasm2.loads(kept, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS) == qasm2.loads(
            made, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS
        )


@pytest.fixture
def small(monkeypatch):
    """The narrow half of the grid: all of it takes minutes on a stand-in."""
    monkeypatch.setattr(scores, "GRID", (("ghz", 3), ("qft", 4), ("grover", 4)))


def test_a_perfect_device_scores_as_perfect_shots_do(small):
    for one in score(Device.load("ideal"), shots=2000, seed=3):
        found = one.found
        assert found is not None and found.fidelity is not None and found.perfect_fidelity is not None
        assert abs(found.fidelity - found.perfect_fidelity) < 5 * max(found.fidelity_stderr or 0, 1e-3)
        assert found.blind_to_noise == (one.circuit == "qft")


def test_a_stand_in_scores_less_and_says_what_it_is(small):
    device = Device.load("meluxina-q", dephasing="markov")
    found = score(device, shots=1000, seed=3)
    ghz = found[0].found
    assert ghz is not None and ghz.fidelity is not None and ghz.perfect_fidelity is not None
    assert 0.5 < ghz.fidelity < ghz.perfect_fidelity - 5 * (ghz.fidelity_stderr or 0)
    text = scored(found, device.label, device.caveat, 1000)
    assert "blind" in text and "Not a prediction" in " ".join(text.split()) and max(map(len, text.splitlines())) <= 80


def test_what_does_not_fit_is_left_out(monkeypatch):
    monkeypatch.setattr(scores, "GRID", (("ghz", 10),))
    (only,) = score(Device.load("spin-sige-6q"), shots=10)
    assert only.found is None and only.to_json()["fidelity"] is None


def test_on_the_command_line(small, monkeypatch, capsys):
    code, out, _ = call(monkeypatch, capsys, "score", "ideal", "--shots", "100", "--json", "--quiet")
    told = json.loads(out)
    assert code == 0 and told["suite"] == "grid@1" and len(told["scores"]) == 3 and told["caveat"]
    code, _, err = call(monkeypatch, capsys, "score", "nowhere")
    assert code == 2 and "unknown device" in err
    code, _, err = call(monkeypatch, capsys, "plan", "--suite", "grid@1")
    assert code == 2 and "hybrid bench score" in err
