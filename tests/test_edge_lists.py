"""Graphs in files as people have them: plain lists, the formats of MaxCut benchmarks, tables without a header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ("bare.csv", "0,1\n1,2\n2,3\n3,0\n", RING),
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
    ],
)
def test_refusals(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=message):
        graph_of("maxcut", f"{tmp_path}/{name}", None)


@given(
    edges=st.sets(st.tuples(st.integers(1, 9), st.integers(1, 9)).filter(lambda pair: pair[0] < pair[1]), min_size=2),
    weights=st.data(),
)
def test_a_header_changes_no_edge(edges, weights, tmp_path_factory):
    """The same random graph as a plain list with weights, as G-set and as DIMACS."""
    pairs = sorted(edges)
    lines = [f"{u} {v} {weights.draw(st.integers(1, 5))}" for u, v in pairs]
    n, folder = max(map(max, pairs)), tmp_path_factory.mktemp("graphs")
    texts = {
        "plain.edges": lines,
        "gset.mc": [f"{n} {len(pairs)}", *lines],
        "dimacs.col": [f"p edge {n} {len(pairs)}", *(f"e {line}" for line in lines)],
    }
    found = []
    for name, text in texts.items():
        (folder / name).write_text("\n".join(text) + "\n")
        found.append(graph_of("maxcut", f"{folder}/{name}", None))
    assert found[0] == found[1] == found[2]


def test_more_vertices_than_any_machine_holds_are_refused_in_words(command, tmp_path):
    (tmp_path / "path.edges").write_text("".join(f"{i} {i + 1}\n" for i in range(69)))
    code, _, err = command("run", f"maxcut:graph={tmp_path}/path.edges", "--dry-run")
    assert code == 2 and "70 qubits need" in err
