"""`hybrid bench export --zenodo`: a folder that verifies itself, names no host, and has the same bytes on a second run."""

import hashlib
import json
import subprocess
import tomllib
from pathlib import Path

import pytest
from bench_rows import row
from test_citation import parsed

from hybrid.bench.rows import read

HOST = "node17.private.example"
FILES = ["CITATION.cff", "README.md", "SHA256SUMS", "environments.json", "rows.jsonl"]


@pytest.fixture
def results(tmp_path) -> Path:
    """Nine processes by two backends, an A/A run, and a process that failed and named its host."""
    made = [
        row("ghz:n=4", backend, process=i, seconds=seconds, suite="m@2", host=HOST)
        for backend, seconds in (("aer", 1e-3), ("exact", 1e-4))
        for i in range(9)
    ]
    made.append(row("ghz:n=5", "qulacs", status="error", note=f"cannot connect to {HOST}", host=HOST))
    path = tmp_path / "m.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in made))
    return path


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_deposit_verifies_itself_and_names_no_host(command, tmp_path, results):
    folder = tmp_path / "deposit"
    code, out, _ = command("bench", "export", "--zenodo", folder, results)
    made = content(folder)
    assert code == 0 and "19 rows" in out and sorted(made) == FILES
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True, capture_output=True)
    assert len(made["SHA256SUMS"].splitlines()) == len(made) - 1
    assert not [name for name, text in made.items() if HOST.encode() in text or b"node17" in text]
    rows = read(folder / "rows.jsonl")  # ids and checksums hold
    assert {one["environment"]["host"] for one in rows} == {"machine-1"}
    assert rows[-1]["note"] == "cannot connect to machine-1"
    (machine,) = json.loads(made["environments.json"])
    assert machine["env_id"] == rows[0]["env_id"] and machine["versions"] == {"numpy": "2.1.0"}


def test_its_readme_says_who_wins_and_how_to_repeat_it(command, tmp_path, results):
    folder = tmp_path / "deposit"
    command("bench", "export", "--zenodo", folder, results)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"pip install 'hybrid-sandbox[simulators]=={project['version']}'" in readme
    assert "hybrid bench run --suite m@2 --out again.jsonl" in readme
    assert "--workload ghz:n=5 --backend qulacs --path compiled --threads 1" in readme
    assert "machine-1: A Processor @ 2 GHz, 2 cores, 16 GiB, Linux" in readme
    code, shown, _ = command("bench", "show", "--brief", folder / "rows.jsonl")
    assert code == 0 and shown.strip() in readme


def test_its_citation_is_one_of_a_data_set(command, tmp_path, results):
    command("bench", "export", "--zenodo", tmp_path / "deposit", results)
    text = (tmp_path / "deposit" / "CITATION.cff").read_text(encoding="utf-8")
    found = parsed(text.partition("references:")[0])
    assert {"cff-version", "message", "title", "authors"} <= found.keys() and found["type"] == "dataset"
    assert found["title"].endswith(": m@2") and found["authors"] == ["name: the hybrid authors"]


def test_a_second_run_changes_no_byte(command, tmp_path, results):
    folder = tmp_path / "deposit"
    _, out, _ = command("bench", "export", "--zenodo", folder, results, "--json")
    assert json.loads(out)["files"] == FILES
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    assert command("bench", "export", "--zenodo", folder, results, results)[0] == 0  # rows given twice count once
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
    command("bench", "export", "--zenodo", tmp_path / "again", results)
    digests = [{n: hashlib.sha256(text).digest() for n, text in content(f).items()} for f in (folder, tmp_path / "again")]
    assert digests[0] == digests[1]


def test_nothing_is_written_over(command, tmp_path, results):
    folder = tmp_path / "deposit"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    code, _, err = command("bench", "export", "--zenodo", folder, results)
    assert code == 2 and "holds something else; nothing was changed" in err
    assert content(folder) == {"mine.txt": b"mine"}
    (tmp_path / "none.jsonl").write_text("")
    code, _, err = command("bench", "export", "--zenodo", tmp_path / "new", tmp_path / "none.jsonl")
    assert code == 2 and "no rows" in err and not (tmp_path / "new").exists()
    code, _, err = command("bench", "export", "--zenodo", tmp_path / "new", tmp_path / "missing.jsonl")
    assert code == 2 and "missing.jsonl" in err
