"""Members that installed packages offer by entry points: listed with their origin, run, recorded, and refused in words."""

import json
import os
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest
from readme import blocks

from hybrid import catalog
from hybrid.base.errors import RecordError, UsageError
from hybrid.catalog import packages
from hybrid.cli.doctor import installation
from hybrid.cli.guide import FOLDER
from hybrid.device.device import Device
from hybrid.review.replay import repeat
from hybrid.runs import record
from hybrid.runs.run import run
from hybrid.runs.spec import Spec

MEMBERS = '''
from qiskit.quantum_info import SparsePauliOp
from hybrid.extend import Gradient, Problem


def spins(*, field: float = 1.0):
    """Two spins in a field."""
    return Problem(hamiltonian=SparsePauliOp(["ZI", "XX"], [field, 0.5]), unit="", ansatz="brick")


def halving(x, rng, *, rate: float = 0.5):
    """Gradient descent whose step halves every ten iterations."""
    for k in range(30):
        loss, gradient = yield Gradient(x, iteration=k)
        x = x - rate * 0.5 ** (k // 10) * gradient
    return x
'''
PROFILE = (catalog.folder("devices") / "spin-sige-3q.toml").read_text(encoding="utf-8")


class Package:
    """A package in a folder on the path, installed as pip installs one: code, profile, METADATA and entry points."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.module = folder, name, name.replace("-", "_")

    def install(self, version: str = "1.2", entries: str = "", code: str = MEMBERS, first: str = "") -> None:
        house = self.folder / self.module
        house.mkdir(parents=True, exist_ok=True)
        (house / "__init__.py").write_text(first)
        (house / "members.py").write_text(code)
        (house / "lab-3.toml").write_text(PROFILE)
        about = self.folder / f"{self.module}.dist-info"
        about.mkdir(exist_ok=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {version}\n")
        (about / "entry_points.txt").write_text(f"[hybrid.members]\n{entries or self.entries()}\n")
        packages._offers.cache_clear()  # a process sees its packages once

    def entries(self) -> str:
        head = f"{self.module}.members"
        return f"problem.spins = {head}:spins\noptimizer.halving = {head}:halving\ndevice.lab-3 = {self.module}"


@pytest.fixture
def package(tmp_path, monkeypatch, request):
    """One of its own for every test, because modules are imported once."""
    made = Package(tmp_path / "site", f"their-{crc32(request.node.name.encode())}")
    made.install()
    monkeypatch.syspath_prepend(made.folder)
    yield made
    packages._offers.cache_clear()


def test_they_are_listed_with_their_origin(package, command):
    told = command("list").out
    assert f"{package.name} 1.2  device lab-3, optimizer halving, problem spins" in " ".join(told.split("\n")).replace(
        "   ", " "
    )
    assert (
        f"of {package.name} 1.2\n  halving  Gradient descent whose step halves every ten iterations."
        in command("list", "optimizers").out
    )
    found = json.loads(command("list", "--json").out)
    assert found["problems"]["spins"] == f"Two spins in a field. [{package.name} 1.2]"
    assert found["devices"]["lab-3"].endswith(f"[{package.name} 1.2]")
    shown = json.loads(command("show", "problem", "spins", "--json").out)
    assert shown["package"] == {"name": package.name, "version": "1.2"}
    assert [option["name"] for option in shown["options"]] == ["field"]
    assert json.loads(command("show", "optimizer", "spsa", "--json").out)["package"] is None


def test_listing_runs_none_of_their_code(package, command):
    package.install(first="raise SystemExit('run')", code=f"raise SystemExit('run')\n{MEMBERS}")
    for words in (["list"], ["list", "devices"], ["show", "problem", "spins"], ["show", "device", "lab-3"]):
        done = command(*words)
        assert (done.code, done.err) == (0, "")
    assert Spec(problem="spins:field=2", optimizer="halving", device="lab-3").id  # checked, not run
    assert package.module not in sys.modules


def test_they_run_and_the_record_names_package_and_version(package, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = Spec(problem="spins:field=2", optimizer="halving:rate=0.25", device="lab-3")
    result = run(spec, tmp_path / "results")
    named = {"problem": f"{package.module}.members:spins:field=2", "optimizer": f"{package.module}.members:halving:rate=0.25"}
    by_file = run(Spec(**named, device="spin-sige-3q"), tmp_path / "results")
    assert result.converged and result.value == by_file.value  # the profile is a copy, the seed the same: in every bit
    assert result.id != by_file.id
    resolved = record.ends(Path(result.record))[0]["body"]["resolved"]
    for field in ("problem", "optimizer", "device"):
        assert f"@{package.name}-1.2#" in resolved[field]
    assert repeat(Path(result.record)).verdict == "identical"
    package.install(version="1.3")
    again = Spec(problem="spins:field=2", optimizer="halving:rate=0.25", device="lab-3")
    assert again.id != result.id  # what another version means by the name is its own affair
    with pytest.raises(RecordError, match=rf"lab-3@{package.name}-1\.2 was recorded, lab-3@{package.name}-1\.3 is installed"):
        repeat(Path(result.record))
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place != str(package.folder)])
    with pytest.raises(RecordError, match=rf"unknown problem 'spins'.*; recorded with .*spins@{package.name}-1\.2"):
        repeat(Path(result.record))


def test_the_id_covers_the_file(package):
    before = Spec(problem="spins").id
    package.install(code=MEMBERS.replace("0.5])", "0.6])"))
    assert Spec(problem="spins").id != before


def test_a_profile_takes_its_options(package):
    assert Device.load("lab-3:dephasing=markov").label == "lab-3:dephasing=markov"
    with pytest.raises(UsageError, match="unknown option of device 'lab-3'"):
        Device.load("lab-3:colour=red")


BROKEN = {
    "optimiser.halving = {m}.members:halving": ("", "unknown family 'optimiser'. Did you mean 'optimizer'?"),
    "optimizer.spsa = {m}.members:halving": ("", "write package.module:spsa"),
    "optimizer.adam = {m}.members:adam": ("", "optimizer 'adam' is built in, and stays what it is"),
    "optimizer.gone = {m}.members:gone": ("--optimizer gone", "unknown function in"),
    "optimizer.far = {m}.elsewhere:far": ("--optimizer far", "the package has no module"),
    "device.lab-9 = {m}": ("--device lab-9", "the package has no lab-9.toml"),
    "device.lab-3 = {m}.members:lab": ("--device lab-3", "write the package whose folder holds lab-3.toml"),
    "optimizer.Halving = {m}.members:Halving": ("--optimizer Halving", "is not of the form optimizer.my_name"),
}
"""Entry point -> flags that use it, and what is said of it in the list and at its use."""


@pytest.mark.parametrize("entry", BROKEN)
def test_what_is_broken_is_named_in_the_list_and_refused_in_use(package, command, entry):
    flags, why = BROKEN[entry]
    good = f"problem.spins = {package.module}.members:spins"
    package.install(entries=f"{good}\n{entry.format(m=package.module)}")
    done = command("list")
    assert done.code == 0 and "problem spins" in done.out
    assert why in done.err and f"{package.name} 1.2" in done.err
    if flags:
        done = command("run", "h2", *flags.split())
        assert done.code == 2 and why in done.err and package.name in done.err


def test_a_package_that_fails_when_it_is_imported(package, command, tmp_path):
    package.install(code=f"import no_such_thing\n{MEMBERS}")
    assert "halving" in command("list", "optimizers").out
    done = command("run", "h2", "--optimizer", "halving", "--results", tmp_path)
    assert done.code == 2
    assert f"optimizer 'halving' of {package.name} 1.2 cannot be imported: ModuleNotFoundError: No module named" in done.err


def test_entry_points_that_cannot_be_read(package, command):
    package.install(entries="problem.spins")
    done = command("list")
    assert done.code == 0 and f"of {package.name} 1.2: " in done.err


def test_a_built_in_name_cannot_be_taken(package):
    package.install(entries=f"optimizer.adam = {package.module}.members:adam", code=MEMBERS.replace("halving", "adam"))
    member = catalog.parse("optimizers", "adam")
    assert member.offer is None and member.signature.file.is_relative_to(catalog.PACKAGE)
    assert catalog.parse("optimizers", f"{package.module}.members:adam").options == {"rate": 0.5}  # under its own name


def test_two_packages_with_one_name(package, command, tmp_path):
    other = Package(package.folder, f"{package.name}-b")
    other.install(version="7")
    done = command("run", "h2", "--optimizer", "halving", "--results", tmp_path)
    assert done.code == 2
    assert (
        f"of {package.name} 1.2: {other.name} 7 offers it too; write {package.module}.members:halving for the one" in done.err
    )
    done = command("list")
    assert done.code == 0 and done.err.count("offers it too") == 6  # three members of each


def test_the_guide_s_entry_points_are_those_of_the_tests(package):
    """So what it shows is listed, run and recorded here."""
    entries = {line.partition(" = ")[0].strip('"') for line in PROJECT.splitlines() if '" = "' in line}
    assert entries == {line.partition(" = ")[0] for line in package.entries().splitlines()}


def test_the_doctor_names_them(package):
    (found,) = installation._packages()
    assert found[1:4] == (f"{package.name} 1.2", "ok", "offers device lab-3, optimizer halving, problem spins")
    package.install(entries=f"{package.entries()}\noptimizer.adam = {package.module}.members:adam")
    (found,) = installation._packages()
    assert found.state == "note" and "is built in" in found.text


def test_an_unknown_name_suggests_theirs(package, command):
    done = command("run", "h2", "--optimizer", "halvin")
    assert done.code == 2 and "Did you mean 'halving'?" in done.err


def test_the_working_folder_offers_nothing(package, command, monkeypatch):
    """Somebody else's folder is no installation."""
    monkeypatch.chdir(package.folder)
    done = command("run", "h2", "--optimizer", "halving")
    assert done.code == 2 and "unknown optimizer 'halving'" in done.err


def test_nothing_is_searched_where_built_in_names_are_used(command, monkeypatch, tmp_path):
    def never(path):
        raise AssertionError("searched")

    monkeypatch.setattr(packages, "_offers", never)
    uses = (
        "--help",
        "run --help",
        "guide",
        "show optimizer spsa",
        "show device meluxina-q",
        "run h2 --max-evals 0 --shots 9 --force",
    )
    for words in uses:
        assert command(*words.split(), *(["--results", tmp_path] if "h2" in words else [])).code == 0


def test_a_list_without_packages_does_not_load_their_reader():
    """It takes longer than the list."""
    code = (
        "import sys; sys.argv = ['hybrid', 'list']; from hybrid.cli.app import main; main()\n"
        "assert 'importlib.metadata' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


PROJECT = next(block.text for block in blocks(FOLDER / "extend.md") if "hybrid.members" in block.text and block.kind == "text")
"""The pyproject.toml that the guide shows."""


EVERY_FAMILY = {
    "optimizer.halving": "run h2 --optimizer halving:rate=0.1 --max-iterations 2",
    "problem.pair": "run pair:j=0.5 --max-iterations 2",
    "ansatz.ladder": "run h2 --ansatz ladder:reps=1 --max-iterations 2",
    "algorithm.magnetic": "run magnetic h2 --max-iterations 2",
    "backend.single": "run h2 --backend single --max-iterations 2",
    "circuit.plus": "sample plus:n=3",
    "mitigation.both": "mitigate bell --mitigate both --shots 200",
    "workload.bell": "bench verify --workload bell --backend aer",
    "adapter.states": "bench verify --workload ghz:n=3 --backend states",
    "executor.backwards": "sweep h2 --seed 0..1 --max-evals 0 --executor backwards",
}
"""Entry point -> a command that uses it; the members are those of the guide."""


@pytest.mark.slow
def test_a_member_of_every_family(package, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    entries = [f"{entry} = {package.module}.members:{entry.partition('.')[2]}" for entry in EVERY_FAMILY]
    code = next(block.text for block in blocks(FOLDER / "extend.md") if block.file == "mine.py")
    package.install(entries="\n".join([*entries, f"device.lab-3 = {package.module}"]), code=code)
    assert {entry.partition(".")[0] for entry in EVERY_FAMILY} == set(catalog.FAMILIES.values()) - {"device"}
    assert command("list").err == ""
    for words in [*EVERY_FAMILY.values(), "sample bell --device lab-3"]:
        done = command(*words.split())
        assert done.code == 0, (words, done.err)


@pytest.mark.slow
def test_a_real_wheel(tmp_path):
    """Built by hatchling, installed by pip, listed and run in another process."""
    wheels = pytest.importorskip("hatchling.builders.wheel", reason="the build's backend is not installed")
    Package(tmp_path, "their-lab").install()
    (tmp_path / "pyproject.toml").write_text(PROJECT)  # hatchling finds the package by its name
    (built,) = wheels.WheelBuilder(str(tmp_path)).build(directory=str(tmp_path / "dist"), versions=["standard"])
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", str(site), built]
    subprocess.run(pip, check=True, capture_output=True)
    hybrid = [sys.executable, "-m", "hybrid"]

    def told(*words: str) -> str:
        environment = os.environ | {"PYTHONPATH": str(site)}
        return subprocess.run(
            [*hybrid, *words], cwd=site.parent / "dist", env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert "their-lab 2.0  device lab-3, optimizer halving, problem spins" in told("list")
    result = json.loads(told("run", "spins", "--optimizer", "halving", "--device", "lab-3", "--json"))
    assert result["problem"].startswith("spins@their-lab-2.0#") and result["converged"]
