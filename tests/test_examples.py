"""Every example runs; a file without a test here fails."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import run_script
from documents import BOUND, CIRCUIT

from hybrid import catalog

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
MAIN = [sys.executable, "-m", "hybrid"]
QUICK = {
    "vqe_h2.toml": ["--max-evals", "10"],
    "vqe_tfim10_meluxina.toml": [],
    "qaoa_petersen.toml": [],
    "portfolio.toml": ["--max-iterations", "4"],
    "grid_partition.toml": ["--max-iterations", "4"],
    "classifier.toml": ["--max-iterations", "2"],
}
"""Experiment -> flags that keep it short here; without them they are run by the slow test below."""
NOTEBOOKS = ("chemistry", "noise")
CELL_SECONDS = 900
"""Only ends a cell that hangs: on a quiet machine both notebooks take less than a minute."""


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
    scripts = ("engine", "engine_peers", "vqe_lightning", "overhead", "silicon_spin", "pulse_order")
    scripts += ("mitigation_bias", "mitigation_coverage", "wide")
    benchmarks = {*(f"benchmarks/{name}.py" for name in scripts), "benchmarks/meluxina-q-v1.toml"}
    cluster = {"cluster/constraints.txt", "cluster/hybrid.def"}  # tests/test_executors.py
    scripts_tested = {"energy_landscape.py", "optimizers.py", "defaults.py", "mitigation.py"}
    notebooks = {f"notebooks/{name}.py" for name in NOTEBOOKS}
    tested = {*cluster, *notebooks, *QUICK, *scripts_tested, *benchmarks, "README.md"}
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


TABLE = (EXAMPLES / "circuits" / "README.md").read_text()
CIRCUITS = [match.group("name", "fidelity", "us") for match in CIRCUIT.finditer(TABLE)]


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
    words = ["sample", f"examples/circuits/{name}", "--shots", "2000", "--seed", "1", "--json", *BOUND.get(name, ())]
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
    """Every optimiser has a line in the table, the best one first."""
    lines = [line for line in run([sys.executable, "examples/optimizers.py"], folder).splitlines() if line.startswith("| `")]
    assert {line.split("`")[1] for line in lines} == set(catalog.names("optimizers"))
    means = [float(line.split("|")[-3]) for line in lines]
    assert means == sorted(means)


@pytest.mark.slow
def test_defaults(folder):
    """Without noise the deuteron's circuit is exact; on the stand-in both problems keep to their side of guessing."""
    rows = run([sys.executable, "examples/defaults.py", "--glance"], folder).splitlines()[2:]
    (guessing, baseline, exact, best, *others), (by_chance, _, _, *shares) = (
        [float(cell.strip(" %") or "nan") for cell in row.split("|")[2:-1]] for row in rows
    )
    assert best == pytest.approx(exact, abs=1e-3) and exact < baseline  # four digits are printed
    assert all(exact < other < guessing for other in others)
    assert all(share > 2 * by_chance for share in shares)


@pytest.mark.slow
def test_mitigation(folder):
    """Both tables of one problem: no mitigation gains 1.0, and the best of 10,000 shots gains more."""
    ledger, runs = (
        table.splitlines()[2:] for table in run([sys.executable, "examples/mitigation.py", "--glance"], folder).split("\n\n")
    )
    gains = {line.split("`")[3]: float(line.rstrip(" |").rpartition(", ")[2]) for line in ledger}
    assert gains["none"] == 1.0 and next(iter(gains.values())) > 2.0
    assert [line.split("`")[3] for line in runs] == ["none", "trex"]


def test_overhead_benchmark(script):
    out = script("examples/benchmarks/overhead.py", "--quick")
    assert "ours / raw Aer" in out
    assert "bytes per answer" in out


def test_engine_benchmark(script):
    out = script("examples/benchmarks/engine.py", "--quick")
    for word in ("floor", "parameter shift on Aer", "realization error", "growth per qubit"):
        assert word in out


def test_wide_benchmark(script):
    out = script("examples/benchmarks/wide.py", "--quick")
    for word in (
        "a gradient on ten qubits takes",
        "live qubits",
        "refused: 20 qubits need",
        "width of a chain",
        "nodes for each",
        "error by fewer",
    ):
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


def test_pulse_order_benchmark(script):
    """Version 1 of the profile; our order keeps more of a GHZ state on four qubits than the listed one."""
    out = script("examples/benchmarks/pulse_order.py", "--device", "examples/benchmarks/meluxina-q-v1.toml", "--qubits", "4")
    assert out.startswith("meluxina-q-v1:")
    _, listed, ours = (float(number) for number in out.splitlines()[-1].split()[-3:])
    assert ours > listed + 3


def test_mitigation_bias_benchmark(script):
    """Two qubits, Markovian: extrapolation after the readout is corrected leaves less than half of what the correction does."""
    out = script("examples/benchmarks/mitigation_bias.py", "--qubits", 2, "--methods", "readout", "readout+zne:fold_by=circuit")
    alone, both = ([float(cell.split("(")[0]) for cell in line.split("|")[2:-1]] for line in out.splitlines()[2:])
    assert len(alone) == 8
    assert both[1] < 0.5 * alone[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook(name, tmp_path):
    """Executed as `jupytext --execute` does it; each result shows a table and each figure a picture; nothing is on stderr."""
    jupytext, nbclient = (pytest.importorskip(module) for module in ("jupytext", "nbclient"))
    notebook = jupytext.read(EXAMPLES / "notebooks" / f"{name}.py")
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbclient.NotebookClient(notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": tmp_path}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = {cell.source.splitlines()[-1]: {kind for one in cell.outputs for kind in one.get("data", {})} for cell in cells}
    assert not [one for cell in cells for one in cell.outputs if one.get("name") == "stderr"]
    plots = [line for line in shown if ".plot(" in line]
    tables = [line for line in shown if line.isidentifier()]
    assert len(plots) >= 3 and all("image/png" in shown[line] for line in plots)
    assert len(tables) >= 4 and all("text/html" in shown[line] for line in tables)
