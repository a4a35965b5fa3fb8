"""The values of a recorded run in the order in which they were measured, as columns."""

from pathlib import Path
from typing import Any

from hybrid.runs import results_folder
from hybrid.runs.results_folder import Run, values_of

MEASURED = ("values", "gradient")
"""Questions whose answers are values of the loop."""


def columns(record: Path | str) -> dict[str, list[Any]]:
    """`evaluation`, `value`, `stderr`, `on_path`; see `hybrid.Result.history`. RecordError: a missing or damaged record."""
    return of_run(results_folder.read(Path(record)))


def of_run(run: Run) -> dict[str, list[Any]]:
    """The same of a run that is read already."""
    made: dict[str, list[Any]] = {"evaluation": [], "value": [], "stderr": [], "on_path": []}
    for answer, spent in zip(run.answers, run.evaluations(), strict=True):
        if answer["question"] not in MEASURED:
            continue
        values, stderr = values_of(answer)
        gradient = answer["question"] == "gradient"
        kept = 1 if gradient else len(values)
        made["evaluation"] += [spent] if gradient else range(spent - len(values) + 1, spent + 1)
        made["value"] += [run.sign * value for value in values[:kept]]
        made["stderr"] += stderr[:kept]
        made["on_path"] += [gradient] * kept
    return made
