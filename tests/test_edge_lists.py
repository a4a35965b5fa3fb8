"""Graphs in files as people have them: plain lists, the formats of MaxCut benchmarks, tables without a header."""

from pathlib import Path

import networkx as nx
import pytest
import scipy.io
from hypothesis import assume, given
from hypothesis import strategies as st

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.catalog.problems._graphs import graph_of

RING = {(0, 1), (1, 2), (2, 3), (0, 3)}


@pytest.mark.parametrize(
    ("name", "text", "edges"),
    [
        ("plain.edges", "0 1\n1 2\n2 3\n3 0\n", RING),
        ("comments.edges", "% asym\n// more\n0 1 # one\n1 2\n2 3\n3 0\n", RING),
        ("gset.mc", "4 4\n1 2 1\n2 3 1\n3 4 1\n4 1 1\n", RING),
        ("dimacs.col", "c a comment\np edge 4 4\ne 1 2\ne 2 3\ne 3 4\ne 4 1\n", RING),
        ("arcs.gr", "p sp 4 4\na 1 2 1\na 2 3 1\na 3 4 1\na 4 1 1\n", RING),
        ("both_ways.col", "p edge 4 8\n" + "".join(f"e {u} {v}\ne {v} {u}\n" for u, v in ("12", "23", "34", "41")), RING),
        ("comments_by_c.edges", "c ring of four\n0 1\nc half of it\n1 2\n2 3\n3 0\n", RING),
        ("networkx.edges", "0 1 {}\n1 2 {}\n2 3 {}\n3 0 {}\n", RING),
        ("weights.edges", "0 1 {'weight': 1}\n1 2 {'weight': 1.0}\n2 3 {'weight': 1}\n3 0 {'weight': 1}\n", RING),
        ("lower.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n% a comment\n4 4 4\n2 1\n3 2\n4 3\n4 1\n", RING),
        ("metis.graph", "% a comment\n4 4\n2 4\n1 3\n2 4\n1 3\n", RING),
        ("metis.txt", "4 4 001\n2 1 4 1\n1 1 3 1\n% inside\n2 1 4 1\n1 1 3 1\n", RING),
        ("source.tsv", "source\ttarget\n0\t1\n1\t2\n2\t3\n3\t0\n", RING),
        ("bare.csv", "0,1\n1,2\n2,3\n3,0\n", RING),
        ("small.csv", "0,1,1e0\n1,2,1e0\n2,3,1\n3,0,1\n", RING),
        ("words.csv", "a,b\nb,c\nc,d\nd,a\n", RING),
        ("header.csv", "u,v\n0,1\n1,2\n2,3\n3,0\n", RING),
    ],
)
def test_formats(name, text, edges, tmp_path):
    (tmp_path / name).write_text(text)
    assert set(graph_of("maxcut", f"{tmp_path}/{name}", None).edges) == edges


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("count.mc", "3 3\n1 2 1\n2 3 1\n", r"count.mc:1: says 3 edges, 2 follow"),
        ("either.edges", "4 3\n1 2\n2 3\n3 4\n", r"either.edges:1: '4 3' may be an edge.*'3 4'"),
        ("count.col", "p edge 3 3\ne 1 2\ne 2 3\n", r"count.col:1: says 3 edges, 2 follow"),
        ("label.col", "p edge 2 2\ne 1 2\ne 2 3\n", r"label.col:3: vertices are numbers from 1 to 2"),
        ("late.col", "e 1 2\np edge 2 1\n", r"late.col:1: a DIMACS file begins"),
        ("odd.col", "p edge 2 1\n1 2\n", r"odd.col:2: write 'e u v'"),
        ("half.col", "p edge 3 2\ne 1 2 5\ne 2 3\n", r"half.col:3: write a weight on every line or on none"),
        ("no_p.col", "c a comment\ne 1 2\ne 2 3\n", r"no_p.col:2: a DIMACS file begins"),
        ("mixed.edges", "0 1\n1 2 3\n", r"mixed.edges:2: '1 2 3' has 3 words, .*weight on every line or on none"),
        ("names.edges", "source target\n0 1\n1 2\n", r"names.edges:1: 'source target' is no edge between numbers"),
        ("middle.edges", "0 1\n1 2\n; half\n2 3\n", r"middle.edges:3: '; half' is no edge between numbers"),
        ("path.csv", "a,b\nb,c\n", r"path.csv: the first line, 'a, b', may name columns or be an edge, since 'b' is a vertex"),
        ("data.edges", "0 1 {'color': 2}\n", r"data.edges:1: of an edge's data only"),
        ("first.csv", "weight,u,v\n2,0,1\n", r"first.csv: a graph has two columns of vertices and after them"),
        (
            "dense.mtx",
            "%%MatrixMarket matrix array real general\n2 2\n0\n1\n1\n0\n",
            r"dense.mtx:1: a graph is .* 'matrix array",
        ),
        ("skew.mtx", "%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 1 1\n", r"skew.mtx:1: a graph is"),
        (
            "arcs.mtx",
            "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n2 1\n",
            r"arcs.mtx:1: the matrix is not symmetric",
        ),
        (
            "size.mtx",
            "%%MatrixMarket matrix coordinate pattern symmetric\n3 2 1\n2 1\n",
            r"size.mtx:2: a graph's matrix is square",
        ),
        ("few.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n", r"few.mtx:2: says 2 entries, 1 follow"),
        (
            "loop.mtx",
            "%%MatrixMarket matrix coordinate pattern symmetric\n2 2 2\n1 1\n2 1\n",
            r"loop.mtx:3: the edge joins '1'",
        ),
        ("lines.graph", "3 2\n2\n1 3\n", r"lines.graph:1: says 3 vertices, each with a line, 2 follow"),
        ("count.graph", "3 1\n2\n1 3\n2\n", r"count.graph:1: says 1 edges, 2 follow"),
        ("one_way.graph", "3 2\n2\n3\n2 1\n", r"one_way.graph: of every edge both ends"),
        ("heavy.graph", "2 1 010\n5 2\n5 1\n", r"heavy.graph:1: METIS format 10 gives weights or sizes to vertices"),
        ("large.mc", "100000000 1\n1 2 1\n", r"large.mc:1: 100000000 vertices are too large"),
        ("pajek.net", "*Vertices 2\n1 a\n2 b\n*Edges\n1 2\n", r"pajek.net: Pajek is not read"),
        ("graph.gml", "graph [\n  node [\n id 0\n ]\n]\n", r"graph.gml: GML is not read"),
        ("graph.gv", "graph G {\n a -- b;\n}\n", r"graph.gv: DOT is not read"),
        ("graph.gexf", "<?xml version='1.0'?>\n<gexf/>\n", r"graph.gexf: XML"),
    ],
)
def test_refusals(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=message):
        graph_of("maxcut", f"{tmp_path}/{name}", None)


@st.composite
def graphs(draw: st.DrawFn) -> nx.Graph:
    """2 to 9 vertices numbered from 1, some of them isolated, edges with whole weights."""
    n = draw(st.integers(2, 9))
    pairs = draw(st.sets(st.tuples(st.integers(1, n), st.integers(1, n)).filter(lambda pair: pair[0] < pair[1]), min_size=1))
    graph = nx.Graph()
    graph.add_nodes_from(range(1, n + 1))
    graph.add_weighted_edges_from([(u, v, draw(st.integers(1, 5))) for u, v in sorted(pairs)])
    return graph


def gset(graph: nx.Graph, path: Path) -> None:
    edges = [f"{u} {v} {w}" for u, v, w in graph.edges.data("weight")]
    path.write_text("\n".join([f"{len(graph)} {len(edges)}", *edges]))


def dimacs(graph: nx.Graph, path: Path) -> None:
    edges = [f"e {u} {v} {w}" for u, v, w in graph.edges.data("weight")]
    path.write_text("\n".join(["c by a test", f"p edge {len(graph)} {len(edges)}", *edges]))


def metis(graph: nx.Graph, path: Path) -> None:
    rows = [" ".join(f"{v} {graph[u][v]['weight']}" for v in graph[u]) for u in sorted(graph)]
    path.write_text("\n".join([f"{len(graph)} {graph.number_of_edges()} 001", *rows]) + "\n")


def matrix_market(graph: nx.Graph, path: Path) -> None:
    scipy.io.mmwrite(path, nx.to_scipy_sparse_array(graph, nodelist=sorted(graph)))


def general_matrix(graph: nx.Graph, path: Path) -> None:
    scipy.io.mmwrite(path, nx.to_scipy_sparse_array(graph, nodelist=sorted(graph)), symmetry="general")


WHOLE = {
    "g.mc": gset,
    "g.col": dimacs,
    "g.graph": metis,
    "g.mtx": matrix_market,
    "general.mtx": general_matrix,
    "g.graphml": nx.write_graphml,
}
"""Writers that keep isolated vertices."""
LISTS = {
    "g.edges": nx.write_weighted_edgelist,
    "data.edges": nx.write_edgelist,
    "g.csv": lambda graph, path: path.write_text("".join(f"{u},{v},{w}\n" for u, v, w in graph.edges.data("weight"))),
}


@given(graph=graphs())
def test_every_format_holds_the_graph_that_was_written(graph, tmp_path_factory):
    """Written by networkx and SciPy where they write the format."""
    folder = tmp_path_factory.mktemp("graphs")
    for name, write in (WHOLE | LISTS).items():
        write(graph, folder / name)
        found = graph_of("maxcut", f"{folder}/{name}", None)
        kept = sorted(graph) if name in WHOLE else sorted(v for v in graph if graph.degree(v))
        assert found.vertices == [str(v) for v in kept], name
        expected = {(kept.index(u), kept.index(v)): w for u, v, w in graph.edges.data("weight")}
        assert found.edges == expected, name


@given(graph=graphs(), line=st.data())
def test_a_lost_line_is_noticed(graph, line, tmp_path_factory):
    """Formats that say how much they hold: any line left out is refused (a lone header of two numbers is an edge)."""
    assume(graph.number_of_edges() > 1)
    folder = tmp_path_factory.mktemp("graphs")
    for name, write in WHOLE.items():
        if name.endswith("ml"):
            continue
        write(graph, folder / name)
        lines = (folder / name).read_text().splitlines()
        counted = [i for i, text in enumerate(lines) if text[:1] not in ("%", "c") and (text or name == "g.graph")]
        del lines[line.draw(st.sampled_from(counted[1:]))]
        (folder / name).write_text("\n".join(lines) + "\n")
        with pytest.raises(UsageError, match=f"{name}:"):
            graph_of("maxcut", f"{folder}/{name}", None)


def test_vertices_without_edges_count(tmp_path):
    """Three of four vertices of a G-set file have no edge in common: an independent set."""
    (tmp_path / "g.mc").write_text("4 1\n1 2 1\n")
    assert catalog.load(catalog.parse("problems", f"mis:graph={tmp_path}/g.mc"))().exact == 3


YED = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
<key for="edge" id="d9" yfiles.type="edgegraphics"/>
<graph edgedefault="undirected"><node id="n0"/><node id="n1"/><node id="n2"/>
<edge source="n0" target="n1"><data key="d9"><y:PolyLineEdge>
<y:EdgeLabel hasText="true">3.5<y:LabelModel/></y:EdgeLabel></y:PolyLineEdge></data></edge>
<edge source="n1" target="n2"><data key="d9"><y:PolyLineEdge><y:EdgeLabel>2</y:EdgeLabel></y:PolyLineEdge></data></edge>
</graph></graphml>
"""
GEPHI = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key attr.name="Edge Label" attr.type="string" for="edge" id="edgelabel"/>
<key attr.name="Weight" attr.type="double" for="edge" id="weight"/>
<graph edgedefault="undirected"><node id="n0"/><node id="n1"/><node id="n2"/>
<edge id="0" source="n0" target="n1"><data key="edgelabel">7</data><data key="weight">3.5</data></edge>
<edge id="1" source="n1" target="n2"><data key="weight">2</data></edge>
</graph></graphml>
"""


@pytest.mark.parametrize("text", [YED, GEPHI])
def test_weights_that_yed_and_gephi_write(text, tmp_path):
    (tmp_path / "g.graphml").write_text(text)
    assert graph_of("maxcut", f"{tmp_path}/g.graphml", None).edges == {(0, 1): 3.5, (1, 2): 2.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (YED.replace(">2<", "><"), "g.graphml:6: the edge has no weight"),
        (YED.replace("3.5<y", "3.5 km<y"), "g.graphml:5: the label '3.5 km' is no weight"),
        (GEPHI.replace('<data key="weight">2</data>', ""), "g.graphml:6: the edge has no weight"),
        (GEPHI.replace('name="Weight"', 'name="load"'), "g.graphml:5: the edge carries the number 'Edge Label'"),
    ],
)
def test_labels_that_would_be_lost(text, message, tmp_path):
    (tmp_path / "g.graphml").write_text(text)
    with pytest.raises(UsageError, match=message):
        graph_of("maxcut", f"{tmp_path}/g.graphml", None)


@pytest.mark.parametrize(
    ("problem", "best"), [("maxcut", "cut 69"), ("mis", "vertices 35"), ("partition", "cut 1"), ("qubo", "value -35")]
)
@pytest.mark.parametrize("how", [(), ("--dry-run",)])
def test_more_variables_than_outcomes_have_bits_are_refused_in_words(command, problem, best, how, tmp_path):
    """A path of 70 vertices: its cut, every other vertex, one edge between halves; a chain of -x_i + 2 x_i x_i+1."""
    path = tmp_path / "path.edges"
    path.write_text("".join(f"{i} {i + 1}\n" for i in range(69)))
    if problem == "qubo":
        path = tmp_path / "chain.coo"
        path.write_text("".join(f"{i} {i} -1\n" for i in range(70)) + "".join(f"{i} {i + 1} 2\n" for i in range(69)))
    option = "file" if problem == "qubo" else "graph"
    code, out, err = command("run", f"{problem}:{option}={path}", "--results", tmp_path, *how)
    assert (code, out) == (2, "")
    assert "takes 70 qubits; the widest device here, 'iqm-lattice-54', has 54" in err.replace("\n  ", " ")
    assert f"The best classical choice: {best} (" in err.replace("\n  ", " ")
