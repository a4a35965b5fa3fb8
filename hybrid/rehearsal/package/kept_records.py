"""Records as a package keeps them: every recorded number and every digest as it is, without times and names of machines.

Times differ between two executions of one experiment, and a record names the computer, the user's folders and the process.
What is measured, and so the digest, does not depend on them; the checksum of each line is computed anew.
"""

from pathlib import Path
from typing import Any, NamedTuple

from hybrid.base.json_lines import dump
from hybrid.rehearsal.package.inputs import Inputs
from hybrid.runs.record import line_sum, lines
from hybrid.runs.results_folder import iso

FOLDER = "records"
KEPT = (
    *("given", "quantity", "loss", "unit", "maximize", "physics", "caveat", "evaluations_per_gradient", "reasons"),
    *("versions", "processor", "kernel"),
)
"""What a start line says about itself that is kept; the rest is times, or names of the machine, its folders and projects."""
NO_TIME: dict[str, dict[str, Any]] = {
    "start": {"time": 0.0, "folder": "."},
    "answer": {"seconds": 0.0},
    "stop": {"seconds": 0.0, "time": 0.0},
}
"""Kind of line -> what every reader of a record needs there; `part` lines are not in the digest and are left out."""


class KeptRecord(NamedTuple):
    """The text of a record in a package, and the times that were taken from it."""

    text: bytes
    times: dict[str, Any]


def kept(path: Path, inputs: Inputs) -> KeptRecord:
    """A finished record as a package keeps it; its input files are added to `inputs`.

    RecordError for a damaged record, UsageError for an input file that cannot be read.
    """
    written, before = [], ""
    times: dict[str, Any] = {"answers": []}
    for _, kind, body, meta, _ in lines(path):
        if kind not in NO_TIME:
            continue
        if kind == "start":
            times |= {"started": iso(meta["time"])}
            about = {key: meta[key] for key in KEPT if key in meta}
            folder = Path(meta["folder"])
            about["given"] = {
                key: inputs.placed(value, folder) if isinstance(value, str) else value for key, value in meta["given"].items()
            }
        elif kind == "answer":
            times["answers"].append(meta["seconds"])
            about = {}
        else:
            times |= {"ended": iso(meta["time"]), "seconds": meta["seconds"]}
            about = {}
        about |= NO_TIME[kind]
        before = line_sum(before, kind, body, about)
        written.append(dump({"kind": kind, "body": body, "meta": about, "sum": before}) + "\n")
    return KeptRecord("".join(written).encode(), times)
