"""Small files of other people that were once read wrong, each with what is right."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
from qiskit import qasm3
from qiskit.circuit.library import real_amplitudes
from qiskit.quantum_info import SparsePauliOp, Statevector

from hybrid import catalog
from hybrid.catalog.problems.portfolio import _from_prices

needs_highspy = pytest.mark.skipif(find_spec("highspy") is None, reason="the extra 'lp' is not installed")
LP = "Maximize\n obj: {}\nSubject To\n c: {}\n{}Binary\n x y z\nEnd\n"
FILES = [
    ("maxcut:graph={}", "header.mc", "6 7\n1 2 1\n2 3 2\n3 4 1\n4 5 1\n5 6 1\n6 1 1\n1 4 1\n", 8),
    ("maxcut:graph={}", "bare.csv", "0,1\n1,2\n2,3\n3,0\n", 4),
    ("maxcut:graph={}", "comment.edges", "% asym unweighted\n1 2\n2 3\n", 2),
    pytest.param("{}", "maximum.lp", LP.format("3 x + 5 y + 8 z", "x + y + z <= 2", ""), 13, marks=needs_highspy),
    pytest.param("{}", "fixed.lp", LP.format("2 x + 3 y + z", "x + y + z <= 2", "Bounds\n y = 0\n"), 3, marks=needs_highspy),
]


@pytest.mark.parametrize(("problem", "name", "text", "exact"), FILES)
def test_the_optimum(tmp_path, problem, name, text, exact):
    (tmp_path / name).write_text(text)
    assert catalog.load(catalog.parse("problems", problem.format(tmp_path / name)))().exact == exact


def test_a_vector_of_twelve_parameters(command, tmp_path):
    """Qiskit's exporter writes _theta_10_ after _theta_9_; sorted by name it would come third."""
    ansatz, x = real_amplitudes(3, reps=3), np.arange(1, 13) / 10
    (tmp_path / "v.qasm").write_text(qasm3.dumps(ansatz))
    (tmp_path / "v.pauli").write_text("1 ZZI\n1 XIX\n")
    point = ",".join(f"{angle:g}" for angle in x)
    words = f"run vqe {tmp_path}/v.pauli --ansatz {tmp_path}/v.qasm --initial-point {point} --max-evals 0 --json"
    code, out, _ = command(*words.split(), "--results", tmp_path)
    expected = Statevector(ansatz.assign_parameters(x)).expectation_value(SparsePauliOp(["ZZI", "XIX"])).real
    assert code == 0 and json.loads(out)["value"] == pytest.approx(expected, abs=1e-9)
    assert json.loads(out)["x"] == pytest.approx(x)


def test_dates_of_european_banks(tmp_path):
    """15 January to 12 February: as text they rise and fall."""
    iso = ["2024-01-15", "2024-01-22", "2024-01-29", "2024-02-05", "2024-02-12"]
    tables = {}
    for name, dates in {"iso": iso, "bank": ["/".join(reversed(day.split("-"))) for day in iso]}.items():
        rows = [f"{day},{100 + i * i},{90 - i}" for i, day in enumerate(dates)]
        (tmp_path / name).write_text("Date,A,B\n" + "\n".join(rows) + "\n")
        tables[name] = _from_prices(str(tmp_path / name))
    assert (tables["iso"][1] == tables["bank"][1]).all() and (tables["iso"][2] == tables["bank"][2]).all()
