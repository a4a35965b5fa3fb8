"""Small files of other people that were once read wrong, each with what is right."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
from qiskit import qasm3
from qiskit.circuit.library import real_amplitudes
from qiskit.quantum_info import SparsePauliOp, Statevector

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.catalog.problems.portfolio import _from_prices
from hybrid.runs.spec import read_point

needs_highspy = pytest.mark.skipif(find_spec("highspy") is None, reason="the extra 'lp' is not installed")
LP = "Maximize\n obj: {}\nSubject To\n c: {}\n{}Binary\n x y z\nEnd\n"
VARIABLES = "a a -1\nb a 2.5\nc c -4\n"
FILES = [
    ("maxcut:graph={}", "header.mc", "6 7\n1 2 1\n2 3 2\n3 4 1\n4 5 1\n5 6 1\n6 1 1\n1 4 1\n", 8),
    ("maxcut:graph={}", "bare.csv", "0,1\n1,2\n2,3\n3,0\n", 4),
    ("maxcut:graph={}", "comment.edges", "% asym unweighted\n1 2\n2 3\n", 2),
    ("{}", "words.coo", VARIABLES, -5),
    pytest.param("{}", "maximum.lp", LP.format("3 x + 5 y + 8 z", "x + y + z <= 2", ""), 13, marks=needs_highspy),
    pytest.param("{}", "fixed.lp", LP.format("2 x + 3 y + z", "x + y + z <= 2", "Bounds\n y = 0\n"), 3, marks=needs_highspy),
]


@pytest.mark.parametrize(("problem", "name", "text", "exact"), FILES)
def test_the_optimum(tmp_path, problem, name, text, exact):
    (tmp_path / name).write_text(text)
    assert catalog.load(catalog.parse("problems", problem.format(tmp_path / name)))().exact == exact


GRAPHML = """<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:o="http://other">
<key id="w" for="edge" attr.name="weight" attr.type="int"/>
<graph edgedefault="undirected"><node id="a"/><node id="b"/>
<edge source="a" target="b"><data key="w">2</data></edge></graph></graphml>
"""
REFUSED = [
    ("{}", "cut.mc", "800 19176\n1 2", ":1: says 19176 edges, 1 follow"),
    ("maxcut:graph={}", "cut.txt", "800 19176\n", ":1: '800 19176' may be an edge, or the number of vertices and edges"),
    ("{}", "cut.col", "p edge", ":1: a DIMACS file begins with 'p edge VERTICES EDGES'"),
    ("{}", "two.edges", "1 2\n2 01\n", ":2: '01' and '1' are one number"),
    ("{}", "tab.edges", "a b\x0bc d\n", ":1: the character U+000B ends a line for some programs only"),
    ("{}", "mac.edges", "a b\rc d\n", ":1: the character U+000D ends a line for some programs only"),
    ("{}", "sum.pauli", "1 XX\n2 ZZ\u20283 YY\n", ":2: the character U+2028 ends a line for some programs only"),
    ("{}", "imaginary.openfermion", "(-0.250j) [X0]\n", ":1: the coefficient (-0.250j) is complex"),
    ("{}", "words.qubo", "c a comment\na b 1\n", ":1: the value must be a finite number, not 'comment'"),
    (
        "{}",
        "g.graphml",
        GRAPHML.replace("xmlns=", "xmlns:g=").replace("<graphml", "<o:graphml"),
        ":2: the namespace 'http://other' is",
    ),
    ("{}", "key.graphml", GRAPHML.replace("</graph>", "<key id='x'/></graph>"), ":5: a key inside 'graph'"),
    (
        "{}",
        "edge.graphml",
        GRAPHML.replace("</graph>", "</graph><edge source='b' target='a'/>"),
        ":5: an edge inside 'graphml'",
    ),
    ("{}", "node.graphml", GRAPHML.replace('"a"/>', '"a"><node id="c"/></node>'), ":4: a node inside 'node'"),
    ("{}", "data.graphml", GRAPHML.replace("<node", "<data key='x'>1</data><node", 1), ":4: the key 'x' is not declared"),
    ("{}", "latin.graphml", GRAPHML.replace("utf-8", "ISO-8859-1"), ":1: the encoding 'ISO-8859-1'"),
    (
        "portfolio:covariances={},pick=1",
        "large.csv",
        "asset,return,a,b,c\na,0,1e12,0,0\nb,0,0,1,0.5\nc,0,0,-0.5,1\n",
        ":4: the covariance of b and c is not symmetric",
    ),
]
"""What the readers once took for something else than other programs do, or than was meant."""


@pytest.mark.parametrize(("problem", "name", "text", "message"), REFUSED, ids=[name for _, name, *_ in REFUSED])
def test_what_may_be_two_things_is_refused(tmp_path, problem, name, text, message):
    (tmp_path / name).write_text(text, newline="")
    with pytest.raises(UsageError) as error:
        catalog.load(catalog.parse("problems", problem.format(tmp_path / name)))()
    assert f"{name}{message}" in str(error.value)


def test_elements_of_other_namespaces_are_no_edges(tmp_path):
    text = GRAPHML.replace("</graph>", '<o:data key="w">7</o:data><o:edge source="b" target="a"/></graph>')
    (tmp_path / "g.graphml").write_text(text)
    assert catalog.load(catalog.parse("problems", f"{tmp_path}/g.graphml"))().exact == 2


@pytest.mark.parametrize("word", ["1_000", "nan", "0x10", "\u0663"])
def test_a_point_has_decimal_numbers(tmp_path, word):
    (tmp_path / "p.txt").write_text(f"0.5, {word}")
    with pytest.raises(UsageError, match=f"'{word}' is not a number"):
        read_point(f"{tmp_path}/p.txt", tmp_path)


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
