"""Right files of every kind that is read, and their readers."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import bench_rows
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import ParameterVector

from hybrid import catalog
from hybrid.bench import rows, suites
from hybrid.catalog.circuit_file import read_circuit
from hybrid.catalog.qpy_trial import complaint
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
LP = "Maximize\n obj: 3 x + 2 y + [ 4 x * y ] / 2\nSubject To\n c1: x + y + z <= 2\nBinary\n x y z\nEnd\n"


class Kind(NamedTuple):
    """A kind of file: its name, right contents, who reads it, and the command that does; `weight` of a mutated one."""

    name: str
    contents: list[bytes]
    read: Callable[[Path], Any]
    words: tuple[str, ...]
    weight: int


def _problem(template: str) -> Callable[[Path], Any]:
    return lambda path: catalog.load(catalog.parse("problems", template.format(path)))()


def _of_problem(name: str, *contents: bytes | str | Path, template: str = "{}", weight: int = 4) -> Kind:
    words = ("run", template, "--dry-run", "--json", "--quiet")
    return Kind(name, [_bytes(content) for content in contents], _problem(template), words, weight)


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
    """What the reader of QPY files does first, and the reader."""
    return complaint(path.read_bytes()), read_circuit(path)


RECORDS = [path.read_bytes() for path in sorted((HOME / "tests" / "records").glob("*.jsonl"))]
ROWS = "".join(json.dumps(row) + "\n" for row in bench_rows.everything()[:6]).encode()
CIRCUITS = [path.read_bytes() for path in sorted((HOME / "examples" / "circuits").glob("*.qasm"))]
SEEDS = HOME / "seeds"
OPENFERMION = "(-0.8+0j) [] +\n0.18 [X0 X2] +\n(-0.25-0j) [Y0 Z1] + 1e-2 [Z2]\n"
KINDS = (
    Kind("record.jsonl", RECORDS, record_of, ("runs", "show", "{}", "--json"), 16),
    Kind("rows.jsonl", [ROWS], rows.read, ("bench", "show", "{}", "--json"), 12),
    Kind(
        "device.toml",
        [path.read_bytes() for path in sorted((HOME / "hybrid" / "device" / "profiles").glob("*.toml"))],
        lambda path: Device.load(str(path)),
        ("show", "device", "{}", "--json"),
        10,
    ),
    Kind(
        "experiment.toml",
        [
            path.read_bytes().replace(b"../seeds", str(HOME / "seeds").encode())
            for path in sorted((HOME / "examples").glob("*.toml"))
        ],
        lambda path: Spec.from_toml(path).id,
        ("run", "{}", "--dry-run", "--json", "--quiet"),
        8,
    ),
    Kind(
        "suite.toml",
        [path.read_bytes() for path in sorted((HOME / "hybrid" / "bench" / "suites").glob("*.toml"))],
        lambda path: suites.load(str(path)),
        ("bench", "plan", "--suite", "{}", "--json"),
        4,
    ),
    Kind("circuit.qasm", CIRCUITS, read_circuit, ("sample", "{}", "--shots", "10", "--json", "--quiet"), 14),
    Kind("circuit.qpy", [_qpy()], _trial, ("sample", "{}", "--shots", "10", "--json", "--quiet"), 2),
    Kind("point.txt", [b"[0.1, 0.2,\n -3e-1]"], lambda path: read_point(str(path), path.parent), (), 2),
    _of_problem("graph.edges", SEEDS / "petersen.edges", SEEDS / "heawood.edges"),
    _of_problem("graph.graphml", GRAPHML),
    _of_problem("graph.csv", SEEDS / "grid_lines.csv", template="maxcut:graph={}"),
    _of_problem("graph.rud", "3 2\n1 2 5\n2 3 -1\n", template="maxcut:graph={}", weight=2),
    _of_problem("graph.col", "c x\np edge 3 2\ne 1 2\ne 2 3\n", template="mis:graph={}", weight=2),
    _of_problem(
        "graph.mtx",
        "%%MatrixMarket matrix coordinate real symmetric\n% c\n3 3 2\n2 1 0.5\n3 2 1\n",
        template="maxcut:graph={}",
        weight=2,
    ),
    _of_problem("graph.metis", "3 2 001\n2 5\n1 5 3 1\n2 1\n", template="maxcut:graph={}", weight=2),
    _of_problem("points.csv", SEEDS / "network_flows.csv", template="{}:label=verdict"),
    _of_problem("prices.csv", SEEDS / "portfolio_prices.csv", template="portfolio:prices={},pick=2"),
    _of_problem("items.csv", "item,value,weight\na,1,2\nb,2.5,1\nc,3,3\n", template="knapsack:items={},capacity=4"),
    _of_problem("model.qubo", "c comment\np qubo 0 4 2 3\n0 0 -1\n2 2 0.5\n0 1 2\n1 2 -1.5\n3 0 1\n"),
    _of_problem("model.json", '{"offset": 1, "terms": [["a", "b", 1.5], ["a", "a", -1]]}', template="qubo:file={}"),
    _of_problem("model.lp", LP),
    _of_problem("sum.pauli", SEEDS / "tfim_4.pauli", SEEDS / "h2_sto3g_0.735.pauli"),
    _of_problem("sum.openfermion", OPENFERMION),
    _of_problem("sum.json", '{"XX": 1.5, "ZI": -0.5}', '[["XX", 1.5], ["ZI", -1]]', template="pauli:file={}"),
    _of_problem("h2.xyz", "2\nhydrogen\nH 0 0 0\nH 0 0 0.735\n", weight=2),
    _of_problem("lih.fcidump", SEEDS / "lih_sto3g_2e5o.fcidump", SEEDS / "h2o_sto3g_4e4o.fcidump"),
)
"""Weights are hundredths of all mutated files, about."""
