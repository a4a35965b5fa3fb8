"""The values of a recorded run in the order in which they were measured, as columns."""

from pathlib import Path
from typing import Any

from hybrid.runs import results_folder
from hybrid.runs.results_folder import values_of


def columns(record: Path | str) -> dict[str, list[Any]]:
    """`evaluation`, `value`, `stderr`, `on_path`; see `hybrid.Result.history`. RecordError: a missing or damaged record."""
    run = results_folder.read(Path(record))
    sign = -1.0 if run.about["maximize"] else 1.0  # losses are recorded, and are negated values there
    made: dict[str, list[Any]] = {"evaluation": [], "value": [], "stderr": [], "on_path": []}
    for answer, spent in zip(run.answers, run.evaluations(), strict=True):
        if answer["question"] not in ("values", "gradient"):
            continue
        values, stderr = values_of(answer)
        gradient = answer["question"] == "gradient"
        kept = 1 if gradient else len(values)
        made["evaluation"] += [spent] if gradient else range(spent - len(values) + 1, spent + 1)
        made["value"] += [sign * value for value in values[:kept]]
        made["stderr"] += stderr[:kept]
        made["on_path"] += [gradient] * kept
    return made
