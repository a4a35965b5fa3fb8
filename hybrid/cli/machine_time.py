"""Machine time as text: as the site bills it, with its rule, or shots x shot cycle."""

from collections.abc import Callable
from typing import Any

from hybrid.base.uncertainty import duration


def machine_time(cycles_s: float | None, billed: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Machine time as the site bills it, or shots x shot cycle; with the rule in words."""
    if billed is None:
        return [
            ("QPU time", f"{duration(cycles_s)} (shots x shot cycle, no billing rule; latency excluded)" if cycles_s else "")
        ]
    jobs = spread(billed["jobs"], lambda jobs: f"{jobs:,}")
    rows = [("QPU time", f"{spread(billed['seconds'], duration)}; jobs: {jobs}")]
    rows.append(("", f"{billed['rule']}; queue and latency excluded"))
    if "qubit_seconds" in billed:
        rows.append(("QPU bill", f"{spread(billed['qubit_seconds'], lambda number: f'{number:,.0f}')} qubit-seconds"))
    return rows


def spread(ends: list[Any], text: Callable[[Any], str]) -> str:
    """`value (low to high)`, or `low to high` where the value is an end; one text where all are the same."""
    low, value, high = map(text, ends)
    if low == high:
        return value
    return f"{low} to {high}" if value in (low, high) else f"{value} ({low} to {high})"
