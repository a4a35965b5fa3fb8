"""The circuits of a rehearsal in OpenQASM 3 with their acceptance numbers: those of the unmitigated run on each device."""

import json
from pathlib import Path
from typing import NamedTuple

from hybrid.base.errors import UsageError
from hybrid.rehearsal.package.main_runs import raw
from hybrid.rehearsal.rehearsal import Rehearsal
from hybrid.review.export_circuits import export

FOLDER = "circuits"
ACCEPTANCE = "acceptance.json"


class DeviceCircuits(NamedTuple):
    """Files by their place in the package, and for devices without circuits why they have none."""

    files: dict[str, bytes]
    left_out: dict[str, str]


def circuits(rehearsal: Rehearsal, results: Path) -> DeviceCircuits:
    """The circuits at the last point of each device's unmitigated run; RecordError for a damaged record in `results`."""
    files: dict[str, bytes] = {}
    left_out: dict[str, str] = {}
    for verdict in rehearsal.devices:
        run = raw(verdict)
        if run is None:
            left_out[verdict.device] = "nothing was run on this device"
            continue
        try:
            exported = export(results / f"{run.id}.jsonl")
        except UsageError as error:
            left_out[verdict.device] = str(error)
            continue
        place = f"{FOLDER}/{folder_name(verdict.device)}"
        numbers = json.dumps(exported.numbers, indent=1, allow_nan=False) + "\n"
        files |= {f"{place}/{name}": text.encode() for name, text in exported.circuits.items()}
        files[f"{place}/{ACCEPTANCE}"] = numbers.encode()
    return DeviceCircuits(files, left_out)


def folder_name(device: str) -> str:
    """A device's text as the name of a folder: letters, digits, dots and hyphens."""
    return "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in Path(device).name)
