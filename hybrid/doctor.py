"""What stands between this machine and a run: versions, processor, memory, simulators, other packages' claims, results folder.

Standard library only, and each look is on its own: what is missing or broken becomes a finding, never a crash. Imports that
could take the process with them (a simulator built for another processor) are tried in a process of their own.
"""

import base64
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote, urlparse

from hybrid.machine import memory_bytes

PACKAGE = Path(__file__).resolve().parent
DISTRIBUTION = "hybrid-sandbox"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
TRIAL_SECONDS = 120


class Finding(NamedTuple):
    """One thing looked at. `note`: worth knowing; `broken`: no run can work. `remedy`: the command, or what to do."""

    topic: str
    name: str
    state: Literal["ok", "note", "broken"]
    text: str
    remedy: str = ""


class Requirement(NamedTuple):
    """One line of the installed package's requirements: `qiskit>=2.2; extra == 'x'`."""

    name: str
    extras: str
    limits: str
    extra: str


def examine(results: Path = Path("results")) -> Iterator[Finding]:
    """Every finding, in the order of a report; nothing is raised, nothing is left behind."""
    looks: list[tuple[str, str, Callable[[], Iterator[Finding]]]] = [
        ("software", "hybrid", _software),
        ("machine", "machine", _machine),
        ("simulators", "trial", _simulators),
        ("optional parts", "extras", _optional),
        ("installation", "installation", _installation),
        ("results", "folder", partial(_results, results)),
    ]
    for topic, name, look in looks:
        try:
            yield from look()
        except Exception as error:  # a look that fails says so; the others go on
            yield Finding(topic, name, "note", f"could not be looked at: {type(error).__name__}: {error}")


# ---- software


def _software() -> Iterator[Finding]:
    yield Finding("software", "python", "ok", f"{platform.python_version()}, {sys.executable}")
    yield Finding("software", "system", "ok", platform.platform())
    own = _version(DISTRIBUTION)
    if own is None:
        yield Finding("software", DISTRIBUTION, "note", "not installed; requirements unknown", f"pip install {PACKAGE.parent}")
        return
    yield Finding("software", DISTRIBUTION, "ok", own)
    for needed in requirements():
        if not needed.extra:
            yield _required(needed)


def _required(needed: Requirement) -> Finding:
    version, limits = _version(needed.name), f"needs {needed.limits}" if needed.limits else ""
    remedy = f"pip install '{needed.name}{needed.limits}'"
    if version is None:
        return Finding("software", needed.name, "broken", f"missing; {limits}".rstrip("; "), remedy)
    if not satisfies(version, needed.limits):
        return Finding("software", needed.name, "note", f"{version}, but {limits}", remedy)
    return Finding("software", needed.name, "ok", f"{version} ({limits})" if limits else version)


def requirements() -> list[Requirement]:
    """The installed package's own list, extras behind the rest; empty when it is not installed."""
    try:
        listed = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    found = []
    for line in listed:
        body, _, marker = line.partition(";")
        match = re.fullmatch(r"([\w.-]+)\s*(?:\[(.*?)\])?\s*\(?([^)]*)\)?\s*", body.strip())
        extra = re.search(r"extra\s*==\s*['\"]([\w.-]+)", marker)
        if match:
            found.append(Requirement(match[1], match[2] or "", match[3].strip(), extra[1] if extra else ""))
    return sorted(found, key=lambda needed: (needed.extra, needed.name))


def satisfies(version: str, limits: str) -> bool:
    """Whether a version fits `>=2.2,<3`, compared by its leading numbers; a limit of another form is not judged."""

    def key(text: str) -> list[int]:
        return ([int(part) for part in re.findall(r"\d+", re.match(r"[\d.]*", text)[0])] + [0] * 6)[:6]  # type: ignore[index]

    for limit in filter(None, limits.replace(" ", "").split(",")):
        match = re.fullmatch(r"(>=|<=|<|>|==|!=)([\d.]+)", limit)
        if match is None:
            continue
        have, want = key(version), key(match[2])
        order = (have > want) - (have < want)
        if order not in {">=": (0, 1), "<=": (-1, 0), "<": (-1,), ">": (1,), "==": (0,), "!=": (-1, 1)}[match[1]]:
            return False
    return True


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


# ---- machine


def _machine() -> Iterator[Finding]:
    all_cores, allowed = os.cpu_count() or 1, len(os.sched_getaffinity(0))
    text = f"{allowed} of {all_cores} may be used by this process (--threads N, default 1)"
    quota = _quota()
    if quota is not None and quota < allowed:
        yield Finding("machine", "cores", "note", f"{text}; its group gets the time of {quota:g} of them")
    else:
        yield Finding("machine", "cores", "ok", text)
    for name in THREAD_VARIABLES:
        value = os.environ.get(name, "")
        if value and (not value.isdigit() or int(value) > allowed):
            yield Finding("machine", name, "note", f"{value}: more threads than cores only wait", f"unset {name}")
        elif value:
            yield Finding("machine", name, "ok", value)
    if not any(os.environ.get(name) for name in THREAD_VARIABLES):
        yield Finding("machine", "thread limits", "ok", f"none set ({', '.join(THREAD_VARIABLES)})")
    total, free = memory_bytes()
    qubits = max(0, int(free / 16).bit_length() - 1)
    fits = f"room for exact values on {qubits} qubits, or on {qubits // 2} noisy ones"
    state = "ok" if free > 2**30 else "note"
    yield Finding("machine", "memory", state, f"{free / 2**30:.1f} GiB free of {total / 2**30:.1f} GiB; {fits}")


def _quota() -> float | None:
    """Cores' worth of time that the control group may use; None without a limit."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None


# ---- simulators

TRIAL = """
import importlib, json, sys
found = {"errors": {}}
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except BaseException as error:
        found["errors"][name] = f"{type(error).__name__}: {error}"
try:
    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator
    simulator = AerSimulator()
    found["methods"], found["devices"] = list(simulator.available_methods()), list(simulator.available_devices())
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    found["counts"] = simulator.run(circuit, shots=100, seed_simulator=1).result().get_counts()
except BaseException as error:
    found["errors"]["Qiskit Aer"] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""


def _simulators() -> Iterator[Finding]:
    """Import every requirement and run a Bell pair on Aer, in another process."""
    modules = _modules([needed.name for needed in requirements() if not needed.extra])
    command = [sys.executable, "-P", "-c", TRIAL, json.dumps(modules)]  # -P: no module of the working folder
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TRIAL_SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        yield Finding("simulators", "Qiskit Aer", "broken", f"a Bell pair took more than {TRIAL_SECONDS} s")
        return
    try:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        why = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        yield Finding(
            "simulators", "Qiskit Aer", "broken", f"importing it ends Python with {why}: {said}", _reinstall("qiskit-aer")
        )
        return
    for name, error in found["errors"].items():
        yield Finding("simulators", name, "broken", error, _reinstall("qiskit-aer" if name == "Qiskit Aer" else name))
    if "methods" in found:
        yield Finding("simulators", "Aer methods", "ok", ", ".join(found["methods"]))
        gpu = Path("/proc/driver/nvidia").exists() and "GPU" not in found["devices"]
        more = "; this machine has an NVIDIA card that this Aer does not use" if gpu else ""
        remedy = "pip install qiskit-aer-gpu" if gpu else ""
        yield Finding("simulators", "Aer devices", "note" if gpu else "ok", ", ".join(found["devices"]) + more, remedy)
    if "counts" in found:
        right = set(found["counts"]) <= {"00", "11"}
        yield Finding("simulators", "Bell pair", "ok" if right else "broken", f"100 shots on Qiskit Aer: {found['counts']}")


def _modules(distributions: list[str]) -> list[str]:
    """What to import of each distribution: the top-level module whose name is nearest to the distribution's own."""
    owners: dict[str, list[str]] = {}
    for module, names in metadata.packages_distributions().items():
        for name in names:
            owners.setdefault(_plain(name), []).append(module)
    chosen = []
    for name in distributions:
        public = sorted(m for m in owners.get(_plain(name), []) if m.isidentifier() and not m.startswith("_"))
        chosen += [m for m in public if _plain(m) == _plain(name)] or public[:1]
    return chosen


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _reinstall(name: str) -> str:
    return f"pip install --no-deps --force-reinstall {name}"


# ---- optional parts


def _optional() -> Iterator[Finding]:
    """One finding per extra of the installed package, so that none can be forgotten here."""
    try:
        extras = metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        return
    for extra in sorted(extras):
        parts = [needed for needed in requirements() if needed.extra == extra and _plain(needed.name) != DISTRIBUTION]
        versions = {needed.name: _version(needed.name) for needed in parts}
        missing = [name for name, version in versions.items() if version is None]
        present = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
        if missing:
            text = f"missing: {', '.join(missing)}" + (f"; present: {present}" if present else "")
            yield Finding("optional parts", extra, "note", text, f"pip install '{_home()}[{extra}]'")
        else:
            yield Finding("optional parts", extra, "ok", present)


def _home() -> str:
    """What pip has to be told to get this package again: the folder it came from, else its name."""
    source = _source()
    return DISTRIBUTION if source is None else str(source)


def _source() -> Path | None:
    """The folder that the package was installed from, None when it came from elsewhere."""
    try:
        told = json.loads(metadata.distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, ValueError):
        return None
    url = urlparse(told.get("url", ""))
    return Path(unquote(url.path)) if url.scheme == "file" and Path(unquote(url.path)).is_dir() else None


# ---- installation


def _installation() -> Iterator[Finding]:
    """Who else claims the name `hybrid`: as an import or as a command."""
    others = sorted({name for name in metadata.packages_distributions().get("hybrid", []) if _plain(name) != DISTRIBUTION})
    home = _installed_package()
    if others:
        text = f"also installed by {', '.join(others)}: one overwrites the other's files"
        yield Finding("installation", "import hybrid", "note", text, f"pip uninstall {others[0]}; {_reinstall(_home())}")
    elif home is not None and home != PACKAGE:
        text = f"{DISTRIBUTION} is installed in {home}, but {PACKAGE} is running"
        yield Finding("installation", "import hybrid", "note", text, "look at PYTHONPATH and at the folder you are in")
    else:
        yield Finding("installation", "import hybrid", "ok", str(PACKAGE))
    if changed := _changed_files():
        text = f"no longer as they were installed: {', '.join(changed[:3])}{', ...' if len(changed) > 3 else ''}"
        yield Finding("installation", "own files", "note", text, _reinstall(_home()))
    for rival in _rival_files():
        text = f"{rival} bears the same name; Python started where it lies imports it instead"
        yield Finding("installation", "import hybrid", "note", text, "rename it or work in another folder")
    yield _command()


def _rival_files() -> Iterator[Path]:
    """Modules named hybrid in the working folder and on the path, other than this one and the source it came from."""
    source = _source()
    seen = {PACKAGE, PACKAGE if source is None else (source / "hybrid").resolve()}
    for entry in [os.getcwd(), *sys.path]:
        for path in (Path(entry or ".") / "hybrid.py", Path(entry or ".") / "hybrid" / "__init__.py"):
            found = (path if path.name == "hybrid.py" else path.parent).resolve()
            if found not in seen and path.is_file():
                seen.add(found)
                yield found


def _changed_files() -> list[str]:
    """Installed files of the package whose hash is no longer the recorded one; an editable installation records none."""
    changed: list[str] = []
    if _version(DISTRIBUTION) is None:
        return changed
    for file in metadata.distribution(DISTRIBUTION).files or []:
        if file.parts[0] == "hybrid" and file.hash is not None:
            try:
                found = hashlib.new(file.hash.mode, Path(str(file.locate())).read_bytes()).digest()
            except (OSError, ValueError):
                found = b""
            if base64.urlsafe_b64encode(found).decode().rstrip("=") != file.hash.value:
                changed.append(str(file))
    return changed


def _installed_package() -> Path | None:
    """Where the installed distribution keeps the package; None when it is not installed or does not say."""
    try:
        files = metadata.distribution(DISTRIBUTION).files or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.parts == ("hybrid", "__init__.py"):
            return Path(str(file.locate())).resolve().parent
    source = _source()
    return None if source is None else (source / "hybrid").resolve()


def _command() -> Finding:
    """Which program the word `hybrid` starts in a shell."""
    ours, first = Path(sysconfig.get_path("scripts")) / "hybrid", shutil.which("hybrid")
    if first is None:
        text = f"not on PATH; {ours} is it" if ours.exists() else "not on PATH"
        return Finding("installation", "command hybrid", "note", text, f"export PATH={ours.parent}:$PATH")
    if Path(first).resolve() != ours.resolve():
        text = f"a shell starts {first}; this environment's is {ours}"
        return Finding("installation", "command hybrid", "note", text, f"export PATH={ours.parent}:$PATH")
    return Finding("installation", "command hybrid", "ok", first)


# ---- results


def _results(results: Path) -> Iterator[Finding]:
    """Write, lock and remove a file where records would go, or in the nearest folder that exists."""
    folder = results.absolute()
    while not folder.exists():
        folder = folder.parent
    where = f"{folder}" if folder == results.absolute() else f"not there yet; {folder}"
    elsewhere = "choose --results DIR elsewhere"
    if not folder.is_dir():
        yield Finding("results", "folder", "note", f"{folder} is no folder", elsewhere)
        return
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".hybrid-doctor-") as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            locked = _locks(file.fileno(), file.name)
    except OSError as error:
        yield Finding("results", "folder", "note", f"{where} cannot be written: {error.strerror}", elsewhere)
        return
    free = f"{shutil.disk_usage(folder).free / 2**30:.1f} GiB free"
    if locked:
        yield Finding("results", "folder", "note", f"{where} can be written but not locked: {locked}; {free}", elsewhere)
    else:
        yield Finding("results", "folder", "ok", f"{where} can be written and locked; {free}")


def _locks(file: int, path: str) -> str:
    """Why two processes could not be kept apart here; empty when a second lock is refused as it should be."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.strerror or "no reason given"
    second = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return ""
    finally:
        os.close(second)
    return "locks are granted twice"
