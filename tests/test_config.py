"""`hybrid config init`: the file to begin with runs as it is, and every line that is taken out of its comment is right."""

import json
import tomllib

import pytest
from jsonschema import Draft202012Validator

from hybrid import catalog
from hybrid.device.device import Device
from hybrid.device.options import DEPHASING
from hybrid.measure.choices import WORDS
from hybrid.runs.axes import OWN_KEYS, read_sweep
from hybrid.runs.new_file import new_file
from hybrid.runs.schema import experiment_schema, sweep_schema
from hybrid.runs.spec import Spec

COMMENTED = [name for name in Spec.__dataclass_fields__ if name != "problem"]


def keys_in_comments(text: str) -> dict[str, str]:
    """Key -> the line without its #."""
    lines = [line[1:] for line in text.splitlines() if line.startswith("#") and not line.startswith("# ")]
    return {line.partition(" = ")[0]: line for line in lines}


def test_it_runs_as_it_is(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command("config", "init", "--output", "my.toml").out == "written: my.toml\n"
    done = command("run", "my.toml", "--json")
    assert done.code == 0 and json.loads(done.out)["problem"] == "h2"
    assert json.loads(command("run", "h2", "--json").out)["id"] == json.loads(done.out)["id"]  # as if nothing was written


@pytest.mark.parametrize(
    "name",
    [n for n in catalog.names("problems") if not any(o.required for o in catalog.locate("problems", n).options.values())],
)
def test_every_problem_has_a_file(name):
    text = new_file(name)
    assert tomllib.loads(text) == {"problem": name}
    assert list(keys_in_comments(text)) == COMMENTED
    assert all(f"#     {key}: " in text for key in catalog.locate("problems", name).options)
    assert all(len(line) <= 128 for line in text.splitlines())


def test_every_word_that_is_allowed_is_in_it():
    text = new_file("h2")
    for family in ("algorithms", "ansatze", "optimizers", "backends", "devices", "mitigations", "problems"):
        assert all(name in text for name in catalog.names(family))
    for words in (*WORDS.values(), DEPHASING):
        assert all(word in text for word in words)


@pytest.mark.parametrize("key", COMMENTED)
def test_every_line_may_be_taken_out_of_its_comment(tmp_path, key):
    text = new_file("h2")
    device = 'device = "meluxina-q"\n' if key == "dephasing" else ""  # an ideal one has none
    table = tomllib.loads(f"{text}{device}{keys_in_comments(text)[key]}\n")
    (tmp_path / "mine.toml").write_text(f"{text}{device}{keys_in_comments(text)[key]}\n")
    spec = Spec.from_toml(tmp_path / "mine.toml")
    assert getattr(spec, key) is not None
    assert list(Draft202012Validator(experiment_schema()).iter_errors(table)) == []
    if Spec.__dataclass_fields__[key].default is not None or key == "algorithm":
        assert spec.id == Spec(problem="h2").id  # it is the default


def test_a_sweep_s_file(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(command("config", "init", "tfim:n=3", "--sweep").out)
    text = (tmp_path / "s.toml").read_text()
    grid, own = read_sweep(tmp_path / "s.toml", tmp_path, {})
    assert len(grid.specs) == 1 and own == {}
    found = keys_in_comments(text)
    assert list(found) == [*COMMENTED, *OWN_KEYS]
    (tmp_path / "s.toml").write_text(
        'problem = "tfim:n=2,3"\nseed = "0..3"\n' + found["label"] + "\n" + found["executor"] + "\n"
    )
    grid, own = read_sweep(tmp_path / "s.toml", tmp_path, {})
    assert len(grid.specs) == 8 and own == {"label": "my project", "executor": "local"}
    assert list(Draft202012Validator(sweep_schema()).iter_errors(tomllib.loads((tmp_path / "s.toml").read_text()))) == []


def test_a_file_that_exists_is_kept(command, tmp_path):
    (tmp_path / "my.toml").write_text("mine")
    done = command("config", "init", "--output", tmp_path / "my.toml")
    assert done.code == 2 and "exists, and is kept" in done.err
    assert (tmp_path / "my.toml").read_text() == "mine"
    done = command("config", "init", "--output", tmp_path / "nowhere" / "my.toml")
    assert done.code == 2 and "nowhere: No such file or directory" in done.err


def test_a_problem_s_file_is_named_as_seen_from_the_experiment(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.edges").write_text("a b\nb c\n")
    (tmp_path / "inside").mkdir()
    for output in ("here.toml", "inside/there.toml"):
        assert command("config", "init", "./my.edges", "--output", output).code == 0
        assert Spec.from_toml(output).id == Spec(problem="./my.edges").id
    assert 'problem = "./my.edges"' in (tmp_path / "here.toml").read_text()


def test_a_device_s_file(command, tmp_path):
    done = command("config", "init", "--device", "spin-sige-3q", "--output", tmp_path / "mine.toml")
    assert done.code == 0
    assert Device.load(str(tmp_path / "mine.toml")).sha256 == Device.load("spin-sige-3q").sha256
    assert command("config", "init", "h2", "--device", "ideal").code == 2


def test_an_unknown_problem_is_refused(command):
    done = command("config", "init", "h3")
    assert (done.code, done.out) == (2, "") and "Did you mean 'h2'?" in done.err
