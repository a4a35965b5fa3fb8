"""Whether the simulators start, tried in another process because a broken one may end its process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from hybrid.cli.doctor.finding import Finding
from hybrid.cli.doctor.software import plain, reinstall, requirements

TRIAL_SECONDS = 120
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
try:
    from threadpoolctl import threadpool_info
    found["libraries"] = threadpool_info()
except BaseException:  # it is a requirement, and reported as one
    found["libraries"] = []
print(json.dumps(found))
"""


def look() -> Iterator[Finding]:
    """Import every requirement and run a Bell pair on Aer, in another process."""
    modules = _modules([needed.name for needed in requirements() if not needed.extra])
    command = [sys.executable, "-P", "-c", TRIAL, json.dumps(modules)]  # -P: no module of the working folder
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=TRIAL_SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        yield Finding("simulators", "Qiskit Aer", "broken", f"a Bell pair took more than {TRIAL_SECONDS} s")
        return
    try:
        report: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        why = f"signal {-process.returncode}" if process.returncode < 0 else f"exit code {process.returncode}"
        last_line = (process.stderr.strip().splitlines() or ["no message"])[-1]
        yield Finding(
            "simulators", "Qiskit Aer", "broken", f"importing it ends Python with {why}: {last_line}", reinstall("qiskit-aer")
        )
        return
    for name, error in report["errors"].items():
        yield Finding("simulators", name, "broken", error, reinstall("qiskit-aer" if name == "Qiskit Aer" else name))
    yield from _blas(report["libraries"])
    if "methods" in report:
        yield Finding("simulators", "Aer methods", "ok", ", ".join(report["methods"]))
        gpu = Path("/proc/driver/nvidia").exists() and "GPU" not in report["devices"]
        more = "; this machine has an NVIDIA card that this Aer does not use" if gpu else ""
        remedy = "pip install qiskit-aer-gpu" if gpu else ""
        yield Finding("simulators", "Aer devices", "note" if gpu else "ok", ", ".join(report["devices"]) + more, remedy)
    if "counts" in report:
        right = set(report["counts"]) <= {"00", "11"}
        yield Finding("simulators", "Bell pair", "ok" if right else "broken", f"100 shots on Qiskit Aer: {report['counts']}")


def _blas(libraries: list[dict[str, Any]]) -> Iterator[Finding]:
    """The libraries of linear algebra that were loaded, by the package that brings each: last digits depend on them."""
    for library in libraries:
        if library["user_api"] == "blas":
            owner = next((name for name in ("numpy", "scipy", "qiskit_aer") if name in library["filepath"]), "another")
            kernels = f", kernels for {library['architecture']}" if "architecture" in library else ""
            text = f"{library['internal_api']} {library['version'] or 'of unknown version'}{kernels}"
            yield Finding("simulators", f"BLAS of {owner}", "ok", text)


def _modules(distributions: list[str]) -> list[str]:
    """What to import of each distribution: the top-level module whose name is nearest to the distribution's own."""
    owners: dict[str, list[str]] = {}
    for module, names in metadata.packages_distributions().items():
        for name in names:
            owners.setdefault(plain(name), []).append(module)
    chosen = []
    for name in distributions:
        public = sorted(m for m in owners.get(plain(name), []) if m.isidentifier() and not m.startswith("_"))
        chosen += [m for m in public if plain(m) == plain(name)] or public[:1]
    return chosen
