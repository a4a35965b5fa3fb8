"""Right files of every kind that is read, and their readers."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import bench_rows
import networkx as nx
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import ParameterVector
from readers import circuits, graphs, lines, physics, programs, tables

from hybrid import catalog
from hybrid.bench import rows, suites
from hybrid.catalog import qpy_trial
from hybrid.catalog.circuit_file import read_circuit
from hybrid.catalog.problems import molecule
from hybrid.catalog.problems._integrals import read_fcidump
from hybrid.device.device import Device
from hybrid.runs import results_folder
from hybrid.runs.spec import Spec, read_point

HOME = Path(__file__).parent.parent.parent
GRAPHML = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="d1" for="edge" attr.name="weight" attr.type="double"><default>1.5</default></key>
  <graph id="G" edgedefault="undirected">
    <node id="b"/><node id="a"/>
    <edge source="a" target="b"><data key="d1">2.5</data></edge>
    <edge source="b" target="c"/>
    <node id="c"/>
  </graph>
</graphml>
"""
NAMED = "# names\nAubach Birkfeld 0.62\nAubach Clausen 0.48\nBirkfeld Clausen 0.35\nClausen Dorfheim 1\n"
DATA = "0 1 {'weight': 2}\n1 2 {'weight': 3.5}\n2 0 {'weight': -1}\n"
MATRIX = "%%MatrixMarket matrix coordinate real symmetric\n% c\n3 3 2\n2 1 0.5\n3 2 1\n"
GENERAL_MATRIX = "%%MatrixMarket matrix coordinate pattern general\n3 3 4\n2 1\n3 2\n1 2\n2 3\n"
COVARIANCES = "asset,return,A,B,C\nA,0.1,0.04,0.01,0\nB,0.2,0.01,0.09,-0.02\nC,0.05,0,-0.02,0.16\n"
ITEMS = "item,value,weight\na,1,2\nb,2.5,1\nc,3,3\n"
QBSOLV = "c comment\np qubo 0 4 2 3\n0 0 -1\n2 2 0.5\n0 1 2\n1 2 -1.5\n3 0 1\n"
QUBO_JSON = '{"offset": 1, "terms": [["a", "b", 1.5], ["a", "a", -1]]}'
LP = "Maximize\n obj: 3 x + 2 y + [ 4 x * y ] / 2\nSubject To\n c1: x + y + z <= 2\nBinary\n x y z\nEnd\n"


class Kind(NamedTuple):
    """A kind of file: its name, right contents, who reads it, the second reader that agrees with what was read, and the command
    that reads it; `weight` of a mutated one."""

    name: str
    contents: list[bytes]
    read: Callable[[Path], Any]
    agree: Callable[[Path, Any], None]
    words: tuple[str, ...]
    weight: int


def _problem(template: str) -> Callable[[Path], Any]:
    return lambda path: catalog.load(catalog.parse("problems", template.format(path)))()


def _of_problem(
    name: str, agree: Callable[[Path, Any], None], *contents: bytes | str | Path, template: str = "{}", weight: int = 4
) -> Kind:
    words = ("run", template, "--dry-run", "--json", "--quiet")
    return Kind(name, [_bytes(content) for content in contents], _problem(template), agree, words, weight)


def _bytes(content: bytes | str | Path) -> bytes:
    return content.read_bytes() if isinstance(content, Path) else content.encode() if isinstance(content, str) else content


def record_of(path: Path) -> Any:
    """A record in full; its glance never raises."""
    results_folder.glance(path)
    return results_folder.read(path)


def _qpy() -> bytes:
    circuit, both = QuantumCircuit(3, 1), QuantumCircuit(2, name="both")
    both.cx(0, 1)
    for i, angle in enumerate(ParameterVector("theta", 3)):
        circuit.rx(2 * angle + 1, i)
    circuit.append(both.to_gate(), [0, 1])
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.x(0)
    file = io.BytesIO()
    qpy.dump([circuit], file)
    return file.getvalue()


def _trial(path: Path) -> Any:
    """What the reader of QPY files does first, and the reader, which starts no second process for it."""
    said = qpy_trial.complaint(path.read_bytes())
    with patch.object(qpy_trial, "complaint", return_value=said):
        return said, read_circuit(path)


def _atoms(path: Path) -> Any:
    """Of a geometry, whose integrals need PySCF."""
    return molecule._atoms(path)


def made_by_networkx() -> list[bytes]:
    """GraphML files of the program that most people have them from: named nodes with weights, numbers without."""
    weighted = nx.Graph()
    weighted.add_weighted_edges_from([("b", "a", 2.5), ("a", "c d", 1.0), ("c d", "b", -3.0)])
    made = []
    for graph in (weighted, nx.petersen_graph()):
        file = io.BytesIO()
        nx.write_graphml(graph, file)
        made.append(file.getvalue())
    return made


RECORDS = [path.read_bytes() for path in sorted((HOME / "tests" / "records").glob("*.jsonl"))]
ROWS = "".join(json.dumps(row) + "\n" for row in bench_rows.everything()[:6]).encode()
SEEDS = HOME / "seeds"
CIRCUITS = [path.read_bytes() for path in sorted([*(HOME / "examples" / "circuits").glob("*.qasm"), *SEEDS.glob("*.qasm")])]
OPENFERMION = "(-0.8+0j) [] +\n0.18 [X0 X2] +\n(-0.25-0j) [Y0 Z1] + 1e-2 [Z2]\n"
LP_TWO = """\\ made by hand
min
 obj: 2 a - 3.5 b + 0.25 c[1] + [ a ^ 2 - 6 b * c[1] ] / 2 + 4
st
 one: a + b + c[1] >= 1
 two: 2 a - b <= 1
 three: a + 3 b + 2 c[1] = 3
Bounds
 0 <= d <= 1
 a >= 0
General
 d
Binaries
 a b c[1]
End
"""
SAMPLE = ("sample", "{}", "--shots", "10", "--json", "--quiet")
KINDS = (
    Kind("record.jsonl", RECORDS, record_of, lines.record, ("runs", "show", "{}", "--json"), 16),
    Kind("rows.jsonl", [ROWS], rows.read, lines.rows, ("bench", "show", "{}", "--json"), 10),
    Kind(
        "device.toml",
        [path.read_bytes() for path in sorted((HOME / "hybrid" / "device" / "profiles").glob("*.toml"))],
        lambda path: Device.load(str(path)),
        tables.device,
        ("show", "device", "{}", "--json"),
        10,
    ),
    Kind(
        "experiment.toml",
        [path.read_bytes().replace(b"../seeds", str(SEEDS).encode()) for path in sorted((HOME / "examples").glob("*.toml"))],
        Spec.from_toml,
        tables.experiment,
        ("run", "{}", "--dry-run", "--json", "--quiet"),
        8,
    ),
    Kind(
        "suite.toml",
        [path.read_bytes() for path in sorted((HOME / "hybrid" / "bench" / "suites").glob("*.toml"))],
        lambda path: suites.load(str(path)),
        tables.suite,
        ("bench", "plan", "--suite", "{}", "--json"),
        4,
    ),
    Kind("circuit.qasm", CIRCUITS, read_circuit, circuits.qasm, SAMPLE, 14),
    Kind("point.txt", [b"[0.1, 0.2,\n -3e-1]"], lambda path: read_point(str(path), path.parent), physics.point, (), 2),
    _of_problem("graph.edges", graphs.agrees(graphs.edge_list), SEEDS / "petersen.edges", NAMED, DATA),
    _of_problem("graph.graphml", graphs.agrees(graphs.graphml), GRAPHML, *made_by_networkx()),
    _of_problem(
        "graph.csv", graphs.agrees(graphs.table), SEEDS / "grid_lines.csv", "0;1\n1;2\n2;0\n", template="maxcut:graph={}"
    ),
    _of_problem("graph.rud", graphs.agrees(graphs.rudy), "3 2\n1 2 5\n2 3 -1\n", template="maxcut:graph={}", weight=2),
    _of_problem(
        "graph.col",
        graphs.agrees(graphs.dimacs, independent=True),
        *("c x\np edge 3 2\ne 1 2\ne 2 3\n", "p col 3 4\ne 1 2\ne 2 1\ne 2 3\ne 3 2\n"),
        template="mis:graph={}",
        weight=2,
    ),
    _of_problem("graph.mtx", graphs.agrees(graphs.matrix_market), MATRIX, GENERAL_MATRIX, weight=2),
    _of_problem(
        "graph.metis",
        graphs.agrees(graphs.metis),
        "3 2 001\n2 5\n1 5 3 1\n2 1\n",
        "4 2\n2\n1 4\n\n2\n",
        template="maxcut:graph={}",
        weight=2,
    ),
    _of_problem("points.csv", programs.points, SEEDS / "network_flows.csv", template="{}:label=verdict"),
    _of_problem(
        "prices.csv", programs.agrees(programs.prices), SEEDS / "portfolio_prices.csv", template="portfolio:prices={},pick=2"
    ),
    _of_problem(
        "covariances.csv",
        programs.agrees(programs.covariances),
        COVARIANCES,
        template="portfolio:covariances={},pick=2",
        weight=2,
    ),
    _of_problem("items.csv", programs.agrees(programs.knapsack), ITEMS, template="knapsack:items={},capacity=4"),
    _of_problem(
        "weights.csv", programs.agrees(programs.number_partition), ITEMS, template="number_partition:items={}", weight=2
    ),
    _of_problem("model.qubo", programs.agrees(programs.qubo), QBSOLV, "# dimod\na a -1\nb a 2.5\nb c -1\nc c 0.5\n"),
    _of_problem("model.json", programs.agrees(programs.qubo_json), QUBO_JSON, template="qubo:file={}"),
    _of_problem("model.lp", programs.agrees(programs.lp), LP, LP_TWO),
    _of_problem("sum.pauli", physics.paulis, SEEDS / "tfim_4.pauli", SEEDS / "h2_sto3g_0.735.pauli"),
    _of_problem("sum.openfermion", physics.openfermion, OPENFERMION),
    _of_problem(
        "sum.json", physics.pauli_json, '{"XX": 1.5, "ZI": -0.5}', '[["XX", 1.5], ["ZI", -1]]', template="pauli:file={}"
    ),
    _of_problem("h2.xyz", physics.xyz, "2\nhydrogen\nH 0 0 0\nH 0 0 0.735\n", weight=2)._replace(read=_atoms),
    _of_problem("lih.fcidump", physics.fcidump, SEEDS / "lih_sto3g_2e5o.fcidump", SEEDS / "h2o_sto3g_4e4o.fcidump")._replace(
        read=read_fcidump
    ),
    Kind("circuit.qpy", [_qpy()], _trial, circuits.qpy_file, SAMPLE, 1),
)
"""Weights are hundredths of all mutated files, about."""
