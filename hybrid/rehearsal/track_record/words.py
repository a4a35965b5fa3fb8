"""What a track record says, in words and as a table in Markdown."""

from collections.abc import Sequence
from statistics import median

from hybrid.measure.device_interval import SHARE
from hybrid.rehearsal.track_record.row import SHALLOW_GATES, PredictedRow

TITLES = ("experiment", "machine", "qubits", "two-qubit gates", "predicted", f"{100 * SHARE:.0f} % interval", "measured", "")


def summary(rows: Sequence[PredictedRow]) -> str:
    """The rows in words; what there is none of is left out."""
    shallow, deep = ([row for row in rows if row.shallow is kind] for kind in (True, False))
    said = []
    if shallow:
        said.append(
            f"Of {len(shallow)} predictions of shallow circuits (at most {SHALLOW_GATES} two-qubit gates) the median distance "
            f"from the measured value is {median(row.distance for row in shallow):.3f}."
        )
    if deep:
        shift = median(row.too_good for row in deep)
        how = "good" if shift > 0 else "bad"
        said.append(f"{len(deep)} deep circuits are predicted too {how} by {abs(shift):.3f} in the median.")
    return " ".join([*said, _intervals(rows)])


def _intervals(rows: Sequence[PredictedRow]) -> str:
    twelve = [row for row in rows if row.chosen]
    failed = sum(row.poor for row in twelve)
    first, second = (
        _counts(sum(map(inside, rows)), len(rows), sum(map(inside, twelve)), len(twelve))
        for inside in (lambda row: row.inside_by_first_rule, lambda row: row.inside)
    )
    text = (
        f"By the first rule for intervals, written before any of them was computed, the measured value lies inside the "
        f"{100 * SHARE:.0f} % interval in {first}. By the second rule, which is shown here and was written after these "
        f"outcomes were known, it does in {second}; so the second rule's test is experiments that come later."
    )
    if twelve:
        text += f" Of the {len(twelve)} chosen, {failed} are poor or failed experiments."
    better = sum(row.measured > row.high for row in rows)
    if outside := sum(not row.inside for row in rows):
        text += f" Of the {outside} outside the second rule's, {better} were measured better and {outside - better} worse."
    return text


def _counts(inside: int, every: int, inside_chosen: int, every_chosen: int) -> str:
    text = f"{inside} of {every} cases"
    return f"{text} and in {inside_chosen} of the {every_chosen} chosen beforehand" if every_chosen else text


def table(rows: Sequence[PredictedRow]) -> list[str]:
    """The lines of a table; a star marks those chosen beforehand."""
    cells = [TITLES, ("---",) * len(TITLES), *map(_cells, rows)]
    return [f"| {' | '.join(row)} |" for row in cells]


def _cells(row: PredictedRow) -> tuple[str, ...]:
    size = str(row.qubits), str(row.two_qubit_gates)
    interval, where = f"{row.low:.3f} to {row.high:.3f}", "inside" if row.inside else "outside"
    what = f"{row.what} (*)" if row.chosen else row.what
    return (what, row.machine, *size, f"{row.predicted:.3f}", interval, measured_text(row), where)


def measured_text(row: PredictedRow) -> str:
    """The measured value with its published error, where there is one."""
    return f"{row.measured:.3f}" if row.error is None else f"{row.measured:.3f} ± {row.error:.3f}"
