"""The commands that a report proposes, in words of a shell: what to do next, and how an unfinished run is continued."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from hybrid import catalog
from hybrid.base.own_physics import OWN_PHYSICS
from hybrid.catalog.rewriting import by_parity
from hybrid.cli.layout import PastedCommand, command_lines
from hybrid.device.device import Device
from hybrid.runs.result import Result
from hybrid.runs.spec import Spec
from hybrid.runs.verdict import WORSE, other_filling

CARRIED = (
    *("ansatz", "optimizer", "gradient", "backend", "grouping", "allocation", "dephasing", "realizations", "dd", "mitigate"),
    "threads",
)
"""Fields whose flags a next run repeats, where they were given."""


def run_command(given: dict[str, Any], folder: Path) -> PastedCommand:
    """`hybrid run` with these fields of a Spec; `folder` has the records."""
    words = ["hybrid", "run", *(given[key] for key in ("algorithm", "problem") if given.get(key))]
    for key, value in given.items():
        if value is True:
            words.append(f"--{key.replace('_', '-')}")
        elif key not in ("algorithm", "problem") and value is not None:
            text = ",".join(map(repr, value)) if isinstance(value, list | tuple) else str(value)
            words += [f"--{key.replace('_', '-')}", text]
    return command_lines([*words, *_in(folder)])


def written_out(spec: Any) -> dict[str, Any]:
    """The fields that differ from today's defaults."""
    return {f.name: value for f in fields(Spec) if (value := getattr(spec, f.name)) != f.default}


def next_command(result: Result, spec: Any) -> PastedCommand:
    """What to do about what limits the run: keep the number of electrons, correct readout, compare methods of error mitigation,
    explain it, continue, or take more shots; on ideal hardware, a device. `spec` has the fields of the run's Spec."""
    folder, found = Path(result.record).parent, result.verdict
    given = written_out(spec)
    carried = {key: value for key, value in given.items() if key in ("algorithm", "problem", *CARRIED)}
    more_shots = {"shots": max(4 * spec.shots, 1000)}
    onwards = carried | {"device": spec.device, "shots": spec.shots or None, "initial_point": result.id}
    continues = not result.converged and "initial_point" not in _without(spec.algorithm)
    if result.physics.startswith(OWN_PHYSICS):
        return run_command(carried | more_shots | ({"initial_point": result.id} if continues else {}), folder)
    if other_filling(result):
        mapped = by_parity(spec.problem)
        kept = {"problem": mapped, "ansatz": None} if mapped != spec.problem else {"ansatz": "uccsd"}
        return run_command(given | kept, folder)
    if spec.device == "ideal":
        return run_command(_on_a_device(result, spec, carried), folder)
    if found.limited_by == "noise" and found.readout and spec.mitigate == "none":
        return run_command(given | {"mitigate": "readout"}, folder)
    if found.limited_by == "ansatz" and (deeper := _deeper(result, given)):
        return run_command(carried | {"device": spec.device, "shots": spec.shots or None} | deeper, folder)
    if (found.word == WORSE or found.limited_by == "noise") and (result.parts or {}).get("explainable"):
        verb = "mitigate" if found.limited_by == "noise" and spec.mitigate == "none" else "explain"
        return command_lines(["hybrid", verb, result.id, *_in(folder)])
    if continues and found.limited_by not in ("shots", "detunings"):
        return run_command(onwards, folder)
    return run_command(_sharper(carried) | {"device": spec.device, **more_shots, "seed": spec.seed + 1}, folder)


def _on_a_device(result: Result, spec: Any, carried: dict[str, Any]) -> dict[str, Any]:
    """The run with noise and shots where it fits the device, else with more shots."""
    if not spec.shots:
        carried = {key: value for key, value in _sharper(carried).items() if key != "optimizer"}
    fits = result.n_qubits <= (Device.load("meluxina-q").n_qubits or 0)
    if fits:
        looked = {"dry_run": True} if result.entangling_pays is False else {}
        return carried | {"device": "meluxina-q", "shots": max(spec.shots, 1000)} | looked
    return carried | {"shots": max(4 * spec.shots, 1000)}


def _deeper(result: Result, given: dict[str, Any]) -> dict[str, Any]:
    """The algorithm or the ansatz with one layer more; empty where neither counts layers."""
    for field, resolved in (("algorithm", result.algorithm), ("ansatz", result.ansatz)):
        if layers := re.search(r"[:,](p|reps)=(\d+)", resolved):
            key, more = layers[1], f"{layers[1]}={int(layers[2]) + 1}"
            text = given.get(field) or resolved.partition(":")[0]
            written = re.sub(rf"(?<=[:,]){key}=\d+", more, text)
            return {field: written if written != text else f"{text}{',' if ':' in text else ':'}{more}"}
    return {}


def _sharper(carried: dict[str, Any]) -> dict[str, Any]:
    """Fit for shots: the adjoint gradient and a number of detunings for infinitely many shots are not."""
    return {key: value for key, value in carried.items() if (key, value) != ("gradient", "adjoint") and key != "realizations"}


def _without(algorithm: str) -> tuple[str, ...]:
    """The fields that the algorithm has no use for."""
    return catalog.locate("algorithms", algorithm).constants.get("WITHOUT", ())


def _in(folder: Path) -> list[str]:
    return [] if str(folder) == "results" else ["--results", str(folder)]
