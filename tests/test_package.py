"""The evidence package of a rehearsal: what is in it, its form and its bill, and that it stands alone."""

import getpass
import hashlib
import json
import re
import socket
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from rehearsals import rehearsed

from hybrid.base.errors import RecordError, UsageError
from hybrid.device.device import Device
from hybrid.figures import rehearsal_package
from hybrid.figures.rehearsal_package import write_package
from hybrid.rehearsal.package import bill, contents, form
from hybrid.rehearsal.package.circuits import DeviceCircuits
from hybrid.rehearsal.package.form_answers import FILLED, SYSTEMS, YOURS
from hybrid.rehearsal.package.stored import rehearsal_of
from hybrid.review.replay import repeat
from hybrid.runs.results_folder import read
from hybrid.runs.spec import Spec

SPEC = Spec(problem="h2", shots=200, max_evals=4)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A rehearsal, the folder of its records, its package."""
    folder = tmp_path_factory.mktemp("made")
    rehearsal = rehearsed(SPEC, folder / "results")
    return rehearsal, folder / "results", write_package(rehearsal, folder / "evidence", folder / "results")


@pytest.fixture
def undrawn(monkeypatch):
    """Pictures take longer than all the rest of a package."""
    monkeypatch.setattr(rehearsal_package, "drawn", lambda rehearsal: {"report.html": b"page"})
    monkeypatch.setattr(contents, "circuits", lambda rehearsal, results: DeviceCircuits({}, {}))


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_everything_is_in_it(made):
    rehearsal, _, written = made
    found = names(written.folder)
    ids = {run.id for verdict in rehearsal.devices for run in verdict.runs} | {rehearsal.noiseless.id}
    assert {f"records/{id_}.jsonl" for id_ in ids} == {name for name in found if name.startswith("records/")}
    assert {name for name in found if name.startswith("circuits/")} == {
        f"circuits/{one.device}/{name}"
        for one in rehearsal.devices
        for name in ("circuit-0.qasm", "circuit-1.qasm", "acceptance.json")
    }
    texts = "README.md form.md form.json bill.md software.md track_record.md rehearsal.json report.html ro-crate-metadata.json"
    texts += " times.json checksums.txt figures/verdict.png figures/values.png"
    assert {name for name in found if "/" not in name or name.startswith("figures/")} == {*texts.split()}
    assert len(found) == written.files


def test_checksums_cover_all_but_the_times(made):
    folder = made[2].folder
    checked = subprocess.run(["sha256sum", "--check", "checksums.txt"], cwd=folder, capture_output=True, text=True, check=True)
    assert checked.stdout.count(": OK") == len(names(folder)) - 2
    assert not {"times.json", "checksums.txt"} & {
        line.split("  ")[1] for line in (folder / "checksums.txt").read_text().split("\n")[:-1]
    }


def test_the_archive_holds_the_same_without_times(made):
    written = made[2]
    with zipfile.ZipFile(written.archive) as archive:
        held = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        assert all(entry.date_time == (1980, 1, 1, 0, 0, 0) for entry in archive.infolist())
    assert {f"evidence/{name}" for name in names(written.folder) - {"times.json"}} == {*held}
    assert all((written.folder.parent / name).read_bytes() == content for name, content in held.items())
    assert hashlib.sha256(written.archive.read_bytes()).hexdigest() == written.sha256


def test_the_same_bytes_from_records_made_at_another_time(made, tmp_path):
    """Another run of everything: other times, other process, other folder; only times.json may differ."""
    rehearsal, _, written = made
    other = write_package(rehearsed(SPEC, tmp_path / "elsewhere"), tmp_path / "evidence", tmp_path / "elsewhere")
    assert other.sha256 == written.sha256
    times = [json.loads((one.folder / "times.json").read_text()) for one in (written, other)]
    assert times[0] != times[1] and times[0]["records"].keys() == times[1]["records"].keys()


def test_records_keep_every_number_and_name_nobody(made):
    rehearsal, results, written = made
    for verdict in rehearsal.devices:
        (run,) = verdict.runs
        kept, first = read(written.folder / f"records/{run.id}.jsonl"), read(results / f"{run.id}.jsonl")
        assert kept.answers == first.answers and kept.stop == first.stop and kept.start == first.start
        assert kept.stop["digest"] == run.digest
        assert {kept.about["time"], *kept.seconds} == {0.0}
    text = "".join(path.read_text() for path in (written.folder / "records").iterdir())
    for private in (socket.gethostname(), str(results), str(Path.cwd()), f"/{getpass.getuser()}/"):
        assert f'"{private}' not in text and str(results) not in text


def test_a_kept_record_is_measured_again_from_the_package_alone(made, tmp_path, monkeypatch):
    written = made[2]
    monkeypatch.chdir(written.folder)
    paths = sorted(Path("records").iterdir())
    assert [repeat(path).verdict for path in paths] == ["identical"] * len(paths)


def test_input_files_travel_and_paths_follow(tmp_path, monkeypatch, undrawn):
    """A problem read from a file: the record in the package names its copy, and is measured again where nothing else is."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/my.edges").write_text("0 1\n1 2\n2 0\n")
    spec = Spec(problem="maxcut:graph=data/my.edges", shots=50, max_evals=2)
    rehearsal = rehearsed(spec, Path("results"), devices=("iqm-star-24",))
    written = write_package(rehearsal, "evidence", "results")
    assert (written.folder / "inputs/my.edges").read_text() == "0 1\n1 2\n2 0\n"
    stored = json.loads((written.folder / "rehearsal.json").read_text())
    assert stored["spec"]["problem"] == "maxcut:graph=inputs/my.edges" and "data/" not in stored["command"]
    Path("data/my.edges").unlink()
    monkeypatch.chdir(written.folder)
    assert repeat(Path(f"records/{rehearsal.noiseless.id}.jsonl")).verdict == "identical"


def test_two_inputs_of_one_name_have_two_places(tmp_path):
    from hybrid.rehearsal.package.inputs import Inputs

    for name, text in (("a", "1"), ("b", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.csv").write_text(text)
    inputs = Inputs()
    assert inputs.placed("f:p=a/x.csv,q=b/x.csv,r=a/x.csv", tmp_path) == "f:p=inputs/x.csv,q=inputs/2/x.csv,r=inputs/x.csv"
    assert inputs.files == {"inputs/x.csv": b"1", "inputs/2/x.csv": b"2"}


def test_the_rehearsal_is_read_back_as_it_was(made):
    rehearsal, _, written = made
    assert rehearsal_of(json.loads((written.folder / "rehearsal.json").read_text())) == rehearsal
    with pytest.raises(RecordError, match="not a rehearsal of this version"):
        rehearsal_of({"title": "no more"})


def test_the_readme_begins_with_the_verdict(made):
    rehearsal, _, written = made
    text = (written.folder / "README.md").read_text()
    assert text.splitlines()[:3] == [f"# Rehearsal of {rehearsal.title}", "", f"**{rehearsal.sentence}**"]
    for part in ("figures/verdict.png", "figures/values.png", "## Methods", "hybrid rehearse --verify .", rehearsal.command):
        assert part in text
    linked = {name.rstrip("/") for line in re.findall(r"^- `(.*?)`:", text, re.M) for name in line.split(", ")}
    assert {name for name in linked if not (written.folder / name).exists()} == set()


FIELDS = (
    *("feasibility_proof", "feasibility_comment", "quantum_system", "relevance", "codes", "code_connection", "qpu_hours"),
    *("circuits", "hybrid_workflow", "jobs", "hardware", "storage", "code_development", "bottlenecks"),
)
"""Sections 4 and 5 of the form as read in November 2026."""


def test_the_form_has_every_field_and_writes_nobodys_case(made):
    written = made[2]
    about = json.loads((written.folder / "form.json").read_text())
    fields = {field["key"]: field for field in about["fields"]}
    assert [*fields] == [*FIELDS, *(key for key, _ in form.NEVER)]
    assert all(fields[key]["status"] == YOURS and not fields[key]["text"] for key, _ in form.NEVER)
    assert {field["status"] for field in about["fields"]} == {FILLED, YOURS}
    assert all(fields[key]["text"] for key in FIELDS)
    assert (
        about["read"] == "2026-11"
        and len(about["sources"]) == 2
        and "check every field against the live form" in about["check"]
    )
    text = (written.folder / "form.md").read_text()
    assert text.count("*filled;") == sum(field["status"] == FILLED for field in about["fields"])
    lines = {line.removeprefix("> ") for line in text.splitlines()}
    assert {line.strip() for field in about["fields"] for line in field["text"].splitlines()} <= lines


def test_the_form_is_for_the_best_device_and_says_what_cannot_be_selected(made):
    rehearsal, _, written = made
    fields = {field["key"]: field for field in json.loads((written.folder / "form.json").read_text())["fields"]}
    assert fields["quantum_system"]["text"].startswith(SYSTEMS[rehearsal.devices[0].device])
    assert fields["feasibility_proof"]["status"] == FILLED and fields["feasibility_proof"]["text"].startswith("Yes")
    alone = replace(rehearsal, devices=rehearsal.devices[1:])
    answers = {one.key: one for one in form.form_fields(alone, {}, (), 0, reproduce="x")}
    assert answers["quantum_system"].status == YOURS and "could not be selected" in answers["quantum_system"].text
    assert answers["feasibility_proof"].status == YOURS and "does not prove feasibility" in answers["feasibility_proof"].text
    assert answers["storage"].status == YOURS


def test_the_hours_of_form_and_readme_are_those_of_the_bill(made):
    rehearsal, _, written = made
    (low, middle, high), fields = rehearsal.best.hours, json.loads((written.folder / "form.json").read_text())["fields"]
    hours = next(field["text"] for field in fields if field["key"] == "qpu_hours")
    assert hours.startswith(f"{high:.3g} h: ") and f"{low:.3g} h to {high:.3g} h" in hours
    assert f"**{middle:.4g}**" in (written.folder / "bill.md").read_text()


@pytest.mark.parametrize("device", ["iqm-star-24", "iqm-lattice-54", "aqt-20", "meluxina-q"])
def test_the_bill_worked_from_its_formula_is_the_bill(device, tmp_path):
    """All jobs have one size here, so jobs x max(shots x time, floor) x weight is the sum over jobs: to rounding, 1e-12."""
    (verdict,) = rehearsed(SPEC, tmp_path, devices=(device,)).devices
    billing = Device.load(device).billing
    ends = bill.worked(verdict, billing)
    assert all(end.agrees for end in ends)
    assert [end.hours for end in ends] == pytest.approx(verdict.hours, rel=1e-12)
    billed = verdict.billed.get("qubit_seconds", verdict.billed["seconds"])
    assert [end.qubit_seconds for end in ends] == pytest.approx(billed, rel=1e-12)
    assert ends[1].seconds == pytest.approx(
        ends[1].jobs * max(verdict.shots / ends[1].jobs * billing.shot_time_s.value, billing.job_floor_s.value), rel=1e-12
    )


def test_a_bill_by_hand(made):
    """VLQ: five measurements of two circuits with 100 shots each are ten jobs, each at the floor of 0.9 s: 9 s, 0.0025 h."""
    rehearsal, _, written = made
    text = (written.folder / "bill.md").read_text()
    assert "10 x max(100.0 x 400 us, 0.9 s) = 9 s; 9 s / 3600 s = 0.0025 h." in text
    assert "**Assumed**" in text.split("## meluxina-q")[1] and "**Assumed**" not in text.split("## meluxina-q")[0]
    uneven = replace(rehearsal.best, billed=rehearsal.best.billed | {"seconds": [9.5, 9.5, 9.5]})
    text = bill.markdown(replace(rehearsal, devices=(uneven,)), [Device.load("iqm-star-24").billing])
    assert "summed over the jobs 9.5 s" in text and "Jobs have different sizes" in text
    free = bill.markdown(replace(rehearsal, devices=(replace(uneven, billed=None),)), [None])
    assert "No bill" in free


def test_the_crate_is_one_for_its_own_readers(made):
    rocrate = pytest.importorskip("rocrate.rocrate", reason="rocrate is not installed")
    folder = made[2].folder
    crate = rocrate.ROCrate(str(folder))
    files = {entity.id for entity in crate.get_entities() if "File" in entity.type and entity.id != "ro-crate-metadata.json"}
    assert files == names(folder) - {"times.json", "checksums.txt", "ro-crate-metadata.json"}
    assert all((folder / name).is_file() for name in files)
    assert crate.name.startswith("Rehearsal of") and crate.datePublished is not None
    assert {entity.type for entity in crate.get_entities()} >= {"SoftwareApplication", "CreateAction"}


def test_the_crate_by_its_text(made):
    """What RO-Crate 1.1 demands: a flat graph, a descriptor about the root, every reference defined, no person invented."""
    graph = json.loads((made[2].folder / "ro-crate-metadata.json").read_text())
    entities = {one["@id"]: one for one in graph["@graph"]}
    assert len(entities) == len(graph["@graph"]) and graph["@context"] == "https://w3id.org/ro/crate/1.1/context"
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    root = entities["./"]
    assert (
        root["@type"] == "Dataset"
        and root["name"]
        and root["description"]
        and re.fullmatch(r"\d{4}-\d\d", root["datePublished"])
    )

    def references(value):
        if isinstance(value, dict):
            yield from [value["@id"]] if value.keys() == {"@id"} else (r for one in value.values() for r in references(one))
        elif isinstance(value, list):
            yield from (r for one in value for r in references(one))

    named = {reference for one in graph["@graph"] for reference in references(one)}
    assert named <= {*entities, "https://w3id.org/ro/crate/1.1"}
    assert not {"Person", "Organization"} & {one["@type"] for one in graph["@graph"]}


def test_the_same_package_again_is_left_as_it_is(made, tmp_path, undrawn):
    rehearsal, results, _ = made
    written = write_package(rehearsal, tmp_path / "evidence", results)
    before = {name: (written.folder / name).stat().st_mtime_ns for name in names(written.folder)}
    assert write_package(rehearsal, written.folder, results) == written
    assert before == {name: (written.folder / name).stat().st_mtime_ns for name in names(written.folder)}


def test_a_missing_archive_and_an_unfinished_folder_are_made_good(made, tmp_path, undrawn):
    """What a process that was killed between its last steps leaves."""
    rehearsal, results, _ = made
    half = tmp_path / ".evidence.unfinished"
    half.mkdir()
    (half / "README.md").write_text("half")
    (tmp_path / "evidence").mkdir()
    first = write_package(rehearsal, tmp_path / "evidence", results)
    first.archive.unlink()
    again = write_package(rehearsal, tmp_path / "evidence", results)
    assert again.sha256 == first.sha256 and again.archive.is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evidence", "evidence.zip"]


def test_a_folder_with_something_else_is_refused_and_left_alone(made, tmp_path, undrawn):
    rehearsal, results, _ = made
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty and holds no package; nothing was changed. Name a new folder"):
        write_package(rehearsal, tmp_path / "full", results)
    assert names(tmp_path) == {"full/mine.txt"}
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        write_package(rehearsal, tmp_path / "file", results)
    write_package(rehearsal, tmp_path / "evidence", results)
    with pytest.raises(UsageError, match=r"holds another package \(README.md differs and \d+ more\); nothing was changed"):
        write_package(replace(rehearsal, title="another"), tmp_path / "evidence", results)
    (tmp_path / "evidence").rename(tmp_path / "moved")
    with pytest.raises(UsageError, match="is there already and is not the archive of this package"):
        write_package(replace(rehearsal, title="another"), tmp_path / "evidence", results)


def test_a_missing_record_is_named(made, tmp_path):
    with pytest.raises(RecordError, match="this record of the rehearsal is missing"):
        write_package(made[0], tmp_path / "evidence", tmp_path)
    assert names(tmp_path) == set()


def test_without_matplotlib_there_is_a_package_without_pictures(made, tmp_path, monkeypatch, undrawn):
    rehearsal, results, _ = made
    monkeypatch.undo()
    monkeypatch.setattr(rehearsal_package, "find_spec", lambda name: None)
    written = write_package(rehearsal, tmp_path / "evidence", results)
    text = (written.folder / "README.md").read_text()
    assert not (written.folder / "figures").exists() and "figures/" not in text and rehearsal.sentence in text
