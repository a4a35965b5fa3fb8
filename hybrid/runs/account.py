"""What runs cost, summed exactly: the sum does not depend on their order, nor on how often they were interrupted."""

from collections.abc import Sequence
from math import fsum
from typing import Any, NamedTuple

from hybrid.base.errors import unknown
from hybrid.runs.results_index import IndexedRun, columns_of

MICROSECONDS = 1_000_000
DEFAULT_BY = ("label", "device", "month")


class CostSum(NamedTuple):
    """The sum over the runs of one group: how many there are and are finished, core hours, hours on a machine, hours billed by
    its site's rule, shots, and jobs of machines."""

    group: dict[str, Any]
    runs: int
    finished: int
    core_hours: float
    qpu_hours: float
    billed_hours: float
    shots: int
    jobs: int


def account(entries: Sequence[IndexedRun], by: Sequence[str] = DEFAULT_BY) -> list[CostSum]:
    """One sum for every combination of these columns, then one over all; UsageError for an unknown column."""
    rows = [entry.row | {"month": entry.row["started"][:7]} for entry in entries if entry.row]
    columns = [*columns_of(entries), "month"]
    for name in by:
        if rows and name not in columns:
            raise unknown("column", name, columns)
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(str(row.get(name) or "") for name in by), []).append(row)
    return [_sum(dict(zip(by, key, strict=True)), groups[key]) for key in sorted(groups)] + [_sum({}, rows)]


def _sum(group: dict[str, Any], rows: list[dict[str, Any]]) -> CostSum:
    """Core seconds are whole microseconds and added as such; other seconds by `fsum`, which rounds once, whatever the order."""
    microseconds = sum(round(row["core_seconds"] * MICROSECONDS) for row in rows)
    machine, billed = (fsum(row[name] or 0.0 for row in rows) / 3600 for name in ("qpu_seconds", "billed_seconds"))
    shots, jobs = sum(row["total_shots"] for row in rows), sum(len(row["jobs"]) for row in rows)
    finished = sum(row["state"] == "finished" for row in rows)
    return CostSum(group, len(rows), finished, microseconds / MICROSECONDS / 3600, machine, billed, shots, jobs)
