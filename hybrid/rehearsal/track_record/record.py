"""The track record: every prediction beside what was measured, and what that says in words."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, final

from hybrid.base.errors import unknown
from hybrid.measure.device_interval import DEVICES, SHARE
from hybrid.rehearsal.track_record.chosen import chosen, poor
from hybrid.rehearsal.track_record.experiments import (
    LeftOut,
    PublishedExperiment,
    experiments,
    left_out,
    outside_by_first_rule,
    revised,
)
from hybrid.rehearsal.track_record.predict import Prediction, predict
from hybrid.rehearsal.track_record.row import DIGITS, PredictedRow
from hybrid.rehearsal.track_record.words import summary, table

SHALLOW_MEDIAN = 0.02
"""The largest median distance of shallow predictions with which the check passes."""
STORED = Path(__file__).parent / "record.json"


@final
@dataclass(frozen=True)
class TrackRecord:
    """How good predictions of published experiments are; `revised` is the day of the table of experiments."""

    rows: tuple[PredictedRow, ...]
    left_out: tuple[LeftOut, ...]
    revised: str

    @property
    def passed(self) -> bool:
        """Whether shallow circuits are predicted well enough."""
        shallow = [row.distance for row in self.rows if row.shallow]
        return not shallow or median(shallow) <= SHALLOW_MEDIAN

    @property
    def summary(self) -> str:
        """The record in words."""
        return summary(self.rows)

    def to_json(self) -> dict[str, Any]:
        """The record as one JSON object."""
        return {
            "summary": self.summary,
            "passed": self.passed,
            "revised": self.revised,
            "share": SHARE,
            "shallow": _figures([row for row in self.rows if row.shallow]),
            "deep": _figures([row for row in self.rows if not row.shallow]),
            "all": _figures(self.rows),
            "chosen": _figures([row for row in self.rows if row.chosen]),
            "experiments": [row.to_json() for row in self.rows],
            "left_out": [row._asdict() for row in self.left_out],
        }

    def markdown(self) -> str:
        """The record as Markdown: the words, a table of experiments, and those left out with the reason."""
        lines = [self.summary, "", *table(self.rows), "", "Not rebuilt:", ""]
        return "\n".join([*lines, *(f"- {row.machine}, {row.what} ({row.published}): {row.reason}." for row in self.left_out)])


def track_record(only: Sequence[str] | None = None, progress: Callable[[str], None] = lambda _: None) -> TrackRecord:
    """Every experiment (`only` some, by identifier) predicted now, in two and a half minutes; `progress` gets each name.

    UsageError for an unknown identifier.
    """
    return TrackRecord(tuple(rows(only, progress)), left_out(), revised())


def stored_track_record() -> TrackRecord:
    """The record that the package carries, computed beforehand."""
    table = json.loads(STORED.read_text(encoding="utf-8"))
    return TrackRecord(
        tuple(stored_row(row) for row in table["experiments"]),
        tuple(LeftOut(**row) for row in table["left_out"]),
        table["revised"],
    )


def rows(
    only: Sequence[str] | None = None, progress: Callable[[str], None] = lambda _: None, machines: int = DEVICES
) -> Iterator[PredictedRow]:
    """The experiments in their order, each when it is predicted; intervals over so many machines (a power of two)."""
    every, twelve = experiments(), chosen(experiments())
    for name in only or ():
        if name not in [experiment.id for experiment in every]:
            raise unknown("experiment", name, [experiment.id for experiment in every])
    for experiment in every:
        if only is None or experiment.id in only:
            progress(experiment.id)
            yield _row(experiment, predict(experiment, machines), experiment.id in twelve)


def _row(experiment: PublishedExperiment, prediction: Prediction, is_chosen: bool) -> PredictedRow:
    alike = ("id", "machine", "what", "qubits", "measured", "error", "guess", "date", "source", "mark")
    return PredictedRow(
        **{name: getattr(experiment, name) for name in alike},
        two_qubit_gates=prediction.two_qubit_gates,
        predicted=round(prediction.value, DIGITS),
        low=round(prediction.low, DIGITS),
        high=round(prediction.high, DIGITS),
        chosen=is_chosen,
        poor=poor(experiment),
        scaled=prediction.scaled,
        inside_by_first_rule=experiment.id not in outside_by_first_rule(),
    )


def stored_row(row: Mapping[str, Any]) -> PredictedRow:
    """A row from its JSON object."""
    return PredictedRow(**{name: row[name] for name in PredictedRow.__dataclass_fields__})


def _figures(of: Sequence[PredictedRow]) -> dict[str, Any]:
    """How many, medians (None without rows), and how many measured values lie in their interval, by either rule."""
    distance, too_good = (round(median(values), DIGITS) if values else None for values in _differences(of))
    return {
        "experiments": len(of),
        "median_distance": distance,
        "median_too_good": too_good,
        "inside_by_first_rule": sum(row.inside_by_first_rule for row in of),
        "inside": sum(row.inside for row in of),
    }


def _differences(of: Sequence[PredictedRow]) -> tuple[list[float], list[float]]:
    return [row.distance for row in of], [row.too_good for row in of]
