"""Graphs, QUBOs, Pauli sums and LP files: every writing of one thing reads the same, all else is refused with its place."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import SparsePauliOp

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import Problem
from hybrid.catalog.problems._graphs import Graph, graph_of

needs_highspy = pytest.mark.skipif(find_spec("highspy") is None, reason="the extra 'lp' is not installed")

GRAPHML = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="d0" for="node" attr.name="label" attr.type="string"/>
  <key id="d1" for="edge" attr.name="weight" attr.type="double"><default>1.5</default></key>
  <graph id="G" edgedefault="undirected">
    <node id="b"><data key="d0">B &amp; co</data></node>
    <node id="a"/>
    <node id="alone"/>
    <edge source="a" target="b"><data key="d1">2.5</data></edge>
    <edge source="b" target="c"/>
    <node id="c"/>
  </graph>
</graphml>
"""
EDGES = "0 1 2.5\n1 2 -1\n2 3 1\n# end\n0 3 0.25\n"
CSV = 'from,to,megawatt\nnorth,east,2.5\neast,south,1\n"south",north,0.25\n'
QUBO = "c comment\np qubo 0 4 2 3\n0 0 -1\n2 2 0.5\n0 1 2\n1 2 -1.5\n3 0 1\n"
OPENFERMION = "(-0.8+0j) [] +\n0.18 [X0 X2] +\n(-0.25-0j) [Y0 Z1] + 1e-2 [Z2]\n"
PAULIS = {"III": -0.8, "XIX": 0.18, "IZY": -0.25, "ZII": 0.01}
LP = "Maximize\n obj: 3 x + 2 y + [ 4 x * y ] / 2\nSubject To\n c1: x + y + z <= 2\n c2: x - z >= 0\nBinary\n x y z\nEnd\n"


def problem(text: str) -> Problem:
    return catalog.load(catalog.parse("problems", text))()


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def read(folder: Path, name: str, text: str) -> Graph:
    return graph_of("maxcut", str(written(folder, name, text)), None)


# --- Read as written -------------------------------------------------------------------------------------------------


def test_one_graph_in_three_formats(tmp_path):
    """Nodes without edges count in GraphML; a default weight holds where an edge has none."""
    assert read(tmp_path, "g.graphml", GRAPHML) == Graph(["a", "alone", "b", "c"], {(0, 2): 2.5, (2, 3): 1.5})
    expected = Graph(["east", "north", "south"], {(0, 1): 2.5, (0, 2): 1.0, (1, 2): 0.25})
    assert read(tmp_path, "g.csv", CSV) == expected
    assert read(tmp_path, "g.edges", "north east 2.5\neast south 1\nsouth north .25") == expected
    assert read(tmp_path, "semicolons.csv", CSV.replace(",", ";")) == expected
    assert problem(str(tmp_path / "g.graphml")).hamiltonian.num_qubits == 4
    assert problem(f"mis:graph={tmp_path}/g.graphml").exact == 3  # a, c, alone


@pytest.mark.parametrize("first", [0, 1])
def test_vertices_from_zero_or_one(tmp_path, first):
    """Numbers are names: counted from 0 or 1, the graph is the same."""
    ring = "\n".join(f"{i + first} {(i + 1) % 5 + first}" for i in range(5))
    found = read(tmp_path, "ring.edges", ring)
    assert found.vertices == [str(i + first) for i in range(5)]
    assert found.edges == dict.fromkeys([(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)], 1.0)


def test_one_operator_in_three_formats(tmp_path):
    expected = SparsePauliOp.from_list(list(PAULIS.items()))
    for name, text in (
        ("h.openfermion", OPENFERMION),
        ("h.pauli", "\n".join(f"{c} {p}" for p, c in PAULIS.items())),
        ("h.json", json.dumps(PAULIS)),
        ("list.json", json.dumps([[p, c / 2] for p, c in PAULIS.items()] * 2)),
    ):
        assert problem(f"pauli:file={written(tmp_path, name, text)}").hamiltonian.equiv(expected)


# --- Refused ---------------------------------------------------------------------------------------------------------

HEAD = '<graphml><graph edgedefault="undirected">'
TAIL = "</graph></graphml>"
BOMB = f'<!DOCTYPE g [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>{HEAD}<node id="&b;"/>{TAIL}'
BAD = [
    ("g.graphml", BOMB, ":1: has a document type (DTD)"),
    ("g.graphml", '<!DOCTYPE g SYSTEM "file:///etc/passwd"><graphml/>', ":1: has a document type (DTD)"),
    ("g.graphml", "<graphml>\n<graph", ":2: not well-formed XML: unclosed token"),
    ("g.graphml", f"{HEAD}<node id='a'/>&x;{TAIL}", ":1: not well-formed XML: undefined entity"),
    ("g.graphml", "<gexf/>", ":1: 'gexf' where GraphML begins with 'graphml'"),
    ("g.graphml", '<graphml><graph edgedefault="directed"/></graphml>', ':1: the graph must say edgedefault="undirected"'),
    ("g.graphml", f"{HEAD}<node id='a'/><node id='a'/>{TAIL}", ":1: the node 'a' was given before"),
    (
        "g.graphml",
        f"{HEAD}\n<node id='a'/>\n<edge source='a' target='b'/>{TAIL}",
        ":3: the edge ends at 'b', which is not a node",
    ),
    ("g.graphml", f"{HEAD}<node id='a'/><edge source='a'/>{TAIL}", ":1: a edge has no 'target'"),
    ("g.graphml", f"{HEAD}<hyperedge/>{TAIL}", ":1: hyperedges are not read"),
    ("g.graphml", f"{HEAD}<node id='a'/><edge directed='true' source='a' target='a'/>{TAIL}", ":1: a directed edge"),
    (
        "g.graphml",
        f"{HEAD}<node id='a'><graph edgedefault='undirected'/></node>{TAIL}",
        ":1: more than one graph, or a nested one",
    ),
    ("g.graphml", "<graphml/>", ": holds 0 graphs, one is needed"),
    ("g.graphml", GRAPHML.replace("2.5", "inf"), ":9: the weight must be a finite number, not 'inf'"),
    ("g.graphml", GRAPHML.replace("1.5", "x"), ":4: the default weight must be a finite number, not 'x'"),
    ("g.graphml", GRAPHML.replace('"weight"', '"load"'), ":9: the edge carries the number 'load'; rename that key 'weight'"),
    ("g.graphml", GRAPHML.replace('"double"', '"string"'), ":4: the weight must be a number (int, long, float, double)"),
    ("g.graphml", GRAPHML.replace('key="d1"', 'key="d7"'), ":9: the key 'd7' is not declared"),
    (
        "g.graphml",
        GRAPHML.replace('source="b" target="c"', 'source="b" target="a"'),
        ":10: the edge 'b a' was given before, at ",
    ),
    ("g.csv", "a,b,c,d\n1,2,3,4\n", ": a graph has two columns of vertices and after them at most one of weights, not 4"),
    ("g.csv", "from,to,mw\na,b,\n", ":2: column 'mw' is empty"),
    ("g.csv", "from,to,mw\na,b,lots\n", ":2: the mw must be a finite number, not 'lots'"),
    ("g.csv", "from,to\na,a\n", ":2: the edge joins 'a' to itself"),
    ("h.openfermion", "0.5 [X0] +\n", ":1: a term must follow the last +"),
    ("h.openfermion", "0.5 [X0]\n0.5 [X1]\n", ":2: a + must join '0.5 [X1]' to the term before"),
    ("h.openfermion", "0.5j [X0]\n", ":1: the coefficient 0.5j is complex"),
    ("h.openfermion", "(0.5+0j [X0]\n", ":1: the coefficient must be a finite number as (0.18+0j), not '(0.5+0j'"),
    ("h.openfermion", "0.5 [0^ 1]\n", ":1: a factor is X, Y or Z with a qubit, as in X0, not '0^' (a fermion operator"),
    ("h.openfermion", "0.5 [X0 Z0]\n", ":1: qubit 0 has two factors in one term"),
    ("h.openfermion", "0.5 [X5000]\n", ":1: qubit 5000; at most 1000"),
    ("h.openfermion", "0.5 X0\n", ":1: write '(0.18+0j) [X0 Y2] +', not '0.5 X0'"),
    ("h.json", '{"XX": 1, "XX": 2}', ": the key 'XX' is given twice"),
    ("h.json", '[["XX", 1], ["X", 1]]', ": entry 2: 'X' has 1 letters; the first has 2"),
    ("h.json", '[["XX", true]]', ": entry 1: the coefficient must be a finite number, not 'true'"),
    ("h.json", '[["XX", 1e999]]', ": entry 1: the coefficient must be a finite number, not 'Infinity'"),
    ("h.json", '["XX"]', ': entry 1: write ["XXI", 0.18], not \'"XX"\''),
    ("h.json", "3", ': write {"XXI": 0.18, ...}'),
]


@pytest.mark.parametrize(("name", "text", "message"), BAD)
def test_bad_files(tmp_path, name, text, message):
    """Every complaint names the file, and line or entry where there is one."""
    path = written(tmp_path, name, text)
    with pytest.raises(UsageError) as error:
        problem(f"pauli:file={path}" if name.startswith("h.") else f"maxcut:graph={path}")
    assert f"{path}{message}" in str(error.value)


# --- Fuzzed ----------------------------------------------------------------------------------------------------------

FILES = [
    ("g.graphml", GRAPHML, "maxcut:graph={}"),
    ("g.edges", EDGES, "maxcut:graph={}"),
    ("g.csv", CSV, "partition:graph={}"),
    ("q.qubo", QUBO, "qubo:file={}"),
    ("q.json", '{"offset": 2, "terms": [["sun", "sun", -1], ["sun", "rain", 3]]}', "qubo:file={}"),
    ("h.openfermion", OPENFERMION, "pauli:file={}"),
    ("h.json", json.dumps(PAULIS), "pauli:file={}"),
    ("h.pauli", "0.5 XX\n-0.25 ZI\n", "pauli:file={}"),
    pytest.param("p.lp", LP, "lp:file={}", marks=needs_highspy),
]
CUT = [case for case in FILES if not (isinstance(case, tuple) and case[0] in ("g.edges", "g.csv", "h.pauli"))]
"""Files whose form shows that something is missing: a list of lines cut between two lines is another whole list."""


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("fuzzed")


@pytest.mark.parametrize(("name", "text", "problem_text"), FILES)
@settings(max_examples=60)
@given(data=st.data())
def test_spoilt_files(scratch: Path, name: str, text: str, problem_text: str, data: st.DataObject) -> None:
    """Something cut out, put in or doubled anywhere: read, or a UsageError that names the file or the problem; nothing else."""
    place = data.draw(st.integers(0, len(text)))
    removed = data.draw(st.integers(0, 12))
    piece = data.draw(
        st.one_of(st.text(max_size=4), st.sampled_from(["-1", "1e400", "9" * 30, "0", "\n", text[:40], "²", "NaN"]))
    )
    spoilt = (text[:place] + piece + text[place + removed :]).encode("utf-8", "ignore")
    (scratch / name).write_bytes(spoilt)
    try:
        assert problem(problem_text.format(scratch / name)).hamiltonian.num_qubits > 0
    except UsageError as error:
        assert name in str(error) or "problem '" in str(error)


@pytest.mark.parametrize(("name", "text", "problem_text"), CUT)
def test_truncated_files_are_refused(scratch: Path, name: str, text: str, problem_text: str) -> None:
    """Cut at every byte: refused, or the same problem (only blanks were lost). A sum cut just before a + is another sum."""
    whole = problem(problem_text.format(written(scratch, name, text))).hamiltonian
    for length in range(len(text)):
        written(scratch, name, text[:length])
        try:
            found = problem(problem_text.format(scratch / name)).hamiltonian
        except UsageError:
            continue
        if name == "h.openfermion" and text[length:].lstrip().startswith("+"):
            continue
        assert not text[length:].strip(), text[:length]
        assert found.equiv(whole)


@settings(max_examples=60)
@given(data=st.data())
@example(data=None)
def test_lines_of_a_qubo_in_any_order(scratch: Path, data: st.DataObject | None) -> None:
    """Entries shuffled and pairs exchanged: the same Hamiltonian; (i, j) and (j, i) both given: their sum."""
    entries = ["0 0 -1", "2 2 0.5", "0 1 2", "1 2 -1.5", "3 0 1"]
    whole = problem(str(written(scratch, "a.coo", "\n".join(entries)))).hamiltonian
    split = ["0 0 -1", "2 2 0.5", "0 1 0.5", "1 0 1.5", "1 2 -1.5", "3 0 0.25", "0 3 0.75"]
    lines = split if data is None else list(data.draw(st.permutations(entries)))
    if data is not None:
        lines = [" ".join([*data.draw(st.permutations(line.split()[:2])), line.split()[2]]) for line in lines]
    assert problem(str(written(scratch, "b.coo", "\n".join(lines)))).hamiltonian.equiv(whole)


@settings(max_examples=60)
@given(st.permutations(EDGES.splitlines()), st.booleans())
def test_lines_of_a_graph_in_any_order(scratch: Path, lines: list[str], turned: bool) -> None:
    if turned:
        lines = [" ".join([line.split()[1], line.split()[0], *line.split()[2:]]) if line[0] != "#" else line for line in lines]
    assert read(scratch, "b.edges", "\r\n".join(lines)) == read(scratch, "a.edges", EDGES)


def test_an_edge_inside_an_edge_is_refused(tmp_path):
    """Two edges are meant, of which the outer one would be lost."""
    text = (
        '<graphml><graph edgedefault="undirected"><node id="a"/><node id="b"/>\n'
        '<edge source="a" target="b"><edge source="b" target="a"/></edge></graph></graphml>'
    )
    with pytest.raises(UsageError, match=r"nested.graphml:2: an edge inside 'edge'"):
        read(tmp_path, "nested.graphml", text)


def test_networkx_writes_what_is_read(tmp_path):
    """An independent writer of GraphML."""
    networkx = pytest.importorskip("networkx")
    graph = networkx.Graph()
    graph.add_edge("x", "y", weight=0.5)
    graph.add_edge("y", "z", weight=3)
    graph.add_node("w & v")
    networkx.write_graphml(graph, tmp_path / "n.graphml")
    assert graph_of("maxcut", str(tmp_path / "n.graphml"), None) == Graph(["w & v", "x", "y", "z"], {(1, 2): 0.5, (2, 3): 3.0})


@pytest.mark.parametrize(
    ("content", "way"),
    [
        ("date,ACME,BETA\n2026-01-05,10.0,20.1\n", "portfolio:prices={},pick=2"),
        ("week;ACME\n05.01.2026;10.0\n", "portfolio:prices={},pick=2"),
        ("asset,return,a\na,0.1,0.2\n", "portfolio:covariances={},pick=2"),
        ("item,value,weight\nlamp,3,2\n", "knapsack:items={},capacity=10"),
        ("item,weight\nlamp,3\n", "number_partition:items={}"),
        ("# lines\nfrom,to,mw\na,b,3\n", "maxcut:graph={}"),
        ("x,y,verdict\n1,2,good\n", "{}:label=verdict"),
        ("x,y,z\n1,2,3\n", "{}:label=COLUMN"),
        ("date,ACME\n", "{}:label=COLUMN"),
    ],
)
def test_a_table_is_asked_what_it_is(content, way, tmp_path, command):
    """By its columns; what is proposed is read as that problem, and the message names portfolio and knapsack."""
    path = tmp_path / "table.csv"
    path.write_text(content)
    for words in (["run", path], ["run", "vqe", path]):
        done = command(*words)
        assert (done.code, done.out) == (2, "") and done.err.count("\n") == 1
        assert f"write {way.format(path)}" in done.err and "portfolio" in done.err and "knapsack" in done.err
    if "COLUMN" not in way:
        assert catalog.parse("problems", way.format(path))
    missing = command("run", tmp_path / "nowhere.csv")
    assert (missing.code, missing.err) == (2, f"hybrid: {tmp_path / 'nowhere.csv'}: no such file.\n")
