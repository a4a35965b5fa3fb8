"""Many records at once: the index, conditions and order, the table of all inputs, sums of costs, and their speed."""

import csv
import io
import json
import os
import subprocess
import sys
import time
from math import fsum
from pathlib import Path

import pytest
from interruption import interrupted_everywhere

import hybrid
from hybrid.base.errors import UsageError
from hybrid.runs import record, results_index
from hybrid.runs.account import account
from hybrid.runs.results_index import NAME, RACY_NS, entries
from hybrid.runs.selection import select

SHOTS = {"problem": "h2", "shots": 100, "max_evals": 6, "backend": "exact"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight runs on two devices with two labels."""
    place = tmp_path_factory.mktemp("many")
    for label, device in (("p1", "ideal"), ("p2", "meluxina-q")):
        words = {"results": place, "executor": "local:processes=1", "label": label, "options": {"force": True}}
        hybrid.sweep(**words, **SHOTS, device=device, seed="0..3")
    return place


def aged(place):
    """Every file as if it were written a minute ago: an index then takes its word."""
    for path in place.glob("*.jsonl"):
        os.utime(path, (time.time() - 60,) * 2)


def test_the_index_takes_the_place_of_reading(folder, monkeypatch):
    first = entries(folder)
    at = folder / NAME
    assert os.stat(at).st_mode & 0o777 == 0o600
    later = os.stat(at).st_mtime_ns + 2 * RACY_NS
    os.utime(at, ns=(later, later))
    monkeypatch.setattr(results_index, "_read", None)
    assert [one.row["id"] for one in entries(folder)] == [one.row["id"] for one in first]


@pytest.mark.parametrize("harm", ["lost", "damaged", "another version", "readable by others", "a link", "too new"])
def test_an_index_that_is_not_trusted_is_made_anew(folder, tmp_path, harm):
    for path in folder.glob("*.jsonl"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before, at = entries(tmp_path), tmp_path / NAME
    later = os.stat(at).st_mtime_ns + 2 * RACY_NS
    text = at.read_text().replace('"finished"', '"forged"')
    if harm == "damaged":
        text = text[:-40]
    elif harm == "another version":
        text = text.replace('"index": 1', '"index": 0', 1)
    if harm == "lost":
        at.unlink()
    elif harm == "a link":
        (tmp_path / "elsewhere").write_text(text)
        at.unlink()
        at.symlink_to(tmp_path / "elsewhere")
    else:
        at.write_text(text)
    if harm != "lost":
        os.chmod(at, 0o644 if harm == "readable by others" else 0o600)
        os.utime(at, ns=(later, later) if harm != "too new" else (0, 0))
    assert [one.glance for one in entries(tmp_path)] == [one.glance for one in before]


def test_a_record_that_changes_is_read_again(folder, tmp_path):
    """As long as before, an answer of it changed: what `show` refuses is not finished."""
    (source, *_) = folder.glob("*.jsonl")
    path = tmp_path / source.name
    path.write_bytes(source.read_bytes())
    assert entries(tmp_path)[0].glance.state == "finished"
    later = time.time_ns() + 2 * RACY_NS
    os.utime(tmp_path / NAME, ns=(later, later))
    path.write_bytes(source.read_bytes().replace(b'"iteration":1', b'"iteration":7', 1))
    assert entries(tmp_path)[0].glance.state == "damaged"


def test_conditions_and_order(folder):
    found = entries(folder)
    on_device = select(found, "device=meluxina-q")
    assert len(on_device) == 4 and all(one.row["label"] == "p2" for one in on_device)
    assert len(select(found, "seed>=2 device~melu")) == 2 and len(select(found, "seed!=0")) == 6
    assert select(found, "label=p1 gap<-5") == [] and len(select(found, "slurm_job!=7")) == 8
    gaps = [one.row["gap"] for one in select(found, None, "-gap")]
    assert gaps == sorted(gaps, reverse=True)
    with pytest.raises(UsageError, match="unknown column 'gapp'. Did you mean 'gap'"):
        select(found, "gapp<1")
    with pytest.raises(UsageError, match="--where takes conditions such as"):
        select(found, "gap < 1")
    with pytest.raises(UsageError, match="unknown column 'sede'"):
        select(found, None, "sede")


def test_sums_are_exact(folder, command):
    """Of what stands in the lines, added here again; the order does not change them."""
    lines = [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
    seconds = sum(round(1e6 * line["meta"]["core_seconds"]) for line in lines) / 1e6
    solutions = [line["body"]["solution"] for line in lines if line["kind"] == "stop"]
    found = entries(folder)
    total = account(found)[-1]
    assert total == account(found[::-1])[-1] and (total.runs, total.finished) == (8, 8)
    assert total.core_hours == seconds / 3600 and total.shots == sum(one["shots"] for one in solutions)
    assert total.qpu_hours == fsum(one["qpu_seconds"] or 0 for one in solutions) / 3600 > 0
    by_label = account(found, ["label"])
    assert [one.group for one in by_label] == [{"label": "p1"}, {"label": "p2"}, {}] and by_label[0].qpu_hours == 0
    with pytest.raises(UsageError, match="unknown column 'labels'"):
        account(found, ["labels"])
    parsed = json.loads(command("runs", "account", "--results", folder, "--json").out)
    assert parsed["total"]["core_hours"] == total.core_hours
    rows = [*csv.DictReader(io.StringIO(command("runs", "account", "--results", folder, "--format", "csv").out))]
    assert [row["label"] for row in rows] == ["p1", "p2"] and float(rows[1]["qpu_hours"]) == total.qpu_hours
    shown = command("runs", "account", "--results", folder).out.splitlines()
    assert shown[-1].startswith("all") and max(map(len, shown)) <= 80


def test_interrupted_sessions_are_in_the_account(tmp_path):
    """The seconds of a run that is interrupted before every answer are those of all its sessions."""
    interrupted_everywhere(hybrid.Spec(**SHOTS), tmp_path)
    (one,) = entries(tmp_path)
    lines = [json.loads(line) for line in Path(one.glance.record).read_text().splitlines()]
    assert one.row["core_seconds"] == sum(round(1e6 * line["meta"]["core_seconds"]) for line in lines) / 1e6 > 0


def test_one_table_of_all_inputs(folder, tmp_path, command):
    words = ["runs", "table", "--results", folder, "--where", "device=meluxina-q", "--sort", "seed"]
    rows = [*csv.DictReader(io.StringIO(command(*words).out))]
    assert [row["seed"] for row in rows] == ["0", "1", "2", "3"]
    assert {"problem", "optimizer.alpha", "core_seconds", "label", "node", "slurm_job", "jobs", "digest"} <= set(rows[0])
    assert command(*words, "--out", tmp_path / "t.jsonl").code == 0
    assert [json.loads(line)["seed"] for line in (tmp_path / "t.jsonl").read_text().splitlines()] == [0, 1, 2, 3]
    assert len(json.loads(command(*words, "--json").out)["runs"]) == 4
    assert "a table is written as .csv" in command(*words, "--out", tmp_path / "t.xls").err


def test_pandas_reads_it_in_one_line(folder, tmp_path, command):
    pandas = pytest.importorskip("pandas")
    for name, read in (("t.csv", pandas.read_csv), ("t.jsonl", lambda path: pandas.read_json(path, lines=True))):
        assert command("runs", "table", "--results", folder, "--out", tmp_path / name).code == 0
        assert read(tmp_path / name).groupby("device")["value"].count().to_dict() == {"ideal": 4, "meluxina-q": 4}
    done = command("runs", "table", "--results", folder, "--out", tmp_path / "t.parquet")
    assert done.code == (0 if (tmp_path / "t.parquet").exists() else 69)


def test_list_shows_seeds_and_selects(folder, command):
    out = command("runs", "list", "--results", folder, "--where", "device=ideal", "--sort", "seed").out
    head, *rows = out.splitlines()
    assert " seed " in head and len(rows) == 4 and max(map(len, out.splitlines())) <= 80
    at = head.index("seed") + 3
    assert [row[at] for row in rows] == ["0", "1", "2", "3"]


def test_a_picture_against_an_axis(folder, tmp_path, command):
    done = command("runs", "plot", "--against", "device", "--results", folder, "--out", tmp_path / "a.svg")
    assert done.out == f"{tmp_path / 'a.svg'}\n" and (tmp_path / "a.svg").stat().st_size > 1000
    assert command("runs", "plot", "--results", folder).code == 2
    assert "unknown axis 'devise'" in command("runs", "plot", "--against", "devise", "--results", folder).err


@pytest.mark.slow
def test_ten_thousand_records(folder, tmp_path, capsys):
    """Listed, summed and exported in at most 3 s each, once every line has been verified; processor time, as the machine may be
    busy with other things."""
    paths = sorted(folder.glob("*.jsonl"))
    for number in range(10_000):
        numbered(paths[number % len(paths)], tmp_path / f"{number:012x}.jsonl", number)
    aged(tmp_path)
    found = entries(tmp_path)
    assert len(found) == 10_000 and all(one.glance.state == "finished" for one in found)
    later = time.time_ns() + 2 * RACY_NS
    os.utime(tmp_path / NAME, ns=(later, later))
    tables = (["table", "--out", tmp_path / name] for name in ("t.csv", "t.jsonl"))
    for words in (["list"], ["account"], *tables):
        before = os.times()
        line = [sys.executable, "-m", "hybrid", "runs", *words, "--results", tmp_path]
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        seconds = after.children_user + after.children_system - before.children_user - before.children_system
        with capsys.disabled():
            print(f"\nruns {words[0]}: {seconds:.2f} s for 10,000 records")
        assert seconds < 3


def numbered(source: Path, target: Path, seed: int) -> None:
    """The record as that of another seed, checksums and digest right."""
    new = record.Record(target)
    for _, kind, body, meta, _ in record.lines(source):
        if kind == "start":
            body["resolved"]["seed"] = seed
        if kind == "stop":
            body["digest"] = new.digest(body["solution"])
        new.append(kind, body, meta)
    new.close()


def test_an_interrupted_run_from_a_point_of_its_own_continues(tmp_path):
    """The point is a list in the record's start line, whatever it is in the Spec."""
    spec = hybrid.Spec(
        problem="h2", max_evals=3, backend="exact", ansatz="real_amplitudes:reps=1", initial_point=(0.1, 0.2, 0.3, 0.4)
    )
    result, times = interrupted_everywhere(spec, tmp_path / "parts")
    assert times > 0 and result.digest == hybrid.run(spec, tmp_path / "whole").digest
