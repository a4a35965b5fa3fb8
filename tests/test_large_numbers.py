"""Numbers too large to compute with are refused beforehand, and in a record they are damage."""

import re

import pytest


@pytest.mark.parametrize(
    "words",
    [
        "run tfim:n=2,h=1e308 --max-evals 1",
        "run tfim:n=2,h=1e200 --max-evals 1",
        "run h2 --shots 99999999999999999999 --max-evals 1",
        "run h2 --shots 99999999999999999999 --device meluxina-q --backend exact --max-evals 1",
        "sample bell --shots 99999999999999999999",
    ],
)
def test_refused_beforehand(words, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command(*words.split())
    assert done.code == 2 and re.search("at most|below", done.err)
    assert not (tmp_path / "results").exists()


def test_the_value_of_a_knapsack(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "items.csv").write_text("item,value,weight\na,1e308,1\nb,1e308,2\n")
    done = command("run", "knapsack:items=items.csv,capacity=2", "--max-evals", "1")
    assert done.code == 2 and "too large" in done.err


def test_a_number_of_a_record_that_reads_as_infinite(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command("run", "h2", "--max-evals", "0", "--quiet").code in (0, 3)
    (path,) = (tmp_path / "results").glob("*.jsonl")
    path.write_text(re.sub(r'"value":[-0-9.e]+', '"value":1e400', path.read_text()))
    for verb in (["show"], ["replay"]):
        assert command("runs", *verb, path.stem).code == 5
    assert command("run", "h2", "--max-evals", "0", "--quiet").code == 5


def test_a_feature(command, tmp_path, monkeypatch):
    """Without a check LAPACK ran for ever on differences that had overflowed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "points.csv").write_text("x,y,c\n" + "1e308,1,a\n-1e308,2,b\n0,3,a\n4,4,b\n" * 3)
    done = command("run", "points.csv:label=c", "--max-evals", "1")
    assert done.code == 2 and "must stay below" in done.err
