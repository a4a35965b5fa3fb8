"""`hybrid doctor` on a sound machine, and with each thing missing, broken or claimed by somebody else."""

import errno
import getpass
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import run_command

from hybrid.cli.doctor import Finding, examine, installation, machine, results_folder, simulators, software, text
from hybrid.cli.doctor.anonymous import anonymous, without_names

HYBRID = [sys.executable, "-m", "hybrid"]
TOPICS = ["software", "machine", "simulators", "optional parts", "installation", "results"]


def command(*words: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*HYBRID, "doctor", *words], capture_output=True, text=True, timeout=100, **options)


def planted(folder: Path, **variables: str) -> dict[str, str]:
    """The environment in which Python finds what lies in `folder` first."""
    return os.environ | {"PYTHONPATH": str(folder)} | variables


def of(look, name: str) -> Finding:
    """The one finding of this name."""
    (found,) = [finding for finding in look() if finding.name == name]
    return found


class Sound(NamedTuple):
    """What `hybrid doctor --json` printed, and the folder in which it ran."""

    done: subprocess.CompletedProcess[str]
    folder: Path


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Sound:
    """This machine, in a folder with a file named like a module, in processes that end where one opens a socket."""
    folder, plan = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("plan")
    (folder / "numpy.py").write_text("raise SystemExit('mine')\n")
    (plan / "sitecustomize.py").write_text(
        "import sys\n"
        "def deny(event, arguments):\n"
        "    if event.startswith(('socket.', 'urllib.', 'http.')):\n"
        "        raise SystemExit(f'network: {event}')\n"
        "sys.addaudithook(deny)\n"
    )
    words = [sys.executable, "-P", *HYBRID[1:], "doctor", "--json"]  # -P as the installed command: not this folder first
    done = subprocess.run(words, cwd=folder, env=planted(plan), capture_output=True, text=True, timeout=100)
    return Sound(done, folder)


def test_a_sound_machine(sound):
    done = sound.done
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["healthy"] is True
    found = {finding["name"]: finding for finding in told["findings"]}
    assert list(dict.fromkeys(finding["topic"] for finding in told["findings"])) == TOPICS
    for name in (
        "python",
        "hybrid-sandbox",
        "qiskit",
        "qiskit-aer",
        "numpy",
        "scipy",
        "cores",
        "memory",
        "Bell pair",
        "folder",
    ):
        assert found[name]["state"] == "ok", found[name]
    assert "statevector" in found["Aer methods"]["text"]
    assert found["Aer devices"]["text"].startswith("CPU")
    assert f"{len(os.sched_getaffinity(0))} of {os.cpu_count()} may be used" in found["cores"]["text"]
    assert [path.name for path in sound.folder.iterdir()] == ["numpy.py"]  # it leaves nothing behind


def test_the_text_fits_80_columns(tmp_path):
    found = [*software.look(), *machine.look(), *software.extras(), *results_folder.look(tmp_path / "results")]
    lines = text(found).splitlines()
    assert [line for line in lines if line and line[0] != " "][:-1] == ["software", "machine", "optional parts", "results"]
    assert all(len(line) <= 80 or "-> " in line or str(tmp_path) in line for line in lines)  # a command stays in one line
    assert lines[-1].startswith(("Everything is in order", "hybrid can run here"))


def test_it_opens_no_socket(sound):
    assert (sound.done.returncode, sound.done.stderr) == (0, "")
    assert not re.search(r"\bnetwork\b", sound.done.stdout)  # what its check of sockets would say


# ---- for an issue


NAMES = {"node": "login-03.uni-example.org", "user": "jane.doe", "home": "/home/users/Jane Doe"}


@pytest.fixture
def names(monkeypatch, tmp_path):
    """A host, a person and a home of these names, and a package and a working folder below it."""
    monkeypatch.setattr("platform.node", lambda: NAMES["node"])
    monkeypatch.setattr("socket.gethostname", lambda: "login-03")
    monkeypatch.setattr("getpass.getuser", lambda: NAMES["user"])
    monkeypatch.setenv("HOME", NAMES["home"])
    monkeypatch.setenv("SLURM_SUBMIT_HOST", "frontend7")
    for name in ("USER", "LOGNAME"):
        monkeypatch.setenv(name, "jdoe42")


SAID = {
    "3.11.7, /home/users/Jane Doe/.venv/bin/python": "3.11.7, <path>",
    "pip install '/home/users/Jane Doe/hybrid[plot]'": "pip install '<path>[plot]'",
    "export PATH=/opt/jane.doe/bin:$PATH": "export PATH=<path>",
    "~/results cannot be written: Permission denied": "<path> cannot be written: Permission denied",
    "file:///srv/jdoe42/x; then": "file:<path>; then",
    r"C:\Users\jdoe42\x is not a folder": "<path> is not a folder",
    "shared with JDOE42 on login-03": "shared with <user> on <host>",
    "submitted on frontend7, run on login-03.uni-example.org": "submitted on <host>, run on <host>",
    "2.2 (needs >=2.2,<3); 1/2 of 4": "2.2 (needs >=2.2,<3); 1/2 of 4",
    "100 shots on Qiskit Aer: {'00': 50, '11': 50}": "100 shots on Qiskit Aer: {'00': 50, '11': 50}",
}


@pytest.mark.parametrize("text", SAID)
def test_names_and_paths_are_taken_out_and_nothing_else(names, text):
    assert without_names(text) == SAID[text]


def test_the_report_names_nobody(names, monkeypatch):
    found = [Finding("results", "folder", "note", text, text) for text in SAID]
    monkeypatch.setattr("hybrid.cli.doctor.examine", lambda results: iter(found))
    for words in (["--report"], ["--report", "--json"]):
        told = run_command("doctor", *words).out.lower()
        for name in (*NAMES.values(), "login-03", "frontend7", "jdoe42", "jane", "uni-example"):
            assert name.lower() not in told
    assert run_command("doctor", "--report").out.startswith("```\nresults\n")


def test_the_report_of_this_machine(sound):
    """With what a maintainer asks for; the names of this host and person stand in no word of it."""
    found = [anonymous(Finding(**finding)) for finding in json.loads(sound.done.stdout)["findings"]]
    told = text(found)
    for name in ("python", "system", "hybrid-sandbox", "numpy", "qiskit-aer", "processor", "cores", "memory", "BLAS of numpy"):
        assert name in {finding.name for finding in found}
    words = {*re.findall(r"[\w.-]+", told)}
    assert not words & {platform.node(), socket.gethostname(), getpass.getuser(), Path.home().name}
    assert str(Path.home()) + "/" not in told and str(sound.folder) not in told and sys.prefix not in told
    assert not re.search(r"(?<![\w.<])/\w", told)


# ---- software and simulators


def test_every_requirement_is_read_from_the_installed_package():
    needed = software.requirements()
    assert {n.name for n in needed if not n.extra} >= {"qiskit", "qiskit-aer", "numpy", "scipy", "typer", "jaxtyping"}
    assert [n.limits for n in needed if n.name == "numpy"] == [">=2"]
    simulators = {"qulacs", "lightning", "qsim", "ddsim", "quimb", "stim", "pauli-prop", "tensorcircuit", "simulators"}
    assert {n.extra for n in needed} == {"", "plot", "notebook", "dev", "spin-pulse", "chemistry", "lp", "hpc", *simulators}
    assert all(n.name and " " not in n.limits for n in needed)


@pytest.mark.parametrize(
    ("version", "limits", "fits"),
    [
        ("2.2", ">=2.2", True),
        ("2.10.1", ">=2.2", True),
        ("2.1.9", ">=2.2", False),
        ("0.28.1", ">=0.20,<0.29", True),
        ("0.29.0", ">=0.20, <0.29", False),
        ("2.0.0rc1", ">=2", True),
        ("3", ">=2,!=3", False),
        ("1.0", "~=1.0", True),  # a form that is not judged
        ("1.0", "", True),
    ],
)
def test_versions_are_compared_as_numbers(version, limits, fits):
    assert software.satisfies(version, limits) is fits


def test_a_part_that_is_missing_or_too_old(monkeypatch):
    versions = {"numpy": None, "scipy": "1.2"}
    installed = software.version
    monkeypatch.setattr(
        software, "version", lambda name: versions.get(name, installed(name)) if name in versions else installed(name)
    )
    numpy, scipy = (of(software.look, name) for name in versions)
    assert (numpy.state, numpy.remedy) == ("broken", "pip install 'numpy>=2'")
    assert scipy.state == "note"
    assert scipy.text.startswith("1.2, but needs >=")


def test_numpy_that_cannot_be_imported(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['numpy'] = None\n")
    done = command(env=planted(tmp_path), cwd=tmp_path)
    assert done.returncode == 4
    assert "Traceback" not in done.stdout + done.stderr
    assert "BROKEN numpy" in done.stdout
    assert "hybrid cannot run here" in done.stdout
    assert done.stderr.startswith("hybrid: broken: ")


def test_a_simulator_that_kills_python(tmp_path):
    (tmp_path / "qiskit_aer").mkdir()
    (tmp_path / "qiskit_aer" / "__init__.py").write_text("import os\nos.abort()\n")
    done = command("--json", env=planted(tmp_path), cwd=tmp_path)
    assert done.returncode == 4
    told = json.loads(done.stdout)
    assert told["healthy"] is False
    (aer,) = [finding for finding in told["findings"] if finding["name"] == "Qiskit Aer"]
    assert aer["state"] == "broken"
    assert "signal 6" in aer["text"]
    assert aer["remedy"] == "pip install --no-deps --force-reinstall qiskit-aer"


def test_a_file_of_ones_own_replaces_no_module(sound):
    assert (sound.folder / "numpy.py").exists()
    assert simulators._modules(["numpy", "qiskit-aer", "qiskit-qasm3-import"]) == ["numpy", "qiskit_aer", "qiskit_qasm3_import"]
    assert (sound.done.returncode, sound.done.stderr) == (0, "")
    assert "mine" not in sound.done.stdout


def test_a_look_that_fails_is_a_finding(monkeypatch, tmp_path):
    def fail():
        raise RuntimeError("no such luck")
        yield

    for part in (software, machine, simulators, installation):
        monkeypatch.setattr(part, "look", fail)
    monkeypatch.setattr(software, "extras", fail)
    found = list(examine(tmp_path))
    assert [finding.topic for finding in found] == TOPICS
    assert all(f.text == "could not be checked: RuntimeError: no such luck" for f in found[:-1])


# ---- machine


def test_threads_and_quota(monkeypatch):
    for name in machine.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert of(machine.look, "thread limits").state == "ok"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert of(machine.look, "OMP_NUM_THREADS")[2:4] == ("ok", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "4096")
    assert of(machine.look, "OMP_NUM_THREADS").state == "note"
    monkeypatch.setattr(machine, "_quota", lambda: 0.5)
    assert of(machine.look, "cores").text.endswith("its control group gets the time of 0.5")


def test_memory_in_qubits(monkeypatch):
    monkeypatch.setattr(machine, "memory_bytes", lambda: (2**34, 2**33))
    assert of(machine.look, "memory").text == (
        "8.0 GiB free of 16.0 GiB; room for exact values on 29 qubits, or on 14 noisy ones"
    )
    monkeypatch.setattr(machine, "memory_bytes", lambda: (2**34, 2**29))
    assert of(machine.look, "memory").state == "note"


# ---- optional parts and installation


def test_an_extra_that_is_missing_names_its_command(monkeypatch):
    installed = software.version
    monkeypatch.setattr(software, "version", lambda name: None if name == "matplotlib" else installed(name))
    plot, dev = of(software.extras, "plot"), of(software.extras, "dev")
    assert (plot.state, plot.text) == ("note", "missing: matplotlib")
    assert plot.remedy.startswith("pip install '")
    assert plot.remedy.endswith("[plot]'")
    assert "pytest" in dev.text


def test_another_distribution_that_owns_the_import(tmp_path):
    """As dwave-hybrid does: its package is called hybrid too."""
    info = tmp_path / "dwave_hybrid-0.6.14.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dwave-hybrid\nVersion: 0.6.14\n")
    (info / "top_level.txt").write_text("hybrid\n")
    code = "from hybrid.cli.doctor import installation; print([f for f in installation.look() if f.name == 'import hybrid'][0])"
    done = subprocess.run([sys.executable, "-c", code], env=planted(tmp_path), capture_output=True, text=True, check=True)
    assert "also installed by dwave-hybrid" in done.stdout
    assert "pip uninstall dwave-hybrid" in done.stdout


def test_a_local_module_of_the_same_name(tmp_path, monkeypatch):
    (tmp_path / "hybrid.py").write_text("")
    (tmp_path / "elsewhere" / "hybrid").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    assert list(installation._rival_files()) == [tmp_path / "hybrid.py"]  # a folder without __init__.py gives way
    (tmp_path / "elsewhere" / "hybrid" / "__init__.py").write_text("")
    assert list(installation._rival_files()) == [tmp_path / "hybrid.py", tmp_path / "elsewhere" / "hybrid"]
    notes = [finding for finding in installation.look() if "has the same name" in finding.text]
    assert [finding.state for finding in notes] == ["note", "note"]


def test_installed_files_that_were_overwritten(tmp_path, monkeypatch):
    folder = tmp_path / "hybrid"
    folder.mkdir()
    (folder / "__init__.py").write_text("theirs\n")
    (folder / "same.py").write_text("")
    info = tmp_path / "hybrid_sandbox-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hybrid-sandbox\nVersion: 0.1.0\n")
    empty = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
    (info / "RECORD").write_text("".join(f"hybrid/{name}.py,{empty},0\n" for name in ("__init__", "same", "gone")))
    monkeypatch.syspath_prepend(tmp_path)
    assert installation._changed_files() == ["hybrid/__init__.py", "hybrid/gone.py"]
    assert "is installed in" in next(f.text for f in installation.look() if f.name == "import hybrid")


def test_which_hybrid_the_shell_starts(tmp_path, monkeypatch):
    scripts = Path(sysconfig.get_path("scripts"))
    other = tmp_path / "hybrid"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    for path, state, told in (
        (f"{scripts}:{tmp_path}", "ok", str(scripts / "hybrid")),
        (f"{tmp_path}:{scripts}", "note", f"a shell starts {other}"),
        ("/nowhere", "note", "not on PATH"),
    ):
        monkeypatch.setenv("PATH", path)
        assert installation._command().state == state
        assert installation._command().text.startswith(told)
    assert shutil.which("hybrid") is None


def test_not_installed_at_all(monkeypatch, tmp_path):
    monkeypatch.setattr(software, "NAME", "no-such-distribution")
    found = list(examine(tmp_path))
    assert all(finding.state != "broken" for finding in found)
    assert of(software.look, "no-such-distribution").text.startswith("not installed")


# ---- results


def test_the_folder_is_tried_and_left_as_it_was(tmp_path):
    assert of(lambda: results_folder.look(tmp_path), "folder").text.startswith(f"{tmp_path} can be written and locked; ")
    (found,) = results_folder.look(tmp_path / "not" / "yet")
    assert found.text.startswith(f"does not exist yet; {tmp_path} can be written and locked; ")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    for folder, told in ((Path("/proc/nowhere"), "cannot be written"), (tmp_path / "file" / "results", "is not a folder")):
        (found,) = results_folder.look(folder)
        assert found.state == "note"
        assert told in found.text
        assert found.remedy == "choose --results DIR elsewhere"


def test_a_file_system_that_does_not_lock(tmp_path, monkeypatch):
    def refuse(file, how):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    for flock, told in ((refuse, "No locks available"), (lambda file, how: None, "two processes get the same lock")):
        monkeypatch.setattr("hybrid.base.locks.fcntl.flock", flock)
        (found,) = results_folder.look(tmp_path)
        assert found.state == "note"
        assert f"can be written but not locked: {told}" in found.text
        assert not list(tmp_path.iterdir())
