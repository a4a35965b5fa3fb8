"""The seeds: a bibliography without gaps, and input files that are what they say."""

import re
import runpy
import tomllib
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from qiskit import qasm3
from qiskit.quantum_info import SparsePauliOp, Statevector

SEEDS = Path(__file__).parents[1] / "seeds"
SOURCES = tomllib.loads((SEEDS / "sources.toml").read_text(encoding="utf-8"))
CITED = re.findall(r"\[([a-z][a-z0-9-]*)\](?![(`])", (SEEDS / "README.md").read_text(encoding="utf-8"))
DATA = [
    "heawood.edges",
    "petersen.edges",
    "h2_sto3g_0.735.pauli",
    "tfim_4.pauli",
    "ry_ansatz.qasm",
    "teleportation_feed_forward.qasm",
    "lih_sto3g_2e5o.fcidump",
    "beh2_sto3g_4e6o.fcidump",
    "h2o_sto3g_4e4o.fcidump",
    "molecules.py",
    "network_flows.csv",
    "portfolio_prices.csv",
    "grid_lines.csv",
    "synthetic.py",
    "spin_readout.py",
]


def rows(name: str) -> list[list[str]]:
    """The words of every line that is no comment."""
    lines = (line.partition("#")[0].split() for line in (SEEDS / name).read_text(encoding="utf-8").splitlines())
    return [words for words in lines if words]


def neighbours(name: str) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for u, v in rows(name):
        found.setdefault(int(u), set()).add(int(v))
        found.setdefault(int(v), set()).add(int(u))
    return found


def girth(graph: dict[int, set[int]]) -> int:
    """Length of the shortest cycle: a breadth-first search from every vertex."""
    best = len(graph) + 1
    for root in graph:
        depth, parent, queue = {root: 0}, {root: root}, [root]
        for u in queue:
            for v in graph[u] - {parent[u]}:
                if v in depth:
                    best = min(best, depth[u] + depth[v] + 1)
                else:
                    depth[v], parent[v] = depth[u] + 1, u
                    queue.append(v)
    return best


def maximum_cut(name: str, n: int) -> int:
    """By trying every assignment; vertex 0 stays on one side."""
    sides = (np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) & 1
    return int(sum(sides[:, int(u)] ^ sides[:, int(v)] for u, v in rows(name)).max())


def hamiltonian(name: str) -> SparsePauliOp:
    return SparsePauliOp.from_list([(pauli, float(coefficient)) for coefficient, pauli in rows(name)])


@pytest.mark.parametrize("key", SOURCES)
def test_every_source_says_what_and_where(key):
    entry = SOURCES[key]
    assert set(entry) - {"year"} == {"title", "authors", "where", "kind", "read"}
    assert entry["kind"] in ("press", "page", "paper", "preprint", "docs")
    assert entry["read"] in ("text", "abstract", "page", "secondary", "cited")
    assert entry["authors"] and all(entry["authors"]) and entry["title"] and entry["where"]
    assert "year" in entry or entry["kind"] in ("page", "docs")


def test_the_readme_cites_what_exists_and_all_of_it():
    assert set(CITED) == set(SOURCES)


def test_the_readme_lists_every_input_file():
    text = (SEEDS / "README.md").read_text(encoding="utf-8")
    assert sorted(p.name for p in SEEDS.iterdir() if p.suffix not in (".md", ".toml")) == sorted(DATA)
    assert all(f"`{name}`" in text for name in DATA)


@pytest.mark.parametrize(("name", "n", "edges", "shortest", "cut"), [("petersen", 10, 15, 5, 12), ("heawood", 14, 21, 6, 21)])
def test_graphs(name, n, edges, shortest, cut):
    graph = neighbours(f"{name}.edges")
    assert sorted(graph) == list(range(n))
    assert len(rows(f"{name}.edges")) == edges
    assert {len(around) for around in graph.values()} == {3}
    assert girth(graph) == shortest
    assert maximum_cut(f"{name}.edges", n) == cut


def test_hydrogen():
    """Known values: full configuration interaction and Hartree-Fock, both with the nuclear repulsion."""
    matrix = hamiltonian("h2_sto3g_0.735.pauli").to_matrix()
    assert np.linalg.eigvalsh(matrix)[0] == pytest.approx(-1.137306036, abs=5e-10)
    assert matrix.diagonal().real.min() == pytest.approx(-1.116998997, abs=5e-10)
    identity = {pauli: float(c) for c, pauli in rows("h2_sto3g_0.735.pauli")}["II"]
    assert identity == -1.052373245772859 + 0.7199689944489797


def test_synthetic_tables_are_what_their_script_makes_and_say_so():
    scope = runpy.run_path(str(SEEDS / "synthetic.py"))
    for name, make in (
        ("portfolio_prices.csv", scope["prices"]),
        ("grid_lines.csv", scope["lines"]),
        ("network_flows.csv", scope["flows"]),
    ):
        text = (SEEDS / name).read_text(encoding="utf-8")
        assert text == make()
        assert text.startswith("# SYNTHETIC")


def test_ising_chain():
    """Pfeuty 1970 for open ends: E0 = 1 - 1/sin(pi / (2 (2 n + 1)))."""
    lowest = np.linalg.eigvalsh(hamiltonian("tfim_4.pauli").to_matrix())[0]
    assert lowest == pytest.approx(1 - 1 / np.sin(np.pi / 18), abs=1e-12)


def test_openqasm_ansatz_loads_and_reaches_hydrogen():
    """The ground state is cos(a)|01> + sin(a)|10>, real, so two layers of RY around one CZ hold it."""
    circuit = qasm3.loads((SEEDS / "ry_ansatz.qasm").read_text(encoding="utf-8"))
    assert [p.name for p in circuit.parameters] == [f"theta_{i}" for i in range(4)]
    observable = hamiltonian("h2_sto3g_0.735.pauli")

    def energy(point):
        return Statevector(circuit.assign_parameters(point)).expectation_value(observable).real

    best = min(([a, b, c, d] for a, b, c, d in product([-np.pi / 2, 0, np.pi / 2, np.pi], repeat=4)), key=energy)
    values = [energy(best)]
    for i in [0, 1, 2, 3] * 40:  # Rotosolve, one angle at a time
        at = [energy([*best[:i], x, *best[i + 1 :]]) for x in (0.0, np.pi / 2, -np.pi / 2)]
        best[i] = -np.pi / 2 - np.arctan2(2 * at[0] - at[1] - at[2], at[1] - at[2])
        values.append(energy(best))
    assert all(after <= before + 1e-12 for before, after in pairwise(values))
    assert values[-1] == pytest.approx(-1.137306036, abs=1e-8)
