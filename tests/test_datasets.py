"""Data sets: seeded, split class by class, scaled by the training part alone; tables that are read right or refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import Dataset
from hybrid.runs.setup import Chosen, prepare
from hybrid.runs.spec import Spec


def dataset(text: str) -> Dataset:
    return catalog.load(catalog.parse("problems", text))()


@pytest.mark.parametrize("text", ["moons", "circles", "moons:n=31,test=0.5,seed=4", "circles:noise=0,seed=9"])
def test_generators(text):
    """The same bytes for the same seed, others for another; training features span 0 to pi exactly, classes in proportion."""
    found, again, other = dataset(text), dataset(text), dataset(text.partition(":")[0] + ":seed=123")
    assert all(
        np.array_equal(a, b) for a, b in zip(dataclasses.astuple(found)[:4], dataclasses.astuple(again)[:4], strict=True)
    )
    assert not np.array_equal(found.train_x, other.train_x)
    np.testing.assert_allclose(found.train_x.min(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(found.train_x.max(axis=0), np.pi, atol=1e-15)
    assert np.ptp(np.bincount(found.train_y)) <= 1
    assert set(found.test_y) == {0, 1}
    assert found.majority == pytest.approx(0.5, abs=0.1)


def test_a_line_does_not_tell_circles_apart():
    """200 tests at chance 1/2 have a standard deviation of 0.035; moons are nearly separable."""
    assert dataset("circles:n=660").baseline == pytest.approx(0.5, abs=0.14)
    assert 0.75 < dataset("moons:n=660").baseline < 0.95


def test_table(tmp_path: Path):
    path = tmp_path / "load.csv"
    rows = [f"{i},{10 - i},{3},{'high' if i > 90 else 'low'}" for i in (1, 2, 3, 4, 5, 96, 97, 98, 99, 100)]
    path.write_text("# synthetic\nhour,wind,flat,load\n" + "\n".join(rows) + "\n")
    found = dataset(f"{path}:label=load")
    assert (found.features, found.classes) == (("hour", "wind", "flat"), ("high", "low"))
    assert (len(found.train_y), len(found.test_y)) == (6, 4)  # 30 % of five is 1.5, rounded to 2
    assert found.baseline == 1.0
    assert "constant among them: flat" in found.note
    hours = np.concatenate([found.train_x[:, 0], found.test_x[:, 0]])
    labels = np.concatenate([found.train_y, found.test_y])
    assert hours[labels == 0].min() > hours[labels == 1].max()  # the columns and labels stayed together
    assert dataset(f"{path}:label=load,columns=wind").features == ("wind",)


BAD = [
    ("a,b\n1,x\n", "b", ":2", "needs two classes"),
    ("a,b\n1,x\n2,y\n", "b", "", "two points or more each"),
    ("a,b\n1,x\nq,x\n", "b", ":3: the number in column 'a' must be a finite number, not 'q'", ""),
    ("a,b\n1,x\n", "c", "unknown column in ", "'c'"),
    ("a,a\n1,x\n", "a", ":1: the name 'a' heads two columns", ""),
    ("a,\n1,x\n", "a", ":1: column 2 has no name", ""),
    ("a,b\n1\n", "b", ":2: has 1 cells, the header has 2", ""),
    ("a,b\n1,\n", "b", ":2: column 'b' is empty", ""),
    ("a,b\n", "b", "holds a header and no rows", ""),
    ('a,b\n1,"x\n', "b", ":2: not a row of a table", ""),
    ("b\nx\n", "b", "columns must be distinct features", ""),
    ("a,b\n" + "\n".join(f"1,{i}" for i in range(11)), "b", "names 11 classes", ""),
]


@pytest.mark.parametrize(("text", "label", "where", "message"), BAD)
def test_bad_tables(tmp_path, text, label, where, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        dataset(f"{path}:label={label}")
    assert message in str(error.value)
    assert where in str(error.value) or where == ":2"


@pytest.mark.parametrize("text", ["moons:n=3", "moons:noise=-1", "circles:test=1", "moons:seed=-1", "circles:test=0"])
def test_bad_options(text):
    with pytest.raises(UsageError, match="must lie between|may not be negative|must be at least"):
        dataset(text)


def test_an_algorithm_for_hamiltonians_refuses_points():
    with pytest.raises(UsageError, match="'moons' is a set of labelled points, 'vqe' takes a Hamiltonian"):
        prepare(Spec(problem="moons", algorithm="vqe"))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("table") / "points.csv"


CELLS = st.one_of(st.floats(allow_nan=True).map(repr), st.text(max_size=5), st.integers().map(str))


@settings(max_examples=150)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=8), st.sampled_from([",", ";", "\t"]))
def test_any_table_is_read_or_refused(scratch: Path, rows: list[list[str]], comma: str) -> None:
    """Random cells, unicode and quotes included: finite numbers, or a message that names file or problem."""
    scratch.write_text("\n".join(comma.join(row) for row in [["a", "b", "label"], *rows]), encoding="utf-8")
    try:
        found = dataset(f"{scratch}:label=label")
    except UsageError as error:
        assert scratch.name in str(error) or "problem 'table'" in str(error)
    else:
        assert np.isfinite(found.train_x).all()
        assert len(found.train_y) + len(found.test_y) == sum(1 for row in rows if "".join(row).strip())


@pytest.mark.parametrize("name", catalog.names("ansatze"))
def test_an_ansatz_made_from_a_hamiltonian_says_so_and_is_refused(name):
    """Its first parameter is a `Problem`, its file declares TAKES, and labelled points are refused before it is called."""
    signature = catalog.locate("ansatze", name)
    takes = "problem: Problem," in (text := signature.file.read_text()) or "problem: Problem)" in text
    assert takes == (signature.constants.get("TAKES") == "Hamiltonian")
    if takes:
        prepared = prepare(Spec(algorithm="vqc", problem="moons", ansatz=name))
        with pytest.raises(
            UsageError, match=f"'{name}' is made from a Hamiltonian.*take efficient_su2, real_amplitudes or brick"
        ):
            Chosen(prepared).ansatz("efficient_su2")
