"""Every example and every command of the README runs; a file without a test here fails."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import run_script
from readme import README, blocks

from hybrid import catalog
from hybrid.cli.app import EXIT_CODES

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
MAIN = [sys.executable, "-m", "hybrid"]
QUICK = {
    "vqe_h2.toml": ["--max-evals", "20"],
    "vqe_tfim10_meluxina.toml": [],
    "qaoa_petersen.toml": [],
    "portfolio.toml": ["--max-iterations", "4"],
    "grid_partition.toml": ["--max-iterations", "4"],
    "classifier.toml": ["--max-iterations", "4"],
}
"""Experiment -> flags that keep it short here; without them they are run by the slow test below."""


@pytest.fixture
def folder(tmp_path):
    """A folder that looks like the checkout, results apart."""
    for name in ("seeds", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def script(folder, monkeypatch):
    """`python PATH WORDS` in the folder, in this process; what it prints."""
    monkeypatch.chdir(folder)
    return lambda path, *words: run_script(folder / path, *words)


def run(command: list[str], folder: Path) -> str:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def hybrid(command, folder, monkeypatch):
    """`hybrid WORDS` in the folder, in this process: a start takes longer than most of these commands. What it prints."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")

    def call(*words: str) -> str:
        done = command(*words)
        assert done.code == 0, done.err
        return done.out

    return call


def test_every_example_is_tested():
    benchmarks = {f"benchmarks/{name}.py" for name in ("engine", "engine_peers", "vqe_lightning", "overhead", "silicon_spin")}
    tested = {*QUICK, "energy_landscape.py", "optimizers.py", *benchmarks, "README.md"}
    files = [path for path in EXAMPLES.rglob("*") if path.is_file() and not {"__pycache__", "circuits"} & set(path.parts)]
    found = {str(path.relative_to(EXAMPLES)) for path in files}
    assert found == tested
    assert all(name in (EXAMPLES / "README.md").read_text() for name in tested - {"README.md"})


@pytest.mark.parametrize("name", sorted(QUICK.keys() - {"vqe_tfim10_meluxina.toml"}))  # ten qubits are for the slow test
def test_experiment(name, hybrid):
    found = json.loads(hybrid("run", f"examples/{name}", "--json", *QUICK[name]))
    assert found["stderr"] > 0 or found["shots"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(QUICK))
def test_experiment_in_full(name, folder):
    assert "record" in run([*MAIN, "run", f"examples/{name}"], folder)


CIRCUITS = re.findall(
    r"^\| `(\S+)` .* ([\d.]+), ([\d.]+) us \|$", (EXAMPLES / "circuits" / "README.md").read_text(), re.MULTILINE
)


def test_every_circuit_has_its_numbers():
    assert sorted(name for name, *_ in CIRCUITS) == sorted(path.name for path in (EXAMPLES / "circuits").glob("*.qasm"))


QUICK_CIRCUITS = ("bell.qasm", "grover_3.qasm", "ramsey.qasm", "teleportation.qasm")
"""The rest are run by the slow tests."""


@pytest.mark.parametrize(
    ("name", "fidelity", "microseconds"),
    [pytest.param(*row, marks=[] if row[0] in QUICK_CIRCUITS else pytest.mark.slow) for row in CIRCUITS],
)
def test_circuit_on_ideal_and_on_the_stand_in(name, fidelity, microseconds, hybrid):
    """The table's two digits, from another seed: two standard errors of 2,000 shots are 0.02."""
    words = ["sample", f"examples/circuits/{name}", "--shots", "2000", "--seed", "1", "--json"]
    words += ["--bind", "phi=0.8"] if name == "ramsey.qasm" else []
    ideal = json.loads(hybrid(*words))
    assert ideal["fidelity"] > 0.99
    found = json.loads(hybrid(*words, "--device", "meluxina-q"))
    assert found["fidelity"] == pytest.approx(float(fidelity), abs=0.005 + 4 * found["fidelity_stderr"])
    assert found["duration_s"] * 1e6 == pytest.approx(float(microseconds), abs=0.006)
    assert found["fidelity"] < found["perfect_fidelity"]


def test_energy_landscape(script):
    rows = [line.split() for line in script("examples/energy_landscape.py").splitlines()[1:]]
    assert len(rows) == 7
    assert all(float(ideal) < float(stand_in) for _, ideal, stand_in, *_ in rows)


@pytest.mark.slow
def test_optimizers(folder):
    """Every optimiser has a line and the picture is there."""
    pytest.importorskip("matplotlib")
    out = run([sys.executable, "examples/optimizers.py"], folder)
    assert {line.split()[0] for line in out.splitlines()} == {*catalog.names("optimizers"), "plot:"}
    assert (folder / "optimizers.png").stat().st_size > 10_000


def test_overhead_benchmark(script):
    out = script("examples/benchmarks/overhead.py", "--quick")
    assert "ours / raw Aer" in out
    assert "bytes per answer" in out


def test_engine_benchmark(script):
    out = script("examples/benchmarks/engine.py", "--quick")
    for word in ("floor", "parameter shift on Aer", "realization error", "growth per qubit"):
        assert word in out


def test_the_lightning_script_does_what_the_engine_benchmark_compares(folder):
    """Three steps of Adam down from 0.1 rad around |0...0>, whose energy is -9."""
    pytest.importorskip("pennylane_lightning", reason="pip install pennylane")
    out = run([sys.executable, "examples/benchmarks/vqe_lightning.py", "3"], folder)
    energies = json.loads((folder / "vqe.json").read_text())["energies"]
    assert len(energies) == 4 and float(out) == energies[-1] < energies[0] < -8


def test_silicon_spin_benchmark(script):
    out = script("examples/benchmarks/silicon_spin.py", "--quick")
    assert "hybrid, aer" in out
    assert "pip install spin-pulse" in out or "claimed: at most 1/50" in out


def test_readme_start(hybrid):
    """The command after the set-up with a tenth of its evaluations; the slow test below runs set-up and all."""
    *setup, command = blocks()["start"].strip().split(" && ")
    assert setup == ["python3 -m venv .venv", ".venv/bin/pip install -q ."]
    words = shlex.split(command)[1:]
    words[words.index("--max-evals") + 1] = "20"
    out = hybrid(*words)
    for word in ("energy", "±", "exact", "gap", "Hartree-Fock", "QPU time", "record", "Not a prediction"):
        assert word in " ".join(out.split())


@pytest.mark.slow
def test_readme_start_in_full(tmp_path):
    """A clean clone, a fresh virtual environment."""
    subprocess.run(["git", "clone", "-q", ROOT, tmp_path / "clone"], check=True)
    assert "energy" in run(["bash", "-c", blocks()["start"]], tmp_path / "clone")


def test_readme_test_command_is_what_ci_runs():
    assert "tests/readme.py test" in (ROOT / ".ci" / "run").read_text()
    assert ".venv/bin/pytest" in blocks()["test"]


@pytest.mark.parametrize(
    "line",
    [
        line.partition("#")[0].strip()
        for name in ("tour", "algorithms", "physics", "problems", "foreign")
        for line in blocks()[name].splitlines()
    ],
)
def test_readme_tour(line, hybrid):
    assert line.startswith("hybrid ")
    assert hybrid(*shlex.split(line)[1:])


def test_readme_explain(hybrid):
    measured, explained = (hybrid(*shlex.split(line)[1:]) for line in blocks()["explain"].splitlines())
    assert "energy" in measured and "readout" in explained


def test_readme_bench(hybrid, folder):
    """One behind the other: the later ones read what the earlier have written."""
    lines = [line.partition("#")[0] for line in blocks()["bench"].splitlines()]
    outs = [hybrid(*shlex.split(line)[1:]) for line in lines]
    assert "s@1" in outs[0] and "su4_brick" in outs[4].replace("-", "_")
    assert "<table" in (folder / "r.html").read_text()


def test_readme_qiskit(script, folder):
    (folder / "readme_block.py").write_text(blocks()["qiskit"])
    assert "{" in script("readme_block.py")


def test_readme_python(script, folder):
    text = blocks()["python"]
    assert "max_evals=100" in text
    (folder / "readme_block.py").write_text(text.replace("max_evals=100", "max_evals=10"))
    assert "results/" in script("readme_block.py")


(MINE,) = re.findall(r"<!-- file: mine.py -->\s*```python\n(.*?)```", README.read_text(), re.DOTALL)


def test_readme_shows_a_member_of_every_family():
    docs = [ast.get_docstring(node) or "" for node in ast.parse(MINE).body if isinstance(node, ast.FunctionDef)]
    shown = {doc.partition(":")[0].lower().replace("optimiser", "optimizer") for doc in docs}
    assert shown == set(catalog.FAMILIES.values()) - {"device"}  # which is no Python


@pytest.mark.parametrize("line", blocks()["own"].splitlines())
def test_readme_own_members(line, hybrid, folder):
    (folder / "mine.py").write_text(MINE)
    found = json.loads(hybrid(*shlex.split(line)[1:], "--json"))
    if "halving" in line:
        assert found["converged"]
        assert found["value"] < -1.13
    if "magnetic" in line:
        assert found["value"] == pytest.approx(-np.hypot(2, 0.5), abs=1e-3)  # single precision, and an optimiser's last step
        assert found["quantities"][0]["value"] == pytest.approx(-2 / np.hypot(2, 0.5), abs=1e-2)  # dE/d(field)/2
    if "verify" in line:
        assert [cell["verified"] for cell in found] == [True]


def test_readme_has_every_exit_code():
    table = set(map(int, re.findall(r"^\| (\d+) \|", README.read_text(), re.MULTILINE)))
    assert table == {0, 4, *EXIT_CODES.values()}
